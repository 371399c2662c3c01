"""Walks whose edges are recorded, as two lazy arrays: of nodes, and of the edges between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np

from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.algorithms.walks.walks_source import EDGES, NODES, walks_source
from graphwalk.errors import InputError, argument
from graphwalk.kernels.walk.step_edges import nodes_of, step_dtype
from graphwalk.storage.store.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


def nodes_and_edges(walks: WalkArray) -> tuple[da.Array, da.Array]:
    """Return the nodes of walks, and the edge of each step; both share the tasks of `walks`."""
    rows, token = walks.chunks[0], walks.name.rpartition("-")[2]
    node, edge = walks.dtype["node"], walks.dtype["edge"]
    nodes = walks.map_blocks(
        _nodes, dtype=node, meta=np.empty((0, 0), node), name=f"{NODES}-{token}"
    )
    edges = walks.map_blocks(
        _edges,
        dtype=edge,
        meta=np.empty((0, 0), edge),
        chunks=(rows, (walks.shape[1] - 1,)),
        name=f"{EDGES}-{token}",
    )
    return nodes, edges


def with_edges(walks: da.Array, edges: Any) -> da.Array:
    """Return walks as an array of steps, records of a node and the edge that led to it.

    Of the two arrays that `nodes_and_edges` returned, that is the array that they are made of.

    Raises
    ------
    InputError
        When the edges are not those of the walks.
    """
    if not isinstance(edges, da.Array) or edges.dtype.kind != "i" or edges.ndim != 2:
        raise InputError(
            f"{argument('edges')} must be the Dask array of edges that random_walks returns with "
            f"{argument('return_edges', True)}"
        )
    if edges.shape != (walks.shape[0], walks.shape[1] - 1):
        raise InputError(
            f"edges have shape {edges.shape}, but walks of shape {walks.shape} have edges of shape "
            f"{(walks.shape[0], walks.shape[1] - 1)}; take the same rows of both"
        )
    source = walks_source(walks)
    if source is not None:
        token = source.name.rpartition("-")[2]
        if (walks.name, edges.name) == (f"{NODES}-{token}", f"{EDGES}-{token}"):
            return WalkArray(source.plan, Graph(source.graph), source.walkers, source.partitions)
    dtype = step_dtype(walks.dtype, edges.dtype)
    walks = walks.rechunk({1: -1})
    edges = edges.rechunk((walks.chunks[0], -1))
    meta = np.empty((0, 0), dtype)
    return da.map_blocks(_steps, walks, edges, dtype=dtype, chunks=walks.chunks, meta=meta)


def _nodes(steps: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(nodes_of(steps))


def _edges(steps: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(steps["edge"][:, 1:])


def _steps(nodes: NDArray[Any], edges: NDArray[Any]) -> NDArray[Any]:
    steps = np.empty(nodes.shape, step_dtype(nodes.dtype, edges.dtype))
    steps["node"] = nodes
    steps["edge"][:, :1] = -1
    steps["edge"][:, 1:] = edges
    return steps
