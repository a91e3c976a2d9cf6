"""The benchmark of metrics: what it prints, and the bound on time and memory that density and coverage keep."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.metrics import main

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_prints_value_time_and_memory(tmp_path, capsys):
    main(["--n", "60", "--d", "3", "--output", str(tmp_path / "metrics.json")])
    line = json.loads(capsys.readouterr().out)
    assert line == json.loads((tmp_path / "metrics.json").read_text())
    assert line["density"] == pytest.approx(1, abs=0.4)
    assert line["seconds"] > 0
    with pytest.raises(SystemExit):
        main(["--n", "5"])
    assert "`n` must be at least 20" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "duplicates", "clusters"])
def test_ten_thousand_samples_of_a_thousand_features(kind):
    """20 s and 500 MB on two cores; three times the time is allowed, where others use the machine."""
    command = [sys.executable, "-m", "benchmarks.metrics", "--kind", kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    found = json.loads(done.stdout)
    assert found["seconds"] < 60
    assert found["extra_mb"] < 500
