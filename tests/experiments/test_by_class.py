import dataclasses
import io

import jax
import numpy as np
import pytest
from PIL import Image

from experiments import by_class
from experiments.configs import TARGETS
from igm_jax.evaluation import Judge
from igm_jax.networks import style_noise_size
from igm_jax.reporting import read_jsonl


@pytest.fixture(scope="module")
def splits():
    return TARGETS["digits"]().build().splits


@pytest.mark.parametrize(
    ("network", "noise"), [("unet", 64), ("style", 16 + style_noise_size((8, 8, 1))), ("residual", 16)]
)
def test_each_network_reads_its_noise_and_the_class(network, noise, splits):
    config = by_class.Config(network=network, width=4)
    made, latent = by_class.network_of(config, (8, 8, 1), 10)
    assert latent == noise
    rows = jax.eval_shape(lambda key: made.apply(made.init(key), jax.numpy.zeros((3, latent + 10))), jax.random.key(0))
    assert rows.shape == (3, 64)


def test_agreement_and_distance_of_real_images_are_those_of_the_judge(splits):
    reader = np.linalg.lstsq(np.asarray(splits.train.values), np.eye(10)[np.asarray(splits.train.labels)], rcond=None)[
        0
    ]
    judge = Judge("linear", lambda x: np.asarray(x, float)[:, :8], lambda x: np.asarray(x, float) @ reader)
    test, labels = np.asarray(splits.test.values), np.asarray(splits.test.labels)
    samples = np.stack([np.resize(test[labels == c], (30, 64)) for c in range(10)])
    found = by_class.measured(judge, splits, samples)
    assert list(found) == [str(name) for name in splits.label_names]
    for number, metrics in enumerate(found.values()):
        guessed = (test[labels == number] @ reader).argmax(1) == number
        assert metrics["real_agreement"] == guessed.mean()
    swapped = by_class.measured(judge, splits, samples[::-1])
    assert max(one["agreement"] for one in swapped.values()) < 0.5 < min(one["agreement"] for one in found.values())


def test_the_picture_has_a_row_a_class(splits):
    samples = np.repeat(np.linspace(splits.train.values.min(), splits.train.values.max(), 10)[:, None, None], 15, 1)
    picture = np.asarray(Image.open(io.BytesIO(by_class.drawn(splits, np.broadcast_to(samples, (10, 15, 64))))), int)
    rows = np.array_split(picture, 10)
    inner = [np.median(row) for row in rows]
    assert inner == sorted(inner)
    assert (inner[0], inner[-1]) == (0, 255)
    assert picture.shape[1] > 1.15 * picture.shape[0]  # twelve of a class, ten classes


def test_what_would_fail_at_the_end_is_refused_before_training(splits, tmp_path, capsys):
    problem, labels = TARGETS["digits"]().build(), np.asarray(splits.test.labels)
    few = np.flatnonzero((labels != 3) | (np.cumsum(labels == 3) <= 3))
    test = splits.test._replace(values=np.asarray(splits.test.values)[few], labels=labels[few])
    with pytest.raises(ValueError, match="at least 4 images of the test part, but there are 3 of '3'; add images"):
        by_class.labelled(problem._replace(splits=splits._replace(test=test)), "digits")
    with pytest.raises(SystemExit, match="2"):
        by_class.main(["--target", "digits", "--temperatures", "-1", "--output", str(tmp_path / "out")])
    assert "`temperatures` must be positive" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["grid", "moons"])
def test_only_images_with_labels_have_classes(target, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        by_class.main(["--target", target, "--output", str(tmp_path / "out")])
    assert "`target` must be images with labels in memory" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_trains_once_and_tells_every_class(tmp_path, capsys):
    words = ["--smoke", "--output", str(tmp_path / "out")]
    with jax.numpy_dtype_promotion("standard"):
        by_class.main(words)
        by_class.main(words)
    capsys.readouterr()
    rows = read_jsonl(tmp_path / "out-smoke" / "rows.jsonl")
    assert [row["objective"] for row in rows] == [str(k) for k in range(10)]
    assert rows[0]["config"]["parameters"] == 3857
    assert dataclasses.asdict(by_class.Config())["network"] == "residual"
