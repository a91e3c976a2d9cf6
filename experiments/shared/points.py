"""Everything about samples of which nothing more is known: numbers, the distances that objectives minimise among them."""

from collections.abc import Callable
from typing import Any

from igm_jax.evaluation import (
    authenticity,
    energy_permutation_test,
    evaluate_2d,
    frechet_distance,
    memorisation_ratio,
    mmd_fuse_test,
    mmd_permutation_test,
    sliced_w2,
)

PERMUTATIONS = 999


def points(*, real: Any, fake: Any, train: Any, seed: int) -> dict[str, float]:
    """All numbers of (n, d) samples; with training data also how much of them was remembered."""
    numbers = evaluate_2d(real=real, fake=fake, seed=seed)
    numbers["sliced_w2"] = sliced_w2(real=real, fake=fake, seed=seed)
    numbers["frechet"] = frechet_distance(real=real, fake=fake)
    numbers |= distances(real=real, fake=fake, seed=seed)
    if train is not None:
        numbers["memorisation"] = memorisation_ratio(train=train, test=real, fake=fake)
        numbers["authenticity"] = authenticity(train=train, fake=fake)
    return numbers


def distances(*, real: Any, fake: Any, seed: int) -> dict[str, float]:
    """What some objectives minimise, which is no judge of theirs, and whether chance explains the difference."""
    given = {"real": real, "fake": fake, "seed": seed}
    return {
        "energy_distance": energy_permutation_test(**given, num_permutations=1).statistic,
        "mmd2": mmd_permutation_test(**given, num_permutations=1).statistic,
        "mmd_fuse_p": mmd_fuse_test(**given, num_permutations=PERMUTATIONS).p_value,
    }


def with_distances(judge: Callable[..., dict[str, float]], seed: int) -> Callable[..., dict[str, float]]:
    """A judge that tells ``distances``, too."""

    def both(*, real: Any, fake: Any) -> dict[str, float]:
        return judge(real=real, fake=fake) | distances(real=real, fake=fake, seed=seed)

    return both
