import pytest

from benchmarks import plan
from benchmarks.problems import Size
from benchmarks.rates import RATES


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in ("energy", "sinkhorn") else pytest.mark.slow) for name in plan.OBJECTIVES],
)
def test_every_objective_can_be_planned(name, capsys, monkeypatch):
    monkeypatch.setattr(plan, "measured_rates", lambda edge: dict.fromkeys(RATES, 1e9))
    words = ["--n", "96", "--m", "64", "--d", "3", "--sample", "32", "--edge", "64"]
    assert plan.main([*words, "--objective", name]) == 0
    printed = capsys.readouterr().out
    for text in (f"{name}, n = 96, m = 64, d = 3", "memory, MB", "expected time, ms", "floor, ms"):
        assert text in printed


def test_memory_holds_at_least_the_arguments_and_the_gradient():
    analysis = plan.analysed(plan.objective_of("energy", 4), Size(256, 128, 4))
    assert analysis.memory_mb * plan.MB >= 4 * 4 * (256 + 128 + 256)
    assert analysis.flops > 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["--n", "0"], "`n` must be at least 1"), (["--n", "4", "--objective", "energi"], "did you mean 'energy'")],
)
def test_wrong_wishes_are_explained(words, expected, capsys):
    assert plan.main(words) == 2
    assert expected in " ".join(capsys.readouterr().err.split())
