"""What a kind of walks needs of the rows of a graph in memory, and how many bytes that takes."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphwalk.kernels.rows.alias_tables import alias_dtype
from graphwalk.storage.store.format import value_bytes

if TYPE_CHECKING:
    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.walk_spec import WalkSpec

#: Row starts are 32 bits wide while a partition has fewer entries than this.
NARROW_ENTRIES = 1 << 32


class PartitionSpec(NamedTuple):
    """What a kind of walks needs of a partition.

    Attributes
    ----------
    weighted : bool
        Alias tables, or, of temporal walks, masses of weights.
    second_order : bool
        Edge filters, where partitions stay in memory.
    metapath : tuple of int or str, or None
        Rows grouped by the types that the metapath names.
    by_edge : bool
        Whether these are types of edges.
    gamma : float or None
        Shares, of weights relative to thresholds that many standard deviations above the mean.
    temporal : bool
        Rows sorted by time.
    backward : bool
        The last times first, and all of them negative, so that they ascend.
    last_time : float
        Times after it count as before all others.
    time_rate : float
        If not 0, masses by which times are preferred exponentially, near ones if it is above 0.
    edges : bool
        What tells the stored entries that steps follow.
    """

    weighted: bool = False
    second_order: bool = False
    metapath: tuple[int | str, ...] | None = None
    by_edge: bool = False
    gamma: float | None = None
    temporal: bool = False
    backward: bool = False
    last_time: float = inf
    time_rate: float = 0.0
    edges: bool = False

    @classmethod
    def of(cls, spec: WalkSpec) -> PartitionSpec:
        """Return what these walks need."""
        return cls(
            weighted=spec.weighted,
            second_order=spec.second_order,
            metapath=spec.metapath,
            by_edge=spec.metapath_of == "edges",
            gamma=spec.gamma if spec.plus else None,
            temporal=spec.temporal,
            backward=spec.backward,
            last_time=spec.bounds[1],
            time_rate=spec.time_rate,
            edges=spec.return_edges,
        )

    @property
    def values(self) -> tuple[ValueName, ...]:
        """The arrays of values that are read along with neighbours, at most two."""
        names: list[ValueName] = ["edge_types"] if self.by_edge else []
        names += ["times"] if self.temporal else []
        return tuple([*names, "weights"] if self.weighted else names)

    @property
    def kept(self) -> ValueName | None:
        """Those that stay in a partition: times, or the weights that become shares."""
        return "times" if self.temporal else "weights" if self.gamma is not None else None

    @property
    def has_tables(self) -> bool:
        """Whether there are alias tables."""
        return self.weighted and not self.temporal

    @property
    def has_masses(self) -> bool:
        """Whether there are masses of times."""
        return self.temporal and (self.weighted or self.time_rate != 0)

    @property
    def kinds(self) -> int:
        """Row starts of a node."""
        return 1 if self.metapath is None else len(set(self.metapath)) + 1

    @property
    def own(self) -> bool:
        """Whether other walks cannot use what is laid out for these."""
        return self.reordered or self.kept is not None or (self.edges and self.weighted)

    def alias_dtype(self, graph: GraphArrays) -> np.dtype[Any]:
        """Return the record of alias tables."""
        return alias_dtype(graph.neighbor_dtype, row_start_type(graph) if self.edges else None)

    @property
    def reordered(self) -> bool:
        """Whether the entries of a row are not in the order of the store."""
        return self.metapath is not None or self.temporal


def entry_bytes(graph: GraphArrays, layout: PartitionSpec, *, filtered: bool) -> int:
    """Return how many bytes a stored neighbour takes in a partition."""
    node = graph.neighbor_dtype
    return (
        node.itemsize
        + (layout.alias_dtype(graph).itemsize if layout.has_tables else 0)
        + (1 if layout.second_order and filtered else 0)
        + value_bytes(layout.kept)
        + (value_bytes("times") if layout.has_masses else 0)
        + (row_start_type(graph).itemsize if layout.reordered and layout.edges else 0)
    )


def partition_bytes(graph: GraphArrays, layout: PartitionSpec) -> int:
    """Return how many bytes a partition of the whole graph takes in memory."""
    row = layout.kinds * row_start_type(graph).itemsize
    return graph.num_entries * entry_bytes(graph, layout, filtered=True) + graph.num_nodes * row + 8


def row_start_type(graph: GraphArrays) -> np.dtype[Any]:
    """Return the type of row starts, which is the same in all partitions of a graph."""
    return np.dtype(np.uint32 if graph.num_entries < NARROW_ENTRIES else np.int64)
