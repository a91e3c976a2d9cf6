"""Text in one step: names of characters, made of noise at once, beside models that spell them symbol by symbol.

    python -m experiments.text             names of Unicode's characters of at most 24 symbols, 11 minutes on 2 cores,
                                          beside other work
    python -m experiments.text --smoke     seconds

A network turns noise into all symbols of a name at once: into a code, and with the decoder of an autoencoder of names into the
likeliest symbol at each place. It is trained by the energy distance and by drifting between codes, by MMD under string kernels
and by a critic between names, with a straight-through derivative. Beside it stand n-gram models and an autoregressive
transformer, which know their likelihoods. All are judged by the share of names and of words that exist, new ones, the divergence
of n-grams, self-BLEU, and a two-sample test in the embedding of MiniLM, where its package is installed. No objective minimises
these, except that MMD compares counts of pairs with gaps, which is close to the divergence of pairs (JS 2), and that n-gram
models count what the divergence up to their order compares. Held-out names against held-out names are the floor.

The tables are printed; ``report.md``, ``rows.jsonl`` and the picture go to ``results/text``. The runs live there too, so that a
stopped command goes on where it was.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from experiments.shared import language
from experiments.shared.ngrams import ngram_model
from experiments.shared.strings import COLUMNS, TESTED, curves, embedding_of, judged, measured, string_tables
from experiments.shared.study import aside, command, progress, row_maker, table, writable, write
from igm_jax import Network, checks
from igm_jax.base import Generator, Key, Params
from igm_jax.data import spelled, unicode_names
from igm_jax.data.texts import SYMBOLS
from igm_jax.distributions import Splits, dataset, normal
from igm_jax.features import ngram_counts
from igm_jax.generators import pushforward
from igm_jax.kernels import linear, substrings
from igm_jax.networks import mlp, mlp_critic, parameter_count, straight_through
from igm_jax.objectives import drifting, energy, mmd, on_features, r3gan, weighted
from igm_jax.reporting.terminal import ended
from igm_jax.training import Run, train, training

WIDTH = len(SYMBOLS) + 1
END = len(SYMBOLS)
CODE = 64
"""Numbers of the autoencoder's code."""
TEMPERATURES = (0.02, 0.05, 0.2)
OBJECTIVES = ("energy", "drifting", "mmd", "critic")


@dataclasses.dataclass(frozen=True)
class Config:
    """A one-step generator of names, trained in four ways, beside models of symbols."""

    objectives: tuple[str, ...] = OBJECTIVES
    """What trains the generator."""
    length: int = 24
    """Symbols of the longest name."""
    steps: int = 1500
    """Updates of each generator."""
    batch_size: int = 128
    """Names, and samples, in each minibatch; of codes, which cost little, four times as many."""
    rate: float = 1e-3
    """Learning rate of Adam, which falls to zero along a cosine."""
    latent: int = 64
    """Features of the noise."""
    width: int = 512
    """Units in the generator's layers."""
    autoencoder_steps: int = 3000
    """Updates of the autoencoder."""
    transformer_steps: int = 1500
    """Updates of the transformer."""
    judged: int = 1500
    """Names of each model that are judged, at most half of the held-out ones."""
    seed: int = 0
    """Seed of everything random."""
    output: Path = Path("results/text")
    """The directory for everything."""
    smoke: bool = False
    """A run of seconds that shows that everything works, in results/text-smoke."""


class Ground(NamedTuple):
    """What all ways of training share.

    Attributes:
        splits: the names.
        encode: rows to codes, of the autoencoder that was trained on the names.
        decode: codes to rows, the likeliest symbol at each place.
        decoder: the decoder's network and parameters.
    """

    splits: Splits
    encode: Callable[[Any], Array]
    decode: Callable[[Any], Array]
    decoder: tuple[Network, Params]


def prepared(config: Config) -> Config:
    """The settings, checked before any work; with ``smoke`` made small."""
    for name in ("steps", "batch_size", "latent", "width", "autoencoder_steps", "transformer_steps"):
        checks.count(name, getattr(config, name))
    checks.count("length", config.length, least=8)
    checks.count("judged", config.judged, least=50)
    checks.positive("rate", config.rate)
    checks.seed("seed", config.seed)
    checks.choices("objectives", config.objectives, OBJECTIVES)
    if config.smoke:
        small = {"steps": min(config.steps, 4), "batch_size": min(config.batch_size, 16), "width": 16, "judged": 50,
                 "autoencoder_steps": 4, "transformer_steps": 4, "length": 12}  # fmt: skip
        config = dataclasses.replace(config, **small, output=aside(config.output, True))
    held = len(unicode_names(config.length).test.values)
    if config.judged > held:
        raise ValueError(
            f"`judged` must be at most the {held} held-out names of {config.length} symbols, but is {config.judged}"
        )
    writable(config.output, ["run"])
    return config


def ground_of(config: Config, told: Callable[[str, int], Any]) -> Ground:
    """The names, and an autoencoder that was trained on them."""
    splits = unicode_names(config.length)
    rows = np.asarray(splits.train.values, np.float32)
    nets = language.autoencoder(config.length * WIDTH, CODE, config.width)
    params = language.fit_autoencoder(nets, rows, WIDTH, config.autoencoder_steps, jax.random.key(config.seed + 10),
                                      told=partial(told, "autoencoder"))  # fmt: skip

    def decode(codes: Any) -> Array:
        logits = nets[1].apply(params[1], codes).reshape(len(codes), -1, WIDTH)
        return straight_through(logits).reshape(len(codes), -1)

    return Ground(splits, lambda rows: nets[0].apply(params[0], rows), decode, (nets[1], params[1]))


def run_of(name: str, config: Config, ground: Ground) -> tuple[Generator, Run]:
    """One way to train: which generator, of codes or of names, and how.

    Energy and drifting move codes, which the decoder spells; the kernels of strings and the critic see names as they are
    spelled, and train the decoder on with the rest.
    """
    inner = mlp(config.latent, CODE, width=config.width // 2, depth=3)
    optimizer = optax.adam(optax.cosine_decay_schedule(config.rate, config.steps), b1=0.5, b2=0.99)
    options: dict[str, Any] = {"inner_steps": 0, "average": 0.99}
    if name in ("energy", "drifting"):
        codes = ground.encode(jnp.asarray(ground.splits.train.values, jnp.float32))
        objective = energy() if name == "energy" else drifting(TEMPERATURES, preset="released", floor=0.0)
        generator = pushforward(inner, normal(config.latent))
        return generator, training(generator, objective, optimizer, dataset(codes), 4 * config.batch_size, **options)
    generator = pushforward(spelling(inner, *ground.decoder, WIDTH), normal(config.latent))
    if name == "critic":
        critic = mlp_critic(config.length * WIDTH, width=config.width // 2, depth=3)
        objective, options["inner_steps"] = r3gan(critic, optax.adam(config.rate, b1=0.0, b2=0.99), r1=0.1, r2=0.1), 1
    else:
        pairs = on_features(mmd(linear()), partial(ngram_counts, symbols=WIDTH, order=2, gap=2, decay=0.5))
        objective = weighted([(1.0, mmd(substrings(WIDTH, 0.7))), (0.03, pairs)], ["substrings", "gappy"])
    return generator, training(generator, objective, optimizer, ground.splits.target(), config.batch_size, **options)


def spelling(inner: Network, decoder: Network, start: Params, symbols: int) -> Network:
    """A network to codes and then to names, whose decoder begins at given parameters."""

    def init(key: Key) -> Params:
        return {"inner": inner.init(key), "decoder": jax.tree.map(jnp.array, start)}

    def apply(params: Params, z: Array) -> Array:
        logits = decoder.apply(params["decoder"], inner.apply(params["inner"], z)).reshape(len(z), -1, symbols)
        return straight_through(jax.nn.softmax(logits)).reshape(len(z), -1)

    return Network(init, apply)


def rivals_of(config: Config, ground: Ground, told: Callable[[str, int], Any]) -> dict[str, tuple[list[str], float]]:
    """Texts of the models that spell symbol by symbol, and their nats a symbol of held-out names."""
    train_tokens, test_tokens = (
        np.asarray(part.values).reshape(-1, config.length, WIDTH).argmax(2)
        for part in (ground.splits.train, ground.splits.test)
    )
    found, rng = {}, np.random.default_rng(config.seed)
    for order, name in enumerate(("unigram", "bigram", "trigram"), 1):
        model = ngram_model(train_tokens, WIDTH, order)
        found[name] = read(model.sample(config.judged, config.length, rng)), model.nats(test_tokens)
    key_fit, key_draw = jax.random.split(jax.random.key(config.seed + 20))
    net = language.transformer(WIDTH, config.length)
    params = language.fit_transformer(
        net, train_tokens, END, config.transformer_steps, key_fit, told=partial(told, "transformer")
    )
    drawn = language.spoken(net, params, key_draw, config.judged, config.length, END)
    return found | {"transformer": (read(drawn), language.nats(net, params, test_tokens, END))}


def read(tokens: np.ndarray) -> list[str]:
    """The texts of (n, length) tokens."""
    return spelled(np.eye(WIDTH, dtype=np.float32)[tokens].reshape(len(tokens), -1))


def run(config: Config) -> None:
    """Train, draw, judge; print the tables and write the files."""
    with progress() as bar:
        totals = {"autoencoder": config.autoencoder_steps, "transformer": config.transformer_steps}
        tasks = {name: bar.add_task(name, total=total) for name, total in totals.items()}

        def told(name: str, done: int) -> None:
            bar.update(tasks[name], completed=done)

        ground = ground_of(config, told)
        rivals = rivals_of(config, ground, told)
    seen = spelled(ground.splits.train.values)
    real, other = judged(ground.splits, config.judged)
    texts = {"held-out names": other} | {name: one[0] for name, one in rivals.items()}
    costs: dict[str, Any] = {}
    for name in config.objectives:
        texts[name], costs[name] = trained(name, config, ground)
    embed, make_row, found, rows = embedding_of(), row_maker("text", config), {}, []
    embedded = None if embed is None else embed(real[:TESTED])
    for name, fake in texts.items():
        found[name] = measured(fake, real, seen, embed, embedded)
        found[name] |= {"nats": rivals[name][1]} if name in rivals else {}
        seconds, compiled, count = costs.get(name, (None, None, None))
        rows.append(make_row("unicode-names", name, config.seed, found[name], seconds, compiled, parameters=count))
    pictures = {
        "divergence.png": (curves(found), "The divergence of n-grams from those of held-out names, by their order.")
    }
    write(
        config.output,
        "Text in one step",
        __doc__.split("\n\n")[2],
        tables_of(config, ground, found, texts),
        rows,
        pictures,
    )


def trained(name: str, config: Config, ground: Ground) -> tuple[list[str], tuple[float, float, int]]:
    """Texts of a generator, the seconds it took to train and to compile, and its number of parameters."""
    generator, how = run_of(name, config, ground)
    told = {
        key: value for key, value in dataclasses.asdict(config).items() if key not in ("output", "objectives", "judged")
    }
    done = train(how, jax.random.key(config.seed), config.steps, directory=config.output / "run" / name,
                 config=told | {"objective": name, "data": ground.splits.digest}, chunk=max(1, config.steps // 20),
                 every=max(1, config.steps // 4))  # fmt: skip
    samples = generator.sample(done.state.average, jax.random.key(config.seed + 1), config.judged)
    rows = ground.decode(samples) if samples.shape[1] == CODE else samples
    return spelled(rows), (done.run_seconds, done.compile_seconds, parameter_count(done.state.params))


def kept_by(ground: Ground) -> float:
    """The share of the test part's names that the autoencoder spells as they are."""
    rows = jnp.asarray(ground.splits.test.values, jnp.float32)
    again = zip(spelled(ground.decode(ground.encode(rows))), spelled(rows), strict=True)
    return float(np.mean([one == other for one, other in again]))


def tables_of(config: Config, ground: Ground, found: dict[str, dict[str, float]], texts: dict[str, list[str]]) -> list:
    """The numbers, and fifty strings of each as they come."""
    columns = [name for name in COLUMNS if any(name in metrics for metrics in found.values())]
    lines = [
        [name, *(f"{metrics[key]:.3f}" if key in metrics else "-" for key in columns)]
        for name, metrics in found.items()
    ]
    missing = "" if "minilm" in columns else " MiniLM's package is not installed."
    caption = (
        f"{config.judged} texts of each, learned from {len(ground.splits.train.values)} names of at most {config.length} symbols:"
        f" {config.steps} updates of each one-step generator (the last lines), of {4 * config.batch_size} codes for energy and"
        f" drifting and of {config.batch_size} names for MMD and the critic. Judged beside {config.judged} of those held out;"
        " the held-out names are as many others, both drawn by a fixed generator."
        f" The autoencoder spells {kept_by(ground):.3f} of the names of the test part as they are, from their own codes."
        " Names, words: the share that exist in all of Unicode 14; new names: that exist and were not trained on; novelty: that"
        " were not trained on; distinct: different texts over all; self-BLEU of 500, the lower the more variety; JS:"
        " the Jensen-Shannon divergence of n-grams of symbols, in nats; MiniLM: the test of two samples of 500 in its embedding"
        f" (p from 999 permutations); nats: minus the log-likelihood of a symbol of held-out names.{missing}"
    )
    first = table("Names of characters", caption, ["", *(COLUMNS[name] for name in columns)], lines)
    return [first, *string_tables(texts)]


def main(arguments: Sequence[str] | None = None) -> None:
    command("text", Config, __doc__, prepared, run, arguments)


if __name__ == "__main__":
    ended(main)
