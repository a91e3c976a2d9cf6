"""What is translated into what: letters into their outlines, digits blurred and turned; the pairs are known, and held out."""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from igm_jax import Network, Objective, stateless
from igm_jax.base import ConditionalGenerator
from igm_jax.data import alphabets
from igm_jax.distributions import digits
from igm_jax.evaluation import classifier_judge
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import mlp, mlp_critic, network
from igm_jax.networks.pixels import Conv, as_images
from igm_jax.pairwise import distances
from igm_jax.training import Run

LEARNED = (
    "8bitlim 8bitlimo, 8bitlimr 8blimro, jawbreak jawbrko1, lucid lucido, lucid2 lucid2o, neural neuralol, rotund rotundo,"
    " spacious spaciouo, underwhe underwho, tsextols tsextolo, zurklezs zurklezo, quillexs quillexo, obloquys obloquyo,"
    " compc1s compc1o, compc2s compc2o, compc3s compc3o, collects collecto, crkdownr crkdwno1"
)
"""Typefaces that come solid and outlined, by the names of their two files."""
HELD = "techniqu techniqo, queasy queasyol, Unxgala Unxgalo, Unxgalaw Unxgalwo, ataxia ataxiao, gaposiss gaposiso"
"""Those whose letters are held out; no relative of theirs is among the others."""
SIDE = 20
SMOOTH = 0.2
SEEN = 256
"""Samples of which scales are taken."""

TOLD = {
    "source": "the sources as they are", "nearest": "nearest training target", "barycentric": "Sinkhorn's barycentric map",
    "cycle": "two maps in a cycle, two critics", "pairs": "least squares on pairs, the bound",
}  # fmt: skip
"""Ways beside those of a distance of laws."""


class Scenario(NamedTuple):
    """A translation whose truth is known.

    Attributes:
        name: a short name.
        source: (n, d) training samples of the one law, in no order.
        target: (n, d) those of the other, in another order.
        order: (n,) which row of ``target`` belongs to each row of ``source``; the paired bound alone may look.
        held: (m, d) sources that are held out.
        truth: (m, d) what they should become.
        image_shape: (h, w, 1).
        told: a sentence about it.
    """

    name: str
    source: np.ndarray
    target: np.ndarray
    order: np.ndarray
    held: np.ndarray
    truth: np.ndarray
    image_shape: tuple[int, int, int]
    told: str

    @property
    def local(self) -> bool:
        """Whether what becomes of a pixel depends on those around it alone."""
        return self.image_shape[0] == SIDE


def silhouette(x: Array) -> Array:
    """(d,) the brightest pixel of each 5 × 5 around: a letter and its outline have nearly the same."""
    image = x.reshape(1, SIDE, SIDE, 1)
    return jax.lax.reduce_window(image, -jnp.inf, jax.lax.max, (1, 5, 5, 1), (1, 1, 1, 1), "SAME").reshape(-1)


def of_silhouettes(x: Array, c: Array) -> Array:
    """The squared distance of silhouettes: a cost of carrying c to x."""
    return jnp.sum(jnp.square(silhouette(x) - silhouette(c)))


def _letters(words: str) -> tuple[np.ndarray, np.ndarray]:
    """Letters and their outlines, row by row, scaled to [-1, 1]."""
    families = [pair.split() for pair in words.split(", ")]
    sides = [alphabets([family[side] for family in families], size=SIDE) for side in (0, 1)]
    both = sides[0][1] & sides[1][1]
    solid, outlined = ((images[both] / 127.5 - 1).reshape(-1, SIDE * SIDE).astype(np.float32) for images, _ in sides)
    return solid, outlined


def blurred(x: np.ndarray) -> np.ndarray:
    """Digits (n, 64) under a heat flow: a symmetric positive definite matrix, so the gradient of a convex function."""
    steps = np.diag(np.full(8, 1 - 2 * SMOOTH)) + SMOOTH * (np.eye(8, k=1) + np.eye(8, k=-1))
    steps[[0, -1], [0, -1]] += SMOOTH  # nothing leaves at the edge
    matrix = np.linalg.matrix_power(np.kron(steps, steps), 2)
    return (x @ matrix.T).astype(np.float32)


def turned(x: np.ndarray) -> np.ndarray:
    """Digits (n, 64), each by a quarter."""
    return np.rot90(x.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64).astype(np.float32)


@cache
def scenario(name: str, small: bool = False) -> Scenario:
    """A scenario of ``SCENARIOS`` by name; a small one has a few samples."""
    if name == "outlines":
        (source, target), (held, truth) = _letters(LEARNED), _letters(HELD)
        told = (
            "Solid capitals into outlined ones, 20 × 20: 18 typefaces that come as both to learn from, the letters of six others"
            " held out."
        )
        shape = (SIDE, SIDE, 1)
    else:
        data, truth_of = digits(), {"blurred": blurred, "turned": turned}[name]
        source, held = (np.asarray(part.values, np.float32) for part in (data.train, data.test))
        target, truth, shape = truth_of(source), truth_of(held), (8, 8, 1)
        told = {
            "blurred": "Digits into blurred digits, 8 × 8. Blurring is the gradient of a convex function: the cheapest way.",
            "turned": "Digits into the same turned by a quarter, 8 × 8, which is not the cheapest way.",
        }[name]
    if small:
        source, target, held, truth = source[:60], target[:60], held[:20], truth[:20]
    order = np.random.default_rng(0).permutation(len(target))
    return Scenario(name, source, target[order], np.argsort(order), held, truth, shape, told)


SCENARIOS = ("outlines", "turned", "blurred")


class _Local(nnx.Module):
    """Three 3 × 3 convolutions: what becomes of a pixel depends on the 7 × 7 around it."""

    def __init__(self, width: int, shape: tuple[int, int, int], *, rngs: nnx.Rngs):
        self.layers = nnx.List([Conv(a, b, rngs=rngs) for a, b in ((1, width), (width, width), (width, 1))])
        self.shape = shape

    def __call__(self, x: Array) -> Array:
        h = as_images(x, self.shape)
        for number, layer in enumerate(self.layers):
            h = layer(jax.nn.silu(h) if number else h)
        return h.reshape(len(x), -1)


def network_of(of: Scenario) -> Network:
    """A map that begins near the identity: local for letters, a perceptron for digits, which must turn."""
    if of.local:
        inner = network(lambda rngs: _Local(16, of.image_shape, rngs=rngs))
    else:
        inner = mlp(64, 64, width=256, depth=2)
    return Network(inner.init, lambda params, c: c + 0.2 * inner.apply(params, c))


def critic_of(of: Scenario) -> Network:
    """A critic of the same reach as the map: of letters the mean over what is around each pixel."""
    if not of.local:
        return mlp_critic(64, width=128, depth=2, activation="leaky_relu")
    inner = network(lambda rngs: _Local(16, of.image_shape, rngs=rngs))
    return Network(inner.init, lambda params, x: jnp.mean(inner.apply(params, x), axis=1))


@cache
def _judge(name: str, small: bool) -> Any:
    of = scenario(name, small)
    images = np.concatenate([of.source, of.target])
    return classifier_judge(images, np.repeat([0, 1], len(of.source)), of.image_shape)


def measured(of: Scenario, made: np.ndarray, small: bool = False) -> dict[str, float]:
    """What is said of held-out samples translated: error, how many are nearest to their own truth, how many pass."""
    nearest = np.asarray(distances(jnp.asarray(made), jnp.asarray(of.truth))).argmin(1)
    passing = _judge(of.name, small).probabilities(made).argmax(1)
    return {
        "error": float(np.sqrt(np.mean(np.square(made - of.truth)))),
        "right": float(np.mean(nearest == np.arange(len(made)))),
        "passing": float(passing.mean()),
    }


def scale_of(of: Scenario) -> float:
    """The median distance of two targets."""
    some = jnp.asarray(of.target[:SEEN])
    return float(jnp.median(distances(some, some)))


def squares() -> Objective:
    """Least squares between a sample and the datum of the same condition."""

    def loss(x: Array, y: Array, *, x_condition: Any, y_condition: Any) -> Array:
        del x_condition, y_condition  # samples are drawn under those of the data, in their order
        return jnp.mean(jnp.square(x - y))

    return stateless(loss)


def generator_of(network: Network) -> ConditionalGenerator:
    """A map of conditions that draws nothing."""
    return conditional_pushforward(network, lambda key, n: jnp.zeros((n, 0)))


def ran(run: Run, steps: int, seed: int) -> Any:
    """The state after all steps, in one compiled loop."""

    @jax.jit
    def all_steps(key: Array) -> Any:
        def step(state: Any, number: Array) -> tuple[Any, None]:
            return run.step(jax.random.fold_in(state.key, number), state)[0], None

        return jax.lax.scan(step, run.init(key), jnp.arange(steps))[0]

    return all_steps(jax.random.key(seed))
