"""Every form in which edges can be given, behind one interface.

A form is recognised by its type. The modules for tables and files import pyarrow, so they are
loaded only for them; optional packages such as pandas, scipy and NetworkX never are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.adjacency import CSR, open_csr, open_rows, open_scipy
from graphwalk.storage.edges.arrays import open_array, open_columns, open_pairs
from graphwalk.storage.edges.as_column import as_array, comes_from
from graphwalk.storage.edges.batch_series import SeriesSource
from graphwalk.storage.edges.dask_collections import is_dask, open_dask, open_dask_columns
from graphwalk.storage.edges.graph_objects import open_graph
from graphwalk.storage.edges.iterables import is_record, is_table, open_iterable
from graphwalk.storage.edges.labelled_rows import open_indexed, open_mapping, refuse_coordinates
from graphwalk.storage.edges.lazy_arrays import is_window, open_window, open_windows
from graphwalk.storage.edges.options import ReadOptions
from graphwalk.storage.edges.padded_rows import is_padded, open_padded
from graphwalk.storage.edges.protocol import EdgeBatch, EdgeSource, Ids, RowBatch, RowSource

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from graphwalk.storage.edges.options import FurtherKind, ValueKind

__all__ = ["CSR", "EdgeBatch", "EdgeSource", "Ids", "RowBatch", "RowSource", "open_source"]

_FORMS = (
    "a (2, E) or (E, 2) array (NumPy, Zarr, Dask), a list of tuples, a tuple (src, dst[, weight]), "
    "a table (pandas, Arrow, polars, Dask), a dict of columns, a path (.parquet, .csv, .tsv, .txt, "
    ".mtx, .npy, .npz), an iterable of any of these or of rows of neighbours, a scipy.sparse "
    "matrix, a graph of NetworkX, igraph or PyTorch Geometric, graphwalk.CSR, a list of neighbour "
    "arrays, or a dict of them"
)


def open_source(
    edges: Any,
    *,
    columns: Sequence[Hashable] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    values: ValueKind = "weights",
    directed: bool = False,
    sep: str | None = None,
    header: bool | None = None,
    allow_pickle: bool = False,
    edge_ids: Hashable | None = None,
    weights: Hashable | None = None,
) -> EdgeSource | RowSource:
    """Open edges in whatever form they come.

    Parameters
    ----------
    edges : object
        What :func:`graphwalk.build_zarr` takes.
    columns, storage_options, values, directed, sep, header, allow_pickle
        See :class:`~graphwalk.storage.edges.options.ReadOptions`.
    edge_ids, weights : name or number, optional
        Its `further` columns.

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
    given: dict[FurtherKind, Hashable | None] = {"edge_ids": edge_ids, "weights": weights}
    further = {kind: column for kind, column in given.items() if column is not None}
    how = ReadOptions(
        columns, values, directed, sep, header, allow_pickle, storage_options, further
    )
    if isinstance(edges, str | os.PathLike):
        from graphwalk.storage.edges.open_path import open_path

        return open_path(edges, how)
    if sep is not None or header is not None:
        word = "sep" if sep is not None else "header"
        raise InputError(
            f"{argument(word)} is for text files, not for a {type(edges).__name__}; leave it out"
        )
    source = _open_table(edges, how)
    if source is not None:
        return source
    if columns is not None and (isinstance(edges, CSR) or _has_no_columns(edges)):
        raise InputError(
            f"{argument('columns')} is for tables and files; a {type(edges).__name__} has no named "
            "columns"
        )
    return _open_arrays(edges, how)


def _open_table(edges: Any, how: ReadOptions) -> EdgeSource | RowSource | None:
    """Open what has columns with names; return None where nothing has."""
    if is_dask(edges):
        return open_dask(edges, how)
    if comes_from(edges, "pyarrow") and hasattr(edges, "read_next_batch"):
        return open_iterable(edges, how)
    if comes_from(edges, "pyarrow") and hasattr(edges, "scanner"):
        from graphwalk.storage.edges.datasets import open_dataset

        return open_dataset(edges, how)
    if comes_from(edges, "polars") and hasattr(edges, "collect"):
        raise InputError("a polars LazyFrame has no rows yet; pass its .collect(), or sink it")
    if is_table(edges):
        from graphwalk.storage.edges.tables import open_stream, open_table

        if any(comes_from(edges, package) for package in ("pandas", "pyarrow", "polars")):
            return open_table(edges, how)
        source = open_iterable(open_stream(edges), how)
        is_graph = comes_from(edges, "graphwalk") and hasattr(edges, "num_nodes")
        return source.of_graph(edges) if is_graph and isinstance(source, SeriesSource) else source
    structured = isinstance(edges, np.ndarray) and edges.dtype.names
    if structured or (isinstance(edges, list) and edges and is_record(edges[0])):
        from graphwalk.storage.edges.tables import open_table

        return open_table(edges, how)
    # So are data sets of xarray, and SciPy's dok_array.
    mapping = isinstance(edges, Mapping) and not comes_from(edges, "xarray")
    return open_mapping(edges, how) if mapping and not hasattr(edges, "tocsr") else None


def _has_no_columns(edges: object) -> bool:
    if isinstance(edges, list) and edges and is_table(edges[0]):
        return False
    packages = any(comes_from(edges, package) for package in ("scipy", "networkx", "zarr"))
    return packages or isinstance(edges, tuple | list) or hasattr(edges, "__array__")


def _open_arrays(edges: Any, how: ReadOptions) -> EdgeSource | RowSource:
    if isinstance(edges, CSR):
        return open_csr(edges)
    if comes_from(edges, "scipy") and hasattr(edges, "tocsr"):
        return open_scipy(edges)
    graph = open_graph(edges, how)
    if graph is not None:
        return graph
    if isinstance(edges, tuple):
        return _open_tuple(edges)
    if isinstance(edges, list):
        return _open_list(edges, how)
    if comes_from(edges, "pandas") and hasattr(edges, "index") and hasattr(edges, "dtype"):
        return open_indexed(edges, how)
    if comes_from(edges, "polars") and "List" in str(edges.dtype):
        return open_rows(edges.to_list())
    if comes_from(edges, "xarray") or is_window(edges) or hasattr(edges, "__array__"):
        return _open_array(edges)
    if hasattr(edges, "__iter__") and not isinstance(edges, bytes | Set):
        return open_iterable(edges, how)
    raise InputError(f"edges of type {type(edges).__name__} cannot be read; pass {_FORMS}")


def _open_array(edges: Any) -> EdgeSource | RowSource:
    refuse_coordinates(edges)
    if is_window(edges):
        return open_padded(edges) if is_padded(edges) else open_window(edges)
    array = as_array(edges, "the array of edges")
    if array.dtype.kind == "O" and array.ndim == 1:
        return open_rows(array)
    return open_padded(array) if is_padded(array) else open_array(edges)


def _open_tuple(edges: tuple[Any, ...]) -> EdgeSource:
    if any(map(is_dask, edges)):
        return open_dask_columns(edges)
    if any(map(is_window, edges)):
        return open_windows(edges)
    return open_columns(edges)


def _is_node(edge: tuple[Any, ...]) -> bool:
    """Whether a tuple begins with a node, and not with a column of them."""
    return not edge or isinstance(edge[0], str | bytes) or not hasattr(edge[0], "__len__")


def _open_list(edges: list[Any], how: ReadOptions) -> EdgeSource | RowSource:
    if not edges or (isinstance(edges[0], tuple) and _is_node(edges[0])):
        return open_pairs(edges)
    if isinstance(edges[0], tuple) or is_table(edges[0]) or np.ndim(edges[0]) == 2:
        return open_iterable(edges, how)
    return open_rows(edges)
