import pickle
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import sinkhorn_divergence
from igm_jax.objectives import (
    default_solver,
    fixed_sweeps,
    minibatch_energy_distance,
    scalings,
    sinkhorn,
    sinkhorn_potentials,
    sinkhorn_witness,
    sweeps,
    two_batch_sinkhorn_divergence,
)
from igm_jax.pairwise.transport.solvers import Scalings, check_solver, keeps_costs
from tests import reference

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)), 0.5 + 0.8 * RNG.normal(size=(30, 2))
SOLVERS = [
    scalings(1e-10, 5000),
    sweeps(1e-10, 5000),
    sweeps(1e-10, 5000, keep_costs=True),
    fixed_sweeps(400),
    fixed_sweeps(400, keep_costs=True),
]


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
def test_each_solver_finds_the_same_potentials_and_says_that_it_ran(solver, x64):
    solved = jax.jit(partial(sinkhorn_potentials, epsilon=0.3, solver=solver))(X, Y)
    f, g = reference.entropic_potentials(X, Y, 0.3)
    # Potentials are determined up to a constant that moves from one side to the other.
    np.testing.assert_allclose(solved.f[:, None] + solved.g[None], f[:, None] + g[None], atol=1e-8)
    assert solved.solver == solver
    assert solved.marginal_error < 1e-8
    assert solved.iterations == 400 if solver in SOLVERS[3:] else solved.iterations < 400


@pytest.mark.parametrize("epsilon", [1.0, 0.05])
def test_scalings_of_a_kept_kernel_and_sweeps_find_the_same_potentials(epsilon, x64):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), 0.5 + rng.normal(size=(80, 2))
    kept, swept = (sinkhorn_potentials(x, y, epsilon, solver=make(1e-9, 5000)) for make in (scalings, sweeps))
    # Potentials are determined up to a constant that moves from one side to the other.
    np.testing.assert_allclose(kept.f[:, None] + kept.g[None], swept.f[:, None] + swept.g[None], atol=1e-7)


def test_a_fixed_number_of_updates_is_the_loop_stopped_there(x64):
    xs, ys = jnp.asarray(RNG.normal(size=(3, 10, 2))), jnp.asarray(RNG.normal(size=(3, 12, 2)))

    def value(x, y, solver):
        return sinkhorn_divergence(x, y, 0.2, solver=solver)

    fixed, stopped = fixed_sweeps(25), sweeps(1e-14, 25)
    together = jax.jit(jax.vmap(jax.value_and_grad(partial(value, solver=fixed))))(xs, ys)
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        for got, one in zip(together, jax.value_and_grad(partial(value, solver=stopped))(x, y), strict=True):
            np.testing.assert_allclose(got[i], one, rtol=1e-8, atol=1e-10)
    assert "while" not in str(jax.make_jaxpr(jax.vmap(partial(value, solver=fixed)))(xs, ys))


def test_vmap_over_problems_agrees_with_one_at_a_time(x64):
    xs = jnp.asarray(RNG.normal(size=(3, 10, 2)))
    ys = jnp.asarray(RNG.normal(size=(3, 12, 2)))
    one = jax.jit(lambda x, y: sinkhorn_divergence(x, y, 0.2))
    single = [one(x, y) for x, y in zip(xs, ys, strict=True)]
    np.testing.assert_allclose(jax.jit(jax.vmap(one))(xs, ys), single, rtol=1e-6)


def test_over_epsilons_at_once_a_fixed_number_of_sweeps_is_one_loop(x64):
    epsilons = jnp.asarray([0.2, 0.5, 2.0])
    solve = partial(sinkhorn_potentials, X, Y, solver=fixed_sweeps(60))
    together = jax.jit(jax.vmap(solve))(epsilons)
    assert together.solver == fixed_sweeps(60)
    np.testing.assert_array_equal(together.iterations, [60, 60, 60])
    for epsilon, f, g in zip(epsilons, together.f, together.g, strict=True):
        one = solve(epsilon)
        np.testing.assert_allclose(f[:, None] + g[None], one.f[:, None] + one.g[None], atol=1e-9)


def test_the_default_depends_on_sizes_marginals_and_start_alone():
    assert default_solver(256, 2048) == scalings()
    assert default_solver(256, 2049) == sweeps()
    assert default_solver(8, 8, rho=1.0) == default_solver(8, 8, start=(0, 0)) == sweeps()
    assert default_solver(8, 8, tolerance=1e-6, max_iterations=7) == scalings(1e-6, 7)
    x, y = X.astype(np.float32), Y.astype(np.float32)
    cold = sinkhorn_potentials(x, y, 0.3, max_iterations=70)
    assert cold.solver == scalings(max_iterations=70)
    assert (
        sinkhorn_potentials(x, y, 0.3, start=cold).solver == sinkhorn_potentials(x, y, 0.3, rho=1.0).solver == sweeps()
    )
    np.testing.assert_array_equal(cold.g, sinkhorn_potentials(x, y, 0.3, solver=scalings(max_iterations=70)).g)


def test_costs_are_kept_where_they_are_dear_and_fit_or_as_one_says():
    wide, narrow = jnp.zeros((2, 64), jnp.float32), jnp.zeros((2, 2), jnp.float32)
    for solver in (scalings(), sweeps(), fixed_sweeps(3)):
        assert keeps_costs(solver, 1000, 1000, wide)
        assert not keeps_costs(solver, 1000, 1000, narrow)
        assert not keeps_costs(solver, 10**5, 10**5, wide)
    assert keeps_costs(sweeps(keep_costs=True), 10**5, 10**5, narrow)
    assert not keeps_costs(fixed_sweeps(3, keep_costs=False), 2, 2, wide)


def test_solvers_are_values():
    assert len({*SOLVERS, *pickle.loads(pickle.dumps(SOLVERS))}) == len(SOLVERS)
    assert sweeps() != scalings()
    assert jax.jit(lambda solver: solver)(sweeps()) == sweeps()
    traces = []

    @partial(jax.jit, static_argnums=0)
    def value(solver, x, y):
        traces.append(solver)
        return sinkhorn_divergence(x, y, 1.0, solver=solver)

    x, y = X.astype(np.float32), Y.astype(np.float32)
    for _ in range(2):
        value(fixed_sweeps(5), x, y)
    assert traces == [fixed_sweeps(5)]
    solved = sinkhorn_potentials(x, y, 1.0)
    assert pickle.loads(pickle.dumps(solved)).solver == solved.solver
    assert len(jax.tree.leaves(solved)) == 4


def test_a_solver_that_cannot_serve_says_which_can():
    x, y = X.astype(np.float32), Y.astype(np.float32)
    start = sinkhorn_potentials(x, y, 0.5)
    message = "`scalings` must meet the marginals .* `{}` was given; `sweeps` and `fixed_sweeps` can serve"
    for function in (sinkhorn_potentials, sinkhorn_divergence, partial(sinkhorn_witness, x)):
        with pytest.raises(ValueError, match=message.format("rho")):
            function(x, y, 0.5, rho=1.0, solver=scalings())
        with pytest.raises(ValueError, match=message.format("start")):
            function(x, y, 0.5, start=start, solver=scalings())
    with pytest.raises(ValueError, match=message.format("rho")):
        sinkhorn(0.5, rho=1.0, solver=scalings())


@pytest.mark.parametrize(
    "function", [sinkhorn_potentials, sinkhorn_divergence, two_batch_sinkhorn_divergence, minibatch_energy_distance]
)
def test_a_tolerance_beside_a_solver_is_refused(function):
    for name, value in (("tolerance", 1e-3), ("max_iterations", 10)):
        with pytest.raises(ValueError, match=f"`{name}` is for the default solver"):
            function(X, Y, 0.5, solver=sweeps(), **{name: value})


@pytest.mark.parametrize("wrong", ["sweeps", sweeps, Scalings, None])
def test_what_is_no_solver_is_refused(wrong):
    with pytest.raises(TypeError, match="`solver` must be made by `scalings`, `sweeps` or `fixed_sweeps`, but is"):
        check_solver(wrong, None, None)


@pytest.mark.parametrize("make", [scalings, sweeps])
def test_bad_settings_are_explained(make):
    with pytest.raises(ValueError, match="`tolerance` must be positive"):
        make(0.0)
    with pytest.raises(ValueError, match="`max_iterations` must be"):
        make(max_iterations=0)
    with pytest.raises(ValueError, match="`iterations` must be"):
        fixed_sweeps(0)
