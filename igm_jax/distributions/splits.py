"""A data set as a project needs it: split once and for all, in the model's units, with the way back to its own."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from igm_jax import checks
from igm_jax.distributions.base import Distribution, dataset

PARTS = ("train", "validation", "test")


class Scaling(NamedTuple):
    """From a data set's own units to the model's, and back: ``x = (v - offset) / unit``.

    Attributes:
        offset: what becomes 0: a number, or (d,) numbers, one of each feature.
        unit: what becomes a step of 1, positive: a number, or (d,) numbers.
        low: the least own value, where there is a range: what is undone stays within it. None for no range.
        high: the greatest own value, likewise.
        dtype: NumPy's name of the type of the own values; integers are rounded to when undone.

    Example:
        >>> import numpy as np
        >>> from igm_jax.distributions.splits import Scaling
        >>> pixels = Scaling.of_range(0, 255, "uint8")
        >>> pixels.scaled(np.array([0, 255])).tolist(), pixels.undone([-2.0, 0.0, 1.0]).tolist()
        ([-1.0, 1.0], [0, 128, 255])
    """

    offset: Any = 0.0
    unit: Any = 1.0
    low: float | None = None
    high: float | None = None
    dtype: str = "float32"

    @classmethod
    def of_range(cls, low: float, high: float, dtype: str = "float32") -> "Scaling":
        """The scaling that takes [low, high] to [-1, 1]; a range of one value keeps its unit."""
        unit = (high - low) / 2 or 1.0
        return cls((low + high) / 2, unit, low, high, dtype)

    def scaled(self, values: Any) -> np.ndarray:
        """(n, d) own values in the model's units, as float32."""
        return ((np.asarray(values, np.float64) - self.offset) / self.unit).astype(np.float32)

    def undone(self, values: Any) -> np.ndarray:
        """(n, d) values of the model in the data's own units and type, within the data's range if there is one."""
        own = np.asarray(values, np.float64) * self.unit + self.offset
        if self.low is not None:
            own = np.clip(own, self.low, self.high)
        kind = np.dtype(self.dtype)
        return (np.rint(own) if kind.kind in "iub" else own).astype(kind)


class Part(NamedTuple):
    """One part of a data set.

    Attributes:
        values: (n, d) numbers in the model's units, one sample a row.
        labels: (n,) integers, the class of each; None where there are none.
        condition: (n, k) numbers that each sample was drawn under, in the model's units; None where there are none.
        observed: (n, d) booleans, False where a value is missing; None where all are there.
    """

    values: Any
    labels: Any = None
    condition: Any = None
    observed: Any = None


class Splits(NamedTuple):
    """A data set, split once and for all.

    Attributes:
        train: what generators learn from.
        validation: what settings are chosen on.
        test: what results are reported on.
        image_shape: (h, w, c), for networks that fold the rows back; None for what is no image.
        name: a short name for tables.
        label_names: what the labels 0, 1, ... mean.
        credit: whose data they are and under which licence: a line to print where they are shown.
        scaling: from the data's own units to the model's, and back.
        columns: what the features of a table are called.
        condition_names: what the features of a condition are called.
        digest: SHA-256 of all that is in it, by which a run knows its data; None where the code alone says so.
        report: what was read, and what was not (``igm_jax.data.Report``); None for what is made by code.
        condition_scaling: from a condition's own units to the model's, and back.
    """

    train: Part
    validation: Part
    test: Part
    image_shape: tuple[int, int, int] | None
    name: str
    label_names: tuple[str, ...] = ()
    credit: str = ""
    scaling: Scaling = Scaling()
    columns: tuple[str, ...] = ()
    condition_names: tuple[str, ...] = ()
    digest: str | None = None
    report: Any = None
    condition_scaling: Scaling = Scaling()

    def target(self, part: str = "train", *, conditional: bool = False) -> Distribution:
        """One part as a distribution to draw from, its rows with replacement.

        Args:
            part: "train", "validation" or "test".
            conditional: whether what the rows were drawn under (their condition, else their labels) comes with them, in a
                ``Batch``.

        Returns:
            The distribution; what is missing in the data is masked in its draws.

        Raises:
            ValueError: for a part of another name, or a condition that the data do not have.

        Example:
            >>> import jax
            >>> from igm_jax.distributions import digits
            >>> batch = digits().target(conditional=True)(jax.random.key(0), 5)
            >>> batch.values.shape, batch.condition.shape
            ((5, 64), (5,))
        """
        checks.choice("part", part, PARTS)
        rows: Part = getattr(self, part)
        condition = rows.condition if rows.condition is not None else rows.labels
        if conditional and condition is None:
            raise ValueError(
                f"{self.name} has neither labels nor conditions; name the columns of the condition, or put the images of each"
                " class in a folder of their own"
            )
        name = self.name if part == "train" else f"{self.name}, {'held out' if part == 'validation' else part}"
        return dataset(rows.values, name, condition=condition if conditional else None, observed=rows.observed)

    def undone(self, values: Any) -> np.ndarray:
        """Samples in the data's own units, type and shape: (n, h, w, c) images, or (n, d) rows.

        Args:
            values: (n, d) samples in the model's units.

        Example:
            >>> from igm_jax.distributions import digits
            >>> data = digits()
            >>> images = data.undone(data.train.values[:3])
            >>> images.shape, images.dtype, int(images.max())
            ((3, 8, 8, 1), dtype('uint8'), 16)
        """
        own = self.scaling.undone(jnp.asarray(values))
        return own if self.image_shape is None else own.reshape(-1, *self.image_shape)
