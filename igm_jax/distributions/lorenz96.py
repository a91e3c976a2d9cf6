"""The atmosphere in a nutshell: Lorenz's model of 1996 with two scales, and a Runge–Kutta integrator for it."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key


class State(NamedTuple):
    """Where n runs of the model are.

    Attributes:
        slow: (n, K) large waves around the globe.
        fast: (n, K, J) small ones, J to each of the large.
    """

    slow: Float[Array, "n K"]
    fast: Float[Array, "n K J"]


@dataclasses.dataclass(frozen=True)
class Lorenz96:
    """The model's numbers.

    ``dX_k/dt = −X_{k−1}(X_{k−2} − X_{k+1}) − X_k + F − (hc/b) Σ_j Y_jk``

    ``dY_j/dt = −cb Y_{j+1}(Y_{j+2} − Y_{j−1}) − c Y_j + (hc/b) X_{k(j)}``, j going around all K·J.

    Attributes:
        slow: K, large waves.
        fast: J, small waves to each of them.
        forcing: F; 20 is chaotic, with the small waves less sure.
        coupling: h.
        rate: c, how much faster the small waves are.
        size: b, how much smaller.
        step: of the integrator, in the model's time; of fourth order.

    Example:
        >>> import jax
        >>> from igm_jax.distributions.lorenz96 import Lorenz96
        >>> model = Lorenz96()
        >>> model.trajectories(jax.random.key(0), runs=2, records=3, every=0.2, spin_up=1.0).shape
        (3, 2, 8)

    Source: Lorenz, Predictability: a problem partly solved (1996); the numbers are those of Wilks, QJRMS 131 (2005).
    """

    slow: int = 8
    fast: int = 32
    forcing: float = 20.0
    coupling: float = 1.0
    rate: float = 10.0
    size: float = 10.0
    step: float = 0.002

    def __post_init__(self):
        checks.count("slow", self.slow, least=4)
        checks.count("fast", self.fast)
        checks.positive("step", self.step)

    def slope(self, state: State) -> State:
        """How fast everything changes, per unit of the model's time."""
        x, y = state
        ring = y.reshape(len(y), -1)
        share = self.coupling * self.rate / self.size
        before, ahead = jnp.roll(x, 1, 1), jnp.roll(x, -1, 1)
        of_slow = -before * (jnp.roll(x, 2, 1) - ahead) - x + self.forcing - share * jnp.sum(y, axis=2)
        turn = jnp.roll(ring, -1, 1) * (jnp.roll(ring, -2, 1) - jnp.roll(ring, 1, 1))
        of_fast = (-self.rate * self.size * turn - self.rate * ring).reshape(y.shape) + share * x[:, :, None]
        return State(of_slow, of_fast)

    def after(self, state: State, time: float) -> State:
        """The state some time later, by the classical Runge–Kutta steps.

        Args:
            state: where runs are.
            time: a multiple of the step.

        Returns:
            Where they are then.
        """
        h, steps = self.step, round(time / self.step)
        if steps < 1 or abs(time - steps * h) > 1e-6 * time:
            raise ValueError(
                f"a time must be a multiple of the step {h:g}, but is {time:g}; take {max(steps, 1) * h:g}"
            )

        def moved(state: State, slope: State, by: float) -> State:
            return jax.tree.map(lambda one, along: one + by * along, state, slope)

        def one(_: Any, state: State) -> State:
            first = self.slope(state)
            second = self.slope(moved(state, first, h / 2))
            third = self.slope(moved(state, second, h / 2))
            fourth = self.slope(moved(state, third, h))
            mean = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, first, second, third, fourth)
            return moved(state, mean, h)

        return jax.lax.fori_loop(0, steps, one, state)

    def trajectories(
        self, key: Key, *, runs: int, records: int, every: float, spin_up: float = 5.0
    ) -> Float[Array, "t n K"]:
        """The large waves of independent runs at equal times.

        Args:
            key: of where they begin.
            runs: n, how many.
            records: t, how many times.
            every: time between two of them, a multiple of the step.
            spin_up: time before the first, for a run to come to where the model lives.

        Returns:
            (t, n, K).

        Raises:
            ValueError: for counts or times that are not positive.
        """
        for name, value in {"runs": runs, "records": records}.items():
            checks.count(name, value)
        for name, time in {"every": every, "spin_up": spin_up}.items():
            checks.positive(name, time)
        key_slow, key_fast = jax.random.split(checks.key("key", key))
        slow = self.forcing / 2 + jax.random.normal(key_slow, (runs, self.slow))
        state = State(slow, 0.1 * jax.random.normal(key_fast, (runs, self.slow, self.fast)))
        return _recorded(self, state, records, every, spin_up)


@jax.jit(static_argnums=(0, 2, 3, 4))
def _recorded(model: Lorenz96, state: State, records: int, every: float, spin_up: float) -> Array:
    def one(state: State, _: None) -> tuple[State, Array]:
        return model.after(state, every), state.slow

    return jax.lax.scan(one, model.after(state, spin_up), None, length=records)[1]
