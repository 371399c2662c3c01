"""What the caller says about edges that are read."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence  # noqa: TC003 - read at run time
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

#: What edges may have in addition to their ends.
ValueKind: TypeAlias = Literal["weights", "times", "edge_types"]

#: What they may have in addition to that: their own ids in the input, and weights.
FurtherKind: TypeAlias = Literal["edge_ids", "weights"]


@dataclass(frozen=True)
class ReadOptions:
    """How to read edges; the parameters of `graphwalk.build_zarr` say more.

    Attributes
    ----------
    columns : sequence of names or numbers, or None
        The columns of sources, targets and, if there are any, weights, times or types.
    values : {"weights", "times", "edge_types"}
        What the third column is, and by which names it is found.
    directed : bool
        Whether the graph is to be directed.
    sep : str or None
        What separates the fields of a text file.
    header : bool or None
        Whether the first line of a text file has the columns' names.
    allow_pickle : bool
        Whether NumPy files may hold Python objects, which can run any code when they are loaded.
    storage_options : mapping or None
        What fsspec's file system takes.
    further : mapping
        The columns of the input's own ids of edges, and of weights in addition to times or types.
    """

    columns: Sequence[Hashable] | None = None
    values: ValueKind = "weights"
    directed: bool = False
    sep: str | None = None
    header: bool | None = None
    allow_pickle: bool = False
    storage_options: Mapping[str, Any] | None = None
    further: Mapping[FurtherKind, Hashable] = field(default_factory=dict)
