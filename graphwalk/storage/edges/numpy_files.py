"""Edges and rows in NumPy's files, ``.npy`` and ``.npz``."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.adjacency import CSR, open_csr, open_rows, open_scipy
from graphwalk.storage.edges.arrays import open_array
from graphwalk.storage.edges.edge_values import edge_values
from graphwalk.storage.edges.graph_objects import open_data
from graphwalk.storage.edges.labelled_rows import open_mapping
from graphwalk.storage.edges.lazy_arrays import open_window
from graphwalk.storage.edges.padded_rows import is_padded, open_padded

if TYPE_CHECKING:
    from pathlib import Path

    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.protocol import EdgeSource, RowSource

_NPZ = (
    "edge_index and perhaps weight, or columns named as those of a table, such as src and dst, or "
    "indptr and indices and perhaps weights, or what scipy.sparse.save_npz writes, or one array of "
    "rows"
)


def open_npy(path: Path, how: ReadOptions) -> EdgeSource | RowSource:
    """Open an array, which is read in windows unless it is one of objects."""
    _check_magic(path)
    try:
        array = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:  # objects, or no such file
        if "bject" not in str(error):
            raise InputError(f"{path} cannot be read as an array of edges: {error}") from error
        return _open_objects(_load(path, how), how)
    return _open_one(array, how, str(path))


def open_npz(path: Path, how: ReadOptions) -> EdgeSource | RowSource:
    """Open several arrays, which are read whole; their names say what they are."""
    _check_magic(path)
    arrays = _load(path, how)
    names = set(arrays)
    if "format" in names:
        import scipy.sparse

        return open_scipy(scipy.sparse.load_npz(path))
    if "edge_index" in names:
        return open_data(SimpleNamespace(**arrays), how, str(path))
    for prefix in ("", "adj_"):  # as data sets of several matrices call the adjacency matrix
        rows = {name.removeprefix(prefix): array for name, array in arrays.items()}
        if {"indptr", "indices"} <= set(rows):
            return _open_csr(rows, how, str(path))
    columns = {name: array for name, array in arrays.items() if array.ndim == 1}
    if len(columns) > 1 or how.columns is not None:
        from graphwalk.storage.edges.tables import open_dict

        return open_dict(columns, how, str(path))
    if len(arrays) == 1:
        (array,) = arrays.values()
        if array.dtype.kind == "O":
            return _open_objects(array, how)
        if array.ndim == 2:
            return _open_one(array, how, str(path))
    raise InputError(f"{path} has the arrays {', '.join(sorted(names))}; it takes {_NPZ}")


def _open_csr(rows: dict[str, Any], how: ReadOptions, name: str) -> RowSource:
    indptr, indices = rows.pop("indptr"), rows.pop("indices")
    weights = edge_values(rows, indices.size, indptr.size - 1, how, name)
    if weights is None:  # a name that says nothing of times, or an array of a wrong length
        weights = rows.get("weights", rows.get("data"))
    return open_csr(CSR(indptr, indices, weights), name)


def _check_magic(path: Path) -> None:
    """Refuse what would be loaded as a pickle, since no array begins as it does."""
    with path.open("rb") as file:
        head = file.read(6)
    if not head.startswith((b"\x93NUMPY", b"PK")):
        raise InputError(f"{path} cannot be read: it is no file that numpy.save or savez wrote")


def _open_one(array: Any, how: ReadOptions, name: str) -> EdgeSource | RowSource:
    if array.dtype.names is not None:
        from graphwalk.storage.edges.tables import open_table

        return open_table(np.asarray(array), how)
    if how.columns is not None:
        raise InputError(f"{argument('columns')} is for tables, and {name} has no named columns")
    if is_padded(array):
        return open_padded(array)
    return open_window(array) if isinstance(array, np.memmap) else open_array(array)


def _open_objects(array: Any, how: ReadOptions) -> EdgeSource | RowSource:
    """Open an array of Python objects: rows, or a single dict of them."""
    if array.ndim == 0 and isinstance(array.item(), Mapping):
        return open_mapping(array.item(), how)
    return open_rows(array) if array.ndim == 1 else open_array(array)


def _load(path: Path, how: ReadOptions) -> Any:
    """Load an array, or all of a file by their names."""
    try:
        loaded = np.load(path, allow_pickle=how.allow_pickle)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError) as error:
        if "allow_pickle" in str(error) and "bject" in str(error) and not how.allow_pickle:
            raise InputError(
                f"{path} holds Python objects, and loading them can run any code; pass "
                f"{argument('allow_pickle', True)} if you trust it"
            ) from error
        kind = f"an {path.suffix} file"
        raise InputError(f"{path} cannot be read as {kind}: {error}") from error
