"""The evaluation script: from files and from a run to a table with its floor; bad configs end with status 2 and a line."""

import json
import re

import jax
import numpy as np
import pytest

from experiments import evaluate, train
from experiments.shared import judging
from igm_jax.evaluation import Judge, exact_w2, floor, unlike_ranges
from igm_jax.evaluation.judges.pixels import eight_bits
from igm_jax.reporting import FLOOR, read_jsonl


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with plane samples, and small images."""
    folder = tmp_path_factory.mktemp("samples")
    rng = np.random.default_rng(0)
    np.save(folder / "real.npy", rng.normal(size=(120, 2)).astype(np.float32))
    np.save(folder / "shifted.npy", rng.normal(size=(60, 2)) + 3)
    np.savez(folder / "several.npz", x=rng.normal(size=(60, 2)), y=rng.normal(size=(60, 3)))
    np.save(folder / "images.npy", rng.normal(size=(80, 4, 4)))
    np.save(folder / "drawn.npy", rng.normal(size=(40, 16)))
    return folder


def words(files, real="real.npy", fake="shifted.npy", *more):
    return ["--real", str(files / real), "--fake", str(files / fake), *more]


def test_two_files(files, tmp_path, capsys, monkeypatch):
    page, rows = tmp_path / "new" / "table.md", tmp_path / "rows.jsonl"
    (tmp_path / "of_the_user.py").write_text("def doubled(x): return 2 * x")
    monkeypatch.chdir(tmp_path)
    more = (
        "--train",
        str(files / "shifted.npy"),
        "--output",
        str(page),
        str(rows),
        "--features",
        "of_the_user:doubled",
    )
    assert evaluate.main(words(files, "real.npy", "shifted.npy", *more)) == 0
    shown = capsys.readouterr().out
    for text in (
        "shifted on real",
        FLOOR,
        "60 generated samples against 60 real ones",
        "W2 ↓",
        "memorisation",
        "MMD-FUSE p-value",
    ):
        assert text in shown
    # No size tells real from real: n50 is beyond the largest that could be tried, half of the samples.
    assert re.search(r"n50 ↑ +≤ 8 +≥ 30", shown)
    assert "| W2 ↓ |" in page.read_text()

    ours, *floors = read_jsonl(rows)
    assert (ours["experiment"], ours["objective"], ours["target"]) == ("evaluate", "shifted", "real")
    assert ours["metrics"]["memorisation"] == 0, "its own training data"
    assert ours["metrics"]["doubled:fréchet"] == pytest.approx(4 * ours["metrics"]["frechet"], rel=1e-4)
    assert "| Fréchet, doubled ↓ |" in page.read_text()
    assert ours["metrics"]["w2"] == pytest.approx(3 * np.sqrt(2), rel=0.2)
    assert [row["objective"] for row in floors] == [FLOOR] * 5
    assert max(row["metrics"]["w2"] for row in floors) < 1
    # The floor is that of the library: the same splits, at the same size.
    expected = floor(exact_w2, np.load(files / "real.npy"), 60, range(5))["value"]
    assert [row["metrics"]["w2"] for row in floors] == pytest.approx(expected, rel=1e-6)


def test_images(files, tmp_path):
    rows = tmp_path / "rows.jsonl"
    arguments = words(files, "images.npy", "drawn.npy", "--image-shape", "4", "4", "1", "--floors", "2")
    assert evaluate.main([*arguments, "--output", str(rows)]) == 0
    metrics = json.loads(rows.read_text().splitlines()[0])["metrics"]
    assert {"frechet", "kid", "random_frechet", "random_frechet_spread", "coverage", "c2st"} <= set(metrics)


@pytest.mark.parametrize("most", [255, 1])
def test_lite0_sees_the_pixels_of_a_file(most, tmp_path, monkeypatch):
    scalings = []

    def judge(image_shape, scaling):
        scalings.append(scaling)
        return Judge("Lite0", np.asarray)

    monkeypatch.setattr(judging, "efficientnet_lite0", judge)
    pixels = np.random.default_rng(0).integers(0, 256, size=(40, 28, 28)) * (most / 255)
    np.save(tmp_path / "real.npy", pixels)
    shape = {"image_shape": (28, 28, 1), "judges": ("lite0",)}
    evaluate.compared(evaluate.Evaluate(real=tmp_path / "real.npy", fake=tmp_path / "real.npy", **shape))
    (scaling,) = scalings
    np.testing.assert_allclose(eight_bits(pixels.reshape(40, -1), scaling), pixels.reshape(40, -1) * (255 / most))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The directory of a short run on the grid."""
    directory = tmp_path_factory.mktemp("run") / "grid"
    with jax.numpy_dtype_promotion("standard"):
        assert train.main(["energy", "grid", "--smoke", "--side", "3", "--directory", str(directory)]) == 0
    return directory


def test_a_run(run, tmp_path, capsys):
    rows = tmp_path / "rows.jsonl"
    with jax.numpy_dtype_promotion("standard"):
        arguments = ["--run", str(run), "--size", "100", "--floors", "2", "--output", str(rows)]
        assert evaluate.main(arguments) == 0
    assert "energy, step 20 on grid" in capsys.readouterr().out
    ours, *floors = read_jsonl(rows)
    assert ours["metrics"]["modes"] < 9, "hardly trained"
    assert all(row["metrics"]["modes"] == 9 for row in floors)


def test_a_run_against_a_file(run, files, capsys):
    with jax.numpy_dtype_promotion("standard"):
        assert (
            evaluate.main(["--run", str(run), "--real", str(files / "real.npy"), "--floors", "1", "--size", "60"]) == 0
        )
    assert "energy, step 20 on real" in capsys.readouterr().out


@pytest.fixture
def bad(files, tmp_path):
    """Files that will not do."""
    whole = (files / "real.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-10])
    (tmp_path / "text.npy").write_text("1 2 3")
    np.save(tmp_path / "pickled.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "nan.npy", np.full((50, 2), np.nan))
    np.save(tmp_path / "few.npy", np.zeros((10, 2)))
    np.save(tmp_path / "three.npy", np.random.default_rng(0).normal(size=(50, 3)))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("absent.npy", "does not exist"),
        ("cut.npy", "is truncated"),
        ("text.npy", "expected a .npy or .npz file"),
        ("pickled.npy", "holds pickled Python objects"),
        ("nan.npy", "must hold finite numbers"),
        ("few.npy", "at least 20 samples of each"),
        ("three.npy", "the same number of features"),
    ],
)
def test_bad_files_end_with_a_line(files, bad, capsys, name, text):
    assert evaluate.main(["--real", str(files / "real.npy"), "--fake", str(bad / name)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ([], "give --real and --fake"),
        (["--real", "real.npy"], "give --real and --fake"),
        (["--run", "here", "--fake", "x.npy"], "but not both"),
        (["--run", "here"], "give the directory of a run"),
        (["--real", "r.npy", "--fake", "f.npy", "--size", "3"], "`--size` must be at least 20"),
        (["--real", "r.npy", "--fake", "f.npy", "--floors", "0"], "`--floors` must be at least 1"),
        (["--real", "r.npy", "--fake", "f.npy", "--output", "table.txt"], "must be one of .md, .jsonl"),
        (["--real", "r.npy", "--fake", "f.npy", "--features", "mine"], "--features must be module:function"),
        (["--real", "r.npy", "--fake", "f.npy", "--judge-files", "w.pth"], "--judge-files must be network=FILE"),
    ],
)
def test_bad_configs_end_with_a_line(capsys, more, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(more) == 2
    assert text in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_refused_before_the_work(files, tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert evaluate.main(words(files, "real.npy", "absent.npy", "--output", str(tmp_path / "file" / "table.md"))) == 2
    assert "cannot write" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


def test_which_array_must_be_said(files, capsys):
    assert evaluate.main(words(files, "real.npy", "several.npz")) == 2
    assert "holds 2 arrays: 'x', 'y'; say which holds the samples with --fake-array" in capsys.readouterr().err
    assert evaluate.main(words(files, "real.npy", "several.npz", "--fake-array", "x", "--floors", "1")) == 0


def test_a_run_of_something_else_is_refused(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"schema": 1, "config": {"objective": {"kind": "Unheard"}}}))
    assert evaluate.main(["--run", str(tmp_path)]) == 2
    assert "does not hold a run of this version of experiments.train" in capsys.readouterr().err


def test_images_in_another_order_and_values_in_other_units(files, tmp_path, capsys):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, size=(60, 4, 4, 3))
    np.save(tmp_path / "real.npy", images)
    np.save(tmp_path / "first.npy", images.transpose(0, 3, 1, 2))
    for shape in ([], ["--image-shape", "4", "4", "3"]):
        assert evaluate.main([*words(tmp_path, "real.npy", "first.npy"), *shape]) == 2
        assert "transpose" in capsys.readouterr().err
    np.save(tmp_path / "unit.npy", (images + 1) / 2)
    told = evaluate.compared(evaluate.Evaluate(real=tmp_path / "real.npy", fake=tmp_path / "unit.npy"))
    assert unlike_ranges(real=told.real, fake=told.fake).startswith(
        "real values lie in [-1, 1], generated ones in [0, 1]"
    )


@pytest.mark.parametrize("words", [["--image-shape", "8", "8", "1"], ["--train", "x.npy"], ["--real-array", "x"]])
def test_what_goes_with_files_alone_is_refused_for_a_run(words, capsys, tmp_path):
    assert evaluate.main(["--run", str(tmp_path), *words]) == 2
    assert f"{words[0]} goes with files, but the run is judged by its own data" in capsys.readouterr().err
