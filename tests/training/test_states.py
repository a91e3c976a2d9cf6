"""A state on the disk: names and types of its arrays, its size, and errors that say nothing against the files."""

import contextlib
import errno
import gc
import logging
import warnings

import jax
import pytest

from igm_jax.training.states import not_now, quiet, signature, size
from tests.training.test_checkpoints import state_at


def test_signature_and_size():
    state = state_at(0)
    assert signature(state)[".params['w']"] == "float32[3, 2]"
    assert size(state) == 4 + 2 * 24 + 4 + 8 + 2 + 4096


@pytest.mark.parametrize(
    ("error", "now"),
    [
        (PermissionError(errno.EACCES, "no"), True),
        (OSError(errno.EMFILE, "too many"), True),
        (MemoryError(), True),
        (jax.errors.JaxRuntimeError("INVALID_ARGUMENT: Disallowed host-to-device transfer"), True),
        (ValueError("PERMISSION_DENIED: a file"), True),
        (ValueError("NOT_FOUND: a file"), False),
        (OSError(errno.EISDIR, "a directory"), False),
    ],
)
def test_an_error_that_says_nothing_against_the_files(error, now):
    outer = RuntimeError("around it")
    outer.__cause__ = error
    assert not_now(outer) is now


def test_only_what_orbax_says_is_silenced(caplog):
    """What others say meanwhile, by the same loggers, is heard."""
    absl, own = logging.getLogger("absl"), len(logging.getLogger("absl").filters)
    said = {"pathname": "/site-packages/orbax/checkpoint/a.py", "msg": "from orbax", "levelno": logging.ERROR}
    orbax = logging.makeLogRecord({"name": "absl", "levelname": "ERROR", **said})
    caplog.set_level(logging.INFO)
    absl.addHandler(caplog.handler)
    try:
        with quiet(), quiet():
            absl.handle(orbax)
            absl.error("from others")
            logging.getLogger("asyncio").error("from a loop")
            logging.getLogger("asyncio").error(
                "Task was destroyed: <Task coro=<f() running at /lib/orbax/checkpoint/a.py>>"
            )
        assert {record.message for record in caplog.records} == {"from others", "from a loop"}
        absl.handle(orbax)
        assert caplog.records[-1].message == "from orbax"
    finally:
        absl.removeHandler(caplog.handler)
    assert len(absl.filters) == own


def test_what_a_failure_left_waiting_is_not_heard_when_it_is_collected(caplog, monkeypatch):
    loop = logging.getLogger("asyncio")
    monkeypatch.setattr(loop, "filters", [])

    async def waiting():
        """Of orbax by its name."""

    waiting.__qualname__ = "_deserialize_arrays.<locals>._async_deserialize"
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(2):
            with contextlib.suppress(ValueError), quiet():
                raise ValueError("it cannot be read")
        left = waiting()
        del left
        gc.collect()
    loop.error("exception was never retrieved: OCDBT database")
    loop.error("from a loop")
    assert not heard
    assert [record.message for record in caplog.records] == ["from a loop"]
    assert len(loop.filters) == 1
