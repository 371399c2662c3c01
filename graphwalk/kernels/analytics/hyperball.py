"""Sizes of balls around all nodes, estimated from sketches of the sets of nodes in them.

A sketch is a row of registers of HyperLogLog [1]_, of which each keeps the least of what is drawn
for the nodes that fall to it: a number from 0 to 64, half as often each below the one before. The
sketch of a union is the minimum of sketches, so that a ball grows by a step when a node takes the
minimum with its neighbours [2]_.

References
----------
.. [1] P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, "HyperLogLog: the analysis of a near-optimal
   cardinality estimation algorithm", AofA 2007, https://doi.org/10.46298/dmtcs.3545
.. [2] P. Boldi, S. Vigna, "In-core computation of geometric centralities with HyperBall", ICDMW
   2013, https://doi.org/10.1109/ICDMW.2013.10
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.analytics.frontier import SHIFT
from graphwalk.kernels.jit import Int, jit, part_of_kernel, prefetch
from graphwalk.kernels.rng import STEP, mix, seed_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A register that nothing has fallen to.
EMPTY = 64

#: Entries whose sketch is fetched ahead of use.
_AHEAD = 8


@jit
def draw_registers(registers: NDArray[np.uint8], width: int, seed: Int) -> None:
    """Write the sketch of each node alone: `width` registers, a power of two."""
    key = seed_key(seed)
    for node in range(len(registers) // width):
        bits = mix(key + np.uint64(node) * STEP)
        register = np.int64(bits & np.uint64(width - 1))
        rest = bits // np.uint64(width)
        zeros = 0
        while zeros < EMPTY - 1 and not rest & np.uint64(1):
            rest >>= np.uint64(1)
            zeros += 1
        for other in range(width):
            registers[node * width + other] = EMPTY
        registers[node * width + register] = EMPTY - 1 - zeros


@jit
def grow_balls(
    before: NDArray[np.uint8],
    width: int,
    first: int,
    row_starts: NDArray[Any],
    neighbors: NDArray[Any],
    flags: NDArray[np.uint8],
    after: NDArray[np.uint8],
    fallen: NDArray[np.uint8],
    fallen_blocks: NDArray[np.uint8],
) -> None:
    """Lower the registers of each row's node to those of its neighbours in a set.

    Parameters
    ----------
    before, after : ndarray of uint8, shape (nodes * width,)
        Registers of each node: what is read, and what is written; they are equal at first.
    width : int
        Registers of a node.
    first : int
        The node of the first row.
    row_starts : ndarray of int64, shape (rows + 1,)
        Where each row begins in `neighbors`. Rows are whole.
    neighbors : ndarray of int32 or int64
        Their entries.
    flags : ndarray of uint8, shape (nodes,)
        The set: nodes whose registers fell in the pass before.
    fallen, fallen_blocks : ndarray of uint8
        Where nodes are noted whose registers fall.
    """
    last = len(neighbors) - _AHEAD
    for i in range(len(row_starts) - 1):
        start = (first + i) * width
        own = after[start : start + width]
        for entry in range(row_starts[i], row_starts[i + 1]):
            if entry < last and flags[neighbors[entry + _AHEAD]]:
                prefetch(before, neighbors[entry + _AHEAD] * np.int64(width))
            if flags[neighbors[entry]]:
                other = neighbors[entry] * np.int64(width)
                # Nothing else in this loop, so that it becomes vector instructions.
                theirs = before[other : other + width]
                for register in range(width):
                    own[register] = min(own[register], theirs[register])
        for register in range(start, start + width):
            if after[register] != before[register]:
                fallen[first + i] = 1
                fallen_blocks[(first + i) >> SHIFT] = 1
                break


@part_of_kernel
def _estimate(registers: NDArray[np.uint8], start: Int, width: Int) -> float:
    """Return how many different nodes a sketch has seen, about."""
    total, empty = 0.0, 0
    for register in range(start, start + width):
        # Two to the power of the register minus EMPTY, by the exponent of a float64.
        total += np.int64((np.int64(registers[register]) + (1023 - EMPTY)) << 52).view(np.float64)
        empty += registers[register] == EMPTY
    size = 0.7213 / (1.0 + 1.079 / width) * width * width / total
    if size <= 2.5 * width and empty:
        return float(width * np.log(width / empty))
    return float(size)


@jit
def measure_balls(
    after: NDArray[np.uint8],
    before: NDArray[np.uint8],
    width: int,
    distance: int,
    flags: NDArray[np.uint8],
    blocks: NDArray[np.uint8],
    sizes: NDArray[np.float64],
    centrality: NDArray[np.float64],
) -> None:
    """Estimate the balls of nodes in a set, and add what came in at a distance to centralities.

    Parameters
    ----------
    after, before : ndarray of uint8, shape (nodes * width,)
        Registers of each node; `before` becomes equal to `after`.
    width : int
        Registers of a node.
    distance : int
        Radius of the balls. At 0, nothing is added.
    flags, blocks : ndarray of uint8
        The set.
    sizes, centrality : ndarray of float64, shape (nodes,)
        Size of the ball of each node, and the sum of the inverse distances of nodes in it.
    """
    for block in range(len(blocks)):
        if not blocks[block]:
            continue
        for node in range(block << SHIFT, min(len(flags), (block + 1) << SHIFT)):
            if not flags[node]:
                continue
            start = node * width
            for register in range(start, start + width):
                before[register] = after[register]
            size = _estimate(after, start, width)
            if distance:
                centrality[node] += (size - sizes[node]) / distance
            sizes[node] = size
