"""Programs of the GAP Benchmark Suite, which the reader has built, on graphs of graphwalk."""

from __future__ import annotations

import os
import re
import subprocess
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import graphwalk

#: Trials of a program in one run.
TRIALS = 3

#: Nodes whose rows are written at a time.
_ROWS = 1 << 18


def write_serialized(graph: graphwalk.Graph, path: Path) -> None:
    """Write an undirected graph as GAP reads it: is it directed, sizes, offsets, entries."""
    with path.open("wb") as file:
        file.write(bytes(1))
        np.array([graph.num_entries, graph.num_nodes], np.int64).tofile(file)
        graph.read_offsets(0, graph.num_nodes + 1).astype(np.int64).tofile(file)
        for first in range(0, graph.num_nodes, _ROWS):
            rows = graph.rows(first, min(first + _ROWS, graph.num_nodes))
            columns = [rows.neighbors] if rows.weights is None else [rows.neighbors, rows.weights]
            np.stack([column.astype(np.int32) for column in columns], axis=1).tofile(file)


def gap_seconds(folder: Path, graph: Path, program: tuple[str, ...]) -> float:
    """Return the seconds of a trial on one thread, as the program says, without reading."""
    name, *options = program
    command = [folder / name, "-f", graph, "-n", str(TRIALS), *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return median(map(float, re.findall(r"Trial Time: +([0-9.]+)", done.stdout)))
