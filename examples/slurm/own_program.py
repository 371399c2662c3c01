"""Your own program on the Ray cluster of a job: print the nodes at which most walks end."""

from __future__ import annotations

import sys

import dask.array as da

import graphwalk


def main(store: str) -> None:
    walks = graphwalk.random_walks(store, num_walks=10, walk_length=80, seed=1)
    with graphwalk.scheduler.use("ray", address="auto"):
        nodes, counts = da.compute(*da.unique(walks[:, -1], return_counts=True))
    most = nodes[counts.argsort(stable=True)[::-1][:3]]
    print("most walks end at nodes", *most)


if __name__ == "__main__":
    main(sys.argv[1])
