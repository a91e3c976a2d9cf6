"""The parent's side of a worker, against a worker that is a few lines long."""

import pytest

from benchmarks.driver import Failed, Limits, Lost, Process


def test_a_worker_over_its_memory_is_ended(tmp_path):
    with Process(tmp_path / "log", Limits(60, 1e-6)) as process, pytest.raises(Lost, match="out of memory"):
        process.ask("rates", edge=64)


def test_a_worker_answers_fails_and_answers_again(tmp_path):
    with Process(tmp_path / "log", Limits(60, 8)) as process:
        with pytest.raises(Failed, match="ask to `prepare` a problem first"):
            process.ask("memory")
        assert set(process.ask("rates", edge=64)) == {"rates"}
        process.end()
        with pytest.raises(Lost, match="SIGKILL"):
            process.ask("memory")
