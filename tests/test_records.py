"""What a constructor was called with: pickled, compared, printed, described, the same in every process."""

import copy
import json
import pickle
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from igm_jax import Objective, distributions, kernels, networks, objectives, stateless
from igm_jax.descriptions import described
from igm_jax.distributions import dataset, grid, normal
from igm_jax.generators import particles, pushforward
from igm_jax.kernels import distance, gaussian, laplace
from igm_jax.networks import mlp, mlp_critic
from igm_jax.objectives import energy, mmd, wgan_gp
from igm_jax.records import recorded
from igm_jax.training import training
from tests.conformance import ROWS
from tests.sources import ROOT


def gap(x, y):
    return jnp.sum(jnp.square(x.mean(0) - y.mean(0)))


def wasserstein(rate=1e-4):
    return wgan_gp(mlp_critic(2, width=8), optax.adam(optax.cosine_decay_schedule(rate, 100), b1=0.0))


def a_run(rate=1e-3):
    generator = pushforward(mlp(2, 2, width=8), normal(2))
    return training(generator, wasserstein(), optax.adam(rate), grid(), 8, inner_steps=2)


MADE = {
    "energy": energy(),
    "mmd": mmd(gaussian(1.0)),
    "a sum of kernels": gaussian(1.0) + 0.5 * laplace(2.0) * distance(),
    "grid": grid(),
    "wgan_gp": wasserstein(),
    "particles": particles(jnp.arange(40.0).reshape(20, 2)),
    "a function of the module": stateless(gap),
    "run": a_run(),
}

REBUILT = """
import pickle, sys
from tests import test_records
values = pickle.load(sys.stdin.buffer)
made = test_records.MADE
print([name for name, value in values.items() if value != made[name] or hash(value) != hash(made[name])])
"""


def test_rebuilt_equal_in_another_process():
    pytest.importorskip("cloudpickle", reason="optax's functions take cloudpickle")
    sent = pickle.dumps(MADE)
    done = subprocess.run([sys.executable, "-c", REBUILT], input=sent, capture_output=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().strip() == "[]"


def test_a_rebuilt_run_makes_the_same_steps():
    pytest.importorskip("cloudpickle", reason="optax's functions take cloudpickle")
    run, key = a_run(), jax.random.key(0)
    again = pickle.loads(pickle.dumps(run))
    with jax.numpy_dtype_promotion("standard"):
        (state, info), (other, told) = (jax.jit(one.step)(key, one.init(key)) for one in (run, again))
    jax.tree.map(np.testing.assert_array_equal, state.params, other.params)
    assert info["loss"] == told["loss"]


# Of these the row is put together by hand, of arrays that come with a condition.
BY_HAND = {"conditional", "joint", "per_condition", "transported"}


@pytest.mark.parametrize("name", [name for name in ROWS if name not in BY_HAND])
def test_every_objective_is_made_by_a_recorded_constructor(name):
    objective = ROWS[name].objective
    assert objective.made is not None
    assert objective.made.again() == objective
    json.dumps(described(objective).value)


KINDS = {"Objective", "Generator", "Network", "Kernel", "Distribution", "Augmentation", "RememberingPenalty", "Penalty"}


def what_it_returns(function) -> str:
    return str(getattr(function, "__annotations__", {}).get("return")).split(".")[-1].rstrip("'>")


@pytest.mark.parametrize("face", [objectives, kernels, distributions, networks], ids=lambda face: face.__name__)
def test_every_public_constructor_is_recorded(face):
    functions = {name: getattr(face, name) for name in face.__all__}
    constructors = {name for name, function in functions.items() if what_it_returns(function) in KINDS}
    assert constructors
    assert {name for name in constructors if not hasattr(functions[name], "records")} == set()


def test_equal_arguments_make_equal_values():
    assert energy() == energy(1.0)
    assert energy() != energy(0.5)
    assert hash(mmd(gaussian(1.0))) == hash(mmd(gaussian(1.0)))
    assert mmd(gaussian(1.0)) != mmd(laplace(1.0))
    assert wasserstein() == wasserstein()
    assert wasserstein() != wasserstein(1e-3)
    assert dataset(np.eye(30)) == dataset(np.eye(30))
    assert dataset(np.eye(30)) != dataset(2 * np.eye(30))
    assert len({energy(), energy(), mmd(gaussian(1.0))}) == 2


def test_functions_are_told_apart_by_their_code_and_by_what_they_hold():
    def scaled(factor):
        return stateless(lambda x, y: factor * gap(x, y))

    assert scaled(2.0) == scaled(2.0)
    assert scaled(2.0) != scaled(3.0)
    assert stateless(lambda x, y: gap(x, y)) != stateless(lambda x, y: 2 * gap(x, y))


def test_what_was_put_together_by_hand_is_equal_to_itself_alone_and_is_not_pickled():
    one, other = (Objective(*energy()) for _ in range(2))
    assert one == one
    assert one != other
    assert one != energy()
    with pytest.raises(TypeError, match=r"put together by hand cannot be pickled; make it in a function decorated"):
        pickle.dumps(one)
    assert copy.deepcopy(one) is one


def test_a_change_by_hand_loses_the_record():
    assert energy()._replace(loss=gap).made is None


def test_printed_as_it_was_made():
    assert repr(mmd(gaussian(0.5))) == "mmd(gaussian(0.5))"
    assert repr(energy(0.5)) == "energy(beta=0.5)"
    assert repr(mlp_critic(2, width=8)) == "mlp_critic(2, width=8)"


def test_constructors_work_on_traced_arguments():
    def value(bandwidth):
        kernel = gaussian(bandwidth)
        assert kernel != gaussian(bandwidth)  # nobody can know
        return kernel(jnp.zeros((1, 1)), jnp.ones((1, 1)))[0, 0]

    np.testing.assert_allclose(jax.jit(jax.grad(value))(1.0), np.exp(-0.5), rtol=1e-6)


def test_without_cloudpickle_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    pickle.dumps(mmd(gaussian(1.0)))
    with pytest.raises(TypeError, match="pip install cloudpickle"):
        pickle.dumps(wasserstein())


def test_records_are_leaves_of_nothing():
    """An objective is a tuple of functions to JAX, whatever it remembers."""
    assert len(jax.tree.leaves(energy())) == 4
    assert jax.tree.map(lambda leaf: leaf, energy()).made is None


def test_equal_values_have_equal_hashes():
    made = energy()
    assert Objective(*made) != made
    assert made != Objective(*made)
    assert gaussian(jnp.float32(1)) != gaussian(jnp.bfloat16(1))
    assert hash(gaussian(jnp.float32(1))) == hash(gaussian(jnp.float32(1)))


def test_constructors_of_one_name_are_told_apart():
    def scaling(factor):
        @recorded
        def scaled():
            return stateless(lambda x, y: factor * gap(x, y))

        return scaled

    assert scaling(2.0)() == scaling(2.0)()
    assert scaling(2.0)() != scaling(3.0)()


def test_keyword_defaults_tell_functions_apart():
    def scaled(factor):
        def divergence(x, y, *, factor=factor):
            return factor * gap(x, y)

        return stateless(divergence)

    assert scaled(2.0) == scaled(2.0)
    assert scaled(2.0) != scaled(3.0)


def test_what_is_changed_after_it_was_handed_over_does_not_change_the_record():
    widths, rows = [2.0, 5.0], np.eye(30)
    kernel, target = kernels.gaussian_mixture(widths), dataset(rows)
    widths.append(0.01)
    rows[:] = 0
    assert kernel == kernels.gaussian_mixture([2.0, 5.0])
    assert target == dataset(np.eye(30))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(target)).made.arguments["x"], np.eye(30))


def test_somebodys_own_classes_are_equal_to_themselves_alone():
    def scaled(factor):
        class Loss:
            def __call__(self, x, y):
                return factor * gap(x, y)

        return Loss

    one, other = (stateless(scaled(factor)()) for factor in (1.0, 100.0))
    assert one != other
    assert described(stateless(scaled(1.0)())).unverified == ["divergence"]


SCALE = 1.0


def test_numbers_that_a_function_reads_tell_it_from_others(monkeypatch):
    one = stateless(lambda x, y: SCALE * gap(x, y))
    assert hash(one) == hash(one)
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 100.0)
    assert one != stateless(lambda x, y: SCALE * gap(x, y))


@pytest.mark.parametrize(
    "pair",
    [
        (np.zeros(3, np.float32), np.zeros(3, np.float16)),
        (np.zeros((0, 3)), np.zeros((0, 7))),
        (1j, 2j),
        (b"a", b"b"),
        ({1}, {2}),
    ],
)
def test_values_that_json_has_no_words_for_are_told_apart(pair):
    one, other = (json.dumps(described(value).value) for value in pair)
    assert one != other


def test_functions_of_recorded_constructors_need_no_cloudpickle(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    bank = stateless(objectives.additive_noise(0.1))
    assert pickle.loads(pickle.dumps(bank)) == bank
