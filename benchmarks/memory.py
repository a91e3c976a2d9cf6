"""How much memory a call takes beyond what was held before it."""

import ctypes
import gc
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MB = 1 << 20


def _status(field: str) -> int | None:
    """A field of /proc/self/status in bytes, where there is one."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith(field + ":")]
    return int(found[0][1]) * 1024 if found else None


def _peak_forgotten() -> bool:
    """Set the high-water mark of the resident memory back to what is resident now; whether that can be done here."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _returned() -> None:
    """Give freed memory back to the system, or a call that takes it again would seem to take none."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # not glibc
        return


def _highest() -> int:
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def extra_memory(call: Callable[[], Any]) -> tuple[float, str]:
    """The extra memory of a call, on the device that it runs on.

    Returns:
        Megabytes above what was held before, and how they were measured: the resident set's own high-water mark, or
        (where the system cannot reset that) the process's, which an earlier peak can hide.
    """
    on_device = _device_peak(call)
    if on_device is not None:
        return on_device, "device allocator"
    _returned()
    exact = _peak_forgotten()
    before = _status("VmRSS") or _highest()
    kept = call()
    after = (_status("VmHWM") if exact else None) or _highest()
    del kept
    return max(after - before, 0) / MB, "peak resident" if exact else "ru_maxrss"


def _device_peak(call: Callable[[], Any]) -> float | None:
    """The same by the GPU's allocator; None on a CPU."""
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        return (torch.cuda.max_memory_allocated() - before) / MB
    if jax is not None and jax.default_backend() != "cpu":
        statistics = jax.devices()[0].memory_stats
        before = statistics()["bytes_in_use"]
        call()
        return (statistics()["peak_bytes_in_use"] - before) / MB
    return None
