"""Edges in Parquet files, decoded a batch at a time whenever they are iterated over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graphwalk.errors import InputError
from graphwalk.storage.sources.base import BATCH_EDGES, EdgeBatch
from graphwalk.storage.sources.columns import (
    Place,
    check_endpoints,
    floats,
    id_column,
    ids,
    weight_column,
)
from graphwalk.storage.sources.tables import choose_columns

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class ParquetSource:
    """An :class:`~graphwalk.storage.sources.base.EdgeSource` over one or more Parquet files."""

    name: str
    parts: tuple[Path, ...]
    columns: tuple[str, ...]
    directed: None = None
    num_nodes: None = None
    nodes: None = None

    @property
    def grouped(self) -> bool:
        """Edges in a table are no adjacency list."""
        return False

    @property
    def weighted(self) -> bool:
        """Whether a column of weights was chosen."""
        return len(self.columns) == 3

    def batches(self) -> Iterator[EdgeBatch]:
        """Decode the files from the first one on."""
        first_edge = 0
        for part in self.parts:
            first_row = 0
            for table in _decoded(part, self.columns):
                yield _edges(table, self.columns, part, first_row, first_edge + first_row)
                first_row += len(table)
            first_edge += first_row


def open_parquet(path: Path, columns: Sequence[Hashable] | None) -> ParquetSource:
    """Open a Parquet file, or a folder of them, whose schemas must agree on the columns used."""
    parts = tuple(sorted(path.glob("*.parquet"))) if path.is_dir() else (path,)
    if not parts:
        raise InputError(f"{path} is a folder without *.parquet files; name a file or a folder")
    chosen: tuple[str, ...] = ()
    kinds = set()
    for part in parts:
        with _opened(part) as file:
            schema = file.schema_arrow
        positions = choose_columns(schema.names, chosen or columns, str(part))
        chosen = chosen or tuple(schema.names[i] for i in positions)
        edges = _edges(schema.empty_table(), chosen, part)  # refuses types that cannot be used
        kinds.add("integers" if isinstance(edges.src, np.ndarray) else "strings")
        if len(kinds) > 1:
            raise InputError(f"{part}: some parts' ids are integers, others' strings; use one type")
    return ParquetSource(str(path), parts, chosen)


def _edges(
    batch: Any, columns: Sequence[str], part: Path, first_row: int = 0, first_edge: int = 0
) -> EdgeBatch:
    places = [
        Place(f"{part}, column {column!r}", lambda i: f"row {first_row + i}") for column in columns
    ]
    values = [batch.column(column) for column in columns]
    src, dst = (id_column(*item) for item in zip(values[:2], places, strict=False))
    check_endpoints(src, dst, str(part))
    rows = slice(0, len(src))
    weight = floats(weight_column(values[2], places[2]), rows) if len(columns) == 3 else None
    return EdgeBatch(ids(src, rows), ids(dst, rows), weight, first_edge)


def _decoded(part: Path, columns: Sequence[str]) -> Iterator[Any]:
    with _opened(part) as file:
        try:
            yield from file.iter_batches(BATCH_EDGES, columns=sorted(set(columns)))
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{part} is damaged: {error}") from error


def _opened(part: Path) -> Any:
    try:
        return pq.ParquetFile(part, page_checksum_verification=True)
    except pa.ArrowInvalid as error:
        raise InputError(f"{part} is no Parquet file: {error}") from error
