"""What is wrong with the settings of a study is told before any work, and nothing is written."""

import pytest

from experiments import counting, estimators, failures, tune

WRONG = {
    counting: {
        "--samples 1": "`samples` must be at least 2",
        "--seeds 0": "`seeds` must be at least 1",
        "--epsilon -1": "`epsilon` must be positive",
    },
    estimators: {
        "--repeats 1": "`repeats` must be at least 2",
        "--sizes 64 32": "`sizes` must hold at least one number, ascending",
        "--dims 0": "`dims` must be at least 1",
        "--epsilon -1": "`epsilon` must be positive",
    },
    failures: {
        "--objectives energi": "did you mean 'energy'",
        "--objectives energy energy": "each once",
        "--particles 3000": "at most 2000",
        "--steps 0": "`steps` must be at least 1",
    },
    tune: {
        "--targets rings": "`targets` must be one of",
        "--objectives enrgy": "did you mean 'energy'",
        "--workers 0": "`workers` must be at least 1",
    },
}


@pytest.mark.parametrize(
    ("study", "words"), [pytest.param(s, w, id=f"{s.__name__} {w}") for s, wrong in WRONG.items() for w in wrong]
)
def test_bad_settings_are_told_before_any_work(study, words, tmp_path, monkeypatch, refusal):
    monkeypatch.setattr(study, "run", lambda config: pytest.fail("work began"))
    assert WRONG[study][words] in refusal(study.main, [*words.split(), "--output", str(tmp_path / "results.md")])
    assert list(tmp_path.iterdir()) == []
