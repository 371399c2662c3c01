"""Plots of graphs and of walks: degrees, nodes visited, visits of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.output.write import iter_blocks
from graphwalk.algorithms.walks.walks_source import walks_source
from graphwalk.plotting.plans_and_runs import axes_or_new, matplotlib
from graphwalk.storage.store.graph import Graph, as_graph

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import dask.array as da
    from numpy.typing import NDArray

#: Points of a curve of coverage, without its origin.
_POINTS = 200


def plot_degrees(graph: Graph | str | os.PathLike[str], ax: Any = None, **options: Any) -> Any:
    """Plot the fraction of nodes that have at least a given number of neighbours.

    This is the exact complementary cumulative distribution of the degrees, on logarithmic axes, on
    which a power law is a straight line [1]. Nodes without neighbours are counted, but have no
    point. Only offsets are read, one chunk at a time.

    Parameters
    ----------
    graph : Graph, str or path
        The graph, or where its store is.
    ax : matplotlib.axes.Axes, optional
        The axes to plot on; None: those of a new figure.
    **options
        For matplotlib's ``plot``, such as ``label`` and ``color``.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the plot.

    Raises
    ------
    InputError
        When matplotlib is not installed.
    StoreError
        When the store cannot be read.

    References
    ----------
    [1] A. Clauset, C. R. Shalizi, M. E. J. Newman, "Power-law distributions in empirical data",
    SIAM Review 51(4), 2009, https://doi.org/10.1137/070710111

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> axes = graphwalk.plot_degrees(graph)
    >>> axes.get_xlabel()
    'degree'
    """
    matplotlib("pyplot")  # raises before anything is read
    opened = as_graph(graph)
    axes = axes_or_new(ax)
    _plot_parts(axes, *opened.degree_counts(), options)
    what = "out-degree" if opened.directed else "degree"
    axes.set(xlabel=what, ylabel=f"part of the nodes of at least that {what}")
    return axes


def plot_visits(walks: da.Array, ax: Any = None, **options: Any) -> Any:
    """Plot the fraction of nodes that walks visit at least a given number of times.

    The walks are computed one block at a time. Some blocks and 8 bytes a node are in memory.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned, or a part of it such as ``walks[:1000]``. Of arrays of other
        origin, whose graph is not known, only visited nodes are counted.
    ax : matplotlib.axes.Axes, optional
        The axes to plot on; None: those of a new figure.
    **options
        For matplotlib's ``plot``, such as ``label`` and ``color``.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the plot.

    Raises
    ------
    InputError
        For an array that holds no walks, or when matplotlib is not installed.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> walks = graphwalk.random_walks(graph, num_walks=2, walk_length=3, seed=1)
    >>> axes = graphwalk.plot_visits(walks)
    >>> axes.get_xlabel()
    'visits'
    """
    matplotlib("pyplot")
    visits = _Visits(walks)
    for block in iter_blocks(walks):
        visits.add(block)
    axes = axes_or_new(ax)
    counts = visits.counts if visits.num_nodes else visits.counts[visits.counts > 0]
    _plot_parts(axes, *np.unique(counts, return_counts=True), options)
    axes.set(xlabel="visits", ylabel="part of the nodes with at least as many")
    return axes


def plot_coverage(walks: da.Array, ax: Any = None, **options: Any) -> Any:
    """Plot the number of visited nodes against the number of walks, in the order of their rows.

    The walks are computed one block at a time. Some blocks and 8 bytes a node are in memory.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned, or a part of it.
    ax : matplotlib.axes.Axes, optional
        The axes to plot on; None: those of a new figure.
    **options
        For matplotlib's ``plot``, such as ``label`` and ``color``.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the plot. Their title has the number of all nodes if the walks know their
        graph; parts such as ``walks[:1000]`` do not.

    Raises
    ------
    InputError
        For an array that holds no walks, or when matplotlib is not installed.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> walks = graphwalk.random_walks(graph, num_walks=2, walk_length=3, seed=1)
    >>> axes = graphwalk.plot_coverage(walks)
    >>> axes.get_title()
    '3 of 3 nodes are visited'
    """
    matplotlib("pyplot")
    visits, blocks = _Visits(walks), iter_blocks(walks)
    marks = np.unique(np.linspace(0, len(walks), _POINTS + 1).astype(np.int64))
    covered = np.zeros(len(marks), np.int64)
    found = done = 0
    for piece in _pieces(blocks, marks):
        found += visits.add(piece)
        done += len(piece)
        covered[np.searchsorted(marks, done)] = found
    axes = axes_or_new(ax)
    axes.plot(marks, covered, **options)
    of_all = f" of {visits.num_nodes:,}" if visits.num_nodes else ""
    axes.set(xlabel="walks", ylabel="nodes visited", title=f"{found:,}{of_all} nodes are visited")
    return axes


class _Visits:
    """Counts the visits of each node.

    Attributes
    ----------
    num_nodes : int or None
        Nodes of the graph; None if the graph is not known.
    counts : ndarray of int64
        Visits of each node; if the graph is not known, there may be more elements than nodes.
    """

    def __init__(self, walks: da.Array) -> None:
        source = walks_source(walks)
        self.num_nodes = None if source is None else source.graph.num_nodes
        self.counts = np.zeros(self.num_nodes or 0, np.int64)

    def add(self, walks: NDArray[Any]) -> int:
        """Count the visits of some walks; return how many nodes are visited for the first time."""
        nodes = walks[walks >= 0]
        most = int(nodes.max(initial=-1)) + 1
        if most > len(self.counts):
            room = np.zeros(max(most, 2 * len(self.counts)), np.int64)
            room[: len(self.counts)] = self.counts
            self.counts = room
        new = np.unique(nodes[self.counts[nodes] == 0])
        np.add.at(self.counts, nodes, 1)
        return len(new)


def _pieces(blocks: Iterator[NDArray[Any]], marks: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    """Yield blocks, cut at the `marks`, so that the plot does not depend on blocks."""
    first = 0
    for block in blocks:
        inside = marks[(marks > first) & (marks < first + len(block))]
        yield from np.split(block, inside - first)
        first += len(block)


def _plot_parts(
    axes: Any, values: NDArray[np.int64], counts: NDArray[np.int64], options: dict[str, Any]
) -> None:
    """Plot, for each of the ascending values, the fraction of all that is at least as high."""
    parts = counts[::-1].cumsum()[::-1] / counts.sum()
    shown = values > 0
    axes.plot(values[shown], parts[shown], **{"drawstyle": "steps-pre"} | options)
    if shown.any():  # matplotlib cannot draw logarithmic axes without data
        axes.set(xscale="log", yscale="log")
