"""Graphs of the Graph500 benchmark's recursive generator (R-MAT), made on one thread at C speed.

D. Chakrabarti, Y. Zhan, C. Faloutsos, "R-MAT: a recursive model for graph mining", SDM 2004;
parameters and vertex shuffle are those of the Graph500 specification.
"""

from __future__ import annotations

import numba
import numpy as np

from graphwalk.kernels.rng import STEP, mix

A, B, C = 0.57, 0.19, 0.19


def rmat_edges(scale: int, edge_factor: int = 16, seed: int = 1) -> np.ndarray:
    """Return the edges of an R-MAT graph with ``2**scale`` nodes, int32 of shape (2, edges)."""
    edges = np.empty((2, edge_factor << scale), np.int32)
    names = np.random.default_rng(seed).permutation(1 << scale).astype(np.int32)
    _fill(scale, np.uint64(seed), names, edges)
    return edges


@numba.njit(cache=True)
def _fill(scale, seed, names, edges):
    for edge in range(edges.shape[1]):
        key = mix(mix(seed * STEP) + np.uint64(edge) * STEP)
        src = dst = 0
        for bit in range(scale):
            share = np.float64(mix(key + np.uint64(bit + 1) * STEP) >> np.uint64(11)) * 2.0**-53
            src = 2 * src + (share >= A + B)
            dst = 2 * dst + (A <= share < A + B or share >= A + B + C)
        edges[0, edge] = names[src]
        edges[1, edge] = names[dst]
