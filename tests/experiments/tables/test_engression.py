"""The table of engression's simulators: what it measures, and the smoke run from end to end."""

import json

import jax
import numpy as np

from experiments.tables.command import Config, main
from experiments.tables.engression import BEYOND, METHODS, PUBLICATION, places
from igm_jax.distributions import preadditive


def test_places_go_beyond_the_range():
    at = places(preadditive("log"))
    assert (at.min(), at.max()) == (0, 2 + BEYOND)


def test_smoke(tmp_path):
    with jax.numpy_dtype_promotion("standard"):
        main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    lines = {entry["line"] for entry in entries}
    assert lines == {METHODS["fair"], METHODS["gaussian"], "the law's own score"}
    assert all(np.isfinite(entry["ours"]).all() for entry in entries)
    assert (tmp_path / "softplus.png").stat().st_size > 10_000
