"""What commands take on a tiny graph: the first time, when kernels are compiled, and afterwards.

    python -m benchmarks.startup

Seconds are of CPU, of the process and its children. A first call has an empty folder for kernels.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

import graphwalk
from benchmarks.table import Row, machine, print_table

IMPORTS = "import dask.array, zarr, numba, pyarrow"

#: What a command may take in the first call, by its name, and its arguments.
COMMANDS = {
    "build, pairs of integers": (3, "build pairs.txt g.zarr"),
    "build, names and weights": (3, "build weights.csv w.zarr"),
    "build, types of edges": (3, "build types.csv k.zarr --edge-types"),
    "build, times": (3, "build times.csv t.zarr --times"),
    "walk, first order": (3, "walk g.zarr walks.npy"),
    "walk, node2vec": (4, "walk g.zarr walks.npy --p 2 --q 0.5"),
    "walk, node2vec+": (6, "walk w.zarr walks.npy --p 2 --q 0.5 --gamma 0"),
    "walk, temporal": (4, "walk t.zarr walks.npy --temporal"),
}

#: The same walks by other packages, where these are installed: the module, the command that it is
#: compared with, and a program. PecanPy compiles in each process.
PEERS = {
    "PecanPy, node2vec": (
        "pecanpy",
        "walk, node2vec",
        "from pecanpy.pecanpy import SparseOTF; g = SparseOTF(2, 0.5, workers=1); "
        "g.read_edg('pairs.tsv', weighted=False, directed=False); g.simulate_walks(10, 80)",
    ),
    "DGL, first order": (
        "dgl",
        "walk, first order",
        "import dgl, torch, numpy as np; a, b = np.loadtxt('pairs.txt', np.int64).T; "
        "g = dgl.to_bidirected(dgl.graph((a, b), num_nodes=200)); "
        "dgl.sampling.random_walk(g, torch.arange(200).repeat(10), length=80)",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--peers", default=sys.executable, help="the interpreter that has other packages"
    )
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write_edges()
        rows, firsts = measure(args.rounds)
        rows += measure_peers(args.peers, args.rounds, firsts)
    print_table("Seconds of CPU on a graph of 200 nodes", rows)


def write_edges() -> None:
    """Write 2,000 edges in the form of each command, to this folder."""
    rng = np.random.default_rng(0)
    ends = rng.integers(200, size=(2000, 2)).tolist()
    files = {"times": 1000, "types": 3, "weights": 0}
    Path("pairs.txt").write_text("".join(f"{a} {b}\n" for a, b in ends))
    Path("pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in ends))
    for name, most in files.items():
        values = rng.integers(most, size=2000) if most else rng.random(2000).round(3)
        mark = "" if most else "n"
        lines = [f"{mark}{a},{mark}{b},{v}" for (a, b), v in zip(ends, values, strict=True)]
        Path(f"{name}.csv").write_text("\n".join([f"source,target,{name[:-1]}", *lines]) + "\n")


def measure(rounds: int) -> tuple[list[Row], dict[str, float]]:
    """Return the first call of each command against its aim, and later ones against imports.

    The seconds of first calls are returned, too, by the names of commands.
    """
    python = [sys.executable, "-m", "graphwalk"]
    imports = median(seconds([sys.executable, "-c", IMPORTS]) for _ in range(rounds))
    rows, firsts = [], {}
    for name, (aim, command) in COMMANDS.items():
        call = [*python, *command.split(), "--overwrite", "--quiet"]
        cold = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as kernels:
                cold.append(seconds(call, NUMBA_CACHE_DIR=kernels))
        with tempfile.TemporaryDirectory() as kernels:
            seconds(call, NUMBA_CACHE_DIR=kernels)
            warm = median(seconds(call, NUMBA_CACHE_DIR=kernels) for _ in range(rounds))
        first = firsts[name] = median(cold)
        against = f"aim, {aim} s"
        rows.append(Row(f"{name}, first call", f"{first:.2f} s", against, first / aim, "<= 1"))
        most = (imports + 0.3) / imports
        against = f"imports, {imports:.2f} s"
        rows.append(Row(name, f"{warm:.2f} s", against, warm / imports, f"<= {most:.2f}"))
    return rows, firsts


def measure_peers(python: str, rounds: int, firsts: dict[str, float]) -> list[Row]:
    """Return what any call of another package takes against the first one of ours."""
    rows = []
    for name, (module, ours, program) in PEERS.items():
        if subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode:
            continue
        took = median(seconds([python, "-c", program]) for _ in range(rounds))
        against = f"{ours}, first call, {firsts[ours]:.2f} s"
        rows.append(Row(f"{name}, any call", f"{took:.2f} s", against, firsts[ours] / took, ""))
    return rows


def seconds(call: list[str], **environment: str) -> float:
    """Run a command; return the CPU time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(call, check=True, env=os.environ | environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
