"""The build from arrays in memory to a store, in a separate process to measure its peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.table import Row

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes of an entry between the stages of a build, and the size of the graph in small budgets.
ENTRY_BYTES, TIMES_THE_BUDGET = 8, 4

_JOB = """
import json, subprocess, sys, time
import numpy as np
import graphwalk
from benchmarks.peers.processes import peak_memory
edges, store, memory, wake = sys.argv[1:]
small = np.array([[0, 1], [1, 2]], np.int32)
graphwalk.build_zarr(small, store + ".warm", overwrite=True)
edges = np.load(edges)
subprocess.run([sys.executable, "-c", wake])  # not here, where the peak is measured
start = time.perf_counter()
graph = graphwalk.build_zarr(edges, store, overwrite=True, memory=memory)
seconds = time.perf_counter() - start
peak = peak_memory()
csr = graph.num_entries * graph.neighbor_dtype.itemsize + (graph.num_nodes + 1) * 8
print(json.dumps([seconds, peak, edges.shape[1], edges.nbytes, csr]))
"""


class _Run(NamedTuple):
    seconds: float
    peak: int
    edges: int
    input: int
    csr: int


def measure_build(edges: Path, store: Path, rounds: int = 3) -> list[Row]:
    """Build `store` from the array in `edges` several times; return speed and memory.

    Builds with memory for all entries alternate with builds without.
    """
    inside: list[_Run] = []
    outside: list[_Run] = []
    budget = 0
    for _ in range(rounds):
        inside.append(_build(edges, store, "16 GiB"))
        budget = 2 * inside[0].edges * ENTRY_BYTES // TIMES_THE_BUDGET
        outside.append(_build(edges, store, f"{budget} B"))
    run, spilled = (sorted(runs)[rounds // 2] for runs in (inside, outside))
    per_core = run.edges / run.seconds / len(os.sched_getaffinity(0))
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
            f"{run.peak / 2**20:.0f} MiB",
            f"CSR, {run.csr / 2**20:.0f} MiB",
            run.peak / run.csr,
            "<= 4",
        ),
        Row(
            f"build of {TIMES_THE_BUDGET} times the budget",
            f"{spilled.seconds:.2f} s",
            f"in memory, {run.seconds:.2f} s",
            spilled.seconds / run.seconds,
            "<= 2.5",
        ),
        Row(
            "its peak memory but the input",
            f"{(spilled.peak - spilled.input) / 2**20:.0f} MiB",
            f"budget + 300 MB, {(budget + 300e6) / 2**20:.0f} MiB",
            (spilled.peak - spilled.input) / (budget + 300e6),
            "<= 1",
        ),
    ]


def _build(edges: Path, store: Path, memory: str) -> _Run:
    wake = "from benchmarks.timing import wake_memory; wake_memory()"
    job = [sys.executable, "-c", _JOB, str(edges), str(store), memory, wake]
    return _Run(*json.loads(subprocess.run(job, check=True, capture_output=True).stdout))
