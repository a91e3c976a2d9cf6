"""Radial kernels as densities: their logarithms and the slopes of these, which do not underflow where the kernels do."""

import operator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from igm_jax import checks
from igm_jax.kernels.forms import Combined, Form, Gaussian, GaussianBank, Radial, Scaled, Tile, root
from igm_jax.kernels.kernel import Kernel
from igm_jax.kernels.radial import Laplace
from igm_jax.kernels.smooth import FAR, POLYNOMIALS, SLOPES, Matern, polynomial


def log_slope(form: Form, squared: Tile, parameters: tuple[Array, ...]) -> tuple[Tile, Tile]:
    """``log φ(s)`` and its slope ``φ'(s) / φ(s)``; -∞ and 0 where a form without a formula here is zero.

    Args:
        form: of a positive kernel.
        squared: squared distances.
        parameters: the form's.

    Returns:
        Both tiles.
    """
    if isinstance(form, Gaussian):
        rate = -0.5 / jnp.square(parameters[0])
        return squared * rate, jnp.full_like(squared, 1) * rate
    if isinstance(form, GaussianBank):
        return _of_bank(form, squared, parameters)
    if isinstance(form, Laplace):
        distance, inverse = root(squared)
        return distance * (-1 / parameters[0]), inverse * (-0.5 / parameters[0])
    if isinstance(form, Matern):
        u = jnp.minimum(root(squared)[0] * (np.sqrt(form.twice).item() / parameters[0]), FAR)
        whole, below = (polynomial(POLYNOMIALS[twice], u) for twice in (form.twice, form.twice - 2))
        return jnp.log(whole) - u, below / whole * (SLOPES[form.twice] / jnp.square(parameters[0]))
    if isinstance(form, Scaled):
        log, slope = log_slope(form.form, squared, parameters[1:])
        return log + jnp.log(parameters[0]), slope
    if isinstance(form, Combined):
        return _of_two(form, squared, parameters)
    value, slope = form.both(squared, *parameters)
    known = value > 0
    safe = jnp.where(known, value, 1)
    return jnp.where(known, jnp.log(safe), -jnp.inf), jnp.where(known, slope / safe, 0)


def _of_bank(form: GaussianBank, squared: Tile, widest: tuple[Array, ...]) -> tuple[Tile, Tile]:
    """The widest member is never far below the sum, and the others are measured by it."""
    rates = [
        -0.5 * power / jnp.square(width) for powers, width in zip(form.groups, widest, strict=True) for power in powers
    ]
    least = -jnp.max(jnp.stack(rates))
    members = [jnp.exp(squared * (rate + least)) for rate in rates]
    total = sum(members[1:], members[0])
    slopes = [member * rate for member, rate in zip(members, rates, strict=True)]
    return jnp.log(total) - squared * least, sum(slopes[1:], slopes[0]) / total


def _of_two(form: Combined, squared: Tile, parameters: tuple[Array, ...]) -> tuple[Tile, Tile]:
    left, left_slope = log_slope(form.left, squared, parameters[: form.split])
    right, right_slope = log_slope(form.right, squared, parameters[form.split :])
    if form.operation is operator.mul:
        return left + right, left_slope + right_slope
    share = jax.nn.sigmoid(jnp.where(left == right, 0, left - right))
    return jnp.logaddexp(left, right), share * left_slope + (1 - share) * right_slope


def density_of(kernel: Kernel) -> Radial:
    """The form and parameters of a kernel that a density can be estimated with, or an error that says why it is none.

    Args:
        kernel: of the distance alone, positive.

    Returns:
        Its radial function, up to a constant factor.
    """
    if kernel.radial is None:
        raise ValueError(
            f"a density needs a kernel of the distance alone, such as `laplace(1.0)`, but {kernel.name} is none; one's own is"
            " made by `of_squared_distance`"
        )
    form, parameters = kernel.radial
    if all(checks.is_concrete(value) for value in parameters):
        # At once, also while a step is traced: an error is worth nothing later.
        with jax.ensure_compile_time_eval():
            squared = jnp.asarray([0.0, 1e-4, 1.0, 1e4, 1e8], jnp.float32)
            values = np.asarray(form.value(squared, *(jnp.asarray(value, jnp.float32) for value in parameters)))
        if not (values[0] > 0 and (values >= 0).all()):
            raise ValueError(
                f"a density needs a positive kernel, such as `laplace(1.0)`, but {kernel.name} is {values[0]:g} at the"
                f" distance 0 and {values.min():g} at another"
            )
    while isinstance(form, Scaled):
        form, parameters = form.form, parameters[1:]
    return Radial(form, parameters)
