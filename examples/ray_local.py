"""Compute the same walks on this machine's threads and on Ray."""

from __future__ import annotations

import numpy as np
from quickstart import NUM_NODES, random_edges

import graphwalk


def main() -> None:
    graph = graphwalk.build_zarr(random_edges(), num_nodes=NUM_NODES)
    walks = graphwalk.random_walks(graph, num_walks=2, walk_length=20, p=2.0, q=0.5, seed=1)

    on_threads = walks.compute()

    # This starts Ray on this machine; address="auto" joins a cluster. The graph
    # is loaded once per machine, and all workers of a machine share that copy.
    with graphwalk.scheduler.use("ray"):
        on_ray = walks.compute()

    print(f"{on_ray.shape[0]:,} walks on Ray; the first:\n{on_ray[0]}")
    print(f"the same as on threads, bit for bit: {np.array_equal(on_threads, on_ray)}")


if __name__ == "__main__":
    main()
