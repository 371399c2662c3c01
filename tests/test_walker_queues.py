"""Walkers that wait: all of them are there, where they belong, and once."""

import numpy as np
import pytest

from graphwalk.kernels.walk.steps import walker_dtype
from graphwalk.scheduler.engine.walker_queues import WalkerQueues
from graphwalk.scheduler.engine.walker_records import Sorter

BOUNDS = np.array([0, 10, 10, 500, 501, 1000])


@pytest.mark.parametrize("node", [np.int32, np.int64])
@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("number", [1, 100, 5000])
def test_walkers_come_and_go(node, second_order, number):
    rng = np.random.default_rng(number)
    dtype = walker_dtype(np.dtype(node), second_order=second_order)
    walkers = rng.integers(0, 256, number * dtype.itemsize, np.uint8).view(dtype)
    walkers["position"] = np.arange(number)
    walkers["node"] = rng.integers(0, 1000, number)
    queues = WalkerQueues(dtype, number, Sorter(BOUNDS))
    queues.put(walkers, walkers["node"])
    # Rounds enough to run out of pages, were any lost.
    for turn in range(200):
        partition = turn % 5
        there = np.searchsorted(BOUNDS, walkers["node"], "right") - 1 == partition
        assert queues.waiting(partition) == there.sum()
        taken = 0
        for some in queues.take(partition, 64):
            where = some["position"].copy()
            assert there[where].all()
            assert (some == walkers[where]).all()
            taken += len(some)
            walkers["node"][where] = rng.integers(0, 1000, len(some))
            moved = walkers[where]
            queues.put(moved, moved["node"].astype(np.int64))
            there[where] = False
        assert not there.any()
        assert queues.left()


def test_all_gone():
    dtype = walker_dtype(np.dtype(np.int32), second_order=False)
    queues = WalkerQueues(dtype, 3, Sorter(BOUNDS))
    assert not queues.left()
    walkers = np.array([(7, 700), (8, 800), (9, 5)], dtype)
    queues.put(walkers, walkers["node"])
    assert [queues.waiting(k) for k in range(5)] == [1, 0, 0, 0, 2]
    for partition in (0, 4):
        assert queues.left()
        list(queues.take(partition, 1))
    assert not queues.left()
    assert list(queues.take(4, 1)) == []
