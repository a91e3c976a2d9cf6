"""The report: one file that loads nothing, says everything, and plays."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest

from igm_jax.evaluation import MEASURES
from igm_jax.reporting import FLOOR, Metric, comparison_table
from igm_jax.reporting.figures import scatter_panels
from igm_jax.reporting.player import Player, decode
from igm_jax.reporting.report import Report, Section, facts_of, html, picture, settings_of, write_report
from igm_jax.reporting.style import colours
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
    folded = table._replace(title="ranks")
    section = Section("ring", NASTY, (table,), players, (shown,), (folded,), (shown._replace(title="Ends"),), {"beta": NASTY},
                      ("First of all.",))  # fmt: skip
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


def test_findings_come_first_and_what_is_folded_has_a_title(page):
    order = ["First of all.", '<canvas', "<table", "At the end", "<summary>ranks</summary>",
             "<summary>Ends, as a picture</summary>", "<summary>Settings: ring</summary>", "How it was made"]  # fmt: skip
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert page.count("<table") == 2
    light, dark = (colours(["energy"], dark)["energy"] for dark in (False, True))
    assert page.count(f'style="--light: {light}; --dark: {dark}"') >= 3  # both tables and a player


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


WIDE = """<script>
const scrolls = [...document.querySelectorAll(".scroll")].filter(one => one.querySelector("table"));
document.title = JSON.stringify([document.documentElement, ...scrolls].map(one => one.scrollWidth - one.clientWidth));
</script></body>"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs the browser chromium")
def test_all_columns_of_the_widest_table_are_seen_on_a_page_of_1280(tmp_path):
    names = (
        "frechet",
        "random_frechet",
        "kid",
        "precision",
        "recall",
        "class_reverse_kl",
        "c2st",
        "n50",
        "memorisation",
    )
    rows = [
        row(o, s, dict.fromkeys(names, 12.5 + s), target="digits", memory_mb=1234.0, seconds=123.4 + s)
        for o in ("score-difference", "energy", FLOOR)
        for s in range(3)
    ]
    table = comparison_table(rows, [MEASURES[name] for name in names], "digits")
    title = in_browser(html(Report("wide", "", {}, (Section("digits", tables=(table,)),))), WIDE, tmp_path)
    assert json.loads(title) == [0, 0]


def in_browser(page, script, tmp_path):
    """The title that a script gives a page in a window of 1280."""
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", script), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    flags += [
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=8000",
        "--window-size=1280,900",
        "--dump-dom",
    ]
    done = subprocess.run(["chromium", *flags, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return re.search(r"<title>(.*?)</title>", done.stdout)[1]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs the browser chromium")
def test_the_player_plays_in_a_browser(page, tmp_path):
    title = in_browser(page, DRIVE, tmp_path)
    end, last, start, first, playing, at_end, stopped, final = json.loads(title)
    assert (end, start, at_end) == ("update 25 of 25", "update 0 of 25", "update 25 of 25")
    assert "Pause" in playing
    assert "Play" in stopped
    assert first != last == final
