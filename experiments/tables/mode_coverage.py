"""How many modes GAN and PacGAN reach: table 1 of PacGAN (arXiv 1712.04086).

python -m experiments.tables.mode_coverage             a shorter run, of minutes on two cores
python -m experiments.tables.mode_coverage --preset full      the paper's 400 000 updates and ten trials: days on a CPU
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.shared.tasks import Found, Task
from experiments.tables.command import Config, Part, Pictures, Publication, Results, main, numbers
from experiments.tables.published import Entry, within_errors
from igm_jax.base import Key, Network, Objective, Params
from igm_jax.distributions import Distribution, Modes, grid, ring
from igm_jax.evaluation import mode_coverage
from igm_jax.objectives import gan, pac_gan
from igm_jax.reporting.terminal import ended

TITLE = "Mode coverage of GAN and PacGAN (Lin, Khetan, Fanti, Oh, arXiv 1712.04086, table 1)"
TEXT = (
    "Eight Gaussians on a circle of radius 1 with standard deviation 0.01, and 25 on a grid with 0.05; 100 000 fixed training"
    " samples. The generator has four hidden layers of 400 units without biases, with batch normalisation and rectifiers; the"
    " discriminator three maxout layers of 200 units and five pieces, on packs of one to four samples; weights start at"
    " N(0, 0.02²). Adam at 1e-4 with β₁ = 0.8, 100 packs a batch, non-saturating loss, both players at once. A sample is of high"
    " quality within three standard deviations of the nearest mode; modes and reverse KL count such samples alone."
)

DATA, JUDGED, BATCH, LATENT = 100_000, 2500, 100, 2
WIDTH, DEPTH, UNITS, PIECES, LAYERS, START = 400, 4, 200, 5, 3, 0.02

TARGETS: dict[str, Distribution] = {"ring": ring(), "grid": grid()}
MODES: dict[str, Modes] = {name: target.modes for name, target in TARGETS.items() if target.modes is not None}
PACKING = {"GAN": 1, "PacGAN2": 2, "PacGAN3": 3, "PacGAN4": 4}

METRICS = {"modes": ("modes", 1), "high_quality": ("high quality, %", 1), "reverse_kl": ("reverse KL", 2)}
# For each target the number and its ±, in the order of METRICS.
PUBLISHED = {
    "GAN": {"ring": ((6.3, 0.5), (98.2, 0.2), (0.45, 0.09)), "grid": ((17.3, 0.8), (94.8, 0.7), (0.70, 0.07))},
    "PacGAN2": {"ring": ((7.9, 0.1), (95.6, 2.0), (0.07, 0.03)), "grid": ((23.8, 0.7), (91.3, 0.8), (0.13, 0.04))},
    "PacGAN3": {"ring": ((7.8, 0.1), (97.7, 0.3), (0.10, 0.02)), "grid": ((24.6, 0.4), (94.2, 0.4), (0.06, 0.02))},
    "PacGAN4": {"ring": ((7.8, 0.1), (95.9, 1.4), (0.07, 0.02)), "grid": ((24.8, 0.2), (93.6, 0.6), (0.04, 0.01))},
}
FLOOR = "data"


def normalised_generator(width: int = WIDTH, depth: int = DEPTH) -> Network:
    """Linear layers without biases, each normalised over its batch, scaled, shifted and rectified; the last one linear."""
    sizes = [LATENT, *[width] * depth]

    def init(key: Key) -> Params:
        *keys, last = jax.random.split(key, depth + 1)
        hidden = [
            {"kernel": _kernel(own, fan_in, fan_out), "scale": jnp.ones(fan_out), "shift": jnp.zeros(fan_out)}
            for own, fan_in, fan_out in zip(keys, sizes, sizes[1:], strict=False)
        ]
        return {"hidden": hidden, "last": {"kernel": _kernel(last, width, 2), "bias": jnp.zeros(2)}}

    def apply(params: Params, x: Array) -> Array:
        for layer in params["hidden"]:
            h = x @ layer["kernel"]
            h = (h - h.mean(0)[None]) * jax.lax.rsqrt(h.var(0) + 1e-4)[None]
            x = jax.nn.relu(layer["scale"][None] * h + layer["shift"][None])
        return x @ params["last"]["kernel"] + params["last"]["bias"][None]

    return Network(init, apply)


def maxout_critic(in_dim: int, units: int = UNITS, pieces: int = PIECES, layers: int = LAYERS) -> Network:
    """Layers of units that each give the greatest of some linear functions, and a linear output."""
    sizes = [in_dim, *[units] * layers]

    def init(key: Key) -> Params:
        *keys, last = jax.random.split(key, layers + 1)
        hidden = [
            {"kernel": _kernel(own, fan_in, units * pieces), "bias": jnp.zeros(units * pieces)}
            for own, fan_in in zip(keys, sizes, strict=False)
        ]
        return {"hidden": hidden, "last": {"kernel": _kernel(last, units, 1), "bias": jnp.zeros(1)}}

    def apply(params: Params, x: Array) -> Array:
        for layer in params["hidden"]:
            linear = x @ layer["kernel"] + layer["bias"][None]
            x = jnp.max(linear.reshape(len(x), pieces, units), axis=1)  # units last, which vectorises
        return (x @ params["last"]["kernel"] + params["last"]["bias"][None])[:, 0]

    return Network(init, apply)


def _kernel(key: Key, fan_in: int, fan_out: int) -> Array:
    return START * jax.random.normal(key, (fan_in, fan_out))


class Players(NamedTuple):
    """What training remembers: the generator, its optimiser, and what its objective learned."""

    params: Params
    optimizer_state: Any
    objective_state: Any


def game(packing: int, critic: Network | None = None) -> Objective:
    """The non-saturating game whose critic sees ``packing`` samples at once."""
    objective = gan(critic or maxout_critic(2 * packing), adam())
    return objective if packing == 1 else pac_gan(objective, packing)


def adam() -> optax.GradientTransformation:
    return optax.adam(1e-4, b1=0.8)


def batches_of(generator: Network, params: Params, key: Key, packing: int) -> Array:
    """A sample of each of ``packing`` batches side by side, then the next of each: every batch is normalised on its own."""
    latents = jax.random.normal(key, (packing, BATCH, LATENT))
    batches = jax.vmap(partial(generator.apply, params))(latents)
    return jnp.swapaxes(batches, 0, 1).reshape(packing * BATCH, 2)


def step(
    generator: Network, objective: Objective, packing: int, data: Array, players: Players, key: Key
) -> tuple[Players, None]:
    """Both players move at once, each against the other as it was, on the same samples."""
    key_data, key_samples, key_game = jax.random.split(key, 3)
    y = data[jax.random.randint(key_data, (packing * BATCH,), 0, len(data))]
    x, pull_back = jax.vjp(lambda params: batches_of(generator, params, key_samples, packing), players.params)
    state, _ = objective.update(key_game, players.objective_state, x, y)
    slope = jax.grad(objective.loss, argnums=2)(key_game, players.objective_state, x, y)
    moves, optimizer_state = adam().update(pull_back(slope)[0], players.optimizer_state, players.params)
    return Players(optax.apply_updates(players.params, moves), optimizer_state, state), None


@partial(jax.jit, static_argnames=("packing", "updates"))
def played(packing: int, data: Array, key: Key, updates: int) -> Params:
    """The generator's parameters after a number of updates."""
    generator, objective = normalised_generator(), game(packing)
    key_generator, key_critic, key_run = jax.random.split(key, 3)
    params = generator.init(key_generator)
    players = Players(params, adam().init(params), objective.init(key_critic, data[:packing]))

    def update(players: Players, index: Array) -> tuple[Players, None]:
        return step(generator, objective, packing, data, players, jax.random.fold_in(key_run, index))

    return jax.lax.scan(update, players, jnp.arange(updates))[0].params


class Budget(NamedTuple):
    """How much a preset does."""

    targets: tuple[str, ...]
    methods: tuple[str, ...]
    updates: int
    trials: int


BUDGETS = {
    "smoke": Budget(("ring",), ("GAN", "PacGAN2"), 3, 1),
    "cpu": Budget(tuple(TARGETS), tuple(PACKING), 2500, 2),
    "full": Budget(tuple(TARGETS), tuple(PACKING), 400_000, 10),
}


def tasks(config: Config) -> list[Task]:
    budget = BUDGETS[config.preset]
    seeds = range(config.seed, config.seed + (config.seeds or budget.trials))
    return [
        Task(f"{target}, {method}", seed, partial(run, target, method, seed, budget.updates))
        for target in budget.targets
        for method in (FLOOR, *budget.methods)
        for seed in seeds
    ]


def run(target: str, method: str, seed: int, updates: int) -> Found:
    """One trial: train, draw and count; ``"data"`` counts fresh data."""
    key_data, key_run, key_samples = jax.random.split(jax.random.key(seed), 3)
    if method == FLOOR:
        samples = TARGETS[target](key_samples, JUDGED)
    else:
        params = played(PACKING[method], TARGETS[target](key_data, DATA), key_run, updates)
        samples = normalised_generator().apply(params, jax.random.normal(key_samples, (JUDGED, LATENT)))
    found = mode_coverage(fake=samples, modes=MODES[target])
    numbers = {"modes": float(found.modes), "high_quality": 100 * found.high_quality, "reverse_kl": found.reverse_kl}
    return Found(numbers, {"samples": np.asarray(samples)})


def parts(config: Config, results: Results) -> list[Part]:
    budget = BUDGETS[config.preset]
    rule = within_errors(3) if config.preset == "full" else None
    caption = (
        f"{JUDGED} samples after {budget.updates} updates; {FLOOR!r} are fresh data. The ± in brackets is a standard error."
        " Where no sample is of high quality, there is no reverse KL."
    )
    tables = []
    for target in budget.targets:
        entries = []
        for method in (*budget.methods, FLOOR):
            published = PUBLISHED.get(method, {}).get(target, [(None, None)] * len(METRICS))
            found = results[f"{target}, {method}"]
            for (metric, (label, digits)), (value, spread) in zip(METRICS.items(), published, strict=True):
                ours = numbers(found, metric)
                entries.append(Entry(method, label, value, ours, rule, spread, digits))
        tables.append(Part(f"Mode coverage: {target}, {len(MODES[target].means)} modes", caption, entries))
    return tables


def differs(config: Config) -> list[str]:
    budget = BUDGETS[config.preset]
    lines = [
        "ALI, the table's other line, is not run: this package has no encoder that plays along.",
        "The generator's batch normalisation uses the statistics of the batch at hand also when it is judged, of all samples"
        " that are judged at once; the authors' code uses running averages there.",
        "Data are drawn from the 100 000 with replacement; the authors' code passes over them in a random order.",
    ]
    if config.preset != "full":
        lines += [
            f"A shorter run: {budget.updates} updates, not 400 000, and {config.seeds or budget.trials} trials, not 10. The"
            " published numbers stand beside it for orientation and nothing is judged."
        ]
    elif config.seeds:
        lines += [f"{config.seeds} trials, not 10."]
    return lines


def pictures(config: Config, results: Results) -> Pictures:
    from igm_jax.reporting import figures
    from igm_jax.reporting.canvas import png

    budget, shown = BUDGETS[config.preset], {}
    for target in budget.targets:
        samples = {method: results[f"{target}, {method}"][0].arrays["samples"] for method in budget.methods}
        figure = figures.scatter_panels(samples, results[f"{target}, {FLOOR}"][0].arrays["samples"])
        caption = f"{target}: samples of the first trial in colour, data in grey, after {budget.updates} updates."
        shown[f"{target}.png"] = (png(figure), caption)
    return shown


PUBLICATION = Publication("mode_coverage", TITLE, TEXT, tasks, parts, differs, pictures)

if __name__ == "__main__":
    ended(lambda: main(PUBLICATION, Config))
