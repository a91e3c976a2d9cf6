"""How the numbers of the summaries are called, shown and read, those of further judges too.

A number in the features of a further judge has the judge's name as a suffix of its key: ``frechet@lite0`` is the Fréchet distance
in the features of Lite0, and ``frechet`` that of the judge that a table is about.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from igm_jax.evaluation.two_sample.n50 import SMALLEST


class Measure(NamedTuple):
    """How a number of the summaries is shown and read.

    Attributes:
        name: its key in the dictionaries.
        label: a column's heading.
        better: ``"lower"``, ``"higher"``, or None where a model should match the floor, not pass it.
        digits: decimals to show.
        limited: whether a whole number is the least or the largest that could be tried: the truth is below or above.
    """

    name: str
    label: str
    better: Literal["lower", "higher"] | None
    digits: int = 3
    limited: bool = False

    def sign(self, values: Iterable[float]) -> str:
        """``"≥ "`` or ``"≤ "`` before the mean of such numbers, where some are at a limit, else nothing.

        Args:
            values: the numbers.

        Returns:
            What to put before their mean.
        """
        whole = {value for value in values if self.limited and float(value).is_integer()}
        return "" if not whole else "≤ " if max(whole) <= SMALLEST else "≥ "


_ALL = (
    Measure("w2", "W2", "lower"),
    Measure("sliced_w2", "sliced W2", "lower"),
    Measure("energy_distance", "energy distance", "lower", 4),
    Measure("mmd2", "MMD²", "lower", 4),
    Measure("mmd_fuse_p", "MMD-FUSE p-value", None),
    Measure("modes", "modes", "higher", 1),
    Measure("high_quality", "high quality", "higher"),
    Measure("reverse_kl", "reverse KL", "lower"),
    Measure("frechet", "Fréchet", "lower"),
    Measure("random_frechet", "Fréchet (random convolutions)", "lower", 4),
    Measure("random_frechet_spread", "± over draws", None, 4),
    Measure("kid", "KID", "lower", 4),
    Measure("kid_error", "± KID", None, 4),
    Measure("precision", "precision", "higher"),
    Measure("recall", "recall", "higher"),
    Measure("density", "density", None),
    Measure("coverage", "coverage", "higher"),
    Measure("c2st", "C2ST accuracy", "lower"),
    Measure("c2st_p", "C2ST p-value", None),
    Measure("n50", "n50", "higher", 0, limited=True),
    Measure("class_reverse_kl", "class reverse KL", "lower"),
    Measure("class_entropy", "class entropy", None),
    Measure("confidence", "confidence", None),
    Measure("memorisation", "memorisation", None),
    Measure("authenticity", "authenticity", None),
)

# Numbers in a judge's features, or of its guesses.
_JUDGED = frozenset(
    ("frechet", "kid", "precision", "recall", "density", "coverage", "c2st", "c2st_p", "n50", "class_reverse_kl",
     "class_entropy", "confidence")
)  # fmt: skip
_NAMES = {"lite0": "Lite0"}
_SHARE = "class_share/"


class _Measures(Mapping[str, Measure]):
    """The measures by name, and by name with a suffix; one goes through those without."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._measures = {measure.name: measure for measure in measures}

    def __getitem__(self, key: str) -> Measure:
        if key.startswith(_SHARE):
            return Measure(key, f"share of {key.removeprefix(_SHARE)}", None)
        name, at, suffix = key.partition("@")
        measure = self._measures[name]
        if at and (name not in _JUDGED or not suffix):
            raise KeyError(key)
        return measure._replace(name=key, label=f"{measure.label} ({_NAMES.get(suffix, suffix)})") if at else measure

    def __iter__(self) -> Iterator[str]:
        return iter(self._measures)

    def __len__(self) -> int:
        return len(self._measures)


MEASURES: Mapping[str, Measure] = _Measures(_ALL)
"""Every number that the summaries and ``experiments.evaluate`` give, by name, in the order of a table. Numbers of further judges
are found by their keys, e.g. ``MEASURES["frechet@lite0"]``, and so are shares of classes."""


def suffixed(name: str, judge: str) -> str:
    """The key of a number of a further judge.

    Args:
        name: of the measure.
        judge: the judge's name.

    Returns:
        The key, with the name in small letters; what is no letter or number becomes one hyphen.

    Raises:
        ValueError: for a name without letters and numbers, of which no key can be made.

    Example:
        >>> from igm_jax.evaluation.measures import suffixed
        >>> suffixed("frechet", "Lite0"), suffixed("recall", "random convolutions 0")
        ('frechet@lite0', 'recall@random-convolutions-0')
    """
    suffix = re.sub(r"[\W_]+", "-", judge.lower()).strip("-")
    if not suffix:
        raise ValueError(f"a judge's name must hold a letter or a number, but is {judge!r}; rename the judge")
    return f"{name}@{suffix}"


def measures_of(names: Iterable[str], judge: str | None = None) -> list[Measure]:
    """How some numbers are shown, in the order of a table: each one's further judges after it, shares of classes last.

    Args:
        names: keys, in any order; those that are no measures are left out.
        judge: the name of the judge of the numbers without a suffix, which their labels then tell.

    Returns:
        The measures.

    Example:
        >>> from igm_jax.evaluation.measures import measures_of
        >>> [measure.label for measure in measures_of(["precision", "frechet@lite0", "frechet"], "classifier")]
        ['Fréchet (classifier)', 'Fréchet (Lite0)', 'precision (classifier)']
    """
    order = {name: place for place, name in enumerate(MEASURES)}
    known = [name for name in dict.fromkeys(names) if name in MEASURES]
    known.sort(key=lambda name: (order.get(name.partition("@")[0], len(order)), "@" in name))
    found = [MEASURES[name] for name in known]
    if judge is None:
        return found
    return [m._replace(label=f"{m.label} ({judge})") if m.name in _JUDGED else m for m in found]
