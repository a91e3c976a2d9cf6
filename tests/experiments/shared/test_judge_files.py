"""Published networks by the user's files: what the option says, and that no image is looked at twice."""

from pathlib import Path

import numpy as np
import pytest

from experiments.shared.judge_files import judge_files, remembered, seen_by
from igm_jax.evaluation import dinov2
from igm_jax.evaluation.judges.vision_transformer import Size, transformer_shapes
from tests.evaluation.judges.test_safetensors import written
from tests.evaluation.judges.test_vision_transformer import drawn

TINY = Size(width=64, depth=1, patch=56, grid=3, hidden=8)


def test_files_are_named_by_their_networks():
    found = judge_files(("inception=a=b.pth", "dinov2=c.pth"))
    assert found == {"inception": Path("a=b.pth"), "dinov2": Path("c.pth")}


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (("weights.pth",), "must be network=FILE, such as inception=weights.pth, but is 'weights.pth'"),
        (("inception=",), "must be network=FILE"),
        (("resnet=a",), "the network of --judge-files` must be one of inception, clean-fid, dinov2"),
        (("dinov2=a", "dinov2=b"), "must name each network once, but names dinov2 twice"),
    ],
)
def test_other_texts_are_refused(texts, told):
    with pytest.raises(ValueError, match=told):
        judge_files(texts)


def test_no_row_is_looked_at_twice():
    looks = []

    def doubled(rows):
        looks.append(len(rows))
        return 2 * rows

    look, rows = remembered(doubled), np.arange(12.0).reshape(6, 2)
    for chosen in ([0, 1, 0, 2], [2, 1], [5, 0, 4, 4]):
        np.testing.assert_array_equal(look(rows[chosen]), 2 * rows[chosen])
    assert looks == [3, 2]
    few, looks[:] = remembered(doubled, most=4), []
    for chosen in ([0, 1, 2], [3, 0], [4, 4], [0, 4]):
        np.testing.assert_array_equal(few(rows[chosen]), 2 * rows[chosen])
    assert looks == [3, 1, 1, 1], "there was no room for the fifth, so it began anew"


def test_samples_are_seen_by_the_network(tmp_path):
    tensors = drawn(transformer_shapes(TINY))
    path = written(tmp_path / "vit.pth", {name: ("F32", value) for name, value in tensors.items()})
    samples = np.random.default_rng(0).uniform(-1, 1, (3, 16)).astype(np.float32)
    (seen,) = seen_by({"dinov2": path}, (4, 4, 1), None)
    judge = dinov2(path, (4, 4, 1))
    assert seen.name == judge.name
    np.testing.assert_array_equal(seen.features(samples), judge.features(samples))
    with pytest.raises(
        ValueError, match="goes with images, but of these samples no shape is known; give --image-shape"
    ):
        seen_by({"dinov2": path}, None, None)
    assert seen_by({}, None, None) == ()
