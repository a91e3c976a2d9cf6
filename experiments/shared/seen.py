"""Samples seen through a function of the user's: loaded by its name, tried on a few samples, and measured in its features."""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from igm_jax.evaluation import Measure, frechet_distance, kid, precision_recall

TRIED = 20
"""Samples on which a function is tried before any work."""


class Seen(NamedTuple):
    """A function from samples to features.

    Attributes:
        name: for tables.
        function: ``(n, d) rows -> (n, k) features``, of images ``(n, h, w, c) -> (n, k)``.
        image_shape: (h, w, c) of the images, None for rows.
        option: of the command line that named it, for errors.
    """

    name: str
    function: Callable[[np.ndarray], Any]
    image_shape: tuple[int, int, int] | None = None
    option: str = "--features"

    def features(self, samples: Any) -> np.ndarray:
        """The features of (n, d) samples.

        Raises:
            ValueError: for features that are not one row of finite numbers a sample, or a function that fails.
        """
        rows = np.asarray(samples, np.float32)
        given = rows if self.image_shape is None else rows.reshape(-1, *self.image_shape)
        try:
            found = np.asarray(self.function(given))
        except Exception as error:
            raise ValueError(
                f"the function {self.name} of {self.option} fails for samples of shape {given.shape}"
                f" ({type(error).__name__}: {error}); repair it"
            ) from error
        if found.ndim != 2 or len(found) != len(given) or not found.shape[1] or found.dtype.kind not in "biuf":
            raise ValueError(
                f"the function {self.name} of {self.option} must give one row of numbers a sample, shape ({len(given)}, k), but"
                f" for samples of shape {given.shape} it gave shape {found.shape} of {found.dtype}"
            )
        if not np.isfinite(found := found.astype(np.float64)).all():
            raise ValueError(
                f"the function {self.name} of {self.option} must give finite numbers, but gave NaN or infinity"
            )
        return found

    def check(self, real: Any, fake: Any) -> None:
        """An error, before any work, unless the function gives features of one length for a few samples of both."""
        few = [self.features(samples[:TRIED]).shape[1] for samples in (real, fake)]
        if few[0] != few[1]:
            raise ValueError(
                f"the function {self.name} of {self.option} must give as many numbers for every sample, but gave {few[0]} for"
                f" real and {few[1]} for generated ones"
            )

    def numbers(self, *, real: Any, fake: Any, seed: int) -> dict[str, float]:
        """Fréchet distance, KID, precision and recall in the features."""
        seen = {"real": self.features(real), "fake": self.features(fake)}
        manifold = precision_recall(**seen)
        values = (frechet_distance(**seen), kid(**seen, seed=seed).value, manifold.precision, manifold.recall)
        return {measure.name: value for measure, value in zip(self.measures(), values, strict=True)}

    def beside(self, judge: Callable[..., dict[str, float]], seed: int) -> Callable[..., dict[str, float]]:
        """A judge that gives these numbers, too."""

        def both(*, real: Any, fake: Any) -> dict[str, float]:
            return self.numbers(real=real, fake=fake, seed=seed) | judge(real=real, fake=fake)

        return both

    def measures(self) -> tuple[Measure, ...]:
        """How the numbers are shown, each under the function's name."""
        kinds = (("Fréchet", "lower", 3), ("KID", "lower", 4), ("precision", "higher", 3), ("recall", "higher", 3))
        return tuple(Measure(f"{self.name}:{label.lower()}", f"{label}, {self.name}", better, digits)
                     for label, better, digits in kinds)  # fmt: skip


def seen_through(text: str, image_shape: tuple[int, int, int] | None = None) -> Seen:
    """The function that ``module:function`` names; modules of the current directory come first.

    Args:
        text: e.g. ``"mine:features"``.
        image_shape: (h, w, c) where it is a function of images.

    Raises:
        ValueError: for a text of another form, or a module without such a function.
        ImportError: for a module that cannot be imported.
    """
    module, colon, name = text.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ValueError(f"--features must be module:function, such as mine:features for mine.py, but is {text!r}")
    with _from_here():
        try:
            loaded = importlib.import_module(module)
        except Exception as error:
            raise ImportError(
                f"--features {text}: the module {module} cannot be imported ({type(error).__name__}: {error}); it is looked for"
                f" in {os.getcwd()} first"
            ) from error
    function = getattr(loaded, name, None)
    if not callable(function):
        what = "no function" if function is None else f"a {type(function).__name__}, not a function,"
        raise ValueError(f"--features {text}: the module {module} has {what} of that name; name one that it has")
    return Seen(name, function, image_shape)


@contextlib.contextmanager
def _from_here() -> Iterator[None]:
    sys.path.insert(0, os.getcwd())
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(os.getcwd())
