"""Edges in one batch after another: record batches, partitions of Dask, any iterable of edges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import ColumnName
from graphwalk.storage.edges.columns import id_column, ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from graphwalk.storage.edges.columns import ColumnSource
    from graphwalk.storage.edges.protocol import EdgeBatch, Ids


class Items:
    """The items of an iterable, whose first can be looked at without being lost.

    Parameters
    ----------
    iterable : iterable
        An iterator is gone through once; anything else as often as it is asked for.
    name : str
        What to call it in messages.
    """

    def __init__(self, iterable: Iterable[Any], name: str) -> None:
        self.name = name
        self.once = iter(iterable) is iterable
        self._iterable = iterable
        self._peeked: list[Any] = []
        self._gone = False

    def peek(self, count: int = 1) -> list[Any]:
        """Return the first items.

        Raises
        ------
        InputError
            When there is none.
        """
        if self.once:
            self._peeked += islice(self._iterable, count - len(self._peeked))
        else:
            self._peeked = list(islice(self._iterable, count))
        if not self._peeked:
            raise InputError(f"{self.name} has no items, so there are no edges; pass some")
        return self._peeked

    def __iter__(self) -> Iterator[Any]:
        if not self.once:
            return iter(self._iterable)
        if self._gone:
            raise InputError(
                f"{self.name} can be gone through once only, and was; pass a new one, or a list"
            )
        self._gone = True
        first, self._peeked = self._peeked, []
        return chain(first, self._iterable)


@dataclass(frozen=True, eq=False)
class SeriesSource:
    """An :class:`~graphwalk.storage.edges.protocol.EdgeSource` over items that hold edges.

    Attributes
    ----------
    name : str
        What to call it in messages.
    items : Iterable
        The items.
    open_item : callable
        Opens one as columns.
    weighted : bool
        Whether the first item has weights.
    """

    name: str
    items: Iterable[Any]
    open_item: Callable[[Any], ColumnSource]
    weighted: bool
    once: bool
    time_unit: str | None = None
    directed: bool | None = None
    num_nodes: int | None = None
    nodes: Ids | None = None
    num_edges: None = None

    def of_graph(self, graph: Any) -> SeriesSource:
        """Return the same edges as those of a graph, which may have nodes without edges."""
        known = replace(self, name=f"graph {graph.path}", directed=graph.directed)
        if graph.labels is None:
            return replace(known, num_nodes=graph.num_nodes)
        names = id_column(graph.labels, ColumnName("labels"))
        return replace(known, nodes=ids(names, slice(0, graph.num_nodes)))

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls for views of one item after another."""
        first_edge = 0
        for item in self.items:
            columns = self.open_item(item)
            yield from columns.batches(size, first_edge)
            first_edge += len(columns.src)


class Grouped:
    """Items in lists of `length` each."""

    def __init__(self, items: Iterable[Any], length: int) -> None:
        self._items = items
        self._length = length

    def __iter__(self) -> Iterator[list[Any]]:
        items = iter(self._items)
        while group := list(islice(items, self._length)):
            yield group
