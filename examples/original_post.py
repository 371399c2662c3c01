"""The graph that graphwalk was started for: 150 million nodes with 50 to 100 neighbours each.

As a NumPy object array of arrays it does not fit in memory, `ray.put` rejects it, and padded to
a rectangle it takes 56 GiB. This program generates its rows one by one and writes them to a store:

    python examples/original_post.py --nodes 1_000_000
    python examples/original_post.py --store /data/post.zarr     # the whole graph: 40 GB of disk
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

import graphwalk
from graphwalk.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FEWEST, MOST = 50, 100
NODES = 150_000_000
SLAB = 20_000  # rows generated at a time

#: The limit of Ray for the description of an object's buffers, in bytes.
RAY_LIMIT = 2**31 - 1


def adjacency_rows(num_nodes: int, seed: int = 0) -> Iterator[NDArray[np.int32]]:
    """Yield the neighbours of each node; only a slab of rows is in memory at a time."""
    rng = np.random.default_rng(seed)
    for first in range(0, num_nodes, SLAB):
        lengths = rng.integers(FEWEST, MOST + 1, min(SLAB, num_nodes - first))
        neighbors = rng.integers(0, num_nodes, lengths.sum(), dtype=np.int32)
        ends = np.cumsum(lengths).tolist()
        start = 0
        for end in ends:
            yield neighbors[start:end]
            start = end


def build(num_nodes: int, store: Path, memory: str) -> graphwalk.Graph:
    """Build the store, and print its time and memory."""
    start = perf_counter()
    graph = graphwalk.build_zarr(
        adjacency_rows(num_nodes),
        store,
        num_nodes=num_nodes,
        directed=True,
        memory=memory,
        overwrite=True,
    )
    seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(graph.summary())
    print(
        f"built in {seconds:,.0f} s, {graph.num_edges / seconds / 1e6:.1f} M edges/s; "
        f"this process took {format_size(peak)} of memory at most (memory={memory!r})"
    )
    return graph


def compare_with_ray_put(graph: graphwalk.Graph, rows: int = 20_000) -> None:
    """Put rows into Ray's object store as an array of arrays, and as the arrays of graphwalk."""
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        part = graph.rows(0, min(rows, graph.num_nodes))
        array_of_arrays = np.empty(len(part), object)
        array_of_arrays[:] = [part.row(i) for i in range(len(part))]
        start = perf_counter()
        reference = ray.put(array_of_arrays)
        seconds = (perf_counter() - start) / len(part)
        described = _size(reference) / len(part) - part.neighbors.nbytes / len(part)
        print(f"ray.put of {len(part):,} rows as an object array: {len(part):,} buffers,")
        print(
            f"  {seconds * 1e6:.0f} µs and {described:.0f} bytes of metadata each; for "
            f"{NODES:,} rows {NODES * seconds / 60:.0f} minutes and "
            f"{format_size(round(NODES * described))}, and Ray accepts {format_size(RAY_LIMIT)}:"
        )
        print('  "Total buffer metadata size is bigger than 2147483647"')
        start = perf_counter()
        reference = ray.put((part.offsets, part.neighbors))
        seconds = perf_counter() - start
        print(f"ray.put of the same rows in graphwalk's arrays: 2 buffers, {seconds * 1e3:.1f} ms")
    finally:
        ray.shutdown()


def _size(reference: object) -> int:
    """Return the size of an object in the object store, in bytes."""
    from ray.experimental import get_local_object_locations

    location = get_local_object_locations([reference])[reference]
    return int(location["object_size"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nodes", type=int, default=NODES, help=f"default: {NODES:_}")
    parser.add_argument("--memory", default="8 GiB", help="memory budget of the build")
    parser.add_argument(
        "--store", type=Path, help="path of the store; by default the store is temporary"
    )
    parser.add_argument("--no-ray", action="store_true", help="skip the comparison on Ray")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        graph = build(args.nodes, args.store or Path(folder, "post.zarr"), args.memory)
        if not args.no_ray:
            compare_with_ray_put(graph)


if __name__ == "__main__":
    main()
