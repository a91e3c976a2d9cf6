"""The report: one file that loads nothing, says everything, and plays."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest

from igm_jax.reporting import FLOOR, Metric, comparison_table
from igm_jax.reporting.figures import scatter_panels
from igm_jax.reporting.player import Player, decode
from igm_jax.reporting.report import Report, Section, facts_of, html, picture, settings_of, write_report
from tests.reporting import row

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(60, 2))
NASTY = '<script>alert("&")</script>'
VOID = {"meta", "img", "input", "source", "br", "hr", "link"}


class Page(HTMLParser):
    """Reads a page, checks that tags are balanced and ids unique, and keeps what the tests ask for."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.scripts, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert not self.open
        ids = [value["id"] for _, value in self.tags if "id" in value]
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.text += data


def report(n=60, k=6):
    rows = [row(o, s, {"w2": 0.1 + s / 100}) for o in ("energy", NASTY, FLOOR) for s in range(3)]
    table = comparison_table(rows, [Metric("w2", "W₂", "lower")], "ring")
    frames = {"energy": RNG.normal(size=(k, n, 2)), NASTY: RNG.normal(size=(k, n, 2))}
    images = {"energy": RNG.uniform(size=(k, 9, 64))}
    players = (
        Player(np.arange(k) * 5, frames, POINTS, title="In the plane"),
        Player(np.arange(k) * 5, images, images["energy"][0], (8, 8)),
    )
    shown = picture("At the end", NASTY, scatter_panels, {"energy": POINTS}, POINTS)
    section = Section("ring", NASTY, (table,), players, (shown,))
    return Report(NASTY, NASTY, facts_of(rows), (section, Section("empty")), settings_of(rows))


@pytest.fixture(scope="module")
def whole():
    return report()


@pytest.fixture(scope="module")
def page(whole):
    return html(whole)


def test_the_page_is_well_formed_and_says_what_was_compared(page):
    parsed = Page(page)
    for text in ("0, 1, 2", "jax 0.10.2", "0123456789ab", "2025-01-01 to 2025-01-03", "optimizer.rate", "3 seeds"):
        assert text in parsed.text
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
    assert tags.count("canvas") == 2 + 2  # two objectives; one objective and real data
    assert all(values.get("alt") for tag, values in parsed.tags if tag == "img")


def test_the_page_loads_nothing(page):
    parsed = Page(page)
    policy = next(v["content"] for tag, v in parsed.tags if v.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    sources = [v[name] for _, v in parsed.tags for name in ("src", "srcset", "href", "action") if name in v]
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(", page)
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in parsed.tags}


def test_all_text_is_escaped(page):
    assert NASTY not in page
    assert Page(page).text.count(NASTY) >= 5  # title, heading, summary, section, table, player
    assert sum(tag == "script" for tag, _ in Page(page).tags) == 2 + 1


def test_the_frames_decode_from_the_page(page, whole):
    packed = [json.loads(script) for script in Page(page).scripts[:2]]
    for encoded, player in zip(packed, whole.sections[0].players, strict=True):
        back = decode(encoded)
        assert list(back) == list(player.frames)
        for name, frames in player.frames.items():
            np.testing.assert_allclose(back[name].reshape(frames.shape), frames, atol=3e-3)


def test_the_file_stays_small_and_is_the_same_every_time(tmp_path):
    # Nine objectives, 200 snapshots of 2000 points: more than is kept.
    frames = {str(i): RNG.normal(size=(200, 2000, 2)) for i in range(9)}
    big = Report("big", "", {}, (Section("a", players=(Player(np.arange(200), frames, POINTS),)),))
    path = write_report(tmp_path / "report.html", big)
    assert path.stat().st_size < 1.6e6
    assert path.read_text() == html(big)


def test_facts_and_settings_name_what_differs():
    rows = [row("a", 0, {}, config={"rate": 1}, device="cpu"), row("b", 2, {}, config={"rate": 2}, device="gpu")]
    assert facts_of(rows)["device"] == "cpu, gpu"
    measured = row("a", 0, {}, device={"platform": "gpu", "kind": "H200", "count": 2, "cpus": 16, "system": "Linux"})
    assert facts_of([measured])["device"] == "H200 × 2, 16 CPU cores, Linux"
    assert facts_of(rows)["seeds"] == "0, 2"
    assert settings_of(rows) == {"rate": "1 (a); 2 (b)"}


def test_the_templates_are_part_of_the_package():
    names = {item.name for item in (resources.files("igm_jax.reporting") / "templates").iterdir()}
    assert {"report.html.jinja", "report.css", "player.js"} <= names


DRIVE = """<script>
const log = [], root = document.querySelector(".player"), slider = root.querySelector("input");
const button = root.querySelector("button"), said = root.querySelector("output"), canvas = root.querySelector("canvas");
log.push(said.textContent, canvas.toDataURL());
slider.value = 0; slider.dispatchEvent(new Event("input")); log.push(said.textContent, canvas.toDataURL());
slider.dispatchEvent(new KeyboardEvent("keydown", {key: " "})); log.push(button.textContent);
setTimeout(() => {
  log.push(said.textContent, button.textContent, canvas.toDataURL());
  document.title = JSON.stringify(log);
}, 3000);
</script></body>"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs the browser chromium")
def test_the_player_plays_in_a_browser(page, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", DRIVE), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    command = [
        "chromium",
        *flags,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=8000",
        "--dump-dom",
    ]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    end, last, start, first, playing, at_end, stopped, final = json.loads(title[1])
    assert (end, start, at_end) == ("update 25 of 25", "update 0 of 25", "update 25 of 25")
    assert "Pause" in playing
    assert "Play" in stopped
    assert first != last == final
