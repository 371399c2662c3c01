"""Every form in which edges can be given, behind one interface.

A form is recognised by its type. The modules for tables and files import pyarrow, so they are
loaded only for them; optional packages such as pandas, scipy and NetworkX never are.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError
from graphwalk.storage.sources.adjacency import CSR, open_csr, open_rows, open_scipy
from graphwalk.storage.sources.arrays import open_array, open_columns, open_pairs
from graphwalk.storage.sources.base import EdgeBatch, EdgeSource, Ids
from graphwalk.storage.sources.columns import as_array, comes_from
from graphwalk.storage.sources.networkx import open_networkx

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["CSR", "EdgeBatch", "EdgeSource", "Ids", "open_source"]

_FORMS = (
    "a (2, E) or (E, 2) array, a list of tuples, a tuple (src, dst[, weight]), a table (pandas, "
    "Arrow, polars), a path (.parquet, .csv, .tsv, .txt), a scipy.sparse matrix, a NetworkX "
    "graph, graphwalk.CSR, or a list of neighbour arrays"
)


def open_source(edges: Any, *, columns: Sequence[Hashable] | None = None) -> EdgeSource:
    """Open edges in whatever form they come.

    Parameters
    ----------
    edges : object
        Lists of edges: an integer or string array of shape (2, E) or (E, 2), (2, 2) being read as
        (2, E); a list of ``(source, target)`` or ``(source, target, weight)`` tuples; a tuple
        ``(src, dst)`` or ``(src, dst, weight)`` of one-dimensional arrays; a pandas, Arrow or
        polars table; a path of a Parquet, CSV, TSV or plain text file, or of a folder of Parquet
        files; a NetworkX graph.
        Lists of neighbours: a square scipy.sparse matrix; a :class:`CSR`; a list or object array
        whose item `i` is the list or array of node `i`'s neighbours.
    columns : sequence of str or int, optional
        For tables and files: the names of the columns of sources, of targets and, if it is
        weighted, of weights. By default those named source, src or from, and target, dst or to,
        or else the first two; and the column named weight, if there is one. Where a text file has
        no header, columns are named 0, 1, 2, ...

    Returns
    -------
    EdgeSource
        The edges in batches, each a view of the input where the form allows it.

    Raises
    ------
    InputError
        Where the form is unknown, or its columns, lengths or types cannot be used. What only
        reading all edges can tell is raised by ``batches()``.
    """
    if isinstance(edges, str | os.PathLike):
        from graphwalk.storage.sources.files import open_path

        return open_path(edges, columns)
    if _may_be_table(edges):
        from graphwalk.storage.sources.tables import open_table

        return open_table(edges, columns)
    if columns is not None:
        raise InputError(
            f"columns= is for tables and files; a {type(edges).__name__} has no named columns"
        )
    return _open_in_memory(edges)


def _may_be_table(edges: object) -> bool:
    if comes_from(edges, "pandas"):
        return hasattr(edges, "columns")  # not a Series
    return hasattr(edges, "__arrow_c_stream__") or hasattr(edges, "__arrow_c_array__")


def _open_in_memory(edges: Any) -> EdgeSource:
    if isinstance(edges, CSR):
        return open_csr(edges)
    if comes_from(edges, "scipy") and hasattr(edges, "tocsr"):
        return open_scipy(edges)
    if comes_from(edges, "networkx") and hasattr(edges, "is_directed"):
        return open_networkx(edges)
    if isinstance(edges, tuple):
        return open_columns(edges)
    if isinstance(edges, list):
        return _open_list(edges)
    if hasattr(edges, "__array__"):
        array = as_array(edges, "the array of edges")
        return open_rows(array) if _is_rows(array) else open_array(edges)
    raise InputError(f"edges of type {type(edges).__name__} cannot be read; pass {_FORMS}")


def _open_list(edges: list[Any]) -> EdgeSource:
    if not edges or isinstance(edges[0], tuple):
        return open_pairs(edges)
    return open_rows(edges)


def _is_rows(array: Any) -> bool:
    """Whether an array is one of objects that are rows of neighbours."""
    return bool(array.dtype.kind == "O" and array.ndim == 1)
