"""The build: from arrays in memory to a store, in a process of its own to see its peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.table import Row

if TYPE_CHECKING:
    from pathlib import Path

_JOB = """
import json, resource, sys, time
import numpy as np
import graphwalk
edges, store = sys.argv[1:]
small = np.array([[0, 1], [1, 2]], np.int32)
graphwalk.build_zarr(small, store + ".warm", overwrite=True)
edges = np.load(edges)
start = time.perf_counter()
graph = graphwalk.build_zarr(edges, store, overwrite=True)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
csr = graph.num_entries * graph.neighbor_dtype.itemsize + (graph.num_nodes + 1) * 8
print(json.dumps([edges.shape[1], seconds, peak, csr]))
"""


def measure_build(edges: Path, store: Path, rounds: int = 3) -> list[Row]:
    """Build `store` from the array in `edges`, some times; return speed and memory."""
    runs = []
    for _ in range(rounds):
        job = [sys.executable, "-c", _JOB, str(edges), str(store)]
        runs.append(json.loads(subprocess.run(job, check=True, capture_output=True).stdout))
    runs.sort(key=lambda run: run[1])
    num_edges, seconds, peak, csr = runs[len(runs) // 2]
    per_core = num_edges / seconds / len(os.sched_getaffinity(0))
    return [
        Row(
            "build from arrays in memory",
            f"{per_core / 1e6:.1f} M edges/s a core",
            "10 M edges/s a core",
            per_core / 1e7,
            ">= 1",
        ),
        Row(
            "its peak memory, input and all",
            f"{peak / 2**20:.0f} MiB",
            f"CSR, {csr / 2**20:.0f} MiB",
            peak / csr,
            "<= 4",
        ),
    ]
