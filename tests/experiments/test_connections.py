"""Every identity between the objectives holds, in the sense that it claims."""

import numpy as np
import pytest

from experiments.connections import main, measured
from experiments.identities import IDENTITIES, MEANING, Identity, Outcome
from igm_jax.reporting import read_jsonl

LONG = {
    "slices move along their witness", "Stein", "score difference moves along its witness", "score difference is a gradient",
    "slices of energy", "strict marginals", "Sinkhorn moves along its witness", "mean shift", "a distance is a kernel",
    "the optimal f-GANs", "drifting is no gradient",
}  # fmt: skip
"""Identities that take seconds to compile or to converge."""


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(identity, id=identity.name, marks=[pytest.mark.slow] * (identity.name in LONG))
        for identity in IDENTITIES
    ],
)
def test_identity(identity):
    outcome = measured(identity)
    assert identity.holds(outcome), (outcome.errors, outcome.rate)


def test_names_and_kinds():
    assert len({identity.name for identity in IDENTITIES}) == len(IDENTITIES)
    assert {identity.kind for identity in IDENTITIES} <= set(MEANING)
    assert all((identity.rate is not None) == (identity.kind == "limit") for identity in IDENTITIES)


def test_a_rate_is_the_slope_in_logarithms_and_a_wrong_one_is_seen():
    at = (1.0, 2.0, 4.0)
    outcome = Outcome(tuple(3 / t**2 for t in at), at)
    np.testing.assert_allclose(outcome.rate, -2)
    claim = Identity("a", ("x", "y"), "", "", "limit", lambda: outcome, rate=-2.0)
    assert claim.holds(outcome)
    assert not claim._replace(rate=-1.5).holds(outcome)
    assert not claim._replace(rate=None, bound=0.1).holds(outcome)
    assert claim._replace(rate=None, kind="denied", bound=0.1).holds(outcome)
    assert not claim.holds(Outcome((float("nan"),) * 3, at))


def test_the_command_writes_table_rows_map_and_page(tmp_path, capsys):
    page = tmp_path / "docs" / "page.md"
    assert main(["--only", "Cramér", "Jeffrey", "--output", str(tmp_path / "out"), "--page", str(page)]) == 0
    rows = read_jsonl(tmp_path / "out" / "connections.jsonl")
    assert [(row["target"], row["holds"]) for row in rows] == [("Cramér", True), ("Jeffrey", True)]
    assert {"commit", "versions", "device", "config"} <= set(rows[0])
    assert "](page.png)" in page.read_text()
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main(["--only", "Cramer"]) == 2
    assert "Cramér" in capsys.readouterr().err
