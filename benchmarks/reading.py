"""Reading a graph's neighbours from its store, of either profile, into memory.

The files are in the page cache, so this measures the CPU time of reading: checksums, decoding and
copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numcodecs import blosc

import graphwalk
from benchmarks.table import Row
from benchmarks.timing import in_turns
from graphwalk.storage.store.array_reader import ArrayReader
from graphwalk.storage.store.group import open_group

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphwalk import Graph


def measure_reading(graph: Graph, folder: Path, rounds: int) -> list[Row]:
    """Compare `graph`, compressed by default, and its uncompressed twin with ``np.fromfile``."""
    neighbors = graph.read_neighbors(0, graph.num_entries)
    plain = folder / "neighbors.bin"
    neighbors.tofile(plain)
    rows = (graph.read_offsets(0, graph.num_nodes + 1), neighbors)
    twin = graphwalk.build_zarr(
        graphwalk.CSR(*rows), folder / "uncompressed.zarr", directed=True, compressed=False
    )
    blosc.use_threads = False  # otherwise Blosc uses several threads in the main thread
    times = in_turns(
        rounds,
        default=_read(graph, threads=1),
        raw=_read(twin, threads=1),
        default_all=_read(graph, threads=None),
        raw_all=_read(twin, threads=None),
        fromfile=lambda: np.fromfile(plain, neighbors.dtype),
    )
    rates = {name: neighbors.nbytes / seconds / 1e9 for name, seconds in times.items()}
    against = f"np.fromfile, {rates['fromfile']:.1f} GB/s"
    whats = {
        "raw": ("neighbours, uncompressed, one thread", ">= 0.6"),
        "raw_all": ("neighbours, uncompressed, all cores", ">= 0.6"),
        "default_all": ("neighbours, default codec, all cores", ""),
    }
    return [
        Row(
            "neighbours, default codec, one thread",
            f"{rates['default']:.1f} GB/s decoded",
            "1 GB/s decoded",
            rates["default"],
            ">= 1",
        ),
        *(
            Row(what, f"{rates[name]:.1f} GB/s", against, rates[name] / rates["fromfile"], aim)
            for name, (what, aim) in whats.items()
        ),
    ]


def _read(graph: Graph, threads: int | None) -> Callable[[], object]:
    """Return a call that reads all neighbours into new memory, as partitions do."""
    group, info = open_group(graph.path)
    reader = ArrayReader(group, graph.path, "neighbors", info.num_entries)

    def read() -> object:
        out = np.empty(info.num_entries, info.neighbor_dtype)
        reader.read_into(out, 0, threads)
        return out

    return read
