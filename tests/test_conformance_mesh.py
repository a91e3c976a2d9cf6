"""Every row of the conformance table over eight devices: value and velocity are those of one device, up to rounding."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import ROWS

ROOT = Path(__file__).parents[1]
# Each takes every second row, as machines have two cores at least.
PROCESSES = 2


@pytest.fixture(scope="module")
def found():
    """Of each row the gaps of value and velocity; nothing is left running, whatever happens."""
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "tests.conformance.mesh_check"]
    processes = [
        subprocess.Popen(
            [*command, str(first), str(PROCESSES)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for first in range(PROCESSES)
    ]  # fmt: skip
    try:
        outputs = [process.communicate(timeout=550) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return {name: gaps for output, _ in outputs for name, gaps in json.loads(output.splitlines()[-1]).items()}


@pytest.mark.parametrize("name", ROWS)
def test_value_and_velocity_are_those_of_one_device(name, found):
    """In double precision, where a sum that misses a pair, or meets one twice, stands out from rounding."""
    value, slope = found[name]
    assert value < 1e-10
    assert slope < 1e-10
