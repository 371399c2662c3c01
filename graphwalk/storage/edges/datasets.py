"""Edges in Arrow data sets: Feather, Arrow IPC, ORC, and folders of Parquet with partitions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from graphwalk.errors import InputError
from graphwalk.storage.edges.iterables import open_iterable
from graphwalk.storage.edges.later_parts import FirstPart
from graphwalk.storage.edges.tables import arrow_kind, index_columns
from graphwalk.storage.edges.written_matrices import refuse_matrix

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.protocol import EdgeSource, RowSource


def open_dataset(
    dataset: Any,
    how: ReadOptions,
    name: str = "pyarrow data set",
    partitions: Container[str] = (),
    frame: str = "dataset.to_table().to_pandas()",
) -> EdgeSource | RowSource:
    """Open a data set; only columns that are used are read, and `partitions` only if named."""
    names = dataset.schema.names
    kinds = ["" if f.name in partitions else arrow_kind(f.type) for f in dataset.schema]
    if how.columns is None:
        _check_no_matrix(dataset, name, frame)
    first = FirstPart(names, how, name, kinds)
    if how.columns is None and hasattr(dataset, "files"):
        _check_files(dataset, first, name)
    chosen = [str(column) for column in first.columns]
    read = [*chosen, *map(str, first.further.values())]
    return open_iterable(_Batches(dataset, read, name), replace(how, further=first.further), chosen)


def _check_no_matrix(dataset: Any, name: str, frame: str) -> None:
    """Look at one row more than there are columns."""
    names = dataset.schema.names
    try:
        top = dataset.head(len(names) + 1)
    except (pa.ArrowException, KeyError) as error:
        raise InputError(f"{name} is damaged: {error}") from error
    index = index_columns(dataset.schema)
    refuse_matrix(names, len(top), top.column, name, frame, restored=index)


def _check_files(dataset: Any, first: FirstPart, name: str) -> None:
    """Look for columns that files have, and a data set that took its names from the first not."""
    try:
        for part in dataset.get_fragments():
            first.check(part.physical_schema.names, part.path)
    except pa.ArrowException as error:
        raise InputError(f"{name} is damaged: {error}") from error


def open_files(
    name: str, files: Sequence[File], kind: str, how: ReadOptions
) -> EdgeSource | RowSource:
    """Open files of a kind that Arrow knows: ``feather``, ``ipc``, ``orc`` or ``parquet``."""
    import pyarrow.dataset

    filesystem = files[0].filesystem
    try:
        dataset = pyarrow.dataset.dataset(
            [file.name for file in files],
            format=kind,
            filesystem=filesystem,
            partitioning="hive",
            partition_base_dir=name.rstrip("/"),
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{name} cannot be read as {kind}: {error}") from error
    folders = (part for file in files for part in file.name.split("/")[:-1])
    keys = {part.partition("=")[0] for part in folders if "=" in part}
    frame = f"pandas.read_{'feather' if kind == 'ipc' else kind}(path)"
    return open_dataset(dataset, how, name, keys, frame)


def open_ipc_stream(file: File, how: ReadOptions) -> EdgeSource | RowSource:
    """Open a file that holds a stream of Arrow's, which is read once."""
    try:
        return open_iterable(pa.ipc.open_stream(file.open()), how)
    except pa.ArrowException as error:
        raise InputError(f"{file.name} cannot be read as an Arrow stream: {error}") from error


class _Batches:
    """The record batches of a data set, as often as they are asked for."""

    def __init__(self, dataset: Any, columns: Sequence[str], name: str) -> None:
        self._dataset = dataset
        self._columns = sorted(set(columns), key=dataset.schema.names.index)
        self._name = name

    def __iter__(self) -> Iterator[Any]:
        empty = True
        try:
            # Arrow reads 16 batches of 4 files ahead otherwise.
            for batch in self._dataset.to_batches(
                columns=self._columns, batch_readahead=1, fragment_readahead=1
            ):
                if len(batch) or empty:
                    yield batch
                empty = False
        except pa.ArrowException as error:
            raise InputError(f"{self._name} is damaged: {error}") from error
