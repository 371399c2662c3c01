"""Algorithms and passes that get all neighbours of a node at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.analytics.node_array import NodeAlgorithm
from graphwalk.scheduler.engine.scan import ScanProgram
from graphwalk.storage.partitions.neighborhoods import NeighborhoodReader

if TYPE_CHECKING:
    from graphwalk.storage.partitions.neighborhoods import Neighborhoods, NodePartition
    from graphwalk.storage.store.graph_arrays import GraphArrays


class WholeRows(NodeAlgorithm):
    """An algorithm whose partitions end between rows, and have in-neighbours if it has a store."""

    def reader(self, graph: GraphArrays) -> NeighborhoodReader:
        """Return what cuts the graph."""
        del graph
        return NeighborhoodReader(self.transposed)


class WholeRowPass(ScanProgram):
    """A pass of such an algorithm.

    Attributes
    ----------
    transposed : GraphArrays or None
        The transposed store that is read, too.
    """

    transposed: GraphArrays | None = None

    @property
    def here(self) -> bool:
        """Return whether only this machine has the transposed store."""
        return self.transposed is not None and self.transposed.temporary

    def read(self, graph: GraphArrays, part: NodePartition) -> Neighborhoods:
        """Read a partition."""
        return NeighborhoodReader(self.transposed).read(graph, part)


class WeightedRowPass(WholeRowPass):
    """A pass that gets weights, too: rows as they are, then the weights of their entries.

    Attributes
    ----------
    weighted : bool
        Whether there are any; else arrays of weights are empty.
    """

    weighted: bool = True

    def read(self, graph: GraphArrays, part: NodePartition) -> Any:
        """Read a partition and its weights."""
        reader = NeighborhoodReader(self.transposed, "weights" if self.weighted else None)
        return (*reader.read(graph, part), *reader.read_values(graph, part))
