"""Edges in Parquet files, decoded some row groups at a time whenever they are iterated over."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import ColumnName
from graphwalk.storage.edges.choose import choose_columns
from graphwalk.storage.edges.columns import (
    SAMPLE,
    check_endpoints,
    floats,
    id_column,
    id_length,
    ids,
    weight_column,
)
from graphwalk.storage.edges.dates import time_unit
from graphwalk.storage.edges.further_columns import further_column
from graphwalk.storage.edges.later_parts import FirstPart
from graphwalk.storage.edges.protocol import EdgeBatch
from graphwalk.storage.edges.tables import arrow_kind, index_columns
from graphwalk.storage.edges.written_matrices import refuse_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.options import FurtherKind, ReadOptions

#: Bytes that a reader buffers of a column, of which it would otherwise read a row group whole.
_BUFFER = 1 << 18

#: Rows of a row group of whose first rows a sample would say little.
_LARGE = 1 << 22


@dataclass(frozen=True)
class ParquetSource:
    """An :class:`~graphwalk.storage.edges.protocol.EdgeSource` over one or more Parquet files."""

    name: str
    parts: tuple[File, ...]
    columns: tuple[str, ...]
    num_edges: int
    once: bool
    time_unit: str | None = None
    directed: None = None
    num_nodes: None = None
    nodes: None = None
    further: Mapping[FurtherKind, str] = field(default_factory=dict)

    @property
    def weighted(self) -> bool:
        """Whether a column of weights was chosen."""
        return len(self.columns) == 3

    @property
    def id_bytes(self) -> int:
        """About how long an id is: as the first ones are, or as all are stored if that is more."""
        part = self.parts[0]
        with _opened(part) as file:
            first = next(file.iter_batches(SAMPLE, columns=self._names, use_threads=False), None)
            if first is None:
                return 0
            # Ids that come again and again are stored once.
            stored = max(_stored_bytes(file.metadata, name) for name in self.columns[:2])
        edges = self._edges(first, part, 0)
        return max(stored, id_length(edges.src, edges.dst))

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that decode row groups; larger ones are decoded on the way, part by part."""
        for part in self.parts:
            first_row = 0
            for groups, rows in _row_groups(part, size):
                if rows <= size:
                    yield partial(self._decode, part, groups, first_row)
                else:
                    yield from self._pieces(part, groups, size, first_row)
                first_row += rows

    def sample(self, rows: int, places: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that decode some rows at about as many `places`, from all parts.

        These are the first rows of row groups; large ones are decoded, and have several places.
        """
        for part in self.parts[:: max(1, len(self.parts) // places)]:
            with _opened(part) as file:
                all_of = range(file.num_row_groups)
                for group in all_of[:: max(1, len(all_of) * len(self.parts) // places)]:
                    found = file.iter_batches(rows, row_groups=[group], columns=self._names)
                    large = file.metadata.row_group(group).num_rows > _LARGE
                    step = max(1, self.num_edges // rows // places)
                    for batch in itertools.islice(found, 0, None if large else 1, step):
                        yield partial(self._edges, batch, part, 0)

    def _decode(self, part: File, groups: list[int], first_row: int) -> EdgeBatch:
        with _opened(part) as file:
            table = file.read_row_groups(groups, columns=self._names, use_threads=False)
        return self._edges(table, part, first_row)

    def _pieces(
        self, part: File, groups: list[int], size: int, first_row: int
    ) -> Iterator[Callable[[], EdgeBatch]]:
        with _opened(part) as file:
            for batch in file.iter_batches(
                size, row_groups=groups, columns=self._names, use_threads=False
            ):
                yield partial(self._edges, batch, part, first_row)
                first_row += len(batch)

    @property
    def _names(self) -> list[str]:
        return sorted({*self.columns, *self.further.values()})

    def _edges(self, batch: Any, part: File, first_row: int) -> EdgeBatch:
        edges = _edges(batch, self.columns, part, first_row)
        further = {}
        for kind, name in self.further.items():
            place = ColumnName(f"{part.name}, column {name!r}", partial(_row, first_row))
            further[kind] = further_column(kind, batch.column(name), place)
        return edges._replace(further=further)


def open_parquet(name: str, parts: Sequence[File], how: ReadOptions) -> ParquetSource:
    """Open Parquet files, whose schemas must agree on the columns used."""
    first: FirstPart | None = None
    kinds, units = set(), set()
    num_edges = 0
    for part in parts:
        with _opened(part) as file:
            schema = file.schema_arrow
            rows = file.metadata.num_rows
            if how.columns is None:
                refuse_matrix(
                    schema.names,
                    rows,
                    partial(_column, file),
                    part.name,
                    "pandas.read_parquet(path)",
                    restored=index_columns(schema),
                )
        num_edges += rows
        names = schema.names
        if first is None:
            kinds_of = [arrow_kind(field.type) for field in schema]
            first = FirstPart(names, how, name, kinds_of, part.name)
        chosen = tuple(map(str, first.columns))
        choose_columns(names, first.chosen(), part.name)  # refuses what lacks some
        first.check(names, part.name)
        empty = schema.empty_table()
        kind = arrow_kind(schema.field(chosen[0]).type)
        if rows and kind in ("i", "U"):  # without rows, a type says nothing
            kinds.add(kind)
        units.add(time_unit(empty.column(chosen[2])) if len(chosen) > 2 else None)
        if len(kinds) > 1:
            raise InputError(
                f"{part.name}: some parts' ids are integers, others' strings; use one type"
            )
        if len(units) > 1:
            raise InputError(f"{part.name}: some parts have times of another unit; use one")
    once, further = parts[0].remote, {} if first is None else first.further
    return ParquetSource(
        *(name, tuple(parts), chosen, num_edges, once, units.pop()),
        further={kind: str(column) for kind, column in further.items()},
    )


def _stored_bytes(metadata: Any, name: str) -> int:
    """Return the mean bytes of an item of a column, before it is compressed."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    columns = (group.column(i) for group in groups for i in range(group.num_columns))
    size = sum(c.total_uncompressed_size for c in columns if c.path_in_schema == name)
    return int(size // max(1, metadata.num_rows))


def _column(file: Any, i: int) -> Any:
    return file.read(columns=[file.schema_arrow.names[i]]).column(0)


def _row_groups(part: File, size: int) -> Iterator[tuple[list[int], int]]:
    """Yield runs of row groups of at most `size` rows, or single ones, and how many rows."""
    with _opened(part) as file:
        lengths = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    run: list[int] = []
    rows = 0
    for group, length in enumerate(lengths):
        if run and rows + length > size:
            yield run, rows
            run, rows = [], 0
        run.append(group)
        rows += length
    if run:
        yield run, rows


def _edges(batch: Any, columns: Sequence[str], part: File, first_row: int) -> EdgeBatch:
    places = [
        ColumnName(f"{part.name}, column {column!r}", partial(_row, first_row))
        for column in columns
    ]
    values = [batch.column(column) for column in columns]
    src, dst = (id_column(*item) for item in zip(values[:2], places, strict=False))
    check_endpoints(src, dst, part.name)
    rows = slice(0, len(src))
    weight = floats(weight_column(values[2], places[2]), rows) if len(columns) == 3 else None
    return EdgeBatch(ids(src, rows), ids(dst, rows), weight, partial(_place, part.name, first_row))


def _row(first: int, i: int) -> str:
    return f"row {first + i}"


def _place(name: str, first: int, i: int) -> str:
    return f"{name}, row {first + i}"


@contextmanager
def _opened(part: File) -> Iterator[Any]:
    """Open a file, and say of what is wrong with it while it is open where that is."""
    with part.open() as raw:
        try:
            file = pq.ParquetFile(
                raw if part.remote else part.name,
                page_checksum_verification=True,
                pre_buffer=False,
                buffer_size=_BUFFER,
            )
        except pa.ArrowInvalid as error:
            raise InputError(f"{part.name} is no Parquet file: {error}") from error
        with file:
            try:
                yield file
            except (pa.ArrowInvalid, OSError) as error:
                raise InputError(f"{part.name} is damaged: {error}") from error
