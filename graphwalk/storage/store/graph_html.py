"""What notebooks show of a graph: what it is, and a picture of how its store is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphwalk.errors import StoreError
from graphwalk.units import format_size
from graphwalk.util.html_table import html_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.summary import Summary

#: Pixels that the largest array is wide, and the least.
_WIDTH, _LEAST_WIDTH = 240, 24

#: Pixels of an array's height, and from one array to the next.
_HEIGHT, _STEP = 24, 64

#: More cuts than these could not be told apart, and some are left out.
_MOST_CUTS = 40

#: Types that are named.
_TYPES_SHOWN = 8


@dataclass(frozen=True)
class _Array:
    """One array of a store."""

    name: str
    dtype: np.dtype[np.generic]
    length: int
    chunk: int

    @property
    def num_bytes(self) -> int:
        return self.length * self.dtype.itemsize

    @property
    def num_chunks(self) -> int:
        return -(-self.length // self.chunk)


def graph_html(graph: GraphArrays, summary: Summary) -> str:
    """Return a table and a picture; reads the store's attributes, and no array."""
    facts = _facts(graph, summary)
    try:
        arrays = _arrays(graph)
    except StoreError as error:  # the graph is shown all the same, and what is wrong
        return html_table([*facts, ("arrays", str(error))])
    tables = html_table(facts) + _arrays_table(arrays)
    return f"<table><tbody><tr><td>{tables}</td><td>{_picture(arrays)}</td></tr></tbody></table>"


def _facts(graph: GraphArrays, summary: Summary) -> list[tuple[str, str]]:
    return [
        ("nodes", summary.nodes_text()),
        ("edges", f"{graph.num_edges:,}, stored as {graph.num_entries:,} entries"),
        ("directed", "yes" if graph.directed else "no"),
        ("weighted", "yes" if graph.weighted else "no"),
        *([("timed", "yes")] if graph.timed else []),
        *_types("nodes", graph.type_names),
        *_types("edges", graph.edge_type_names),
        ("labels", {None: "none", "int64": "integers", "string": "strings"}[graph.label_kind]),
        ("degrees", f"up to {graph.max_degree:,}"),
        ("in memory", format_size(summary.raw_bytes)),
        ("path", graph.path + (", temporary" if graph.temporary else "")),
    ]


def _types(what: str, names: Sequence[int | str] | None) -> list[tuple[str, str]]:
    if names is None:
        return []
    some = ", ".join(map(str, names[:_TYPES_SHOWN]))
    return [(f"types of {what}", f"{some}{', …' if len(names) > _TYPES_SHOWN else ''}")]


def _arrays(graph: GraphArrays) -> list[_Array]:
    return [
        _Array(name, dtype, length, graph.chunk_length(name))
        for name, (dtype, length) in graph.info.arrays.items()
    ]


def _arrays_table(arrays: list[_Array]) -> str:
    rows = [
        (
            array.name,
            f"{array.length:,} {array.dtype}",
            format_size(array.num_bytes),
            f"{array.num_chunks:,} of {format_size(array.chunk * array.dtype.itemsize)}",
        )
        for array in arrays
    ]
    return html_table(rows, header=("array", "elements", "bytes", "chunks"))


def _picture(arrays: list[_Array]) -> str:
    """Draw each array as a bar that is cut into its chunks, in the colour of the text around."""
    largest = max(1, *(array.num_bytes for array in arrays))
    widths = [max(_LEAST_WIDTH, round(_WIDTH * array.num_bytes / largest)) for array in arrays]
    bars = [
        _bar(array, width, 18 + number * _STEP)
        for number, (array, width) in enumerate(zip(arrays, widths, strict=True))
    ]
    # Offsets say where rows begin among the neighbours: the first at their start, the last at
    # their end.
    top, bottom = 18 + _HEIGHT, 18 + _STEP
    rows = "".join(
        f'<line x1="{1 + above}" y1="{top}" x2="{1 + below}" y2="{bottom}" stroke-dasharray="2 3"/>'
        for above, below in ((0, 0), (widths[0], widths[1]))
    )
    height = 20 + (len(arrays) - 1) * _STEP + _HEIGHT
    return (
        f'<svg width="{_WIDTH + 2}" height="{height}" role="img" stroke="currentColor" '
        f'fill="currentColor"><title>The arrays, cut into chunks</title>{rows}{"".join(bars)}</svg>'
    )


def _bar(array: _Array, width: int, top: int) -> str:
    cuts = "".join(
        f'<line x1="{x:g}" y1="{top}" x2="{x:g}" y2="{top + _HEIGHT}" stroke-opacity="0.5"/>'
        for x in (1 + width * cut for cut in _cuts(array))
    )
    return (
        f'<text x="6" y="{top - 5}" stroke="none" font-size="12">{array.name}</text>'
        f'<rect x="1" y="{top}" width="{width}" height="{_HEIGHT}" fill-opacity="0.15"/>{cuts}'
    )


def _cuts(array: _Array) -> list[float]:
    """Return where one chunk ends and another begins, as parts of the whole."""
    step = -(-array.num_chunks // _MOST_CUTS)
    return [k * array.chunk / array.length for k in range(step, array.num_chunks, step or 1)]
