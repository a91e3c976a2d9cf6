import numpy as np
import pytest

from experiments import encoder
from experiments.configs.own import file
from experiments.configs.targets import digits, grid
from experiments.encoder import Encode, images_of, main
from igm_jax.features import load_encoder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """What is written by default must not be left in the project."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(tmp_path):
    """Images of two classes, numbered 2 and 5, one brighter than the other."""
    rng = np.random.default_rng(0)
    labels = np.tile([2, 5], 60)
    images = rng.integers(0, 100, (120, 8, 8)) + 30 * (labels[:, None, None] == 5)
    np.savez(tmp_path / "data.npz", images=images.astype(np.uint8), labels=labels)
    return ["file", "--path", str(tmp_path / "data.npz"), "--array", "images"]


def test_a_classifier_is_written_told_and_found_again(data, tmp_path, capsys):
    words = ["classifier", *data, "--labels", "labels", "--smoke", "--output", "mine.npz"]
    assert main(words) == 0
    told = capsys.readouterr().out
    found = load_encoder(tmp_path / "mine.npz")
    for name, distances in found.distances.items():
        assert f"mean distance in {name}" in told
        assert f"{distances.mean:.4g}" in told
    assert f"{found.scores['accuracy']:.4f}" in told
    assert found.architecture.classes == 2
    assert found.story["command"].startswith("python -m experiments.encoder classifier file --path")
    before = (tmp_path / "mine.npz").stat()
    assert main(words) == 0
    assert (tmp_path / "mine.npz").stat().st_mtime_ns == before.st_mtime_ns
    assert main([*words, "--seed", "1"]) == 2
    assert "holds an encoder of other data or settings" in capsys.readouterr().err


def test_an_autoencoder_leaves_a_picture_of_what_it_gives_back(data, tmp_path, capsys):
    from PIL import Image

    assert main(["autoencoder", *data, "--smoke"]) == 0
    (path,) = (tmp_path / "results" / "encoders").glob("autoencoder-*-seed0-smoke.npz")
    assert load_encoder(path).architecture.kind == "autoencoder"
    with Image.open(path.with_suffix(".png")) as picture:
        assert picture.size[0] > picture.size[1]  # ten columns, at most six rows
    assert "share of the variance" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["classifier", "grid"], "an encoder is of images, but grid has none"),
        (["classifier", "digits", "--output", "x.pkl"], "the ending of --output"),
        (["classifier", "digits", "--steps", "0"], "`steps` must be at least 1"),
        (["autoencoder", "digits", "--seed", "-1"], "`seed` must be at least 0"),
    ],
)
def test_wrong_choices_are_explained_before_any_work(words, expected, capsys):
    assert main(words) == 2
    assert expected in " ".join(capsys.readouterr().err.split())


def test_a_damaged_file_is_not_taken_and_not_written_over(tmp_path, capsys):
    (tmp_path / "x.npz").write_bytes(b"damaged")
    assert main(["classifier", "digits", "--smoke", "--output", "x.npz"]) == 2
    assert "is no whole encoder" in capsys.readouterr().err
    assert (tmp_path / "x.npz").read_bytes() == b"damaged"


def test_where_nothing_can_be_written_nothing_is_trained(data, monkeypatch, capsys):
    def refused(directory):
        raise OSError(f"could not write into {directory}")

    monkeypatch.setattr(encoder, "writable", refused)
    monkeypatch.setattr(encoder, "fit_encoder", lambda *given, **options: pytest.fail("trained"))
    assert main(["autoencoder", *data, "--smoke", "--output", "deep/x.npz"]) == 2
    assert "could not write into deep" in capsys.readouterr().err


def test_a_picture_that_is_somebody_elses_is_not_written_over(data, tmp_path, capsys):
    (tmp_path / "x.png").write_bytes(b"mine")
    assert main(["autoencoder", *data, "--smoke", "--output", "x.npz"]) == 2
    assert "x.png, where the picture of what is given back would be, is there already" in capsys.readouterr().err
    assert (tmp_path / "x.png").read_bytes() == b"mine"
    assert not (tmp_path / "x.npz").exists()


def test_labels_become_classes_and_images_without_labels_are_no_classes(tmp_path):
    problem = digits().build()
    found = images_of(Encode("classifier", digits(), smoke=True), problem)
    assert (len(found.x), len(found.held_out)) == (500, 300)
    assert set(found.labels) == set(range(10))
    np.save(tmp_path / "images.npy", np.random.default_rng(0).integers(0, 255, (30, 8, 8)).astype(np.uint8))
    unlabelled = file(tmp_path / "images.npy")
    with pytest.raises(ValueError, match="has none; train an autoencoder"):
        images_of(Encode("classifier", unlabelled), unlabelled.build())
    with pytest.raises(ValueError, match="choose a target of images"):
        images_of(Encode("autoencoder", grid()), grid().build())
