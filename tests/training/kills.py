"""A run that is killed at random moments comes to the bits of one that nobody disturbed."""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import jax

from igm_jax.training import train
from tests.training.damage import MORE, OPTIONS, run_of, told


def in_child(do: Callable[[], None], errors: Path, limit: float = 120.0) -> int | None:
    """Do something in a copy of this process, before JAX has begun in it; None if it was killed after ``limit`` seconds."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with errors.open("ab") as file:
                os.dup2(file.fileno(), 2)
            do()
            status = 0
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(status)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def killed(number: int, seed: int = 0) -> Counter:
    """Kill a run at random moments, ``number`` times in all, and count differences from an undisturbed one."""
    rng, counts = random.Random(seed), Counter(kills=0, runs=0, differences=0, errors=0)
    with tempfile.TemporaryDirectory() as folder:
        errors, found = Path(folder, "errors"), Path(folder, "found.json")

        def go_on(directory: Path) -> None:
            train(run_of(), jax.random.key(0), MORE, directory=directory, **OPTIONS)
            found.write_text(json.dumps(told(directory)), encoding="utf-8")

        in_child(lambda: go_on(Path(folder, "first")), errors)  # which compiles
        begin = time.monotonic()
        in_child(lambda: go_on(Path(folder, "whole")), errors)
        seconds, whole = time.monotonic() - begin, found.read_text(encoding="utf-8")
        while counts["kills"] < number:
            counts["runs"] += 1
            directory = Path(folder, f"run{counts['runs']}")
            while (status := in_child(lambda d=directory: go_on(d), errors, rng.uniform(0.2, 1.0) * seconds)) is None:
                counts["kills"] += 1
                if counts["kills"] >= number:
                    status = in_child(lambda d=directory: go_on(d), errors)
                    break
            counts["errors"] += status != 0
            counts["differences"] += found.read_text(encoding="utf-8") != whole
            shutil.rmtree(directory)
        if counts["errors"]:
            print(errors.read_text(encoding="utf-8", errors="replace")[-3000:], file=sys.stderr)
    return counts
