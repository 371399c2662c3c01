"""Walk a graph whose edges are in memory: from arrays of edges to an array of walks."""

from __future__ import annotations

import numpy as np

import graphwalk

NUM_NODES = 50_000
NUM_EDGES = 500_000


def random_edges() -> np.ndarray:
    """Return the edges of a random graph, shape (2, NUM_EDGES)."""
    return np.random.default_rng(0).integers(NUM_NODES, size=(2, NUM_EDGES))


def main() -> None:
    # Without a path, the store is in a temporary folder, which is removed with `graph`.
    graph = graphwalk.build_zarr(random_edges(), num_nodes=NUM_NODES)
    print(graph)
    print(f"node 0 has {len(graph.neighbors(0))} neighbours; the maximum is {graph.degrees.max()}")

    # This is a lazy Dask array. It has read nothing yet.
    walks = graphwalk.random_walks(graph, num_walks=2, walk_length=20, p=2.0, q=0.5, seed=1)
    print(f"{walks.shape[0]:,} walks of {walks.shape[1] - 1} steps, {walks.dtype}")

    # The default scheduler is this process's threads. Row i * num_walks + k is walk k of node i.
    result = walks.compute()
    print(f"the two walks from node 7:\n{result[14:16]}")

    # A walk does not depend on the other walks that are computed with it.
    alone = graphwalk.random_walks(graph, [7], num_walks=2, walk_length=20, p=2.0, q=0.5, seed=1)
    print(f"computed alone, they are the same: {np.array_equal(alone.compute(), result[14:16])}")


if __name__ == "__main__":
    main()
