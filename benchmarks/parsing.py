"""Parsing text files of edges, in one thread, against Arrow's CSV reader on the same columns.

Nothing is written: what a store costs is measured by the builds. The files are in the page cache.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv

from benchmarks.table import Row
from benchmarks.timing import in_turns
from graphwalk.storage.edges.open import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

#: Most edges of a file.
_EDGES = 1 << 22

#: Edges of a batch, of which builds ask for as many.
_BATCH = 1 << 20


def measure_parsing(edges: NDArray[np.integer], folder: Path, rounds: int) -> list[Row]:
    """Compare the rates at which both read lists of integers, of weights, of names, and gzip."""
    pairs = edges[:, :_EDGES].T.tolist()
    files = {
        "integers": _write(folder / "parse.txt", (f"{u}\t{v}\n" for u, v in pairs)),
        "weights": _write(
            folder / "parse.csv", (f"{u},{v},{(u ^ v) % 9973 / 1e4}\n" for u, v in pairs)
        ),
        "names": _write(folder / "parse.tsv", (f"node-{u}\tnode-{v}\n" for u, v in pairs)),
    }
    zipped = folder / "parse.txt.gz"
    zipped.write_bytes(gzip.compress(files["integers"].read_bytes(), 1))
    rows = []
    for kind, path in (*files.items(), ("integers, gzip", zipped)):
        text = files[kind.partition(",")[0]]
        times = in_turns(rounds, ours=_parse(path), arrow=_arrow(path))
        rate, floor = (text.stat().st_size / times[name] / 1e6 for name in ("ours", "arrow"))
        row = (f"parsing {kind}, one thread", f"{rate:.0f} MB/s", f"Arrow's CSV, {floor:.0f} MB/s")
        rows.append(Row(*row, rate / floor, _AIMS[kind]))
    return rows


#: Names are parsed by Arrow, and then checked; most of gzip is to decompress.
_AIMS = {"integers": ">= 1", "weights": ">= 1", "names": ">= 0.6", "integers, gzip": ">= 0.8"}


def _write(path: Path, lines: Iterable[str]) -> Path:
    with path.open("w") as file:
        file.writelines(lines)
    return path


def _parse(path: Path) -> Callable[[], object]:
    """Return a call that parses all blocks of a file."""
    columns = (0, 1, 2) if path.suffix == ".csv" else (0, 1)

    def parse() -> int:
        source = open_source(path, columns=columns, header=False)
        return sum(len(load().src) for load in source.batches(_BATCH))

    return parse


def _arrow(path: Path) -> Callable[[], object]:
    """Return a call that reads the same columns into Arrow's arrays."""
    delimiter = "," if path.suffix == ".csv" else "\t"

    def read() -> pa.Table:
        return pyarrow.csv.read_csv(
            path,
            pyarrow.csv.ReadOptions(autogenerate_column_names=True, use_threads=False),
            pyarrow.csv.ParseOptions(delimiter=delimiter),
        )

    return read
