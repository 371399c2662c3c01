"""Tensors of a store that PyTorch Geometric asks for; importing this imports PyTorch Geometric."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch
from torch_geometric.data import EdgeAttr, FeatureStore, GraphStore, TensorAttr

from graphwalk.errors import InputError, function
from graphwalk.storage.files.spill import AnonymousSpillFile
from graphwalk.storage.store.added_arrays import AddedArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays

#: Entries that are decoded at a time.
_AT_A_TIME = 1 << 22

#: The layout in which PyTorch Geometric samples.
_LAYOUT = "csc"

#: The group of arrays of edges; that of nodes is None, as in graphs of one type of nodes.
_EDGES = "edge"


class StoredFeatures(FeatureStore):  # type: ignore[misc]
    """The added arrays of a graph.

    Parameters
    ----------
    nodes, edges : GraphArrays
        The stores that have the arrays of nodes and of edges.
    """

    def __init__(self, nodes: GraphArrays, edges: GraphArrays) -> None:
        super().__init__()
        self._of = {
            (group, name): AddedArray(arrays, kind, name)
            for group, kind, arrays in ((None, "node", nodes), (_EDGES, "edge", edges))
            for of, _, name in (each.partition(".") for each in sorted(arrays.added_arrays))
            if of == kind
        }

    def get_all_tensor_attrs(self) -> list[TensorAttr]:
        """Return the arrays of nodes, of which batches have rows."""
        return [TensorAttr(group, name) for group, name in self._of if group is None]

    def _get_tensor(self, attr: TensorAttr) -> torch.Tensor | None:
        array = self._of.get((attr.group_name, attr.attr_name))
        if array is None:
            return None
        if attr.index is None or isinstance(attr.index, slice):
            return torch.from_numpy(array[attr.index or slice(None)])
        index = np.asarray(attr.index)
        if index.dtype == np.bool_:
            index = np.flatnonzero(index)
        rows = array.shape[0]
        if ((index < 0) | (index >= rows)).any():
            raise InputError(
                f"there are {rows:,} rows of {attr.attr_name!r}, from 0, and the index has "
                f"{index.min()} to {index.max()}"
            )
        found = array.take(index.reshape(-1).astype(np.int64))
        return torch.from_numpy(found.reshape(*index.shape, *array.shape[1:]))

    def _get_tensor_size(self, attr: TensorAttr) -> tuple[int, ...] | None:
        array = self._of.get((attr.group_name, attr.attr_name))
        return None if array is None else array.shape

    def _put_tensor(self, tensor: Any, attr: TensorAttr) -> NoReturn:
        del tensor, attr
        raise _unchangeable("Graph.set_node_array")

    def _remove_tensor(self, attr: TensorAttr) -> NoReturn:
        del attr
        raise _unchangeable("Graph.set_node_array")


class StoredEdges(GraphStore):  # type: ignore[misc]
    """The rows of a store as columns of one type of edges: row i lists what leads to node i."""

    def __init__(self, graph: GraphArrays) -> None:
        super().__init__()
        self._graph = graph

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_columns"}

    def get_all_edge_attrs(self) -> list[EdgeAttr]:
        """Return the one type of edges that there is."""
        return [EdgeAttr(None, _LAYOUT, size=(self._graph.num_nodes,) * 2)]

    def _get_edge_index(self, attr: EdgeAttr) -> tuple[torch.Tensor, torch.Tensor] | None:
        if attr.edge_type is not None or attr.layout.value != _LAYOUT:
            return None
        return self._columns

    def _put_edge_index(self, edge_index: Any, edge_attr: EdgeAttr) -> NoReturn:
        del edge_index, edge_attr
        raise _unchangeable("Graph.update")

    def _remove_edge_index(self, edge_attr: EdgeAttr) -> NoReturn:
        del edge_attr
        raise _unchangeable("Graph.update")

    @cached_property
    def _columns(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The neighbours of all nodes, and where those of each begin."""
        graph = self._graph
        with graph.unchanged():
            starts = graph.read_offsets(0, graph.num_nodes + 1)
            graph.check_offsets(starts, 0)
            return torch.from_numpy(_mapped_neighbors(graph)), torch.from_numpy(starts)


def _mapped_neighbors(graph: GraphArrays) -> NDArray[np.int64]:
    """Return all neighbours, in a file of which the system keeps in memory what is used."""
    file = AnonymousSpillFile(None)
    for start in range(0, graph.num_entries, _AT_A_TIME):
        stop = min(start + _AT_A_TIME, graph.num_entries)
        file.append(graph.read_neighbors(start, stop, checked=True).astype(np.int64))
    return file.mapped(np.dtype(np.int64))


def _unchangeable(by: str) -> InputError:
    return InputError(f"PyTorch Geometric only reads the store; change it by {function(by)}")
