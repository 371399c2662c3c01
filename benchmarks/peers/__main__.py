"""Measure graphwalk and other packages: walks, their exactness, and builds.

Writes ``peers.md``, the raw figures as ``peers.json``, and plots, into one folder. It needs a
quiet machine, and hours. Peers that no interpreter can import are listed as not installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import graphwalk
from benchmarks.peers import report
from benchmarks.peers.builds import measure_peers
from benchmarks.peers.exactness import measure_exactness, small_graphs
from benchmarks.peers.graphs import KINDS, graphs, makers_of
from benchmarks.peers.processes import cores
from benchmarks.peers.samplers import SAMPLERS
from benchmarks.peers.walks import Settings, measure_walks
from benchmarks.table import format_table, machine

PARTS = ("walks", "exactness", "builds")
#: Some peers take a minute for a build of this scale.
BUILD_SCALE = 20


def main(arguments: list[str] | None = None) -> None:
    args = _arguments(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    measured = _before(args)
    settings = Settings(tuple(args.python or [sys.executable]), args.rounds, args.limit)
    if "exactness" in args.parts:
        for record in measure_exactness(settings.pythons, args.limit, args.peers):
            measured["exactness"].append(record)
            _write_figures(measured, args.out)
        _write(measured, args.out)
    if "builds" in args.parts:
        with tempfile.TemporaryDirectory() as folder:
            scale = min(BUILD_SCALE, max(args.scales))
            rows = measure_peers(Path(folder), scale, args.rounds, settings.pythons)
            title = f"R-MAT, 2^{scale} nodes, edge factor 16, undirected"
            measured["builds"] = format_table(title, rows)
        _write(measured, args.out)
    if "walks" in args.parts:
        with tempfile.TemporaryDirectory() as folder:
            for files in graphs(Path(folder), _makers(args)):
                for record in measure_walks(files, settings, args.peers):
                    measured["walks"].append(record)
                    _write_figures(measured, args.out)
                _write(measured, args.out)
    print(f"Written to {args.out / 'peers.md'}")


def _before(args: argparse.Namespace) -> dict[str, Any]:
    """Return the results to fill in; those that are not measured now are kept."""
    kept: dict[str, Any] = {"walks": [], "exactness": [], "builds": ""}
    file = args.out / "peers.json"
    about = {"machine": f"graphwalk {graphwalk.__version__}, {machine()}", "cores": len(cores())}
    found = json.loads(file.read_text()) if file.exists() else {}
    if any(found.get(key) != value for key, value in about.items()):
        found = {}  # measured on another machine: do not mix figures of two machines
    for part in kept.keys() & found.keys():
        if part not in args.parts:
            kept[part] = found[part]
        elif part != "builds":
            anew = _makers(args) if part == "walks" else small_graphs()
            kept[part] = [
                record
                for record in found[part]
                if record["sampler"] not in args.peers or record["graph"] not in anew
            ]
    return about | kept


def _makers(args: argparse.Namespace) -> dict[str, Any]:
    return makers_of(args.graphs, args.scales, args.side)


def _write_figures(measured: dict[str, Any], folder: Path) -> None:
    """Write all figures measured so far, so that they are kept if the run is interrupted."""
    (folder / "peers.json").write_text(json.dumps(measured, indent=1))


def _write(measured: dict[str, Any], folder: Path) -> None:
    """Write figures, tables and plots of all results measured so far."""
    _write_figures(measured, folder)
    (folder / "peers.md").write_text(report.page(measured))
    if measured["walks"]:
        report.plot_walks(measured["walks"], measured["cores"], folder / "peers-walks.png")
    if measured["exactness"]:
        report.plot_exactness(measured["exactness"], folder / "peers-exactness.png")


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument(
        "--python",
        action="append",
        metavar="PYTHON",
        help="an interpreter with peers; may be given several times, and each peer is measured "
        "with the first that has it (default: this one)",
    )
    parser.add_argument(
        "--scales", type=int, nargs="*", default=[18, 22], help="2**SCALE nodes of R-MAT graphs"
    )
    parser.add_argument("--side", type=int, default=1024, help="nodes along a side of the lattice")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    parser.add_argument("--limit", type=float, default=300, help="seconds that a job may take")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="the folder")
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=PARTS,
        help="what to measure; other figures are kept",
    )
    parser.add_argument(
        "--graphs", nargs="+", choices=KINDS, default=KINDS, help="which graphs to walk on"
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=SAMPLERS,
        default=tuple(SAMPLERS),
        help="which packages to measure",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
