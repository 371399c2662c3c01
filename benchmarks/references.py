"""References for walks: a lower bound of any such walk, and one walker at a time."""

from __future__ import annotations

import numba
import numpy as np

from graphwalk.kernels.jit import multiply_high, prefetch
from graphwalk.kernels.rng import ACCEPTANCE, ATTEMPT, STEP, mix, walker_key


@numba.njit(nogil=True, cache=True, error_model="numpy")
def floor(row_starts, neighbors, starts, length, in_flight):
    """Make only the two dependent, prefetched accesses of each step.

    The random number is one multiplication, no walk is written, no walk ends.
    """
    node = np.empty(in_flight, np.int64)
    entry = np.empty(in_flight, np.int64)
    state = np.empty(in_flight, np.uint64)
    total = 0
    for first in range(0, len(starts), in_flight):
        flying = min(in_flight, len(starts) - first)
        for i in range(flying):
            node[i] = starts[first + i]
            state[i] = mix(np.uint64(first + i))
            prefetch(row_starts, node[i])
        for _ in range(length):
            for i in range(flying):
                row = np.uint64(node[i])
                begin = np.int64(row_starts[row])
                degree = np.int64(row_starts[row + np.uint64(1)]) - begin
                state[i] += STEP
                draw = (state[i] * ACCEPTANCE) >> np.uint64(32)
                entry[i] = begin + np.int64((draw * np.uint64(degree)) >> np.uint64(32))
                prefetch(neighbors, entry[i])
            for i in range(flying):
                node[i] = np.int64(neighbors[np.uint64(entry[i])])
                prefetch(row_starts, node[i])
        for i in range(flying):
            total += node[i]
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def one_at_a_time(row_starts, neighbors, starts, run, walks):
    """Walk first order, each walker to its end before the next; the same walks as graphwalk's."""
    for i in range(len(starts)):
        node = starts[i]
        key = walker_key(run, node, 0)
        walks[i, 0] = node
        for step in range(1, walks.shape[1]):
            begin = np.int64(row_starts[node])
            degree = np.int64(row_starts[node + 1]) - begin
            if degree == 0:
                walks[i, step:] = -1
                break
            draw = mix(key + np.uint64(step) * STEP)
            node = np.int64(neighbors[begin + np.int64(multiply_high(draw, np.uint64(degree)))])
            walks[i, step] = node


@numba.njit(nogil=True, cache=True, error_model="numpy")
def one_at_a_time_node2vec(row_starts, neighbors, starts, run, accept, walks):
    """Walk by rejection with binary searches, each walker to its end before the next."""
    for i in range(len(starts)):
        node, previous = starts[i], np.int64(-1)
        key = walker_key(run, node, 0)
        walks[i, 0] = node
        for step in range(1, walks.shape[1]):
            begin = np.int64(row_starts[node])
            degree = np.int64(row_starts[node + 1]) - begin
            if degree == 0:
                walks[i, step:] = -1
                break
            counter = key + np.uint64(step) * STEP
            while True:
                entry = begin + np.int64(multiply_high(mix(counter), np.uint64(degree)))
                proposal = np.int64(neighbors[entry])
                if previous < 0:
                    break
                limit = accept[0]
                if proposal != previous:
                    low = np.int64(row_starts[previous])
                    end = high = np.int64(row_starts[previous + 1])
                    while low < high:
                        middle = (low + high) >> 1
                        if neighbors[middle] < proposal:
                            low = middle + 1
                        else:
                            high = middle
                    limit = accept[1] if low < end and neighbors[low] == proposal else accept[2]
                if mix(counter + ACCEPTANCE) < limit:
                    break
                counter += ATTEMPT
            previous, node = node, proposal
            walks[i, step] = node
