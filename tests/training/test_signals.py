"""Signals during a run: the first is noted, the second is obeyed, and handlers are put back."""

import os
import signal
import threading

import pytest

from igm_jax.training.signals import postponed


@pytest.fixture
def heard():
    """What reaches a handler that was there before."""
    came = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    yield came
    signal.signal(signal.SIGTERM, before)


def test_the_first_signal_is_noted_and_the_second_obeyed(heard, capfd):
    with postponed() as noted:
        assert noted() is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert noted() == signal.SIGTERM
        assert heard == []
        assert "stopping at the end of this chunk" in capfd.readouterr().err
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == [signal.SIGTERM]


def test_handlers_are_put_back_also_after_an_error(heard):
    before = signal.getsignal(signal.SIGTERM)

    def broken():
        with postponed():
            assert signal.getsignal(signal.SIGTERM) is not before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert signal.getsignal(signal.SIGTERM) is before
    os.kill(os.getpid(), signal.SIGTERM)
    assert heard == [signal.SIGTERM]


def test_other_threads_leave_handlers_alone():
    before, found = signal.getsignal(signal.SIGTERM), []

    def work():
        with postponed() as noted:
            found.extend([signal.getsignal(signal.SIGTERM), noted()])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before, None]
