"""The graph that graphwalk began with: 150 million nodes with 50 to 100 neighbours each.

As a NumPy object array of arrays it does not fit into memory, `ray.put` refuses it, and padded to
a rectangle it takes 56 GiB. Here its rows are made up one by one, and go into a store as they come:

    python examples/original_post.py --nodes 1_000_000
    python examples/original_post.py --store /data/post.zarr     # all of it: about 40 GB of disk
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
SLAB = 20_000  # rows made up at a time

#: What Ray takes at most to describe the buffers of one object.
RAY_LIMIT = 2**31 - 1


def adjacency_rows(num_nodes: int, seed: int = 0) -> Iterator[NDArray[np.int32]]:
    """Yield each node's neighbours, which exist only as long as somebody looks at them."""
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
    """Build the store, and print what it took."""
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
        f"this process took {format_size(peak)} of memory at most, of which memory={memory!r}"
    )
    return graph


def compare_with_ray_put(graph: graphwalk.Graph, rows: int = 20_000) -> None:
    """Put rows into Ray's object store both ways: as an array of arrays, and as graphwalk does."""
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
            f"  {seconds * 1e6:.0f} µs and {described:.0f} bytes of description each; of "
            f"{NODES:,} rows {NODES * seconds / 60:.0f} minutes and "
            f"{format_size(round(NODES * described))}, where Ray takes {format_size(RAY_LIMIT)}:"
        )
        print('  "Total buffer metadata size is bigger than 2147483647"')
        start = perf_counter()
        reference = ray.put((part.offsets, part.neighbors))
        seconds = perf_counter() - start
        print(f"ray.put of the same rows as graphwalk has them: 2 buffers, {seconds * 1e3:.1f} ms")
    finally:
        ray.shutdown()


def _size(reference: object) -> int:
    """Return the bytes that an object takes in the object store."""
    from ray.experimental import get_local_object_locations

    location = get_local_object_locations([reference])[reference]
    return int(location["object_size"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nodes", type=int, default=NODES, help=f"default: {NODES:_}")
    parser.add_argument("--memory", default="8 GiB", help="memory budget of the build")
    parser.add_argument("--store", type=Path, help="where to build it; otherwise it is removed")
    parser.add_argument("--no-ray", action="store_true", help="leave out the comparison on Ray")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        graph = build(args.nodes, args.store or Path(folder, "post.zarr"), args.memory)
        if not args.no_ray:
            compare_with_ray_put(graph)


if __name__ == "__main__":
    main()
