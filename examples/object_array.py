"""An object array of arrays on disk becomes a store, which Ray's workers share."""

from __future__ import annotations

import numpy as np

import graphwalk


def save_rows(path: str, num_nodes: int = 2_000) -> None:
    """Save the neighbours of each node as an object array, which NumPy pickles."""
    rng = np.random.default_rng(0)
    rows = np.empty(num_nodes, object)
    rows[:] = [rng.integers(num_nodes, size=rng.integers(50, 100)) for _ in range(num_nodes)]
    np.save(path, rows, allow_pickle=True)


def main() -> None:
    save_rows("rows.npy")
    # A pickle can run any program, so files of others are not read without this word.
    graph = graphwalk.build_zarr("rows.npy", "rows.zarr", directed=True, allow_pickle=True)
    print(graph)
    walks = graphwalk.random_walks(graph, walk_length=20, seed=1)
    with graphwalk.scheduler.use("ray"):
        result = walks.compute()
    print(f"{result.shape[0]:,} walks on Ray")
    rows = np.load("rows.npy", allow_pickle=True)
    print(f"a step follows a row: {result[0, 1] in rows[0]}")


if __name__ == "__main__":
    main()
