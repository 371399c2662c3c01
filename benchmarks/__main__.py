"""Measure graphwalk against floors, plain loops and other packages, and print tables.

Pairs are measured alternately within one run; figures are medians. Use a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

import graphwalk
from benchmarks.build import measure_build
from benchmarks.parsing import measure_parsing
from benchmarks.peers.builds import measure_peers
from benchmarks.reading import measure_reading
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.updates import measure_updates
from benchmarks.walks import measure_extremes, measure_walks, measure_weighted

#: Largest graph that peers are measured on: some of them take a minute for it.
PEERS_SCALE = 20


def main() -> None:
    args = _arguments()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        rows = _own(Path(folder), args) if args.only != "peers" else []
        if rows:
            print_table(f"RMAT, 2^{args.scale} nodes, edge factor 16, undirected", rows)
    if args.only == "own":
        return
    with tempfile.TemporaryDirectory() as folder:
        scale = min(args.scale, PEERS_SCALE)
        rows = measure_peers(
            Path(folder), scale, min(args.rounds, 3), tuple(args.python or [sys.executable])
        )
        print_table(f"RMAT, 2^{scale} nodes, edge factor 16, undirected", rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=int, default=22, help="2**SCALE nodes (default: 22)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement")
    parser.add_argument("--no-ray", action="store_true", help="skip Ray")
    parser.add_argument("--only", choices=("own", "peers"), help="measure only these")
    parser.add_argument(
        "--python",
        action="append",
        metavar="PYTHON",
        help="an interpreter that has peers, if not this one; may be given several times",
    )
    return parser.parse_args()


def _own(folder: Path, args: argparse.Namespace) -> list[Row]:
    """Return the comparisons with floors and plain loops."""
    edges, store = folder / "edges.npy", folder / "graph.zarr"
    np.save(edges, rmat_edges(args.scale))
    rows = measure_build(edges, store)
    rows += measure_parsing(np.load(edges), folder, args.rounds)
    rows += measure_updates(np.load(edges), folder, args.rounds)
    graph = graphwalk.open_zarr(store)
    rows += measure_reading(graph, folder, args.rounds)
    rows += measure_walks(graph, args.rounds, ray=not args.no_ray)
    rows += measure_weighted(edges, folder, graph, args.rounds)
    rows += measure_extremes(folder, graph, args.rounds)
    return rows


if __name__ == "__main__":
    main()
