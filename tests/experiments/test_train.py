"""The training script: killed and restarted it ends where it would have ended; each wrong choice gets a plain answer."""

import dataclasses
import functools
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.configs import OBJECTIVES, TARGETS, Pushforward
from experiments.configs.features import encoder_of
from experiments.configs.own import file
from experiments.configs.problems import of_pairs, of_splits
from experiments.configs.targets import grid
from experiments.train import Train, _judged, again, identity, main, prepared, run_of, saved, small
from igm_jax.distributions import Part, Splits, load_samples
from igm_jax.features import save_encoder
from igm_jax.features.encoder import fingerprint_of
from igm_jax.training import load_generator, plain, read_config, read_log, restore
from tests.features.small import classifier

ROOT = Path(__file__).parents[2]
TINY = "--generator.width 8 --generator.depth 2 --generator.frequencies 0 --batch-size 8 --samples 40 --schedule constant".split()
TINY += ["--chunk", "10", "--every", "20"]
CRITIC = ["--critic.width", "8", "--critic.depth", "2"]


@pytest.fixture(autouse=True)
def optax_types():
    """optax's Adam adds an integer count to a float."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A script that ignores ``--directory`` must not leave anything in the project."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(tmp_path):
    """A small file of samples, whose target compiles fast."""
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "points.npy", np.random.default_rng(0).normal(size=(40, 2)))
    return folder / "points.npy"


def started(words, cwd):
    """The script in a process of its own, which would run for days."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    words = [*words, "--steps", "100000000"]
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.train", *words], cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True
    )


def wait_for(directory, step, process):
    """Until the log has gone past a step."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        rows = read_log(directory) if directory.is_dir() else []
        if rows and rows[-1]["step"] >= step:
            return
        time.sleep(0.002)
    process.kill()
    raise AssertionError(f"step {step} was not reached: {process.communicate()[1]}")


def bits(state):
    def raw(leaf):
        leaf = jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
        return leaf.dtype, leaf.shape, np.asarray(leaf).tobytes()

    return {jax.tree_util.keystr(path): raw(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(state)}


def measures(directory):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in read_log(directory)]


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "options"), [("energy", []), ("gan", CRITIC)])
def test_killed_and_restarted_it_ends_in_the_same_state(objective, options, data, tmp_path):
    """kill -9 at a random step: parameters, optimiser, critic, average, random state, log and samples end up equal."""
    words = [objective, "file", "--path", str(data), *TINY, *options]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = started([*words, "--directory", str(killed)], tmp_path)
    wait_for(killed, random.Random(objective).randint(50, 150), process)
    process.kill()
    process.communicate()
    saved = max(int(path.name) for path in (killed / "checkpoints").iterdir() if path.name.isdigit())
    steps = str(saved + 30)
    for directory in (killed, whole):
        assert main([*words, "--directory", str(directory), "--steps", steps]) == 0
    _, _, run = prepared(config_of(killed, objective, data))
    ours, theirs = bits(restore(run, killed)), bits(restore(run, whole))
    assert ours == theirs
    assert len(ours) > 15
    assert measures(killed) == measures(whole)
    assert measures(killed)[-1]["step"] == saved + 30
    first, second = (np.load(path / "samples.npz")["samples"] for path in (killed, whole))
    np.testing.assert_array_equal(first, second)


def config_of(directory, objective, data):
    """The config that the tiny runs had, as far as the run's shape goes."""
    small = {"width": 8, "depth": 2}
    kind = OBJECTIVES[objective]
    stored = read_config(directory)["config"]["objective"]
    chosen = kind() if "critic" not in stored else kind(critic=type(kind().critic)(**small))
    generator = Pushforward(**small, frequencies=0)
    return Train(chosen, file(data), generator=generator, batch_size=8, schedule="constant")


def test_sigterm_leaves_a_checkpoint_and_says_how_to_go_on(data, tmp_path):
    directory = tmp_path / "run"
    process = started(["energy", "file", "--path", str(data), *TINY, "--directory", str(directory)], tmp_path)
    wait_for(directory, 30, process)
    process.send_signal(signal.SIGTERM)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "start the same run again to continue:" in text
    assert f"python -m experiments.train energy file --path {data} --generator.width 8" in text
    last = max(int(path.name) for path in (directory / "checkpoints").iterdir() if path.name.isdigit())
    assert f"stopped after step {last} of" in text


def test_the_summary_and_the_samples(tmp_path, capsys, monkeypatch):
    """The table names run, measures and floor; the samples come with their story, and without pickles."""
    monkeypatch.setenv("HOME", str(tmp_path))
    directory = tmp_path / "run"
    words = ["mmd", "grid", *TINY, "--steps", "20", "--directory=~/run", "--seed", "3"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    for part in ("mmd on grid, seed 3", "W2 of 40 samples", "real data", "modes", "loss, last tenth", "samples.npz"):
        assert part in shown
    samples = load_samples(directory / "samples.npz", "samples")
    assert samples.shape == (40, 2)
    story = json.loads(str(np.load(directory / "samples.npz", allow_pickle=False)["provenance"]))
    assert story["config"] == read_config(directory)["config"]
    assert (story["step"], story["config"]["seed"]) == (20, 3)
    assert {"commit", "versions", "device", "date"} <= set(story)
    assert not list(directory.glob(".samples*"))
    names = {path.relative_to(directory).as_posix() for path in directory.rglob("*.*")}
    assert {
        "report.html",
        "curves.png",
        "samples/data.png",
        "samples/step-000000.png",
        "samples/step-000020.png",
    } <= names
    page = (directory / "report.html").read_text()
    assert "<h1>mmd on grid</h1>" in page
    assert "modes" in page
    # Whoever has the directory draws the same, and reads how to go on.
    model, key = load_generator(directory), jax.random.fold_in(jax.random.key(3), 1)
    np.testing.assert_array_equal(jax.jit(model.generator.sample, static_argnums=2)(model.average, key, 40), samples)
    told = (directory / "README.md").read_text()
    assert f"python -m experiments.train {shlex.join(words)}\n" in told
    assert "**objective**: `mmd(" in told
    # The same choice again finds everything done, one with another setting is refused.
    assert main(words) == 0
    assert main([*words, "--optimizer.rate", "0.5"]) == 2
    assert "config.optimizer.rate: stored 0.003, now 0.5" in capsys.readouterr().err


def test_smoke_makes_everything_small(data, tmp_path):
    assert main(["energy", "file", "--path", str(data), "--smoke"]) == 0
    (directory,) = (tmp_path / "results" / "train").iterdir()
    assert directory.name == "energy-points-seed0-smoke"
    assert [row["step"] for row in read_log(directory)] == [10, 20]
    # Pictures change nothing of the run.
    assert main(["energy", "file", "--path", str(data), "--smoke", "--no-pictures", "--directory", "plain"]) == 0
    assert measures(directory) == measures(tmp_path / "plain")
    first, second = (np.load(path / "samples.npz")["samples"] for path in (directory, tmp_path / "plain"))
    np.testing.assert_array_equal(first, second)
    assert (directory / "report.html").exists()
    assert not list((tmp_path / "plain").glob("*.html"))
    config = small(Train(OBJECTIVES["wgan-gp"](), grid()))
    assert (config.objective.critic.width, config.generator.width, config.batch_size) == (16, 16, 32)


@pytest.mark.parametrize(
    ("objective", "target"),
    [
        *(("ksd", "grid"), ("energy", "grid"), ("gan", "digits"), ("sinkhorn", "digits"), ("drifting", "digits")),
        *(
            pytest.param(name, "grid" if kind.needs_density else "digits", marks=pytest.mark.slow)
            for name, kind in OBJECTIVES.items()
        ),
    ],
)
def test_every_choice_can_be_trained(objective, target):
    """One abstract step of each: shapes fit, and the state keeps its types."""
    _, run = run_of(Train(OBJECTIVES[objective](), TARGETS[target](), batch_size=8), problem_of(target))
    state = jax.eval_shape(run.init, jax.random.key(0))
    after, info = jax.eval_shape(run.step, jax.random.key(0), state)
    kinds = [[(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(each)] for each in (state, after)]
    assert kinds[0] == kinds[1]
    assert {"loss", "velocity"} <= set(info)
    assert all(value.shape == () for value in info.values())


@functools.cache
def problem_of(target):
    return TARGETS[target]().build()


def test_another_content_of_a_file_is_another_run(data):
    config = Train(OBJECTIVES["energy"](), file(data))
    before = plain(identity(config, config.target.build()))
    assert plain(identity(config, config.target.build())) == before
    np.save(data, np.load(data) + 1)
    assert plain(identity(config, config.target.build())) != before


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("energie grid", "Available subcommands: mmd, energy"),
        ("energy grit", "Available subcommands: ring, grid"),
        ("energy", "Expected one of {ring, grid"),
        ("energy grid --stepz 3", "--steps INT"),
        ("energy grid --steps many", "invalid literal for int()"),
        ("f-gan grid --divergence kll", "invalid choice 'kll'"),
        ("energy file", "--path PATH"),
        ("energy grid --steps 0", "`steps` must be at least 1, but is 0"),
        ("energy grid --batch-size -1", "`batch_size` must be at least 1, but is -1"),
        ("energy grid --seed -1", "`seed` must be at least 0, but is -1"),
        ("energy grid --average 1.5", "`average` must be a decay in [0, 1)"),
        ("energy grid --optimizer.rate 0", "`rate` must be positive"),
        ("energy grid --generator.width 0", "`width` must be at least 1"),
        ("mmd grid --bandwidths 0", "`bandwidths` must be positive"),
        ("sinkhorn grid --epsilon nan", "`epsilon` must be positive and finite"),
        ("gan grid --inner-steps 0", "must be at least 1 for an objective that learns"),
        ("ksd digits", "needs a target whose score is known, but 'digits' has no density: it is a finite set"),
        ("energy file --path nowhere.npy", "does not exist; check the path"),
        ("energy grid --directory file/run", "cannot be written"),
    ],
)
def test_a_wrong_choice_gets_a_plain_answer(words, text, tmp_path, capsys):
    (tmp_path / "file").write_text("precious")
    try:
        status = main([*words.split(), "--smoke"] if "energy grid --" not in words else words.split())
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    shown = capsys.readouterr()
    assert text in " ".join((shown.out + shown.err).replace("│", " ").split())
    assert "Traceback" not in shown.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_", b"PK\x03\x04 torn", b"text"]
)
def test_a_damaged_file_gets_a_plain_answer(content, tmp_path, capsys):
    (tmp_path / "x.npz").write_bytes(content)
    assert main(["energy", "file", "--path", "x.npz"]) == 2
    assert "expected" in capsys.readouterr().err


def test_a_run_that_breaks_says_where(data, capsys):
    words = [
        "energy",
        "file",
        "--path",
        str(data),
        *TINY,
        "--steps",
        "50",
        "--optimizer.rate",
        "1e38",
        "--directory",
        "run",
    ]
    assert main(words) == 1
    text = capsys.readouterr().err
    assert "training under 'energy' broke at step" in text
    assert "the last good checkpoint is that of step 0" in text


def test_a_name_that_is_no_text_is_told_to_the_shell_by_its_bytes():
    words = ["energy", "file", "--path", os.fsdecode(b"a'\xff.npy")]
    done = subprocess.run(
        ["bash", "-c", again(words).replace("python -m", "printf %s,", 1)], capture_output=True, check=True
    )
    assert done.stdout == b"experiments.train,energy,file,--path,a'\xff.npy,"


def test_images_are_saved_in_their_own_units_too(tmp_path):
    config = Train(OBJECTIVES["energy"](), TARGETS["digits"]())
    problem, samples = problem_of("digits"), np.linspace(-1, 1, 5 * 64, dtype=np.float32).reshape(5, 64)
    saved(tmp_path / "samples.npz", samples, config, problem, 7)
    with np.load(tmp_path / "samples.npz") as file:
        assert (file["images"].shape, file["images"].dtype) == ((5, 8, 8, 1), np.uint8)
        np.testing.assert_array_equal(file["images"].reshape(5, 64), np.rint((samples + 1) * 8))
        np.testing.assert_array_equal(file["samples"], samples)


def test_names_in_brackets_are_no_markup(key, capsys, tmp_path):
    """A file's name may hold what rich takes for its own."""
    np.save(tmp_path / "cats[old][b].npy", np.random.default_rng(0).normal(size=(60, 2)))
    words = ["energy", "file", "--path", str(tmp_path / "cats[old][b].npy"), "--smoke", "--no-pictures"]
    assert main([*words, "--directory", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "cats[old][b]" in shown


def test_real_data_in_the_place_of_samples_are_as_many_and_share_nothing_with_them():
    """Of a training part smaller than what is held out, fewer are compared; pairs are compared with those of other conditions."""
    rng = np.random.default_rng(0)

    def given(n):
        return Part(rng.normal(size=(n, 1)).astype(np.float32), condition=rng.normal(size=(n, 2)).astype(np.float32))

    splits = Splits(given(20), given(40), given(50), None, "mine", columns=("y",), condition_names=("u", "v"))
    problem = of_pairs(splits)
    test = np.asarray(problem.splits.test.values)
    ((name, (w2, real)),) = _judged(problem, test).items()
    assert name == "W2 of 20 samples"
    assert w2 == pytest.approx(0, abs=1e-6)  # it is the test part that they are compared with
    assert real > 0.1
    plain = of_splits(splits._replace(train=splits.train._replace(condition=None)))
    ((name, (w2, _)),) = _judged(plain, np.asarray(splits.validation.values)).items()
    assert (name, w2) == ("W2 of 20 samples", pytest.approx(0, abs=1e-6))


@pytest.fixture
def encoded(tmp_path):
    """Options of a run on the features of a tiny encoder of digits."""
    save_encoder(tmp_path / "encoder.npz", classifier())
    return ["mmd", "digits", *TINY, "--bandwidths", "0.5", "--no-pictures", "--features", str(tmp_path / "encoder.npz")]


@pytest.mark.slow
def test_a_run_on_features_goes_on_where_it_was_and_is_another_with_another_encoder(encoded, tmp_path, capsys):
    words = [*encoded, "--directory", str(tmp_path / "run"), "--steps"]
    assert main([*words, "20"]) == 0
    assert main([*words, "40"]) == 0
    assert [row["step"] for row in read_log(tmp_path / "run")][-1] == 40
    row = read_log(tmp_path / "run")[-1]
    assert abs(sum(row[f"share/{name}"] for name in classifier().scales) - 1) < 1e-4
    stored = read_config(tmp_path / "run")["config"]
    assert stored["encoder"] == classifier().fingerprint
    other = dataclasses.replace(classifier(), seed=1)
    made = other.architecture, other.recipe, other.seed, other.data, other.parameters, other.distances
    save_encoder(tmp_path / "encoder.npz", dataclasses.replace(other, fingerprint=fingerprint_of(*made)))
    encoder_of.cache_clear()
    assert main([*words, "60"]) == 2
    assert "encoder" in capsys.readouterr().err


def test_runs_without_features_are_told_as_they_were_and_those_with_name_their_encoder(encoded, tmp_path):
    problem = problem_of("digits")
    plain_run = Train(OBJECTIVES["mmd"](), TARGETS["digits"]())
    assert not {"features", "encoder"} & set(identity(plain_run, problem))
    ours = dataclasses.replace(plain_run, features=Path(encoded[-1]))
    told = plain(identity(ours, problem))
    assert told == {**plain(identity(plain_run, problem)), "encoder": classifier().fingerprint}
    Path(encoded[-1]).rename(tmp_path / "moved.npz")
    assert plain(identity(dataclasses.replace(ours, features=tmp_path / "moved.npz"), problem)) == told
    _, run = run_of(dataclasses.replace(ours, features=tmp_path / "moved.npz"), problem)
    assert run.name == "mmd@features"


def test_a_file_that_is_no_encoder_is_named_with_the_command(data, tmp_path, capsys):
    assert main(["energy", "digits", "--features", str(tmp_path / "none.npz"), "--directory", str(tmp_path / "x")]) == 2
    assert "there is no encoder" in (told := capsys.readouterr().err)
    assert "`python -m experiments.encoder classifier TARGET" in told
    assert not (tmp_path / "x").exists()
