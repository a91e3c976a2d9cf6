"""A run's README: what it says is so, its Python runs, and nobody's own file is overwritten."""

import json
import re
import shlex

import jax
import numpy as np
import optax
import pytest

from experiments import sample
from igm_jax.distributions import grid, normal
from igm_jax.generators import particles, pushforward
from igm_jax.networks import mlp
from igm_jax.objectives import energy
from igm_jax.training import train, training

pytestmark = pytest.mark.usefixtures("optax_types")
GENERATOR = pushforward(mlp(2, 2, width=4, depth=1), normal(2))
RUN = training(GENERATOR, energy(beta=0.5), optax.sgd(0.1), grid(3), 8, inner_steps=0, average=0.9)
KEY = jax.random.key(0)


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def test_it_says_what_is_trained_and_its_python_draws_samples(tmp_path):
    directory = tmp_path / 'a "run"'
    state = train(RUN, KEY, 2, directory=directory, progress=False).state
    text = (directory / "README.md").read_text()
    for words in (
        "# A run of igm_jax: energy",
        "`energy(beta=0.5)`",
        "`grid(side=3)`",
        f"`{GENERATOR}`",
        "8 samples",
        "0.9",
    ):
        assert words in text
    assert "The same call of `train`" in text
    names = {}
    exec(blocks(text, "python")[0], names)
    np.testing.assert_array_equal(names["x"], GENERATOR.sample(state.average, KEY, 1000))
    words = shlex.split(blocks(text, "bash")[0])
    assert words[:3] == ["python", "-m", "experiments.sample"]
    assert words[words.index("--run") + 1] == str(directory)
    assert "From a clone" in text
    described = set(re.findall(r"^- `([\w./]+)`: ", text, re.M))
    here = {path.name + "/" * path.is_dir() for path in directory.iterdir()}
    assert here - described <= {".lock", "README.md", "tensorboard/"}


def test_the_command_is_told_where_there_is_one(tmp_path):
    train(RUN, KEY, 1, directory=tmp_path, progress=False, command="python -m mine --fast")
    assert "python -m mine --fast\n" in blocks((tmp_path / "README.md").read_text(), "bash")


@pytest.mark.slow
def test_code_of_ones_own_is_told(tmp_path):
    run = training(pushforward(mlp(2, 2, width=4), lambda key, n: jax.random.normal(key, (n, 2))), energy(), optax.sgd(0.1),
                   lambda key, n: jax.random.normal(key, (n, 2)), 8)  # fmt: skip
    train(run, KEY, 1, directory=tmp_path, progress=False)
    text = (tmp_path / "README.md").read_text()
    assert "generator=generator)" in text
    assert "`generator.base` is a function of your own" in text
    assert "<locals>.<lambda>`, put together by hand" in text
    assert blocks(text, "bash") == []


def test_what_is_there_stays(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    train(RUN, KEY, 1, directory=tmp_path, progress=False)
    train(RUN, KEY, 2, directory=tmp_path, progress=False)
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("seeds", "points"),
    [
        pytest.param(3, None, marks=pytest.mark.slow),
        (None, 5),
        *(pytest.param(*pair, marks=pytest.mark.slow) for pair in ((None, None), (1, None), (1, 5), (3, 5))),
    ],
)
def test_what_it_says_of_samples_runs_for_particles_and_several_seeds(tmp_path, monkeypatch, seeds, points):
    monkeypatch.chdir(tmp_path)
    run = RUN
    if points:
        run = training(particles(np.arange(10.0).reshape(5, 2)), energy(), optax.sgd(0.1), grid(3), points)
    train(run, KEY if seeds is None else jax.random.split(KEY, seeds), 2, directory=tmp_path / "run", progress=False)
    text, names = (tmp_path / "run" / "README.md").read_text(), {}
    exec(blocks(text, "python")[0], names)
    assert names["x"].shape == (points or 1000, 2)
    assert ("seed=" in text) == (seeds is not None)
    assert seeds is None or f"seed=0)  # a seed of 0 to {seeds - 1}\n" in text
    assert sample.main(shlex.split(blocks(text, "bash")[0])[3:]) == 0
    assert np.load("samples.npy").shape == (points or 1000, 2)


def test_it_tells_when_and_with_what_the_run_was_begun_also_where_it_is_added_later(tmp_path):
    train(RUN, KEY, 1, directory=tmp_path, progress=False)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    here = (tmp_path / "README.md").read_text()
    versions = config["provenance"]["versions"]
    begun = (
        f"Begun on {config['provenance']['date'][:10]} with igm-jax {versions['igm-jax']} and jax {versions['jax']}."
    )
    assert begun in here
    versions |= {"igm-jax": "0.0.7", "jax": "0.4.1"}
    del config["sha256"]  # so that it may be changed
    config["provenance"]["date"] = "2024-02-29T12:00:00+00:00"
    path.write_text(json.dumps(config))
    (tmp_path / "README.md").unlink()
    train(RUN, KEY, 2, directory=tmp_path, progress=False)
    assert "\nBegun on 2024-02-29 with igm-jax 0.0.7 and jax 0.4.1.\n" in (tmp_path / "README.md").read_text()
    del config["provenance"]
    path.write_text(json.dumps(config))
    (tmp_path / "README.md").unlink()
    train(RUN, KEY, 2, directory=tmp_path, progress=False)
    assert "Begun" not in (tmp_path / "README.md").read_text()
