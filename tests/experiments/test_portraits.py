"""Portraits: what they show is the objective's own field, on the right side of zero."""

import jax
import numpy as np
import pytest
from PIL import Image

from experiments import portraits
from experiments.portraits import BELOW, LEFT, RIGHT, Sizes

SMALL = Sizes(128, 3, 8)


@pytest.fixture(autouse=True)
def as_users_have_it():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def at(points, values, place):
    return values[np.argmin(np.linalg.norm(points - np.asarray(place), axis=1))]


def looked_at(name):
    subject = portraits.portrait_of(name, SMALL, portraits.space())
    state, x, y = portraits.learned(subject, SMALL, jax.random.key(0))
    return portraits.portrayed(subject.objective, state, x, y)


@pytest.mark.parametrize("name", ["energy", "mmd", "sinkhorn"])
def test_the_witness_is_low_where_mass_lacks_and_high_where_it_is_too_much(name):
    points, velocities, witness, _ = looked_at(name)
    missing, matched, excess = (at(points, witness, place) for place in (RIGHT, LEFT, BELOW))
    assert missing < matched < excess
    across = at(points, velocities, (np.asarray(RIGHT) + np.asarray(BELOW)) / 2)
    assert across @ (np.asarray(RIGHT) - np.asarray(BELOW)) > 0


def test_velocities_are_minus_the_slopes_of_what_is_shown():
    points, velocities, witness, _ = looked_at("energy")
    heights = witness.reshape(portraits.HIGH, portraits.WIDE)
    steps = [points[1, 0] - points[0, 0], points[portraits.WIDE, 1] - points[0, 1]]
    along = -np.gradient(heights, steps[1], steps[0])[1]
    shown = velocities[:, 0].reshape(heights.shape)
    inner = (slice(1, -1), slice(1, -1))
    assert np.corrcoef(along[inner].ravel(), shown[inner].ravel())[0, 1] > 0.99


def test_without_a_witness_one_more_sample_is_moved():
    points, velocities, witness, _ = looked_at("chamfer")
    assert witness is None
    assert at(points, velocities, (np.asarray(RIGHT) + np.asarray(BELOW)) / 2)[0] > 0
    assert len(points) == (portraits.ARROWS[0] + 2) * (portraits.ARROWS[1] + 2)


def test_the_command_writes_a_picture_each(tmp_path, capsys):
    portraits.main(["--smoke", "--objectives", "gan", "imle", "--output", str(tmp_path / "p")])
    written = sorted((tmp_path / "p-smoke").glob("*.png"))
    assert [path.stem for path in written] == ["gan", "imle"]
    for path in written:
        with Image.open(path) as image:
            assert image.size == (480, 360)
    assert "2 pictures" in capsys.readouterr().out


def test_wrong_settings_end_the_command(refusal):
    assert "energy" in refusal(portraits.main, ["--objectives", "enrgy"])
    assert "--smoke is short" in refusal(portraits.main, ["--smoke", "--preset", "full"])
