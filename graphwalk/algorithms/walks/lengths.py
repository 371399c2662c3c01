"""How long walks are, and when they reach what they were to reach."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.walks.walks_source import walks_source
from graphwalk.errors import InputError, argument

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import NDArray

    from graphwalk.util.node_set import NodeSet


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


def _of_each_walk(function: Any, walks: da.Array) -> da.Array:
    return walks.map_blocks(
        function, dtype=np.int64, drop_axis=1, meta=np.empty(0, np.int64), name=None
    )


def _lengths(walks: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.count_nonzero(walks >= 0, axis=1) - 1, np.int64)


def _times(until: NodeSet, walks: NDArray[Any]) -> NDArray[np.int64]:
    lengths = _lengths(walks)
    last = walks[np.arange(len(walks)), lengths]
    return np.where(until.contains(last), lengths, -1)
