"""Graphs of papers that cite each other, in the files of Yang, Cohen and Salakhutdinov.

They are those of "Revisiting semi-supervised learning with graph embeddings", ICML 2016,
https://arxiv.org/abs/1603.08861, from which other examples take their tasks. Pickles can contain
code; only arrays, lists and sparse matrices are accepted from these.
"""

from __future__ import annotations

import pickle
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import urlretrieve

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

URL = (
    "https://raw.githubusercontent.com/kimiyoung/planetoid/"
    "af6abf468a772cc055bec88c52e4d6f51b7c37e3/data"
)
FILES = ("y", "ty", "ally", "graph", "test.index")

#: The files of features, which not all tasks need.
FEATURES = ("allx", "tx")


class Task(NamedTuple):
    """A graph, nodes with known classes, and nodes whose classes are to be predicted."""

    edges: NDArray[np.int64]
    num_nodes: int
    train: NDArray[np.int64]
    train_classes: NDArray[np.int64]
    test: NDArray[np.int64]
    test_classes: NDArray[np.int64]


def download(folder: Path, dataset: str, files: tuple[str, ...] = FILES) -> None:
    """Download the files of a data set that are not in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (f"ind.{dataset}.{file}" for file in files):
        if not (folder / name).exists():
            partial = folder / f"{name}.partial"
            urlretrieve(f"{URL}/{name}", partial)
            partial.rename(folder / name)


class SparseRows:
    """What a pickle has of a sparse matrix."""

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    data: NDArray[np.float32]

    def fill(self, out: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        """Write the rows of the matrix into some rows of an array."""
        out[np.repeat(rows, np.diff(self.indptr)), self.indices] = self.data


class ArraysOnly(pickle.Unpickler):
    """Reads pickles of arrays, of lists in a dict, and of matrices; others can run code."""

    ALLOWED = frozenset(
        {
            ("collections", "defaultdict"),
            ("builtins", "list"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("_codecs", "encode"),
        }
    )
    MATRICES = frozenset({f"scipy.sparse.{module}" for module in ("csr", "_csr")})

    def find_class(self, module: str, name: str) -> Any:
        """Return the class or function that a pickle names, if it is one of `ALLOWED`."""
        module = {
            "__builtin__": "builtins",
            "numpy.core.multiarray": "numpy._core.multiarray",
        }.get(module, module)
        if module in self.MATRICES and name == "csr_matrix":
            return SparseRows
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which arrays do not need")
        return super().find_class(module, name)


def load_task(folder: Path, dataset: str) -> Task:
    """Read the files of a data set, ``ind.cora.y`` and so on."""
    rows = _load(folder, dataset, "graph")
    lengths = [len(neighbors) for neighbors in rows.values()]
    edges = np.array(
        [
            np.repeat(np.fromiter(rows, np.int64), lengths),
            np.concatenate([np.asarray(neighbors, np.int64) for neighbors in rows.values()]),
        ]
    )
    train = _load(folder, dataset, "y").argmax(axis=1)
    return Task(
        edges,
        len(rows),
        np.arange(len(train)),
        train,
        _test_nodes(folder, dataset),
        _load(folder, dataset, "ty").argmax(axis=1),
    )


def load_features(folder: Path, dataset: str, num_nodes: int) -> NDArray[np.float32]:
    """Return the words of each paper, shape (num_nodes, words); a row adds up to 1, or is empty."""
    known, asked = (_load(folder, dataset, file) for file in ("allx", "tx"))
    words = max(int(part.indices.max()) for part in (known, asked)) + 1
    features = np.zeros((num_nodes, words), np.float32)
    known.fill(features, np.arange(len(known.indptr) - 1))
    asked.fill(features, _test_nodes(folder, dataset))
    return features / np.maximum(features.sum(axis=1, keepdims=True), 1e-9)


def repeat(
    accuracy: Callable[[int], float],
    seeds: int,
    dataset: str,
    num_tests: int,
    published: float,
    margin: float,
) -> bool:
    """Print the accuracy of each seed, in percent, and their mean next to the published one.

    Return whether the mean is at most `margin` points below that.
    """
    start, found = perf_counter(), []
    for seed in range(1, seeds + 1):
        found.append(accuracy(seed))
        print(f"seed {seed}: {found[-1]:.1f} %", flush=True)
    mean = np.mean(found)
    print(
        f"{dataset}: {mean:.1f} ± {np.std(found):.1f} % of {num_tests:,} test nodes "
        f"(published: {published} %; at most {margin} points less is a success) "
        f"in {perf_counter() - start:.0f} s"
    )
    return bool(mean >= published - margin)


def _test_nodes(folder: Path, dataset: str) -> NDArray[np.int64]:
    return np.loadtxt(folder / f"ind.{dataset}.test.index", dtype=np.int64)


def _load(folder: Path, dataset: str, file: str) -> Any:
    with (folder / f"ind.{dataset}.{file}").open("rb") as source:
        return ArraysOnly(source, encoding="latin1").load()  # written by Python 2
