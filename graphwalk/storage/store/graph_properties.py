"""The properties of a graph that its store's attributes hold, as `Graph` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.storage.store.format import MANIFEST_FORMAT
from graphwalk.units import count_of

if TYPE_CHECKING:
    import numpy as np

    from graphwalk.storage.store.format import GraphInfo, LabelKind


class GraphProperties:
    """What is known of a graph without reading any array."""

    def __init__(self, path: str, info: GraphInfo) -> None:
        self._path = path
        self._info = info

    @property
    def path(self) -> str:
        """Absolute path or URL of the store."""
        return self._path

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return self._info.num_nodes

    @property
    def num_edges(self) -> int:
        """Number of edges; an undirected one counts once, though both its ends store it."""
        return self._info.num_edges

    @property
    def num_entries(self) -> int:
        """Number of stored neighbours: the length of all rows together."""
        return self._info.num_entries

    @property
    def digest(self) -> str | None:
        """Checksum that differs between graphs of different rows; None if the store has none."""
        return self._info.digest

    @property
    def transposed_from(self) -> str | None:
        """Digest of the graph that `transpose` has made this of; None if it has not."""
        return self._info.transposed_from

    @property
    def updated_from(self) -> str | None:
        """Digest of the graph before `Graph.update`; None if the store was not made by that."""
        return self._info.updated_from

    @property
    def reordered_from(self) -> str | None:
        """Digest of the graph whose nodes `Graph.reorder` renumbered; None if it did not."""
        return self._info.reordered_from

    @property
    def directed(self) -> bool:
        """Whether edges lead one way only."""
        return self._info.directed

    @property
    def weighted(self) -> bool:
        """Whether edges have weights."""
        return self._info.weighted

    @property
    def timed(self) -> bool:
        """Whether edges have times."""
        return self._info.timed

    @property
    def time_unit(self) -> str | None:
        """Unit of times that were given as dates: ``"s"``, ``"ms"`` or ``"us"`` since 1970."""
        return self._info.time_unit

    @property
    def edge_type_names(self) -> tuple[int, ...] | None:
        """The types of edges, ascending; None if edges have no types."""
        return self._info.edge_types

    @property
    def label_kind(self) -> LabelKind | None:
        """Type of the labels, ``"int64"`` or ``"string"``; None where nodes have no labels."""
        return self._info.labels

    @property
    def type_names(self) -> tuple[int | str, ...] | None:
        """The types of nodes, in the order of their codes; None if nodes have no types."""
        return None if self._info.node_types is None else self._info.node_types.names

    @property
    def neighbor_dtype(self) -> np.dtype[Any]:
        """Type of node ids in the store: int32, or int64 from 2³¹ nodes on."""
        return self._info.neighbor_dtype


def describe(graph: GraphProperties) -> str:
    """Return what kind of graph it is, such as ``"directed, weighted, labelled by strings"``."""
    words = ["directed" if graph.directed else "undirected"]
    words += ["weighted"] * graph.weighted + ["timed"] * graph.timed
    if graph.label_kind is not None:
        words.append(f"labelled by {'strings' if graph.label_kind == 'string' else 'integers'}")
    for what, names in (("nodes", graph.type_names), ("edges", graph.edge_type_names)):
        if names is not None:
            words.append(f"{count_of(len(names), 'type')} of {what}")
    if graph._info.format < MANIFEST_FORMAT:
        words.append(f"format {graph._info.format}")
    return ", ".join(words)
