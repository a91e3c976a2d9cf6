"""A slice of what ``python -m tests.training.survival`` does in full: nothing is silent, lost or a traceback."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.damage import damaged

pytestmark = pytest.mark.usefixtures("optax_types")


# What orbax leaves behind where a read fails complains when it is collected: here, so that no other test is blamed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("number", "only_flips"), [pytest.param(4, True, marks=pytest.mark.slow), (3, False)])
def test_damage_is_refused_said_or_of_no_effect(number, only_flips):
    told = []
    counts = damaged(number, 0, only_flips, told.append)
    gc.collect()
    assert told == []
    assert counts["refused"] + counts["said"] + counts["unchanged"] == 2 * number


@pytest.mark.slow
def test_a_killed_run_comes_to_the_same_bits():
    """In processes of their own: this one has begun to compute, and may not be copied any more."""
    command = [sys.executable, "-m", "tests.training.survival", "--kills", "5", "--flips", "0", "--damages", "0"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "'differences': 0, 'errors': 0" in done.stdout
