import jax
import numpy as np
import pytest

from benchmarks.cases import CASES
from benchmarks.driver import Limits
from benchmarks.measure import Bench, allowed, errors_of, measured
from benchmarks.peers import PEERS, absent
from benchmarks.problems import Size, problem
from benchmarks.references import Answer
from benchmarks.summary import best_peer, time_table
from igm_jax.objectives import random_directions
from igm_jax.reporting import to_markdown
from tests.benchmarks.odd_worker import ODD

RATES = {"flops": 1e11, "exponentials": 2e9, "roots": 3e9, "sorted": 4e7, "moved": 2e10}
STORY = {"device": "here", "versions": {}, "commit": "c", "date": "today"}
DIRECTIONS = np.eye(2)


def bench(tmp_path, seconds=60.0, worker="benchmarks.worker"):
    return Bench(Limits(seconds, 8.0), 2, 0, 1e-3, tmp_path / "log", RATES, STORY, worker=worker)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """One measurement of everything that can go wrong."""
    odd_bench = bench(tmp_path_factory.mktemp("odd"), 6.0, "tests.benchmarks.odd_worker")
    with pytest.MonkeyPatch.context() as patch:
        for name, peer in ODD.items():
            patch.setitem(PEERS, name, peer)
        rows = measured("mmd", Size(20, 20, 2), list(ODD), DIRECTIONS, odd_bench, lambda now: None)
    return {row.implementation: row for row in rows}


def test_who_agrees_is_timed(odd):
    assert odd["right"].status == "ok"
    assert odd["right"].value_error == 0
    assert odd["right"].seconds is not None
    assert odd["right"].repeats == 2
    assert odd["right"].floor_seconds > 0
    assert odd["right"].commit == "c"


def test_who_disagrees_is_marked_and_no_yardstick(odd):
    assert odd["wrong"].status == "disagrees"
    assert odd["wrong"].value_error == pytest.approx(1)
    assert best_peer(list(odd.values())).implementation == "right"
    assert "disagrees" in to_markdown(time_table(list(odd.values()), "mmd", 2))


@pytest.mark.parametrize(
    ("name", "reason"), [("dying", "SIGKILL"), ("stuck", "no answer in 6 s"), ("late", "FloatingPointError: enough")]
)
def test_a_lost_worker_is_a_row_that_says_why(name, reason, odd):
    assert odd[name].status == "failed"
    assert reason in odd[name].reason
    assert odd[name].seconds is None
    assert reason in to_markdown(time_table(list(odd.values()), "mmd", 2))


PEER_CASES = [(name, case) for name, peer in PEERS.items() for case in peer.steps]
WITH_JAX = [(name, case) for name, case in PEER_CASES if "torch" not in PEERS[name].packages]


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(*pair, marks=pytest.mark.slow if pair[0] == "OTT batched" else ()) for pair in WITH_JAX],
)
def test_implementations_in_jax_agree(name, case):
    chosen = problem(case, Size(40, 40, 2), np.asarray(random_directions(jax.random.key(0), 2, 128)), 0, 1e-3)
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):  # OTT is not strict
        prepared = PEERS[name].steps[case](chosen)
        errors = errors_of(*prepared.read(prepared.step()), CASES[case].reference(chosen))
    assert max(errors) <= allowed(case, 1e-3)


@pytest.mark.parametrize(("name", "case"), [pair for pair in PEER_CASES if pair not in WITH_JAX])
def test_installed_peers_in_torch_agree(name, case, tmp_path):
    if reason := absent(name, gpu=False):
        pytest.skip(reason)
    (row,) = measured(case, Size(64, 64, 3), [name], np.eye(3), bench(tmp_path), lambda now: None)
    assert row.status == "ok", row.reason


def test_errors_are_relative_and_infinite_where_nothing_can_be_said():
    answer = Answer(2.0, np.array([[3.0], [4.0]]))
    assert errors_of(2.2, np.array([[3.0], [4.5]]), answer) == pytest.approx((0.1, 0.1))
    assert errors_of(2.0, np.array([3.0, 4.0]), answer) == (np.inf, np.inf)
    assert errors_of(np.nan, answer.gradient, answer) == (np.inf, np.inf)
