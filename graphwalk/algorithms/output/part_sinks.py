"""Files of walks as lists of node ids or labels: one file a block, of Parquet or text."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.labelled_walks import walk_lines, walk_lists
from graphwalk.algorithms.output.sink import WalkSink, open_kept
from graphwalk.storage.files.folder import folder_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graphwalk.algorithms.output.sink import WalkBlock

#: The file of a folder of Parquet files that says what they are. Readers skip names that begin so;
#: others read no rows from it.
ABOUT = "_graphwalk.parquet"


class _PartsSink(WalkSink):
    """One file a block, in a folder."""

    suffix = ""

    def open(self) -> None:
        """Make the folder."""
        self.folder = folder_at(self.location, self.storage_options)
        self.folder.make()

    def part(self, number: int) -> str:
        """Return the name of the file of a block."""
        digits = max(5, len(str(self.shape.num_blocks - 1)))
        return f"part-{number:0{digits}}{self.suffix}"


class ParquetSink(_PartsSink):
    """A folder of Parquet files with one column, ``walk``: lists of ids or labels."""

    suffix = ".parquet"

    def write(self, block: WalkBlock) -> int:
        """Write the file of a block."""
        import pyarrow as pa

        labels = self.load_labels()
        schema = self._schema(labels)
        with self._writing(self.part(block.number), schema) as writer:
            for lists in walk_lists(block.walks, labels):
                writer.write_table(pa.table({"walk": lists.cast(schema.field("walk").type)}))
        return 0

    def close(self, _sizes: Sequence[int], about: Mapping[str, Any]) -> str:
        """Write the file that says what the others are."""
        schema = self._schema(self.load_labels())
        with self._writing(ABOUT, schema) as writer:
            writer.add_key_value_metadata(
                {name: json.dumps(value) for name, value in about.items()}
            )
        return self.location

    def _schema(self, labels: Any) -> Any:
        import pyarrow as pa

        kind = pa.from_numpy_dtype(self.shape.dtype) if labels is None else labels.type
        return pa.schema([("walk", pa.list_(kind))])

    @contextmanager
    def _writing(self, name: str, schema: Any) -> Iterator[Any]:
        import pyarrow.parquet as pq

        # Without the Arrow schema, strings read as plain strings, with 32-bit offsets.
        with (
            self.folder.writing(name) as file,
            pq.ParquetWriter(file, schema, compression="zstd", store_schema=False) as writer,
        ):
            yield writer


class TextSink(_PartsSink):
    """One walk a line; gzipped members follow one another, which is a gzip file again."""

    suffix = ".txt"

    def write(self, block: WalkBlock) -> int:
        """Write the file of a block, and return its size."""
        labels = self.load_labels()
        with self.folder.writing(self.part(block.number)) as file:
            for lines in walk_lines(block.walks, labels):
                file.write(self.encode(lines))
            return file.tell()

    def encode(self, lines: bytes) -> bytes:
        """Return lines as they are written."""
        return lines

    def close(self, sizes: Sequence[int], _about: Mapping[str, Any]) -> str:
        """Join the files of all blocks."""
        whole = f"{self.location}{self.suffix}"
        with open_kept(Path(whole)) as file:
            start = 0
            for number, size in enumerate(sizes):
                # Each has its place, so that an interrupted merge can be resumed.
                part = Path(self.location, self.part(number))
                if part.exists():
                    file.seek(start)
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, file, 1 << 20)
                    file.flush()
                    os.fsync(file.fileno())
                    part.unlink()
                start += size
            file.truncate(start)
        return whole


class GzipTextSink(TextSink):
    """Text as above, compressed by the tasks."""

    suffix = ".txt.gz"

    def encode(self, lines: bytes) -> bytes:
        """Return lines, compressed."""
        return gzip.compress(lines, compresslevel=6, mtime=0)
