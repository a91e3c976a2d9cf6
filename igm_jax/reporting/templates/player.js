// Plays every objective's samples through training, side by side. No library, no network.
"use strict";
for (const root of document.querySelectorAll(".player")) {
  const player = JSON.parse(root.querySelector("script").textContent);
  const slider = root.querySelector("input"), button = root.querySelector("button"), output = root.querySelector("output");
  const last = player.steps.length - 1, images = player.kind === "images";
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const words = text => { const b = bytes(text); return new Uint16Array(b.buffer, 0, b.length / 2); };
  const unpack = images ? bytes : words;
  const shown = player.series.map(s => ({ ...s, codes: unpack(s.values) }));
  if (images && player.data) shown.unshift({ ...player.data, codes: bytes(player.data.values), still: true });
  const dark = () =>
    matchMedia("(prefers-color-scheme: dark)").matches && !document.documentElement.classList.contains("printing");
  const canvases = [...root.querySelectorAll("canvas")];
  const behind = !images && player.data ? words(player.data) : null;

  function drawImages(canvas, item, frame) {
    const [h, w, c] = player.shape, across = Math.ceil(Math.sqrt(item.count)), gap = Math.max(1, w >> 3);
    const down = Math.ceil(item.count / across);
    canvas.width = across * (w + gap) - gap;
    canvas.height = down * (h + gap) - gap;
    const context = canvas.getContext("2d"), size = h * w * c;
    for (let i = 0; i < item.count; i++) {
      const tile = context.createImageData(w, h);
      const start = ((item.still ? 0 : frame) * item.count + i) * size;
      for (let p = 0; p < h * w; p++) {
        for (let k = 0; k < 3; k++) tile.data[4 * p + k] = item.codes[start + p * c + (c === 3 ? k : 0)];
        tile.data[4 * p + 3] = 255;
      }
      context.putImageData(tile, (i % across) * (w + gap), Math.floor(i / across) * (h + gap));
    }
  }

  function drawPoints(canvas, item, frame) {
    const side = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)) || 300;
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d"), [from, to] = player.view;
    const at = axis => code =>
      (player.low[axis] + code / 65534 * (player.high[axis] - player.low[axis]) - from[axis]) / (to[axis] - from[axis]) * side;
    const x = at(0), y = at(1);
    const dots = (codes, start, count, colour, radius, alpha) => {
      context.fillStyle = colour;
      context.globalAlpha = alpha;
      for (let i = 0; i < count; i++) {
        const a = codes[2 * (start + i)], b = codes[2 * (start + i) + 1];
        if (a === 65535 || b === 65535) continue;
        context.beginPath();
        context.arc(x(a), side - y(b), radius, 0, 7);
        context.fill();
      }
    };
    if (behind) dots(behind, 0, behind.length / 2, getComputedStyle(root).getPropertyValue("--data"), side / 150, 1);
    dots(item.codes, frame * item.count, item.count, dark() ? item.dark : item.colour, side / 140, dark() ? 1 : 0.8);
  }

  function draw() {
    const frame = +slider.value, draws = images ? drawImages : drawPoints;
    shown.forEach((item, i) => draws(canvases[i], item, frame));
    const text = `${player.clock} ${player.steps[frame].toLocaleString("en")} of ${player.steps[last].toLocaleString("en")}`;
    output.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    slider.style.setProperty("--done", last ? frame / last : 1);
  }

  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "▶ Play";
  }
  function play() {
    if (timer) return stop();
    if (+slider.value >= last) slider.value = 0;
    draw();
    button.textContent = "❚❚ Pause";
    timer = setInterval(() => {
      slider.value = +slider.value + 1;
      draw();
      if (+slider.value >= last) stop();
    }, Math.max(50, Math.min(250, 6000 / (last + 1))));
  }
  slider.max = last;
  slider.value = last;
  slider.addEventListener("input", () => { stop(); draw(); });
  slider.addEventListener("keydown", event => { if (event.key === " ") { event.preventDefault(); play(); } });
  button.addEventListener("click", play);
  new ResizeObserver(draw).observe(root);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  for (const [name, printing] of [["beforeprint", true], ["afterprint", false]])
    addEventListener(name, () => { stop(); document.documentElement.classList.toggle("printing", printing); draw(); });
  draw();
}
