"""Modules run in processes of their own, since the number of virtual devices is fixed at a process's start."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def printed(*commands: list[str], devices: int, timeout: float = 400) -> list:
    """What each module has printed as its last line of JSON; they run side by side, and none is left running.

    Args:
        commands: a module with its arguments, each.
        devices: of every process.
        timeout: seconds for all of them.
    """
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        # Programs for CPUs that come from JAX's cache have forgotten in which order their devices meet (jax 0.10.2): some
        # end in "Termination timeout", others in wrong numbers.
        "JAX_ENABLE_COMPILATION_CACHE": "false",
        "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={devices}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-m", *one], cwd=ROOT, env=environment, **pipes) for one in commands]
    try:
        outputs = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])
