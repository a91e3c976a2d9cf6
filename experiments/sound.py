"""Sounds from noise: notes of instruments, given key and family, made by one generator under three objectives.

    python -m experiments.sound             recordings of instruments, 4 minutes on 2 cores, beside other work
    python -m experiments.sound --smoke     seconds

A note is a picture of 32 moments times 32 harmonics: how loud each is, and what lies between it and the next. The generator
makes it from noise, the key and the family of the instrument; the phases are found by Griffin and Lim. The energy distance and
drifting compare pictures at four resolutions, each with key and family beside it; the critic of the hinge GAN reads the finest.
The axis counts in fundamentals, so that a network need not learn where keys lie: what it has to learn is which harmonics there
are, how loud, and for how long.

Judges are a network of pitch that no loss sees, Fréchet distances in its features and in log-mel bands of the sounds, and two
tests of two samples. All compare with recordings of instruments that no generator was trained on. How far these are from those
of training is the line "other instruments": recordings of training, another for each that is held out, with keys as near as
there are, and of its family where that costs no key. It says what true recordings of other instruments get, and bounds nothing.

The table is printed; ``report.md``, ``rows.jsonl``, spectrograms, sounds and a page with players go to ``results/sound``. The
runs live there too, so that a stopped command goes on where it was.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.shared.hearing import judged, matched, measured, rivals, variety
from experiments.shared.listening import players, spectrograms
from experiments.shared.notes import (
    HIGHEST,
    LOWEST,
    MOMENTS,
    SHAPE,
    Components,
    Notes,
    code,
    components_of,
    recorded_notes,
    sounds_of,
)
from experiments.shared.study import aside, command, row_maker, table, writable, write
from igm_jax import Objective, checks
from igm_jax.base import ConditionalGenerator
from igm_jax.data import wav_bytes
from igm_jax.data.soundfonts import FAMILIES, NAMES, RATE
from igm_jax.distributions import dataset, normal
from igm_jax.evaluation import crepe_tiny, floor, frechet_distance
from igm_jax.generators import conditional_pushforward
from igm_jax.networks import mlp, mlp_critic, parameter_count
from igm_jax.objectives import drifting, energy, hinge_gan, joint, on_feature_groups, on_features, r1_penalty
from igm_jax.reporting import write_whole
from igm_jax.reporting.terminal import ended
from igm_jax.training import Run, train, training

OBJECTIVES = ("energy", "drifting", "hinge")
LATENT, CODE = 32, 1 + len(FAMILIES)
POOLED = (2, 4, 8)
"""Sides of the squares that a picture is averaged over, besides the picture as it is."""
SPREAD = 4.0
"""What the critic's inputs are multiplied by: two data are four apart on average."""
TEMPERATURES = (0.02, 0.05, 0.2)
SHOWN, KEPT, DRAWS = 8, 2, 8
"""Notes with players; those that are written as .wav; draws under each condition."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Notes given key and family, made by one generator under three objectives."""

    objectives: tuple[str, ...] = OBJECTIVES
    """Which, by name."""
    steps: int = 2000
    """Updates of each generator."""
    batch_size: int = 128
    """Notes, and recordings, in each minibatch."""
    width: int = 256
    """Units in each layer of generator and critic."""
    components: int = 128
    """Principal components of the recordings, in which the generator makes pictures."""
    rate: float = 1e-3
    """Learning rate of Adam, which falls to zero along a cosine; the GAN takes half."""
    penalty: float = 1.0
    """Of the GAN: how much slopes of the critic at data cost."""
    seed: int = 0
    """Seed of everything random."""
    output: Path = Path("results/sound")
    """The directory for everything."""
    smoke: bool = False
    """A run of seconds that shows that everything works: few steps and notes, in the output's name with -smoke behind."""


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    checks.choices("objectives", config.objectives, OBJECTIVES)
    for name in ("steps", "width", "components"):
        checks.count(name, getattr(config, name))
    checks.count("batch_size", config.batch_size, least=2)
    checks.positive("rate", config.rate)
    checks.positive("penalty", config.penalty)
    checks.seed("seed", config.seed)
    if config.smoke:
        small = {
            "steps": min(config.steps, 4),
            "batch_size": min(config.batch_size, 16),
            "width": min(config.width, 32),
        }
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    crepe_tiny()  # whether its weights are there
    writable(config.output, config.objectives)
    return config


def maps(components: Components, scales: dict[str, float], rows: Array) -> dict[str, Array]:
    """Rows (n, k + code) as pictures at each resolution, in units of the data there, each with the code beside it.

    Averages over squares of s × s are multiplied by s, so that noise has the same size in all; at full resolution distances are
    those of the rows times the lengths of the components, as these are orthogonal.
    """
    number = len(components.vectors)
    codes = rows[:, number:]
    found = {"1": rows[:, :number] * np.sqrt(np.sum(components.vectors**2, axis=1))[None]}
    for side in POOLED:
        squares = components.vectors.reshape(-1, MOMENTS // side, side, SHAPE[1] // side, side, 2).mean((2, 4)) * side
        found[str(side)] = rows[:, :number] @ squares.reshape(number, -1)
    return {name: jnp.concatenate([part / scales[name], codes], axis=1) for name, part in found.items()}


def mean_distance(rows: Any) -> float:
    """Of two of some rows."""
    one, other = np.random.default_rng(0).integers(0, len(rows), (2, 4000))
    return float(np.linalg.norm(np.asarray(rows)[one] - np.asarray(rows)[other], axis=1).mean())


def objective_of(name: str, learned: Notes, components: Components, config: Config) -> Objective:
    """The objective, of rows with their conditions; two codes are as far from each other, on average, as two pictures."""
    codes = np.asarray(code(jnp.asarray(learned.conditions)))
    apart = mean_distance(codes)
    rows = np.concatenate([components.rows(learned.pictures), 0 * codes], axis=1)
    units = dict.fromkeys(map(str, (1, *POOLED)), 1.0)
    scales = {place: mean_distance(part) for place, part in maps(components, units, jnp.asarray(rows)).items()}
    seen = partial(maps, components, scales)

    def encode(conditions: Array) -> Array:
        return code(conditions) / apart

    if name == "hinge":
        critic = mlp_critic(len(components.vectors) + CODE, width=config.width, activation="leaky_relu")
        game = hinge_gan(critic, optax.adam(config.rate, b1=0.0, b2=0.99), penalties=(r1_penalty(config.penalty),))
        return joint(on_features(game, lambda rows: SPREAD * seen(rows)["1"]), encode)
    inner = energy() if name == "energy" else drifting(TEMPERATURES, "released", floor=0.0)
    return joint(on_feature_groups(inner, seen, dict.fromkeys(scales, 2**0.5), shares=False), encode)


def run_of(name: str, learned: Notes, components: Components, config: Config) -> tuple[ConditionalGenerator, Run]:
    """The generator of rows, and how it is trained."""
    number = len(components.vectors)
    generator = conditional_pushforward(mlp(LATENT + CODE, number, width=config.width, depth=4), normal(LATENT), code)
    data = dataset(components.rows(learned.pictures), "notes", condition=learned.conditions)
    game = name == "hinge"
    rate = optax.cosine_decay_schedule(config.rate / (2 if game else 1), config.steps)
    optimizer = optax.adam(rate, b1=0.0 if game else 0.5, b2=0.99)
    options: dict[str, Any] = {"inner_steps": int(game), "average": 0.99, "name": name}
    objective = objective_of(name, learned, components, config)
    return generator, training(generator, objective, optimizer, data, config.batch_size, **options)


def chosen(held: Notes) -> np.ndarray:
    """The notes that are shown: the first of each family, then others from the beginning; nobody chose them."""
    first = [int(np.flatnonzero(held.families == number)[0]) for number in np.unique(held.families)]
    others = [place for place in range(len(held.keys)) if place not in first]
    return np.array((first + others)[:SHOWN])


def named(held: Notes, places: np.ndarray) -> list[str]:
    return [
        f"{NAMES[held.keys[place] % 12]}{held.keys[place] // 12} {list(FAMILIES)[held.families[place]]}"
        for place in places
    ]


def run(config: Config) -> None:
    """Train, draw, listen, judge; print the table and write the files."""
    learned, held, digest, credit = recorded_notes()
    if config.smoke:
        learned, held = (Notes(*(part[::step] for part in notes)) for notes, step in ((learned, 8), (held, 5)))
    components = components_of(learned.pictures, config.components)
    made = {name: made_by(name, learned, held, components, config, digest) for name in config.objectives}
    compared = rivals(learned, held, components, config.seed)
    judge, make_row, lines, rows = crepe_tiny(), row_maker("sound", config), [], []
    seen = {name: judged(judge, sounds) for name, (sounds, _) in compared.items()}
    seen |= {name: judged(judge, one.sounds) for name, one in made.items()}
    of_real, scores = 1.0, {}
    for name, one in seen.items():
        keys = compared[name][1] if name in compared else held.keys
        scores[name] = metrics = measured(seen["recordings"], one, keys)
        of_real = metrics["agreement"] if name == "recordings" else of_real
        metrics["of_real"] = metrics["agreement"] / max(of_real, 1e-9)
        costs = (None, None)
        if name in made:
            metrics["variety"], costs = made[name].variety, made[name].seconds
        lines.append(line_of(name, metrics))
        rows.append(
            make_row(
                "notes", name, config.seed, metrics, *costs, parameters=made[name].parameters if name in made else 0
            )
        )
    everyone = np.concatenate([seen["recordings"].bands, seen["other instruments"].bands])
    halves = floor(frechet_distance, everyone, len(everyone) // 2)
    features = seen["recordings"].heard.features.shape[1]
    text = caption(config, learned, held, components, float(np.mean(halves["value"])), features)
    sounds = {name: some for name, (some, _) in compared.items() if name != "other instruments"}
    finished(config, held, lines, rows, sounds | {name: one.sounds for name, one in made.items()}, text, credit)


class Made(NamedTuple):
    """What a generator made, one note for each that was held out, and what it cost."""

    sounds: np.ndarray
    variety: float
    parameters: int
    seconds: tuple[float, float]


def made_by(name: str, learned: Notes, held: Notes, components: Components, config: Config, digest: str) -> Made:
    """Train a generator, or go on with it, and draw."""
    generator, how = run_of(name, learned, components, config)
    told = {key: value for key, value in dataclasses.asdict(config).items() if key not in ("output", "objectives")}
    told |= {"objective": name, "data": digest}
    words = {"chunk": max(1, config.steps // 15), "every": max(1, config.steps // 3)}
    found = train(how, jax.random.key(config.seed), config.steps, directory=config.output / name, config=told, **words)
    key, conditions = jax.random.key(config.seed + 1), jnp.asarray(held.conditions)
    draw = jax.jit(lambda params: generator.sample(params, key, conditions, DRAWS))
    draws = components.pictures(np.asarray(draw(found.state.average)))
    costs = found.run_seconds, found.compile_seconds
    sounds = sounds_of(draws[:, 0], held.keys)
    return Made(sounds, variety(draws, learned), parameter_count(found.state.params), costs)


def line_of(name: str, metrics: dict[str, float]) -> list[str]:
    """A line of the table; of recordings beside themselves only what means something."""
    itself = name == "recordings"
    cells = [f"{metrics[key]:.2f}" for key in ("agreement", "of_real", "confidence")]
    cells += ["" if itself else f"{metrics[key]:.{digits}f}" for key, digits in
              (("frechet_mel", 1), ("frechet_crepe", 3), ("told_apart", 2), ("p_value", 3))]  # fmt: skip
    return [name, *cells, f"{metrics['variety']:.2f}" if "variety" in metrics else ""]


def caption(config: Config, learned: Notes, held: Notes, components: Components, halves: float, features: int) -> str:
    places = matched(learned, held)
    key, family = (getattr(learned, name)[places] == getattr(held, name) for name in ("keys", "families"))
    return (
        f"{len(held.keys)} notes of keys {LOWEST} to {HIGHEST} after {config.steps} updates of {config.batch_size}, in"
        f" {len(components.vectors)} principal components, which have {100 * components.kept:.0f} % of the variance."
        f" Pitch: the share whose pitch {crepe_tiny().name} hears within half a key, octaves aside, and that over the"
        " recordings' own. Sure: its median confidence. Fréchet distances, the classifier's accuracy (.5 is chance) and the"
        " p-value of a permutation test of the energy distance compare with the recordings held out, all of other"
        " instruments than those learned from; between random halves of these and the other instruments together the first"
        f" is {halves:.1f}. {len(held.keys)} notes in {features} features of CREPE give covariances of less than full rank:"
        f" that distance compares lines, and is no estimate. Of the other instruments {100 * key.mean():.0f} % have the"
        f" very key, and {100 * (key & family).mean():.0f} % the family too. Variety: the root mean square distance of two"
        f" draws under one condition, over that of two of the {len(learned.keys)} recordings learned from, of one family"
        " and any keys."
    )


def finished(
    config: Config, held: Notes, lines: list, rows: list, sounds: dict[str, np.ndarray], text: str, credit: str
) -> None:
    """Write pictures, sounds, the page with players, the table and the rows."""
    places = chosen(held)
    names = named(held, places)
    some = {name: values[places] for name, values in sounds.items()}
    audible = {name: values for name, values in some.items() if name in ("recordings", *config.objectives)}
    for name in config.objectives:
        for number in range(min(KEPT, len(places))):
            write_whole(config.output / f"{name}-{number + 1}.wav", wav_bytes(some[name][number], RATE))
    heard = f"The same notes in each line; the first line are recordings. {credit}"
    write_whole(config.output / "players.html", players("Notes from noise", heard, audible, names, RATE))
    seen = (
        f"The same notes in each line: {', '.join(names)}; nobody chose them. Loudness in decibels, black at 70 below the"
        " loudest. They are to be heard in [players.html](players.html)."
    )
    pictures = {"spectrograms.png": (spectrograms(some, names, RATE), seen)}
    headings = ["", "pitch", "of recordings", "sure", "Fréchet, mel", "Fréchet, CREPE", "told apart", "p", "variety"]
    introduction = "\n\n".join([*__doc__.split("\n\n")[2:4], credit])
    write(config.output, "Notes from noise", introduction, [table("notes", text, headings, lines)], rows, pictures)


def main(arguments: Sequence[str] | None = None) -> None:
    command("sound", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
