"""How the identities of a family are tested: each is measured, and holds in the sense that it claims."""

import pytest

from experiments.connections import measured

LONG = {
    "slices move along their witness", "Stein", "score difference moves along its witness", "score difference is a gradient",
    "slices of energy", "strict marginals", "Sinkhorn moves along its witness", "mean shift", "a distance is a kernel",
    "the optimal f-GANs", "drifting is no gradient",
}  # fmt: skip
"""Identities that take seconds to compile or to converge."""


def each(identities):
    """A test is run for each of these identities."""
    return pytest.mark.parametrize(
        "identity",
        [
            pytest.param(identity, id=identity.name, marks=[pytest.mark.slow] * (identity.name in LONG))
            for identity in identities
        ],
    )


def assert_holds(identity):
    outcome = measured(identity)
    assert identity.holds(outcome), (outcome.errors, outcome.rate)
