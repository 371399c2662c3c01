"""How long walks are, when they reach what they were to reach, and which nodes they find first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.walks.walks_source import walks_source
from graphwalk.errors import InputError, argument
from graphwalk.util.parameters import COUNT

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.util.node_set import NodeSet

#: Visits that are put in order at a time.
_ITEMS = 1 << 18


def walk_lengths(walks: da.Array) -> da.Array:
    """Return the number of steps of each walk, as a lazy Dask array.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned, or walks that are padded with -1 in the same way.

    Returns
    -------
    dask.array.Array of int64, shape (num_walks,)
        Nodes of each walk that are not -1, less the start node.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)], directed=True)
    >>> walks = graphwalk.random_walks(graph, num_walks=1, walk_length=5, seed=1)
    >>> graphwalk.walk_lengths(walks).compute()
    array([2, 1, 0])
    """
    return _of_each_walk(_lengths, walks)


def hitting_times(walks: da.Array) -> da.Array:
    """Return how many steps each walk takes to the nodes of `until`, as a lazy Dask array.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned with `until`, or some of these walks.

    Returns
    -------
    dask.array.Array of int64, shape (num_walks,)
        Steps to the first node of `until`; -1 where a walk did not reach any, within
        `walk_length` steps or before it ended. Their share of all walks should be small before the
        mean of the others is taken for the mean hitting time.

    Raises
    ------
    InputError
        When the walks are not known to end at nodes of `until`.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3), (3, 4)])
    >>> walks = graphwalk.random_walks(
    ...     graph, [1], until=[0, 4], num_walks=10_000, walk_length=200, seed=1
    ... )
    >>> times = graphwalk.hitting_times(walks).compute()
    >>> float((times < 0).mean()), float(times.mean().round(1))
    (0.0, 3.0)
    """
    source = walks_source(walks)
    until = None if source is None else source.plan.spec.until
    if source is None or until is None or walks.shape[1] != source.plan.shape[1]:
        raise InputError(
            "it is not known at which nodes these walks end; pass whole walks that random_walks "
            f"returns with {argument('until')}"
        )
    return _of_each_walk(partial(_times, until), walks)


def first_distinct(walks: da.Array, k: int) -> da.Array:
    """Return the first `k` distinct nodes of each walk, as a lazy Dask array.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned, or walks that are padded with -1 in the same way. Walks of the
        same seed that are longer begin with them, so that `walk_length` may be raised until enough
        of them have `k` nodes.
    k : int
        How many nodes, 1 or more, the start node included.

    Returns
    -------
    dask.array.Array of the type of `walks`, shape (num_walks, k)
        Nodes in the order of their first visits; -1 where a walk visits fewer.

    Raises
    ------
    InputError
        When `k` is no integer above 0.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 3)])
    >>> walks = graphwalk.random_walks(graph, [0], num_walks=2, walk_length=6, seed=1)
    >>> walks.compute().tolist()
    [[0, 1, 0, 1, 2, 3, 2], [0, 1, 0, 1, 0, 1, 0]]
    >>> graphwalk.first_distinct(walks, 3).compute().tolist()
    [[0, 1, 2], [0, 1, -1]]
    """
    k = COUNT.check("k", k)
    return walks.rechunk({1: -1}).map_blocks(
        partial(_first_distinct, k),
        chunks=(walks.chunks[0], (k,)),
        dtype=walks.dtype,
        meta=np.empty((0, 0), walks.dtype),
        name=None,
    )


def _of_each_walk(function: Any, walks: da.Array) -> da.Array:
    return walks.map_blocks(
        function, dtype=np.int64, drop_axis=1, meta=np.empty(0, np.int64), name=None
    )


def _first_distinct(k: int, walks: NDArray[Any]) -> NDArray[Any]:
    found = np.full((len(walks), k), -1, walks.dtype)
    step = max(1, _ITEMS // max(1, walks.shape[1]))
    for first in range(0, len(walks), step):
        some = walks[first : first + step]
        # In a stable order, the first of several visits comes before the others.
        order = np.argsort(some, axis=1, kind="stable")
        nodes = np.take_along_axis(some, order, axis=1)
        is_new = nodes >= 0
        is_new[:, 1:] &= nodes[:, 1:] != nodes[:, :-1]
        visits = np.zeros(some.shape, bool)
        np.put_along_axis(visits, order, is_new, axis=1)
        place = np.cumsum(visits, axis=1) - 1
        rows, steps = np.nonzero(visits & (place < k))
        found[first + rows, place[rows, steps]] = some[rows, steps]
    return found


def _lengths(walks: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.count_nonzero(walks >= 0, axis=1) - 1, np.int64)


def _times(until: NodeSet, walks: NDArray[Any]) -> NDArray[np.int64]:
    lengths = _lengths(walks)
    last = walks[np.arange(len(walks)), lengths]
    return np.where(until.contains(last), lengths, -1)
