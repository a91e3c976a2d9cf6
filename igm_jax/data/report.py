"""What a reader read, what it left out and why, and how it split the rest."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from igm_jax.files import shown

MOST_NAMES = 3
"""How many names a line shows before it says how many more there are."""

MOST_KEPT = 100
"""How many names of what was left out, for each reason, and how many shapes are kept as JSON."""


class Report(NamedTuple):
    """What was read of somebody's files.

    Attributes:
        source: where it lies.
        number: how many samples there are.
        what: what they are called: "images" or "rows".
        shapes: how many samples had which shape in the files, e.g. {"28 × 28 × 1": 100}.
        dtype: NumPy's name of the type of the values in the files.
        found: the least and the greatest value there; None where it was not looked for.
        scaled: a sentence that says how the model's units come from the data's own.
        classes: how many samples each class has; empty where there are no labels.
        duplicates: how many samples are exact copies of another, by their content.
        skipped: the names of what was left out, by the reason.
        notes: sentences on what a reader should know.
        sizes: how many samples each part has.
        digest: SHA-256 of all samples, labels and conditions in the order of the parts.

    Example:
        >>> from igm_jax.data import Report
        >>> report = Report("cats", 50, "images", {"8 × 8 × 1": 50}, "uint8", skipped={"damaged": ("a.png", "b.png")})
        >>> print("\\n".join(report.lines()))
        50 images from cats
          shapes: 8 × 8 × 1 (50)
          values: uint8
          left out, 2 damaged: a.png, b.png
    """

    source: str
    number: int
    what: str = "samples"
    shapes: Mapping[str, int] = {}
    dtype: str = ""
    found: tuple[float, float] | None = None
    scaled: str = ""
    classes: Mapping[str, int] = {}
    duplicates: int = 0
    skipped: Mapping[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
    sizes: Mapping[str, int] = {}
    digest: str = ""

    def lines(self) -> list[str]:
        """Short lines for a terminal; long lists are cut, and what would steer the terminal is escaped."""
        found = "" if self.found is None else f" from {self.found[0]:g} to {self.found[1]:g}"
        lines = [f"{self.number} {self.what} from {self.source}"]
        lines += [f"shapes: {listed(_counted(self.shapes))}"] if self.shapes else []
        lines += [f"values: {self.dtype}{found}"] if self.dtype else []
        lines += [self.scaled] if self.scaled else []
        lines += [f"classes: {listed((f'{name} {n}' for name, n in self.classes.items()), 10)}"] if self.classes else []
        lines += [f"exact copies of others: {self.duplicates}"] if self.duplicates else []
        lines += [f"left out, {len(names)} {reason}: {listed(names)}" for reason, names in self.skipped.items()]
        lines += [f"note: {note}" for note in self.notes]
        lines += [f"parts: {', '.join(f'{name} {n}' for name, n in self.sizes.items())}"] if self.sizes else []
        lines += [f"digest: {self.digest}"] if self.digest else []
        return [readable(f"{'  ' if number else ''}{line}") for number, line in enumerate(lines)]

    def plain(self) -> dict[str, Any]:
        """The same as JSON takes it, with the first 100 names for each reason to leave something out, and 100 shapes."""
        skipped = {
            readable(reason): {"number": len(names), "names": [readable(name) for name in names[:MOST_KEPT]]}
            for reason, names in self.skipped.items()
        }
        return {
            **self._asdict(),
            "source": readable(self.source),
            "shapes": dict(_frequent(self.shapes)[:MOST_KEPT]),
            "found": None if self.found is None else list(self.found),
            "classes": {readable(name): number for name, number in self.classes.items()},
            "skipped": skipped,
            "notes": [readable(note) for note in self.notes],
            "sizes": dict(self.sizes),
        }


class Kept(NamedTuple):
    """A report that was kept as JSON.

    Attributes:
        said: its lines.
        whole: all of it.
    """

    said: tuple[str, ...]
    whole: dict[str, Any]

    def lines(self) -> list[str]:
        """Short lines for a terminal."""
        return list(self.said)

    def plain(self) -> dict[str, Any]:
        """The same as JSON takes it."""
        return self.whole


def _counted(numbers: Mapping[str, int]) -> Iterable[str]:
    """Names with their numbers, the most frequent first."""
    return (f"{name} ({number})" for name, number in _frequent(numbers))


def _frequent(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(numbers.items(), key=lambda item: (-item[1], item[0]))


def listed(names: Iterable[str], most: int = MOST_NAMES) -> str:
    """Names in a line, cut where there are many.

    Args:
        names: the names.
        most: how many are shown.

    Returns:
        The names with commas between them, and how many more there are.

    Example:
        >>> from igm_jax.data.report import listed
        >>> listed("abcde")
        'a, b, c and 2 more'
    """
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def readable(text: str) -> str:
    """A text that cannot steer a terminal: control characters, and bytes that are no text, as escapes.

    Args:
        text: e.g. the name of a file.

    Returns:
        The text in one line.

    Example:
        >>> from igm_jax.data.report import readable
        >>> print(readable("a" + chr(27) + "[2J.png"))
        a\\x1b[2J.png
    """
    return "".join(
        letter if letter.isprintable() or letter == " " else letter.encode("unicode_escape").decode()
        for letter in shown(text)
    )
