"""Implementations that are not installed."""

from benchmarks.peers import OURS, PEERS, Peer, absent


def test_absent_peers_say_what_is_missing(monkeypatch):
    monkeypatch.setitem(PEERS, "nobody", Peer(("json", "no_such_package"), {}))
    assert absent("nobody", gpu=False) == "no_such_package not installed"
    assert absent(OURS, gpu=False) == ""
    monkeypatch.setitem(PEERS, "nobody", Peer(("json",), {}, gpu_only=True))
    assert absent("nobody", gpu=False) == "needs a GPU"
    assert absent("nobody", gpu=True) == ""
