"""From groups to a report: what broke is named, cards hold every number, curves are on the axis of the budget."""

import json

import numpy as np

from experiments.configs import TARGETS
from experiments.shared import summary
from experiments.shared.runs import Group
from igm_jax.reporting import FLOOR
from tests.reporting import row

CONFIG = {"equal": "time", "steps": 24, "cost": [0.5, 1.0], "seeds": 2, "batch_size": 8}


def group(broken="", **changes):
    rng = np.random.default_rng(0)
    arrays = {
        "steps": np.array([0, 12, 24]),
        "frames": rng.normal(size=(3, 50, 2)),
        "samples": rng.normal(size=(50, 2)),
        "look/modes": rng.integers(1, 8, size=(3, 2)).astype(float),
    }
    metrics = [] if broken else [{"w2": 0.25, "modes": 3.0}, {"w2": 0.5, "modes": 4.0}]
    whole = Group(CONFIG, metrics, {"seconds": 1.0}, {"commit": "abc"}, broken, {} if broken else arrays)
    return whole._replace(**changes)


def test_a_report_of_what_went_well_and_what_broke(tmp_path):
    groups = {"ring": {"energy": group(), "gan": group("gan broke at step 3")}}
    numbers = {"energy": (0.25, 3.0), "gan": (np.nan, np.nan), FLOOR: (0.1, 8.0)}
    rows = [
        row(name, seed, dict(zip(("w2", "modes"), values, strict=True)), target=summary.title("ring"))
        for name, values in numbers.items()
        for seed in range(2)
    ]
    told = summary.summarise(rows, groups, {"ring": TARGETS["ring"]().build()}, tmp_path)
    assert told.broken == ["ring of 8 Gaussians, gan: gan broke at step 3"]
    page = told.path.read_text()
    assert "gan broke at step 3" in page
    assert "the same time for every objective, 2 seeds of 24 updates with 8 samples each on ring of 8 Gaussians" in page
    assert {path.name for path in (tmp_path / "cards").iterdir()} == {"ring-energy.json", "ring-gan.json"}
    assert (tmp_path / "ring-training-curves.png").stat().st_size > 1000
    assert "<summary>Settings: ring of 8 Gaussians</summary>" in page
    order = ["By W2, energy has the best mean", "Samples through training", "At the end of training", "Training curves",
             "ring of 8 Gaussians: ranks</summary>", "Samples, as a picture</summary>", "How it was made"]  # fmt: skip
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_a_card_holds_all_numbers_and_gaps_where_a_seed_broke():
    card = json.loads(summary.card("ring", "energy", group(metrics=[{}, {"w2": 0.5}])))
    assert card["metrics"] == {"w2": [None, 0.5]}
    assert card["costs"] == {"seconds": 1.0}
    assert (card["commit"], card["config"]["steps"]) == ("abc", 24)


def test_each_further_judge_has_a_table_of_its_own():
    """In the first table stands what decides, by every judge; the rest of a further judge's numbers in a table of its own."""
    metrics = {
        "frechet": 1.0,
        "recall": 0.5,
        "density": 0.9,
        "frechet@lite0": 2.0,
        "recall@lite0": 0.25,
        "frechet@mine": 3.0,
    }
    rows = [row(name, 0, metrics, target="digits", judge="classifier") for name in ("energy", FLOOR)]
    tables = summary._tables(rows, "digits", "images")
    assert [table.title for table in tables] == [
        "digits",
        "digits, in features of lite0",
        "digits, in features of mine",
    ]
    first, lite0, mine = ([head.rstrip(" ↓↑") for head in table.headings if "(" in head] for table in tables)
    assert first == [
        "Fréchet (classifier)",
        "Fréchet (Lite0)",
        "Fréchet (mine)",
        "recall (classifier)",
        "density (classifier)",
    ]
    assert lite0 == ["Fréchet (Lite0)", "recall (Lite0)"]
    assert mine == ["Fréchet (mine)"]
