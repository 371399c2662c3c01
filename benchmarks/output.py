"""Writing walks compared with computing them, in CPU seconds of one run, measured alternately.

    python -m benchmarks.output

CPU seconds are those of all threads of the process, the system's for it included. A *floor* is
what computing takes, with what PyArrow takes for a table that is in memory, or a codec for lines.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import graphwalk
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import in_turns
from graphwalk.algorithms.output.parquet_sink import new_writer

if TYPE_CHECKING:
    from collections.abc import Callable

    import dask.array as da

#: Formats, and what they may take of the CPU seconds of `compute()`.
AIMS = {".npy": "", ".zarr": "", ".parquet": "<= 1.6", ".txt": "<= 1.6"}
CODECS: dict[str, Callable[[Any], bytes]] = {
    ".txt.gz": partial(gzip.compress, compresslevel=6, mtime=0),
    ".txt.zst": partial(pa.compress, codec="zstd", asbytes=True),
}
#: One in this number of walks is compressed, since codecs are slow.
PART = 16
#: Bytes of lines that are compressed at a time.
MEMBER = 1 << 20


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.output", description=__doc__)
    parser.add_argument("--scale", type=int, default=18, help="2**SCALE nodes (default: 18)")
    parser.add_argument("--num-walks", type=int, default=4, help="from each node (default: 4)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement")
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with (
        tempfile.TemporaryDirectory() as folder,
        graphwalk.scheduler.use("threads", num_workers=2),
    ):
        edges = rmat_edges(args.scale)
        graph = graphwalk.build_zarr(edges, Path(folder, "graph.zarr"), progress=False)
        walks = graphwalk.random_walks(graph, num_walks=args.num_walks, seed=7)
        rows = _formats(walks, Path(folder), args.rounds)
        rates = _rates(walks, Path(folder), args.rounds)
        some = graphwalk.random_walks(
            graph, np.arange(graph.num_nodes // PART), num_walks=args.num_walks, seed=7
        )
        for suffix in CODECS:
            rows += _codec(suffix, some, Path(folder), args.rounds)
    title = f"R-MAT, 2^{args.scale} nodes, {args.num_walks} walks of 80 steps from each"
    print_table(title, rows)
    print_table("The same, as users wait for it", rates)


def _write(walks: da.Array, folder: Path, suffix: str) -> Path:
    path = folder / f"walks{suffix}"
    return Path(graphwalk.write_walks(walks, path, overwrite=True, progress=False))


def _formats(walks: da.Array, folder: Path, rounds: int) -> list[Row]:
    tables = [pq.read_table(part) for part in sorted(_write(walks, folder, ".parquet").glob("p*"))]

    def by_pyarrow() -> None:
        for table in tables:
            with new_writer(str(folder / "floor.parquet"), table.schema) as writer:
                writer.write_table(table)

    cases = {suffix: partial(_write, walks, folder, suffix) for suffix in AIMS}
    seconds = in_turns(rounds, process_time, compute=walks.compute, pyarrow=by_pyarrow, **cases)
    base = seconds["compute"]
    against = f"compute(), {base:.2f} s"
    rows = [
        Row(suffix, f"{seconds[suffix]:.2f} s", against, seconds[suffix] / base, aim)
        for suffix, aim in AIMS.items()
    ]
    floor = base + seconds["pyarrow"]
    rows.append(Row("floor of .parquet", f"{floor:.2f} s", against, floor / base, ""))
    for suffix in AIMS:
        path = folder / f"walks{suffix}"
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return rows


def _rates(walks: da.Array, folder: Path, rounds: int) -> list[Row]:
    """Return steps a second, by the clock on the wall, of files against an array in memory."""
    array = walks.compute()
    steps = int((array[:, 1:] >= 0).sum())
    del array
    cases = {suffix: partial(_write, walks, folder, suffix) for suffix in [*AIMS, *CODECS]}
    seconds = in_turns(rounds, compute=walks.compute, **cases)
    rates = {name: steps / took / 1e6 for name, took in seconds.items()}
    against = f"compute(), {rates['compute']:.0f} M steps/s"
    return [
        Row(name, f"{rates[name]:.0f} M steps/s", against, rates[name] / rates["compute"], "")
        for name in cases
    ]


def _codec(suffix: str, walks: da.Array, folder: Path, rounds: int) -> list[Row]:
    """Compare a codec in tasks with the codec alone, and two threads with one."""
    lines = _write(walks, folder, ".txt").read_bytes()
    members = [lines[first : first + MEMBER] for first in range(0, len(lines), MEMBER)]
    cases = {
        "written": partial(_write, walks, folder, suffix),
        "lines": partial(_write, walks, folder, ".txt"),
        "codec": lambda: [CODECS[suffix](member) for member in members],
    }
    seconds = in_turns(rounds, process_time, **cases)
    size = len(lines) / 1e6
    alone = seconds["lines"] + seconds["codec"]
    figure, against = (f"{size / s:.0f} MB/s of CPU" for s in (seconds["written"], alone))
    rows = [Row(suffix, figure, f"codec and .txt, {against}", seconds["written"] / alone, "<= 1.1")]

    def on(workers: int) -> None:
        with graphwalk.scheduler.use("threads", num_workers=workers):
            cases["written"]()

    took = in_turns(rounds, perf_counter, one=lambda: on(1), two=lambda: on(2))
    figure, against = (f"{size / took[name]:.0f} MB/s" for name in ("two", "one"))
    ratio = took["one"] / took["two"]
    return [*rows, Row(f"{suffix}, two threads", figure, f"one thread, {against}", ratio, ">= 1.7")]


if __name__ == "__main__":
    main()
