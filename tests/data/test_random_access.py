"""Random access as a source: every row once in an epoch, orders that differ, and a position that is one number."""

from inspect import unwrap

import numpy as np
import pytest

from igm_jax import Batch
from igm_jax.data import shuffled
from igm_jax.data.random_access import order
from igm_jax.sources import Source, SourceError

ALONE = (0, 1)


@pytest.mark.parametrize("number", [1, 2, 3, 7, 64, 1000, 4096, 4097])
def test_every_row_comes_once_in_every_epoch(number):
    orders = [order(np.arange(e * number, (e + 1) * number), number, seed=5) for e in range(4)]
    for one in orders:
        np.testing.assert_array_equal(np.sort(one), np.arange(number))
    if number >= 64:
        assert len({one.tobytes() for one in orders}) == 4


def test_orders_are_even_and_neighbours_part():
    """Where a row stands is uniform over epochs, and what stood beside it once rarely does again."""
    number, epochs = 50, 2000
    table = order(np.arange(number * epochs), number, seed=0).reshape(epochs, number)
    places = np.argsort(table, axis=1)
    expected = epochs / number
    for row in (0, 1, 49):
        chi2 = np.sum((np.bincount(places[:, row], minlength=number) - expected) ** 2 / expected)
        assert 15 < chi2 < 100  # 49 degrees of freedom: mean 49, standard deviation 10
    beside = np.mean(np.abs(places[:, 0] - places[:, 1]) == 1)
    assert beside == pytest.approx(2 / number, abs=0.02)


def test_seeds_differ_and_none_is_the_rows_own_order():
    positions = np.arange(200)
    assert (order(positions, 200, seed=0) != order(positions, 200, seed=1)).mean() > 0.9
    np.testing.assert_array_equal(order(np.arange(7), 3, seed=0, shuffle=False), [0, 1, 2, 0, 1, 2, 0])


ROWS = np.arange(23, dtype=np.float32)[:, None]


def taken(stream, count, shard=ALONE, state=None):
    batches = stream.start(shard, state)
    return [next(batches).values.ravel() for _ in range(count)]


def test_it_goes_on_where_a_state_says():
    stream = shuffled(lambda numbers: ROWS[numbers], 23, 4, seed=3)
    assert isinstance(stream, Source)
    whole = taken(stream, 20)
    taken(stream, 9)
    state = stream.state()
    np.testing.assert_array_equal(taken(stream, 11, state=state), whole[9:])


def test_processes_share_every_batch():
    stream = shuffled(lambda numbers: ROWS[numbers], 23, 6, seed=3)
    whole = taken(stream, 5)
    shares = [taken(stream, 5, shard=(process, 3)) for process in range(3)]
    np.testing.assert_array_equal(np.concatenate(shares, axis=1), whole)
    with pytest.raises(SourceError, match="a batch of 6 cannot be shared by 4 processes"):
        taken(stream, 1, shard=(0, 4))


def test_what_belongs_to_a_row_comes_along():
    stream = shuffled(lambda numbers: Batch(ROWS[numbers], condition=numbers.astype(np.int32)), 23, 4)
    batch = next(stream.start(ALONE, None))
    np.testing.assert_array_equal(batch.values[:, 0], batch.condition)
    assert stream.spec.condition.shape == (4,)


def test_ninety_percent_of_a_hundred_gigabytes_is_reached_at_once():
    """A virtual stream: 10¹¹ bytes of rows that are made when they are read; nothing before the place is."""
    asked = []

    def read(numbers):
        asked.append(numbers)
        return (numbers[:, None] % 251 + np.arange(1000)).astype(np.float32)

    stream = shuffled(read, 25_000_000, 256)
    batches = 25_000_000 * 9 // 10 // 256
    state = stream.state().replace(b'"count": 0', f'"count": {batches}'.encode())
    batch = next(stream.start(ALONE, state))
    assert len(asked) == 1
    expected = order(np.arange(batches * 256, (batches + 1) * 256), 25_000_000, 0)
    np.testing.assert_array_equal(asked[0], expected)
    np.testing.assert_array_equal(batch.values[:, 0], expected % 251)


def test_a_state_of_other_data_is_refused():
    state = shuffled(lambda numbers: ROWS[numbers], 23, 4).state()
    for other in (shuffled(lambda n: ROWS[n], 22, 4), shuffled(lambda n: ROWS[n], 23, 4, seed=1)):
        with pytest.raises(SourceError, match=r"begun with another stream .* pass the same data, batch size and seed"):
            other.start(ALONE, state)


def test_wrong_arguments_are_explained():
    with pytest.raises(TypeError, match="`read` must be a function from row numbers to rows, but is ndarray"):
        unwrap(shuffled)(ROWS, 23, 4)
    with pytest.raises(ValueError, match="`number`"):
        shuffled(lambda n: ROWS[n], 0, 4)
