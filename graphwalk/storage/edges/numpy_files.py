"""Edges and rows in NumPy's files, ``.npy`` and ``.npz``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.adjacency import CSR, open_csr, open_scipy
from graphwalk.storage.edges.arrays import open_array, open_columns
from graphwalk.storage.edges.lazy_arrays import open_window

if TYPE_CHECKING:
    from pathlib import Path

    from graphwalk.storage.edges.protocol import EdgeSource, RowSource

_NPZ = (
    "edge_index, or src and dst and perhaps weight, or indptr and indices and perhaps weights, or "
    "what scipy.sparse.save_npz writes"
)


def open_npy(path: Path) -> EdgeSource:
    """Open an array of shape (2, E) or (E, 2), which is read in windows."""
    try:
        return open_window(np.load(path, mmap_mode="r"))
    except (ValueError, EOFError) as error:  # objects, or no such file
        raise InputError(f"{path} cannot be read as an array of edges: {error}") from error


def open_npz(path: Path) -> EdgeSource | RowSource:
    """Open several arrays, which are read whole; their names say what they are."""
    try:
        with np.load(path) as file:
            names = set(file.files)
            if "format" in names:
                import scipy.sparse

                return open_scipy(scipy.sparse.load_npz(path))
            arrays: dict[str, Any] = {name: file[name] for name in names}
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read as an .npz file: {error}") from error
    if "edge_index" in names:
        return open_array(arrays["edge_index"])
    if {"indptr", "indices"} <= names:
        weights = arrays.get("weights", arrays.get("data"))
        return open_csr(CSR(arrays["indptr"], arrays["indices"], weights), str(path))
    if {"src", "dst"} <= names:
        weight = [arrays["weight"]] if "weight" in names else []
        return open_columns([arrays["src"], arrays["dst"], *weight], str(path))
    raise InputError(f"{path} has the arrays {', '.join(sorted(names))}; it takes {_NPZ}")
