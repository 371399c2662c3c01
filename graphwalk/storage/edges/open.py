"""Every form in which edges can be given, behind one interface.

A form is recognised by its type. The modules for tables and files import pyarrow, so they are
loaded only for them; optional packages such as pandas, scipy and NetworkX never are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.adjacency import CSR, open_csr, open_rows, open_scipy
from graphwalk.storage.edges.arrays import open_array, open_columns, open_pairs
from graphwalk.storage.edges.columns import as_array, comes_from
from graphwalk.storage.edges.dask_collections import is_dask, open_dask, open_dask_columns
from graphwalk.storage.edges.iterables import is_table, open_iterable
from graphwalk.storage.edges.lazy_arrays import is_window, open_window, open_windows
from graphwalk.storage.edges.networkx_graphs import open_networkx
from graphwalk.storage.edges.protocol import EdgeBatch, EdgeSource, Ids, RowBatch, RowSource

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

__all__ = ["CSR", "EdgeBatch", "EdgeSource", "Ids", "RowBatch", "RowSource", "open_source"]

_FORMS = (
    "a (2, E) or (E, 2) array (NumPy, Zarr, Dask), a list of tuples, a tuple (src, dst[, weight]), "
    "a table (pandas, Arrow, polars, Dask), a path (.parquet, .csv, .tsv, .txt, .npy, .npz), an "
    "iterable of any of these or of rows of neighbours, a scipy.sparse matrix, a NetworkX graph, "
    "graphwalk.CSR, or a list of neighbour arrays"
)


def open_source(
    edges: Any,
    *,
    columns: Sequence[Hashable] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> EdgeSource | RowSource:
    """Open edges in whatever form they come.

    Parameters
    ----------
    edges : object
        What :func:`graphwalk.build_zarr` takes.
    columns : sequence of str or int, optional
        For tables and files: the names of the columns of sources, of targets and, if it is
        weighted, of weights. By default those named source, src or from, and target, dst or to,
        or else the first two; and the column named weight, if there is one. Where a text file has
        no header, columns are named 0, 1, 2, ...
    storage_options : mapping, optional
        For URLs: what fsspec's file system takes.

    Returns
    -------
    EdgeSource or RowSource
        The edges in batches, each a view of the input where the form allows it.

    Raises
    ------
    InputError
        Where the form is unknown, or its columns, lengths or types cannot be used. What only
        reading all edges can tell is raised by the batches.
    """
    if isinstance(edges, str | os.PathLike):
        from graphwalk.storage.edges.open_path import open_path

        return open_path(edges, columns, storage_options)
    if is_dask(edges):
        return open_dask(edges, columns)
    if comes_from(edges, "pyarrow") and hasattr(edges, "read_next_batch"):
        return open_iterable(edges, columns)
    if comes_from(edges, "pyarrow") and hasattr(edges, "scanner"):
        return open_iterable(_DatasetBatches(edges, columns), columns)
    if is_table(edges):
        from graphwalk.storage.edges.tables import open_table

        return open_table(edges, columns)
    if comes_from(edges, "polars") and hasattr(edges, "collect"):
        raise InputError("a polars LazyFrame has no rows yet; pass its .collect(), or sink it")
    if columns is not None and (isinstance(edges, CSR) or _has_no_columns(edges)):
        raise InputError(
            f"columns= is for tables and files; a {type(edges).__name__} has no named columns"
        )
    return _open_arrays(edges, columns)


def _has_no_columns(edges: object) -> bool:
    packages = any(comes_from(edges, package) for package in ("scipy", "networkx", "zarr"))
    return packages or isinstance(edges, tuple | list) or hasattr(edges, "__array__")


def _open_arrays(edges: Any, columns: Sequence[Hashable] | None) -> EdgeSource | RowSource:
    if isinstance(edges, CSR):
        return open_csr(edges)
    if comes_from(edges, "scipy") and hasattr(edges, "tocsr"):
        return open_scipy(edges)
    if comes_from(edges, "networkx") and hasattr(edges, "is_directed"):
        return open_networkx(edges)
    if isinstance(edges, tuple):
        return _open_tuple(edges)
    if isinstance(edges, list):
        return _open_list(edges)
    if is_window(edges):
        return open_window(edges)
    if hasattr(edges, "__array__"):
        array = as_array(edges, "the array of edges")
        return open_rows(array) if _is_rows(array) else open_array(edges)
    if hasattr(edges, "__iter__") and not isinstance(edges, bytes | Mapping | Set):
        return open_iterable(edges, columns)
    raise InputError(f"edges of type {type(edges).__name__} cannot be read; pass {_FORMS}")


def _open_tuple(edges: tuple[Any, ...]) -> EdgeSource:
    if any(map(is_dask, edges)):
        return open_dask_columns(edges)
    if any(map(is_window, edges)):
        return open_windows(edges)
    return open_columns(edges)


def _open_list(edges: list[Any]) -> EdgeSource | RowSource:
    if not edges or (isinstance(edges[0], tuple) and not hasattr(edges[0][0], "__len__")):
        return open_pairs(edges)
    if isinstance(edges[0], tuple) and isinstance(edges[0][0], str):
        return open_pairs(edges)
    if isinstance(edges[0], tuple) or is_table(edges[0]) or np.ndim(edges[0]) == 2:
        return open_iterable(edges, None)
    return open_rows(edges)


def _is_rows(array: Any) -> bool:
    """Whether an array is one of objects that are rows of neighbours."""
    return bool(array.dtype.kind == "O" and array.ndim == 1)


class _DatasetBatches:
    """The record batches of an Arrow data set, of the columns that are used."""

    def __init__(self, dataset: Any, columns: Sequence[Hashable] | None) -> None:
        from graphwalk.storage.edges.tables import choose_columns

        names = dataset.schema.names
        chosen = choose_columns(names, columns, "pyarrow data set")
        self._dataset = dataset
        self._columns = sorted({names[i] for i in chosen}, key=names.index)

    def __iter__(self) -> Iterator[Any]:
        # Arrow reads 16 batches of 4 files ahead otherwise.
        return iter(
            self._dataset.to_batches(columns=self._columns, batch_readahead=1, fragment_readahead=1)
        )
