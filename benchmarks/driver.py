"""The parent's side of a worker: ask, wait, and notice when it dies, hangs or takes too much memory."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
POLL = 0.2


class Limits(NamedTuple):
    """What a worker may take."""

    seconds: float = 300.0
    """For one answer."""
    gigabytes: float = 16.0
    """Of resident memory."""


class Lost(Exception):
    """A worker that did not answer as asked; the text says why."""


class Failed(Lost):
    """An error in the implementation: the worker lives and can be asked again."""


class Process:
    """One worker, as a context manager.

    Args:
        log: the file that takes what it prints.
        limits: what it may take.
        module: what it runs.
    """

    def __init__(self, log: Path, limits: Limits, module: str = "benchmarks.worker") -> None:
        self._limits = limits
        # jax takes most of a GPU when it starts, which would leave nothing for the other workers.
        environment = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "2", **os.environ}
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                start_new_session=True,  # Ctrl-C is for the parent, which then ends them in order
            )
        self._buffer = b""

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send a request, a public method of ``benchmarks.worker.Worker`` with its arguments, and wait for its answer.

        Raises:
            Failed: for an error in the implementation.
            Lost: if the worker died, took too long or too much memory; it is ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **request}).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise Lost(self._death()) from error
        answer = json.loads(self._line())
        if not answer.pop("ok"):
            raise Failed(answer["reason"])
        return answer

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + self._limits.seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if selector.select(POLL):
                    more = os.read(self._process.stdout.fileno(), 1 << 16)
                    if not more:
                        raise Lost(self._death())
                    self._buffer += more
                elif time.monotonic() > deadline:
                    self.end()
                    raise Lost(f"no answer in {self._limits.seconds:g} s")
                elif _resident(self.pid) > self._limits.gigabytes:
                    self.end()
                    raise Lost(f"out of memory: more than {self._limits.gigabytes:g} GB")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _death(self) -> str:
        status = self._process.wait()
        self.end()
        if status >= 0:
            return f"died with status {status}"
        name = signal.Signals(-status).name
        return f"killed by {name}" + (", as where memory ran out" if name == "SIGKILL" else "")

    def end(self) -> None:
        """End the worker, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _resident(pid: int) -> float:
    """Resident memory of a process in gigabytes; 0 where it cannot be read."""
    try:
        return (
            int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**30
        )
    except (OSError, IndexError, ValueError):
        return 0.0
