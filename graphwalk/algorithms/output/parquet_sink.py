"""Walks as a folder of Parquet files, one a block: lists of node ids or labels."""

from __future__ import annotations

import io
import json
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.output.labelled_walks import lists_where, walk_lists
from graphwalk.algorithms.output.sink import PartsSink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphwalk.algorithms.output.sink import WalkBlock

#: Nodes of a row group of numbers: small ones cost time, and large ones memory.
_ROW_GROUP_NODES = 1 << 19

#: The file of a folder of Parquet files that says what they are. Readers skip names that begin so;
#: others read no rows from it.
ABOUT = "_graphwalk.parquet"


class ParquetSink(PartsSink):
    """A folder of Parquet files of ``walk_id``, ``start``, and ``walk``: lists of ids or labels.

    Where edges are recorded, there are lists of them as ``edges``.
    """

    suffix = ".parquet"

    def write(self, block: WalkBlock) -> int:
        """Write the file of a block."""
        import pyarrow as pa

        labels = self.load_labels()
        schema = self._schema(labels)
        first = block.first_walk
        with (
            self.folder.writing(self.part(block.number)) as file,
            new_writer(file, schema) as writer,
        ):
            for lists in walk_lists(block.walks, labels, _ROW_GROUP_NODES):
                columns = [
                    np.arange(first, first + len(lists)),
                    _starts(lists),
                    lists.cast(schema.field("walk").type),
                ]
                if block.edges is not None:
                    some = slice(first - block.first_walk, first - block.first_walk + len(lists))
                    edges = lists_where(block.walks[some, 1:] >= 0, block.edges[some])
                    columns.append(edges.cast(schema.field("edges").type))
                writer.write_table(pa.table(columns, schema=schema))
                first += len(lists)
        return 0

    def close(self, _sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        """Write the file that says what the others are."""
        file = io.BytesIO()
        with new_writer(file, self._schema(self.load_labels())) as writer:
            writer.add_key_value_metadata(
                {name: json.dumps(value) for name, value in about.items()}
            )
        self.commit(ABOUT, file.getvalue())
        return self.location

    def _schema(self, labels: Any) -> Any:
        import pyarrow as pa

        kind = pa.from_numpy_dtype(self.shape.dtype) if labels is None else labels.type
        columns = [("walk_id", pa.int64()), ("start", kind), ("walk", pa.list_(kind))]
        if self.shape.edge_dtype is not None:
            columns.append(("edges", pa.list_(pa.from_numpy_dtype(self.shape.edge_dtype))))
        return pa.schema(columns)


def _starts(lists: Any) -> Any:
    """Return the first item of each list; an array that is not of random_walks may have none."""
    import pyarrow as pa

    offsets = lists.offsets.to_numpy()
    empty = offsets[:-1] == offsets[1:]
    return lists.values.take(pa.array(offsets[:-1], mask=empty if empty.any() else None))


def new_writer(file: IO[bytes] | str, schema: Any) -> Any:
    """Return what writes tables of walks to a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    named = schema.field("start").type == pa.large_string()
    # Without the Arrow schema, strings read as plain strings, with 32-bit offsets.
    # The least and the greatest node that walks visit are of no use. A dictionary of numbers takes
    # three times as long as all the rest, and saves 3 % of the bytes.
    return pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        store_schema=False,
        use_dictionary=named and ["start", "walk.list.element"],
        write_statistics=False,
    )
