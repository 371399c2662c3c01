"""Tables that are made batch by batch, for libraries that read Arrow's C stream interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa


class ArrowStream:
    """A table of which a batch at a time is made, as often as it is read.

    DuckDB, polars, PyArrow and others read it by ``__arrow_c_stream__`` [1]_; iterating yields
    PyArrow's record batches.

    Attributes
    ----------
    schema : pyarrow.Schema
        Names and types of its columns.

    References
    ----------
    .. [1] The Arrow PyCapsule Interface,
       https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
    """

    def __init__(self, schema: pa.Schema, batches: Callable[[], Iterator[pa.RecordBatch]]) -> None:
        self.schema = schema
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._batches()

    def __repr__(self) -> str:
        columns = ", ".join(f"{field.name}: {field.type}" for field in self.schema)
        return f"<graphwalk.ArrowStream of {columns}>"

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(self.schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)
