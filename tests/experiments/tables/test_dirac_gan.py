"""The Dirac GAN's table: closed forms against the measured steps, and what a trajectory keeps."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.tables import dirac_gan
from experiments.tables.command import Config, main
from experiments.tables.dirac_gan import METHODS, PUBLICATION, H, at_once, in_turn, radius, turned


def test_closed_forms_at_known_points():
    assert radius(0.0, -0.25) == pytest.approx(np.sqrt(1 + H**2 / 4))
    assert radius(-0.5, 0.0) == pytest.approx(0.9)
    assert turned(1, 1) == pytest.approx(1.0)
    assert turned(400, 1) == pytest.approx(1.0)  # a = 2, the last on the circle
    assert turned(401, 1) > 1.05


def test_steps_in_turn_and_at_once_are_those_of_the_wgan(x64):
    objective = dirac_gan.wgan(dirac_gan.LINEAR, dirac_gan.SGD)
    # The critic's slope falls by hθ, and θ climbs it: by the old one at once, by the new one in turn.
    np.testing.assert_allclose(at_once(objective)(jnp.array([1.0, 0.5])), [1 - H * 0.5, 0.5 + H], rtol=1e-12)
    np.testing.assert_allclose(in_turn(objective)(jnp.array([1.0, 0.5])), [0.9, 0.5 + H * 0.9], rtol=1e-12)
    np.testing.assert_allclose(in_turn(objective, 2)(jnp.array([1.0, 0.5])), [0.8, 0.5 + H * 0.8], rtol=1e-12)


def test_the_table(tmp_path):
    main(PUBLICATION, Config, ["--smoke", "--output", str(tmp_path)])
    entries = [json.loads(line) for line in (tmp_path / "entries.jsonl").read_text().splitlines()]
    radii = {entry["line"]: entry for entry in entries if entry["column"] == "spectral radius"}
    assert set(radii) == set(list(METHODS)[1::2])
    assert all(entry["agrees"] for entry in radii.values())
    # A radius below one is what makes a method converge.
    converges = {entry["line"]: entry["ours"][0] for entry in entries if entry["column"] == "converges"}
    below = {name: float(entry["ours"][0] < 1 - 1e-9) for name, entry in radii.items()}
    assert {name: converges[name] for name in below} == below
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == len(radii)
    with np.load(tmp_path / "arrays" / "WGAN-clipped-at-1-0.npz") as found:
        assert found["path"].shape == (dirac_gan.STEPS + 1, 2)
        assert np.abs(found["path"][:, 0]).max() == 1.0  # the clip is reached and never passed
    assert (tmp_path / "trajectories.png").stat().st_size > 10_000
