"""The real-against-real floor: what a metric gives for a perfect model."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from igm_jax import checks
from igm_jax.evaluation import _inputs


def floor(
    metric: Callable[..., Any], real: Any, size: int, seeds: Iterable[int] = range(5), *, fake_size: int | None = None
) -> dict[str, list[float]]:
    """A metric between disjoint random parts of the real data: no model can be expected to do better.

    Between finite samples most metrics are not zero for equal laws, so no number means anything without this one beside it.

    Args:
        metric: called as ``metric(real=, fake=)``; gives a number, a NamedTuple or a dictionary of numbers.
        real: (n, d) real data.
        size: samples in the part that plays the real data, as many as the metric has elsewhere.
        seeds: one random split for each; the spread over them shows how exact the floor is.
        fake_size: samples in the part that plays the fake data; as ``size`` if None.

    Returns:
        For each name of a number its values, one a seed; the name of a plain number is ``"value"``.

    Raises:
        ValueError: if the parts do not fit into the data, or there are no seeds.

    Example:
        >>> import numpy as np
        >>> from igm_jax.evaluation import exact_w2, floor
        >>> real = np.random.default_rng(0).normal(size=(100, 2))
        >>> values = floor(exact_w2, real, size=50, seeds=range(3))["value"]
        >>> len(values), min(values) > 0
        (3, True)
    """
    real = _inputs.samples("real", real)
    size = checks.count("size", size)
    fake_size = checks.count("fake_size", size if fake_size is None else fake_size)
    seeds = list(seeds)
    if not seeds:
        raise ValueError("`seeds` must name at least one seed, but is empty; pass e.g. `range(5)`")
    if size + fake_size > len(real):
        raise ValueError(
            f"disjoint parts of {size} and {fake_size} do not fit into {len(real)} real samples;"
            f" lower `size` to at most {len(real) // 2}, or give more real data"
        )
    rows = []
    for seed in seeds:
        mixed = _inputs.subsample(real, size + fake_size, np.random.default_rng(seed))
        rows.append(_named(metric(real=mixed[:size], fake=mixed[size:])))
    return {name: [row[name] for row in rows] for name in rows[0]}


def _named(result: Any) -> dict[str, float]:
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        result = result._asdict()
    if not isinstance(result, Mapping):
        result = {"value": result}
    return {name: float(value) for name, value in result.items()}
