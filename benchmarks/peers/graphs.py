"""The graphs that are walked: simple, undirected, in files of several forms.

All packages agree on what a simple graph is. They do not agree on self-loops and parallel edges: a
self-loop is one neighbour in some packages and two in others.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

KINDS = ("debian", "lattice", "rmat")
DEBIAN = Path(__file__).parents[2] / "examples" / "debian" / "debian_depends.parquet"
#: The fraction of the lattice's edges that is left out.
REMOVED = 0.1


class GraphFiles(NamedTuple):
    """A graph in a folder: each edge once as numbers and as text, and rows of both directions."""

    name: str
    folder: Path

    def edges(self) -> np.ndarray:
        """Return each edge once, int32 of shape (2, edges)."""
        return np.load(self.folder / "edges.npy")

    def csr(self) -> tuple[np.ndarray, np.ndarray]:
        """Return row starts, int64, and sorted neighbours, int32."""
        return np.load(self.folder / "indptr.npy"), np.load(self.folder / "indices.npy")

    def text(self) -> Path:
        """Return a file of each edge once, two numbers separated by a tab."""
        return self.folder / "edges.tsv"


def write_graph(name: str, edges: np.ndarray, num_nodes: int, folder: Path) -> GraphFiles:
    """Write a simple graph of these edges, shape (2, edges), without loops and parallel edges."""
    import pyarrow as pa
    import pyarrow.csv

    low, high = np.minimum(*edges).astype(np.int64), np.maximum(*edges).astype(np.int64)
    keys = np.unique((low * num_nodes + high)[low != high])
    low, high = np.divmod(keys, num_nodes)
    keys = np.concatenate([keys, high * num_nodes + low])
    keys.sort()
    src, dst = np.divmod(keys, num_nodes)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(src, minlength=num_nodes))])
    folder.mkdir(parents=True, exist_ok=True)
    files = GraphFiles(name, folder)
    np.save(folder / "edges.npy", np.stack([low, high]).astype(np.int32))
    np.save(folder / "indptr.npy", indptr.astype(np.int64))
    np.save(folder / "indices.npy", dst.astype(np.int32))
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t")
    pyarrow.csv.write_csv(pa.table({"src": low, "dst": high}), files.text(), options)
    return files


def graphs(folder: Path, makers: Mapping[str, Callable[[], np.ndarray]]) -> Iterator[GraphFiles]:
    """Write graphs one after the other, and remove each before the next one is written."""
    for name, make in makers.items():
        edges = make()
        yield write_graph(name, edges, int(edges.max()) + 1, folder / "graph")
        shutil.rmtree(folder / "graph")


def makers_of(
    kinds: Iterable[str], scales: list[int], side: int
) -> dict[str, Callable[[], np.ndarray]]:
    """Return functions that make the edges of each graph, by its name, the largest last."""
    made: dict[str, Callable[[], np.ndarray]] = {}
    if "debian" in kinds:
        made["Debian 12"] = debian
    if "lattice" in kinds:
        made[f"lattice {side} × {side}"] = partial(lattice, side)
    if "rmat" in kinds:
        made |= {f"R-MAT 2^{scale}": partial(rmat, scale) for scale in sorted(scales)}
    return made


def rmat(scale: int) -> np.ndarray:
    """Return the edges of an R-MAT graph with the parameters of Graph500."""
    from benchmarks.rmat import rmat_edges  # some peers' environments have no numba

    return rmat_edges(scale)


def lattice(side: int) -> np.ndarray:
    """Return the edges of a square lattice without a tenth of them, similar to a road map."""
    nodes = np.arange(side * side).reshape(side, side)
    across = np.stack([nodes[:, :-1].ravel(), nodes[:, 1:].ravel()])
    down = np.stack([nodes[:-1].ravel(), nodes[1:].ravel()])
    edges = np.concatenate([across, down], axis=1)
    return edges[:, np.random.default_rng(1).random(edges.shape[1]) >= REMOVED]


def debian() -> np.ndarray:
    """Return the dependencies of Debian's packages as numbers."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(DEBIAN)
    ends = [table[name].to_numpy(zero_copy_only=False).astype(str) for name in table.column_names]
    _, numbers = np.unique(np.concatenate(ends), return_inverse=True)
    return numbers.reshape(2, -1)
