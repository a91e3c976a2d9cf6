"""The command that draws samples: files whole or not at all, the same for the same seed, and every wrong choice told first."""

import json

import jax
import numpy as np
import optax
import pytest

from experiments.sample import MOST_AT_ONCE, main
from igm_jax.data import read_wav, spelled
from igm_jax.distributions import normal
from igm_jax.generators import particles, pushforward
from igm_jax.networks import conv_generator, mlp, token_generator
from igm_jax.objectives import energy
from igm_jax.training import load_generator, train, training

POINTS = pushforward(mlp(2, 2, width=4, depth=1), normal(2))
IMAGES = pushforward(conv_generator(2, (4, 4, 1), width=2), normal(2))
TEXTS = pushforward(token_generator(2, 4, 39, width=4, depth=1), normal(2))
SOUNDS = pushforward(mlp(2, 1024, width=4, depth=1), normal(2))
FLOW = particles(np.arange(12.0).reshape(6, 2))


@pytest.fixture(autouse=True)
def optax_types():
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A directory with small finished runs."""
    directory = tmp_path_factory.mktemp("runs")
    made = {
        "points": (POINTS, 2),
        "images": (IMAGES, 16),
        "flow": (FLOW, 2),
        "texts": (TEXTS, 156),
        "sounds": (SOUNDS, 1024),
    }
    for name, (generator, dim) in made.items():
        run = training(generator, energy(), optax.sgd(0.1), normal(dim), 6, average=0.5)
        with jax.numpy_dtype_promotion("standard"):
            train(run, jax.random.key(0), 4, directory=directory / name, every=2, progress=False)
    return directory


@pytest.fixture
def drawn(runs, tmp_path, capsys):
    """``drawn(run, n, name, *more)`` gives the file's path, the exit status and what was told."""

    def draw(run, n, name, *more):
        path = tmp_path / name
        status = main(["--run", str(runs / run), "--n", str(n), "--out", str(path), *more])
        return path, status, capsys.readouterr()

    return draw


def test_samples_are_those_of_the_loaded_generator(drawn, runs):
    path, status, told = drawn("points", 5, "a.npy")
    assert status == 0
    assert "5 samples of 2 features, by the average of the parameters at step 4" in told.out
    model = load_generator(runs / "points")
    key = jax.random.fold_in(jax.random.key(0), 0)
    expected = jax.jit(lambda params: model.generator.sample(params, key, MOST_AT_ONCE))(model.average)[:5]
    np.testing.assert_allclose(np.load(path), expected, rtol=1e-6)
    last = np.load(drawn("points", 5, "b.npy", "--parameters", "last")[0])
    earlier = np.load(drawn("points", 5, "c.npy", "--step", "2")[0])
    assert not np.allclose(last, expected, rtol=1e-5)
    assert not np.allclose(earlier, expected, rtol=1e-5)


def test_more_samples_are_the_same_ones_and_more(drawn):
    few, many = (np.load(drawn("points", n, f"{n}.npy", "--chunk", "4")[0]) for n in (3, 10))
    assert many.shape == (10, 2)
    np.testing.assert_array_equal(many[:3], few)
    assert len(np.unique(many[:, 0])) == 10  # each chunk has a key of its own
    again, other = (np.load(drawn("points", 3, f"s{s}.npy", "--chunk", "4", "--seed", str(s))[0]) for s in (0, 1))
    np.testing.assert_array_equal(again, few)
    assert not np.array_equal(other, few)


def test_texts_are_written_as_they_are_spelled_and_sounds_one_after_the_other(drawn):
    rows = np.load(drawn("texts", 5, "x.npy")[0])
    path, status, _ = drawn("texts", 5, "x.txt")
    assert (status, path.read_text()) == (0, "".join(f"{text}\n" for text in spelled(rows)))
    rows = np.load(drawn("sounds", 3, "y.npy")[0])
    path, status, _ = drawn("sounds", 3, "y.wav")
    heard = read_wav(path)
    assert (status, heard.rate) == (0, 16_000)
    np.testing.assert_allclose(heard.samples, np.clip(rows.reshape(-1), -1, 1), atol=1e-4)


def test_every_format_holds_the_same(drawn):
    plain = np.load(drawn("points", 7, "x.npy")[0])
    with np.load(drawn("points", 7, "x.npz")[0], allow_pickle=False) as file:
        np.testing.assert_array_equal(file["samples"], plain)
        assert {"run", "step", "commit"} <= set(json.loads(str(file["provenance"])))
    np.testing.assert_array_equal(np.loadtxt(drawn("points", 7, "x.csv")[0], delimiter=",", dtype=np.float32), plain)


def test_images_become_a_sheet(drawn):
    from PIL import Image

    flat = np.load(drawn("images", 5, "x.npy")[0])
    path, status, _ = drawn("images", 5, "x.png", "--value-range", "-0.5", "0.5")
    assert status == 0
    page = np.asarray(Image.open(path))[::12, ::12]  # 4 pixels become 48
    assert page.shape == (2 * 5 - 1, 3 * 5 - 1)
    levels = np.clip(flat.reshape(5, 4, 4) + 0.5, 0, 1) * 255
    np.testing.assert_allclose(page[:4, 5:9], levels[1], atol=0.51)
    np.testing.assert_allclose(page[5:, :4], levels[3], atol=0.51)
    assert (page[4] == 255).all()
    assert (page[5:, 10:] == 255).all()


def test_particles_come_all_or_not_at_all(drawn, runs):
    np.testing.assert_array_equal(np.load(drawn("flow", 6, "x.npy")[0]), load_generator(runs / "flow").average)
    path, status, told = drawn("flow", 5, "y.npy")
    assert (status, path.exists()) == (2, False)
    assert "6 fixed points" in told.err


def test_nothing_is_overwritten_unless_it_is_said(drawn):
    path, _, _ = drawn("points", 3, "x.npy")
    before = path.read_bytes()
    _, status, told = drawn("points", 4, "x.npy")
    assert status == 2
    assert "or say --overwrite" in told.err
    assert path.read_bytes() == before
    assert drawn("points", 4, "x.npy", "--overwrite")[1] == 0
    assert np.load(path).shape == (4, 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["points", 0, "x.npy"], "`--n` must be"),
        (["points", 3, "x.text"], "the ending of --out"),
        (["points", 3, "x.png"], "the samples have 2 features and nothing is known of a shape; give --image-shape"),
        (["images", 3, "x.png", "--image-shape", "3", "3", "1"], "the samples have 16 features"),
        (["images", 3, "x.png", "--image-shape", "2", "4", "2"], "channels (1 or 3) are (2, 4, 2)"),
        (
            ["images", 3, "x.png", "--image-shape", "2", "8", "1"],
            "--image-shape must be the shape of the generator's images",
        ),
        (["images", 3, "x.png", "--value-range", "1", "0"], "--value-range"),
        (["images", 3, "x.npy", "--value-range", "0", "1"], "--value-range is for a .png"),
        (["points", 3, "x.csv", "--image-shape", "1", "2", "1"], "--image-shape is for a .png"),
        (["points", 3, "x.txt"], "a .txt holds one-hot texts, of so many times 39 features, but the samples have 2"),
        (["points", 3, "x.wav"], "a .wav holds sounds, of at least 1024 numbers, but the samples have 2 features"),
        (["points", 3, "x.npy", "--step", "3"], "no checkpoint of step 3; it has [2, 4]"),
        (["points", 3, "x.npy", "--of", "1"], "a run of one seed"),
        (["points", 10**12, "x.npy"], "MiB free"),
        (["nowhere", 3, "x.npy"], "there is no directory"),
    ],
    ids=str,
)
def test_a_wrong_choice_is_told_and_nothing_is_written(drawn, words, told, tmp_path):
    path, status, said = drawn(*words)
    assert status == 2
    assert told in said.err
    assert not path.exists()
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(drawn, monkeypatch, tmp_path):
    def stopped(*rest):
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.sample.drawn", stopped)
    _, status, told = drawn("points", 3, "x.npy")
    assert (status, list(tmp_path.iterdir())) == (130, [])
    assert "nothing was written" in told.err
