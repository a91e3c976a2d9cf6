"""Sources: any iterable of batches, gone on with where it can be, and what is wrong with a batch is said with its number."""

import functools
import json
import pickle
from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from igm_jax import Batch
from igm_jax.sources import Source, SourceError, source
from igm_jax.training import training
from tests.training import toys

jax.config.update("jax_numpy_rank_promotion", "raise")


def batches():
    draws = np.random.default_rng(0)
    while True:
        yield draws.normal(size=(4, 2)).astype(np.float32)


def first(stream, number):
    return [next(stream) for _ in range(number)]


class Counting:
    """An iterator with a state of its own, as grain's have."""

    def __init__(self, as_bytes=False):
        self.at, self.as_bytes = 0, as_bytes

    def __iter__(self):
        return self

    def __next__(self):
        self.at += 1
        return np.full((2, 1), self.at, np.float32)

    def get_state(self):
        return json.dumps(self.at).encode() if self.as_bytes else {"at": self.at}

    def set_state(self, state):
        self.at = json.loads(state) if self.as_bytes else state["at"]


class Loader:
    """What can be read again, in another order, as torch's loaders."""

    def __iter__(self):
        return batches()


WAYS = {
    "function": (lambda: source(batches), True),
    "list": (lambda: source([np.full((2, 1), i, np.float32) for i in range(9)]), True),
    "own state": (lambda: source(Counting()), True),
    "own state, bytes": (lambda: source(Counting(True)), True),
    "loader": (lambda: source(Loader()), False),
    "generator": (lambda: source(batches()), False),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_goes_on_where_it_stood(way):
    make, resumes = WAYS[way]
    data = make()
    assert isinstance(data, Source)
    assert data.spec.values.dtype == np.float32
    stream = data.start((0, 1), None)
    first(stream, 3)
    position = data.state()
    assert (position is not None) == resumes
    if resumes:
        expected = first(stream, 2)
        again = make()
        assert again.spec.values.shape == next(stream).values.shape  # which reads a batch that was seen
        for one, other in zip(first(again.start((0, 1), position), 2), expected, strict=True):
            np.testing.assert_array_equal(one.values, other.values)


def test_looking_at_the_shapes_loses_no_batch():
    for make in (lambda: source(batches()), lambda: source(batches)):
        looked, other = make(), make()
        assert looked.spec.values.shape == (4, 2)
        np.testing.assert_array_equal(next(looked.start((0, 1), None)).values, next(other.start((0, 1), None)).values)
    counting = source(Counting())
    assert counting.spec.values.shape == (2, 1)
    assert next(counting.start((0, 1), None)).values[0] == 1


def test_a_source_that_was_read_begins_again_or_says_that_it_cannot():
    counting = source(Counting())
    first(counting.start((0, 1), None), 3)
    assert next(counting.start((0, 1), None)).values[0] == 1
    once = source(batches())
    next(once.start((0, 1), None))
    with pytest.raises(SourceError, match="was read before, and its iterator cannot begin again"):
        once.start((0, 1), None)


def test_types_are_those_of_jax_and_states_those_of_json():
    def wide():
        while True:
            yield Batch(np.zeros((2, 1)), condition=np.arange(2))

    batch = next(source(wide).start((0, 1), None))
    assert (batch.values.dtype, batch.condition.dtype) == (np.float32, np.int32)
    with pytest.raises(ValueError, match="batch 1 of the source holds integers up to 8589934592, beyond int32"):
        source([Batch(np.zeros((1, 1)), condition=np.array([2**33]))]).spec  # noqa: B018
    odd = Counting()
    odd.get_state = lambda: {"at": np.int64(3)}
    data = source(odd)
    data.start((0, 1), None)
    with pytest.raises(SourceError, match="the state of the source must be bytes, or numbers"):
        data.state()


def test_each_process_reads_its_share():
    def of(shard):
        yield from (np.full((2, 1), shard[0] + 10 * shard[1] + i, np.float32) for i in range(3))

    assert [int(next(source(of).start((rank, 2), None)).values[0, 0]) for rank in (0, 1)] == [20, 21]


def test_arguments_with_defaults_are_not_told_who_reads():
    def seeded(seed=7, *, size=3):
        assert seed == 7
        yield np.zeros((size, 1), np.float32)

    for make in (seeded, functools.partial(seeded, seed=7), functools.partial(seeded, 7)):
        assert next(source(make).start((0, 1), None)).values.shape == (3, 1)


def test_what_is_lost_on_the_way_is_told():
    masked = np.ma.masked_array(np.ones((2, 1)), mask=[[False], [True]])
    for given, message in (
        (masked, "is a masked array"),
        (1e9 + np.arange(16.0)[:, None] / 10, "digits"),
        (np.full((2, 1), 1e300), "beyond float32"),
    ):
        with pytest.raises(ValueError, match=message):
            source([given]).spec  # noqa: B018
    assert source([np.ones((2, 1), jnp.bfloat16)]).spec.values.dtype == jnp.bfloat16


def test_transforms_make_batches():
    def pairs():
        yield from ([np.full((2, 3), i, np.uint8), np.array([0, 1])] for i in range(3))

    data = source(pairs, lambda raw: Batch(raw[0].astype(np.float32) / 127.5 - 1, condition=raw[1]))
    batch = next(data.start((0, 1), None))
    np.testing.assert_array_equal(batch.condition, [0, 1])
    assert batch.values.min() == -1


@pytest.mark.parametrize(
    ("given", "transform", "error", "message"),
    [
        ([np.zeros((2, 3), np.uint8)], None, TypeError, "batch 1 of the source holds uint8, but must hold floats"),
        ([(np.zeros((2, 3)), np.zeros(2))], None, TypeError, "batch 1 of the source is a tuple of 2; say which part"),
        ([{"x": np.zeros((2, 3))}], None, TypeError, "batch 1 of the source is a dict of 1; say which part"),
        ([np.zeros(3, np.float32)], None, ValueError, "`batch 1` must hold values"),
        ([np.zeros((2, 3))], lambda raw: Batch(raw, weights=np.array([-1.0, 2])), ValueError, "`weights` of `batch 1`"),
        ([], None, SourceError, "the source ended before batch 1"),
    ],
)
def test_a_batch_that_will_not_do_is_named(given, transform, error, message):
    with pytest.raises(error, match=message):
        source(given, transform).spec  # noqa: B018


def test_what_is_no_source_is_refused():
    with pytest.raises(TypeError, match="must be a function that gives an iterator"):
        unwrap(source)(3)  # what users call, without the tests' own check of types
    with pytest.raises(SourceError, match="gone on with by 'state', but now by 'skip'"):
        source(batches).start((0, 1), b'{"way": "state", "count": 1, "state": {"value": {}}}')


def test_a_run_with_a_source_is_rebuilt_where_it_is_unpickled():
    run = training(toys.generator, toys.moments, toys.still_run().init.args[0].optimizer, source(batches), 4)
    assert run.init.args[0].num_data == 4
    again = pickle.loads(pickle.dumps(source(batches)))
    np.testing.assert_array_equal(
        next(again.start((0, 1), None)).values, next(source(batches).start((0, 1), None)).values
    )
