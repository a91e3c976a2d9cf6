"""What is said of texts, and shown of them: numbers beside held-out ones, strings as they come, a curve of divergences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.shared.study import table
from igm_jax.data import character_names, spelled
from igm_jax.distributions import Splits
from igm_jax.evaluation import (
    minilm,
    mmd_permutation_test,
    ngram_divergence,
    novelty,
    self_bleu,
    valid_share,
    word_share,
)
from igm_jax.reporting.tables import Table

SHOWN, ACROSS, TESTED, ORDERS = 50, 5, 500, (1, 2, 3, 4)
"""Strings that are shown, how many in a line; texts for the test of two samples; orders of n-grams."""

COLUMNS = {
    "valid": "names", "new_valid": "new names", "words": "words", "novelty": "novelty", "distinct": "distinct",
    "self_bleu": "self-BLEU", "js1": "JS 1", "js2": "JS 2", "js3": "JS 3", "js4": "JS 4", "minilm": "MiniLM, MMD²",
    "minilm_p": "p", "nats": "nats",
}  # fmt: skip


def embedding_of() -> Callable[[Any], np.ndarray] | None:
    """MiniLM, where its package is installed."""
    try:
        return minilm()
    except FileNotFoundError:
        return None


def judged(splits: Splits, number: int) -> tuple[list[str], list[str]]:
    """So many texts of the test part and as many of validation, in the order in which a fixed generator draws them.

    The parts keep the order of the characters: the first of them would be names of a few scripts, and no sample of all.
    """
    rng = np.random.default_rng(0)
    real, other = (spelled(rng.permutation(part.values)[:number]) for part in (splits.test, splits.validation))
    return real, other


def measured(
    fake: list[str], real: list[str], train_names: list[str], embed: Any = None, seen: Any = None
) -> dict[str, float]:
    """All that is said of texts beside as many held-out names; ``seen`` is what ``embed`` says of these, if known."""
    known = character_names()
    found = {
        "valid": valid_share(known=known, fake=fake),
        "new_valid": valid_share(known=set(known) - set(train_names), fake=fake),
        "words": word_share(known=known, fake=fake),
        "novelty": novelty(train=train_names, fake=fake),
        "distinct": len(set(fake)) / len(fake),
        "self_bleu": self_bleu(fake[:TESTED]),
    } | {f"js{n}": ngram_divergence(real=real, fake=fake, order=n) for n in ORDERS}
    if embed is not None:
        test = mmd_permutation_test(
            real=embed(real[:TESTED]) if seen is None else seen, fake=embed(fake[:TESTED]), num_permutations=999
        )
        found |= {"minilm": test.statistic, "minilm_p": test.p_value}
    return found


def string_tables(texts: Mapping[str, Sequence[str]]) -> list[Table]:
    """Fifty strings of each as they come, a table each."""
    tables = []
    for name, some in texts.items():
        shown = [text.replace(" ", "␣") if text != text.strip() else text or "∅" for text in some[:SHOWN]]
        grid = [shown[i : i + ACROSS] for i in range(0, len(shown), ACROSS)]
        told = (
            f"The first {len(shown)}, as they come; ∅ is an empty one, and ␣ a space where one begins or ends with it."
        )
        tables.append(
            table(f"Strings: {name}", told, [""] * ACROSS, [row + [""] * (ACROSS - len(row)) for row in grid])
        )
    return tables


def curves(found: dict[str, dict[str, float]]) -> bytes:
    """The divergence of n-grams against their order, a line for each model."""
    from igm_jax.reporting.curves import Curves, training_curves
    from igm_jax.reporting.figures import png

    lines = {name: Curves(np.array(ORDERS), {"js": np.array([[metrics[f"js{n}"] for n in ORDERS]])})
             for name, metrics in found.items()}  # fmt: skip
    return png(training_curves(lines, {"js": "Jensen-Shannon, nats"}, xlabel="symbols of the n-grams"))
