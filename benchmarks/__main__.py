"""Measure graphwalk against floors and plain loops, and print one table.

Every pair is measured in turns within one run; figures are medians. A quiet machine is wanted.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

import graphwalk
from benchmarks.build import measure_build
from benchmarks.reading import measure_reading
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, print_table
from benchmarks.walks import measure_walks


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, default=22, help="2**SCALE nodes (default: 22)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each measurement")
    parser.add_argument("--no-ray", action="store_true", help="leave Ray out")
    args = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        edges = Path(folder, "edges.npy")
        np.save(edges, rmat_edges(args.scale))
        store = Path(folder, "graph.zarr")
        rows += measure_build(edges, store)
        rows += measure_reading(graphwalk.open_zarr(store), Path(folder), args.rounds)
        rows += measure_walks(graphwalk.open_zarr(store), args.rounds, ray=not args.no_ray)
    print_table(f"RMAT, 2^{args.scale} nodes, edge factor 16, undirected", rows)


if __name__ == "__main__":
    main()
