"""The build compared with other packages that make graphs of edge lists, in separate processes.

A peer is measured with the first of the given interpreters that can import it, and is listed
as not measured if there is none. The results of builds differ: graphwalk sorts rows, merges
parallel edges and writes a compressed store with checksums; igraph and NetworKit keep parallel
edges given as arrays; all peers keep their graph in memory. PecanPy takes arrays only as dense
matrices, so builds from arrays leave it out.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv

from benchmarks.peers.processes import cores, interpreter_of, run_job
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row

if TYPE_CHECKING:
    from pathlib import Path

#: Peers that take a microsecond or more for an edge are measured on this smaller graph.
SLOW_SCALE = 16
EDGE_FACTOR = 16
#: Seconds that one build may take.
LIMIT = 600.0
AIMS = {"text": 2.0, "arrays": 1.0}
FORMS = {"text": "text edge list → graph", "arrays": "arrays in memory → graph"}


class Peer(NamedTuple):
    """A package to measure, and the forms of edges that it takes."""

    name: str
    module: str
    forms: tuple[str, ...]
    slow: tuple[str, ...] = ()


OURS = Peer("graphwalk", "graphwalk", ("text", "arrays"))
PEERS = [
    Peer("PecanPy", "pecanpy", ("text",), slow=("text",)),
    Peer("NetworkX", "networkx", ("text", "arrays"), slow=("text", "arrays")),
    Peer("igraph", "igraph", ("text", "arrays")),
    Peer("NetworKit", "networkit", ("text", "arrays")),
    Peer("scikit-network", "sknetwork", ("text", "arrays"), slow=("text",)),
    Peer("SciPy", "scipy", ("arrays",)),
]


def measure_peers(folder: Path, scale: int, rounds: int, pythons: tuple[str, ...]) -> list[Row]:
    """Build R-MAT graphs alternately, peers with the first of `pythons` that has them."""
    for size in {scale, SLOW_SCALE}:
        _write_edges(folder, size)
    rows = []
    for form in FORMS:
        rows += _measure(form, folder, scale, rounds, pythons)
    return rows


def _measure(
    form: str, folder: Path, scale: int, rounds: int, pythons: tuple[str, ...]
) -> list[Row]:
    """Measure graphwalk and all peers from one form of edges."""
    seconds: dict[Peer, list[float]] = {}
    versions: dict[Peer, str] = {}
    takers = [OURS, *(peer for peer in PEERS if form in peer.forms)]
    for _ in range(rounds):
        for peer in takers:
            size = SLOW_SCALE if form in peer.slow else scale
            found = _run(peer.module, form, _edge_file(folder, size, form), pythons)
            if found is not None:
                versions[peer] = found[0]
                seconds.setdefault(peer, []).append(found[1] / (EDGE_FACTOR << size))
    rate = {peer: 1 / median(values) / 1e6 for peer, values in seconds.items()}
    return [_row(form, peer, rate, versions) for peer in takers if peer is not OURS]


def _row(form: str, peer: Peer, rate: dict[Peer, float], versions: dict[Peer, str]) -> Row:
    figure, aim = f"{rate[OURS]:.1f} M edges/s", f">= {AIMS[form]:.0f}"
    if peer not in rate:
        return Row(FORMS[form], figure, f"{peer.name}, not measured", float("nan"), aim)
    smaller = f" on 2^{SLOW_SCALE} nodes" if form in peer.slow else ""
    against = f"{peer.name} {versions[peer]}, {rate[peer]:.2f} M edges/s{smaller}"
    return Row(FORMS[form], figure, against, rate[OURS] / rate[peer], aim)


def _run(module: str, form: str, path: Path, pythons: tuple[str, ...]) -> tuple[str, float] | None:
    """Return the version and the seconds of one build, None if it failed."""
    python, _ = interpreter_of(module, pythons)
    if not python:
        return None
    spec = {"module": module, "form": form, "path": str(path), "cores": cores()}
    outcome = run_job(python, "benchmarks.peers.build_jobs", spec, LIMIT)
    if outcome.failure:
        print(f"{module}, {form}: {outcome.failure}")
        return None
    return outcome.values[0]["version"], outcome.values[0]["seconds"]


def _edge_file(folder: Path, scale: int, form: str) -> Path:
    return folder / f"edges-{scale}.{'txt' if form == 'text' else 'npy'}"


def _write_edges(folder: Path, scale: int) -> None:
    """Write the edges as an array, and as lines of two numbers separated by a tab."""
    edges = rmat_edges(scale, EDGE_FACTOR)
    np.save(_edge_file(folder, scale, "arrays"), edges)
    pyarrow.csv.write_csv(
        pa.table({"src": edges[0], "dst": edges[1]}),
        _edge_file(folder, scale, "text"),
        pyarrow.csv.WriteOptions(include_header=False, delimiter="\t"),
    )
