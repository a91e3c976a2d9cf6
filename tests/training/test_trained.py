"""A trained generator from its directory: the same samples to the last bit, in any process, also while it is trained."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Generator
from igm_jax.distributions import normal
from igm_jax.generators import particles, pushforward
from igm_jax.networks import mlp
from igm_jax.training import RunDirectoryError, RunMismatchError, load_generator, train, training
from igm_jax.training.checkpoints import Checkpoints
from igm_jax.training.digests import sealed
from tests.training import toys

pytestmark = pytest.mark.usefixtures("optax_types")
ROOT, KEY, DRAW = Path(__file__).parents[2], jax.random.key(3), jax.random.key(7)
GENERATOR = pushforward(mlp(2, 2, width=4, depth=1), normal(2))
RUN = training(GENERATOR, toys.moments, optax.sgd(0.1), toys.target, 8, average=0.5)
ELSEWHERE = """
import sys, jax, numpy as np
from igm_jax.training import load_generator
model = load_generator(sys.argv[1])
np.savez(sys.argv[2], average=model.sample(jax.random.key(7), 9), raw=model.sample(jax.random.key(7), 9, average=False),
         step=model.step)
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run: its directory and last state."""
    directory = tmp_path_factory.mktemp("run")
    with jax.numpy_dtype_promotion("standard"):
        trained = train(RUN, KEY, 20, directory=directory, every=10, keep=3, progress=False)
    return directory, trained.state


@pytest.fixture
def copied(finished, tmp_path):
    return Path(shutil.copytree(finished[0], tmp_path / "copy"))


def elsewhere(directory, out):
    """What another process draws from a directory."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", ELSEWHERE, directory, out], env=environment, check=True, timeout=120)
    return dict(np.load(out))


@pytest.mark.slow
def test_another_process_draws_the_same_samples_while_the_run_goes_on(tmp_path):
    live, found = {}, {}

    def look(state, rows):
        step = int(state.step)
        live[step] = [np.asarray(GENERATOR.sample(p, DRAW, 9)) for p in (state.average, state.params)]
        if step == 30:  # the run holds its lock; its newest checkpoint is that of step 20
            found.update(elsewhere(tmp_path / "run", tmp_path / "drawn.npz"))

    train(RUN, KEY, 40, directory=tmp_path / "run", chunk=10, every=20, on_chunk=look, progress=False)
    assert found["step"] == 20
    np.testing.assert_array_equal(found["average"], live[20][0])
    np.testing.assert_array_equal(found["raw"], live[20][1])
    assert not np.array_equal(found["average"], found["raw"])


def test_any_checkpoint_that_is_there_can_be_had(finished):
    directory, state = finished
    newest, middle = load_generator(directory), load_generator(str(directory), step=10)
    assert (newest.step, middle.step) == (20, 10)
    assert toys.same((newest.params, newest.average), (state.params, state.average))
    assert not np.array_equal(newest.sample(DRAW, 3), middle.sample(DRAW, 3))
    assert newest.generator == GENERATOR
    assert (
        repr(newest)
        == "TrainedGenerator(pushforward(mlp(2, 2, width=4, depth=1), normal(2)), 22 parameters at step 20)"
    )
    with pytest.raises(RunDirectoryError, match=r"no checkpoint of step 15; it has \[0, 10, 20\]"):
        load_generator(directory, step=15)


def test_a_config_changes_nothing(tmp_path):
    state = train(RUN, KEY, 5, directory=tmp_path, config={"name": "mine"}, progress=False).state
    np.testing.assert_array_equal(load_generator(tmp_path).sample(DRAW, 4), GENERATOR.sample(state.average, DRAW, 4))


def test_particles_bring_their_points(tmp_path):
    train(toys.still_run(), KEY, 5, directory=tmp_path, progress=False)
    model = load_generator(tmp_path)
    np.testing.assert_array_equal(model.sample(DRAW, 4), model.average)
    np.testing.assert_array_equal(model.generator.init(KEY), jnp.arange(8.0).reshape(4, 2))


def test_of_several_seeds_one_is_chosen(tmp_path):
    state = train(RUN, jax.random.split(KEY, 3), 5, directory=tmp_path, progress=False).state
    for number in range(3):
        model = load_generator(tmp_path, seed=number)
        assert toys.same(model.average, jax.tree.map(lambda leaf, i=number: leaf[i], state.average))
    for seed in (None, 3, -1, True, False):
        with pytest.raises(ValueError, match=r"3 seeds that were trained side by side.*0 to 2"):
            load_generator(tmp_path, seed=seed)


def test_a_run_of_one_seed_has_no_others(finished):
    assert load_generator(finished[0], seed=0).step == 20
    for seed in (1, True, False):
        with pytest.raises(ValueError, match=f"a run of one seed, but `seed` is {seed}"):
            load_generator(finished[0], seed=seed)


def test_code_of_ones_own_is_named_and_passed(tmp_path):
    mine = Generator(toys.generator.init, toys.generator.sample)
    run = training(pushforward(mlp(2, 2, width=4), lambda key, n: jax.random.normal(key, (n, 2))), toys.moments,
                   optax.sgd(0.1), toys.target, 8)  # fmt: skip
    train(run, KEY, 2, directory=tmp_path / "base", progress=False)
    train(toys.critic_run(), KEY, 2, directory=tmp_path / "whole", progress=False)
    with pytest.raises(RunMismatchError, match=r"`generator.base` is a function of your own.*\n.*generator=generator"):
        load_generator(tmp_path / "base")
    with pytest.raises(RunMismatchError, match=r"`generator` is a Generator that was put together by hand"):
        load_generator(tmp_path / "whole")
    assert load_generator(tmp_path / "whole", generator=mine).sample(DRAW, 3).shape == (3, 2)
    with pytest.raises(RunMismatchError, match=r"does not fit this run(.|\n)*stored nothing"):
        load_generator(tmp_path / "whole", generator=GENERATOR)
    with pytest.raises(TypeError, match="generator"):
        load_generator(tmp_path / "whole", generator=toys.target)


def test_a_directory_of_an_older_version_is_served_with_its_generator(copied, finished):
    (copied / "generator.json").unlink()
    with pytest.raises(RunDirectoryError, match=r"no generator.json.*since version 0.1.0.*generator=generator"):
        load_generator(copied)
    assert toys.same(load_generator(copied, generator=GENERATOR).params, finished[1].params)
    train(RUN, KEY, 20, directory=copied, progress=False)  # nothing is left to do, but the file is added
    assert toys.same(load_generator(copied).params, finished[1].params)


def test_what_is_no_run_is_refused(copied, tmp_path):
    with pytest.raises(RunDirectoryError, match="there is no directory"):
        load_generator(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunDirectoryError, match=r"config.json cannot be read"):
        load_generator(tmp_path / "empty")
    shutil.rmtree(copied / "checkpoints")
    with pytest.raises(RunDirectoryError, match="has no checkpoints: either its run has not saved the first one yet"):
        load_generator(copied)
    (copied / "checkpoints").mkdir()
    with pytest.raises(RunDirectoryError, match="no checkpoint yet"):
        load_generator(copied)


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        ("{", RunMismatchError, "is not a run's config"),
        ('{"schema": 9}', RunMismatchError, "has schema 9"),
        ('{"schema": 1}', RunDirectoryError, "it has no random key"),
        ('{"schema": 1, "key": {"impl": "dice", "data": [1]}}', RunDirectoryError, "it has no random key"),
    ],
)
def test_a_damaged_config_is_told(copied, content, error, told):
    (copied / "config.json").write_text(content)
    with pytest.raises(error, match=told):
        load_generator(copied)


def test_a_damaged_checkpoint_is_told(copied):
    for path in (copied / "checkpoints" / "20" / "state").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    with pytest.warns(UserWarning, match=r"step 20 cannot be read.*taken is that of step 10, the newest whole one"):
        assert load_generator(copied).step == 10
    with pytest.raises(RunDirectoryError, match=r"step 20 cannot be read.*present are also \[0, 10\]"):
        load_generator(copied, step=20)
    assert load_generator(copied, step=10).step == 10


def test_another_precision_is_told(finished, x64):
    with pytest.raises(RunMismatchError, match=r"stored 'float32\[4\]', now 'float64\[4\]'(.|\n)*precision"):
        load_generator(finished[0])


def test_a_checkpoint_that_the_run_removes_meanwhile_is_not_missed(copied, finished, monkeypatch):
    read, removed = Checkpoints.found, []

    def unlucky(self, like, step=None):
        if not removed:  # between looking and reading, a training process saved the next one and removed this one
            removed.append(step)
            train(RUN, KEY, 30, directory=copied, every=10, keep=1, progress=False)
        return read(self, like, step)

    monkeypatch.setattr(Checkpoints, "found", unlucky)
    assert load_generator(copied).step == 30
    assert removed == [None]
    assert os.listdir(copied / "checkpoints") == ["30"]


def test_nothing_in_a_directory_is_executed(copied):
    story = json.loads((copied / "generator.json").read_text())
    story["generator"]["arguments"]["base"] = {"made": "os:mkdir", "arguments": {"path": str(copied / "run")}}
    (copied / "generator.json").write_text(json.dumps(sealed(story)))
    with pytest.raises(RunMismatchError, match="'os:mkdir', which is no constructor of this version of igm_jax"):
        load_generator(copied)
    assert not (copied / "run").exists()


def test_what_makes_something_else_is_no_generator(copied):
    story = json.loads((copied / "generator.json").read_text())
    story["generator"] = story["generator"]["arguments"]["base"]
    (copied / "generator.json").write_text(json.dumps(sealed(story)))
    with pytest.raises(RunMismatchError, match="makes a Distribution, which is no generator"):
        load_generator(copied)


def test_a_particle_flow_tells_how_many_it_has(tmp_path):
    run = training(particles(jnp.zeros((2, 2))), toys.moments, optax.sgd(0.1), toys.target, 2)
    train(run, KEY, 1, directory=tmp_path, progress=False)
    with pytest.raises(ValueError, match="2 fixed points"):
        load_generator(tmp_path).sample(DRAW, 5)
