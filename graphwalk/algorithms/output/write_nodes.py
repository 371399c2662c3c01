"""`write_nodes`: values of nodes to a file, with the labels of the nodes."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.algorithms.output.labelled_walks import as_labels
from graphwalk.algorithms.output.node_table import (
    BATCH_NODES,
    node_columns,
    node_table,
    value_blocks,
)
from graphwalk.errors import InputError, argument
from graphwalk.storage.files.locations import is_url, locate, zarr_store
from graphwalk.storage.files.publish import Replaceable, new_file, new_store
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.store.graph import Graph, open_zarr
from graphwalk.util.arrow_stream import ArrowStream
from graphwalk.util.arrow_strings import string_buffers

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import dask.array as da
    from numpy.typing import ArrayLike
    from zarr.abc.store import Store

    from graphwalk.algorithms.output.node_table import NodeColumn

    Nodes = ArrowStream | Sequence[NodeColumn]

#: The attribute by which an array of values is known as one that may be replaced.
_MARK = "graphwalk_values"


def write_nodes(
    values: da.Array | ArrowStream | ArrayLike | Mapping[str, da.Array | ArrayLike],
    path: str | os.PathLike[str],
    *,
    graph: Graph | str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> Path | str:
    """Write a value for each node, such as those of `pagerank`, to a file.

    The file appears when it is complete; nothing is left behind when writing fails.

    Parameters
    ----------
    values : array, mapping from names to arrays, or ArrowStream
        What an algorithm returned, shape (num_nodes,), or several of these, each of which becomes a
        column; computed or not. Also a table, such as that of ``connected_components(edges=...)``
        or of `to_arrow`.
    path : str or path
        Where to write; the suffix chooses the format:

        - ``.parquet``, ``.csv``, and ``.tsv`` or ``.txt`` with tabs: one row a node, ``node`` and
          a column for each result. Nodes have their labels, also where they are values, such as the
          smallest node of a component.
        - ``.zarr``, ``.npy``: the array itself, by the number of the node.
    graph : Graph, str or path, optional
        The graph of the nodes; needed where `values` do not know it, as they are computed.
    overwrite : bool
        Whether to replace what is at `path`: a file, or for Zarr an array that this has written.
    storage_options : mapping, optional
        For fsspec, if `path` is a URL.

    Returns
    -------
    pathlib.Path or str
        The absolute path, or the URL.

    Raises
    ------
    InputError
        For an unknown suffix, values that are not one for each node, or a graph that is not known.
    StoreExistsError
        When something is at `path` that is not to be replaced.
    StoreError
        When `path` cannot be written.

    Examples
    --------
    >>> graph = graphwalk.build_zarr([("ada", "eve"), ("eve", "bob"), ("kim", "lee")])
    >>> components = graphwalk.connected_components(graph)
    >>> path = graphwalk.write_nodes(components, "components.csv")
    >>> print(path.read_text(), end="")
    node,component
    ada,ada
    bob,ada
    eve,ada
    kim,kim
    lee,kim
    """
    with new_nodes(path, overwrite=overwrite, storage_options=storage_options) as write:
        if not isinstance(values, ArrowStream):
            known = graph if graph is None or isinstance(graph, Graph) else open_zarr(graph)
            values = node_columns(values, known)
        write(values)
    location = locate(path)
    return location if is_url(location) else Path(location)


@contextmanager
def new_nodes(
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> Iterator[Callable[[Nodes], None]]:
    """Check that values can be written to `path`; the block gets a function that writes them.

    They are in their place when the block ends.
    """
    location = locate(path).rstrip("/")
    suffix = next((each for each in _WRITERS if location.lower().endswith(each)), None)
    if suffix is None:
        raise InputError(
            f"{location}: the suffix chooses the format of values of nodes, and must be one of "
            f"{', '.join(_WRITERS)}"
        )
    if storage_options and not is_url(location):
        raise InputError("storage_options are for URLs, and there is none; leave them out")
    write = _WRITERS[suffix]
    if suffix == ".zarr":
        ours = Replaceable(
            overwrite, "holds no values of nodes", partial(_is_ours, storage_options)
        )
        with new_store(location, ours, storage_options) as new:
            yield partial(write, new.store)
    else:
        with new_file(location, overwrite=overwrite, storage_options=storage_options) as file:
            yield partial(write, file)


def _table(values: Nodes) -> ArrowStream:
    """Return values of nodes as a table, in which nodes have their labels."""
    if isinstance(values, ArrowStream):
        return values
    graph = next((column.graph for column in values if column.graph), None)
    if graph is None:
        raise InputError(
            "it is not known of which graph these values are, so that its nodes cannot be named; "
            f"pass the graph by {argument('graph')}"
        )
    labels = graph.labels
    return node_table(values, None if labels is None else as_labels(labels))


def _write_parquet(file: Path, values: Nodes) -> None:
    import pyarrow.parquet as pq

    table = _table(values)
    # Without the Arrow schema, strings read as plain strings, with 32-bit offsets.
    options = {"compression": "zstd", "store_schema": False}
    with pq.ParquetWriter(file, table.schema, **options) as writer:
        for batch in table:
            with disk_errors(file):
                writer.write_batch(batch)


def _write_text(separator: str, file: Path, values: Nodes) -> None:
    table = _table(values)
    with file.open("wb") as out:
        names = [pa.array([name]) for name in table.schema.names]
        out.write(_text_lines(pa.record_batch(names, table.schema.names), separator))
        for batch in table:
            lines = _text_lines(batch, separator)
            with disk_errors(file):
                out.write(lines)


def _text_lines(batch: pa.RecordBatch, separator: str) -> memoryview:
    """Return lines of CSV, in which a text is quoted if it needs that."""
    quote, nothing, comma, end = (_large(text) for text in ('"', "", separator, "\n"))
    join, fields = pc.binary_join_element_wise, []
    for column in batch.columns:
        text = column.cast(pa.large_string()).fill_null(nothing)
        odd = pc.match_substring_regex(text, f'["\r\n{separator}]')
        if pc.any(odd).as_py():
            doubled = pc.replace_substring(text, '"', '""')
            text = pc.if_else(odd, join(quote, doubled, quote, nothing), text)
        fields.append(text)
    lines: Any = string_buffers(join(join(*fields, comma), nothing, end))[1]
    return memoryview(lines)


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _write_npy(file: Path, values: Nodes) -> None:
    column = _single(values)
    with file.open("wb") as out:
        header = {"descr": column.values.dtype.str, "fortran_order": False}
        np.lib.format.write_array_header_1_0(out, header | {"shape": column.values.shape})
        for block in value_blocks(column.values):
            with disk_errors(file):
                out.write(np.ascontiguousarray(block).data)


def _write_zarr(store: Store, values: Nodes) -> None:
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    column, first = _single(values), 0
    dtype = column.values.dtype
    array = zarr.create_array(
        store,
        shape=column.values.shape,
        chunks=(BATCH_NODES,),
        dtype=dtype,
        compressors=[
            BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=dtype.itemsize),
            Crc32cCodec(),
        ],
        dimension_names=("node",),
        attributes={_MARK: column.name},
    )
    for block in value_blocks(column.values):
        array[first : first + len(block)] = block
        first += len(block)


def _single(values: Nodes) -> NodeColumn:
    """Return the one result that an array can hold."""
    if isinstance(values, ArrowStream):
        raise InputError("an array has no column of nodes; write a table to .parquet or .csv")
    if len(values) > 1:
        raise InputError(
            f"an array has one value for each node, not {len(values)}; write a table to .parquet "
            "or .csv, or each to a path of its own"
        )
    return values[0]


def _is_ours(storage_options: Mapping[str, Any] | None, location: str) -> bool:
    import zarr

    try:
        store = zarr_store(location, read_only=True, storage_options=storage_options)
        return _MARK in zarr.open_array(store, mode="r").attrs
    except Exception:  # whatever a foreign folder makes its reader raise
        return False


_WRITERS: dict[str, Callable[..., None]] = {
    ".parquet": _write_parquet,
    ".csv": partial(_write_text, ","),
    ".tsv": partial(_write_text, "\t"),
    ".txt": partial(_write_text, "\t"),
    ".npy": _write_npy,
    ".zarr": _write_zarr,
}
