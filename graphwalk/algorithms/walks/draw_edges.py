"""Edges drawn at random, with which temporal walks begin.

References
----------
.. [1] G. H. Nguyen, J. B. Lee, R. A. Rossi, N. K. Ahmed, E. Koh, S. Kim, "Continuous-time dynamic
   network embeddings", WWW 2018 companion, https://doi.org/10.1145/3184558.3191526
"""

from __future__ import annotations

import secrets
from math import inf
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np

from graphwalk.algorithms.walks.time_parameters import checked_scale, checked_window
from graphwalk.errors import InputError, argument
from graphwalk.kernels.walk.draw_edges import draw_numbers, fill_masses
from graphwalk.storage.store.graph import as_graph
from graphwalk.util.parameters import one_of, whole
from graphwalk.util.threads import map_in_order, num_cores, thread_pool

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import timedelta

    from numpy.typing import NDArray

    from graphwalk.storage.store.graph import Graph
    from graphwalk.storage.store.graph_arrays import GraphArrays

T = TypeVar("T")
R = TypeVar("R")

#: Which edges may be likelier than others; the last two exponentially.
BIASES = "late", "early", "late-exponential", "early-exponential"

#: What random numbers are for.
_PLACE, _OTHER, _ALONE = 1, 2, 3


def draw_start_edges(
    store: Graph | str | os.PathLike[str],
    count: int,
    *,
    time_bias: Literal["late", "early", "late-exponential", "early-exponential"] | None = None,
    time_scale: float | timedelta | np.timedelta64 | None = None,
    time_window: tuple[Any, Any] | None = None,
    seed: int | None = None,
) -> NDArray[np.int64]:
    """Draw edges at random, with replacement, with which temporal walks are to begin [1].

    Pass them to `random_walks` as `start_edges`. In an undirected graph, an edge is drawn with the
    direction in which its walk begins: it is stored in both, and a self-loop, which is stored once,
    is drawn half as often.

    Parameters
    ----------
    store : Graph, str or path
        A graph whose edges have times, or the path or URL of its store.
    count : int
        How many edges.
    time_bias : {"late", "early", "late-exponential", "early-exponential"}, optional
        Whether late or early edges are likelier. By rank, the linear distribution of [1]: of `n`
        edges in the order of their times, the last is `n` times as likely as the first
        (``"late"``), or the first as the last (``"early"``), and the probability changes by equal
        steps between them. Or exponentially: the probability of an edge at time `t` is in
        proportion to ``exp(t / time_scale)`` or ``exp(-t / time_scale)``. None: all edges have the
        same probability.
    time_scale : float or timedelta, optional
        Of an exponential `time_bias`, as for `random_walks`. None: 1, as in [1].
    time_window : (time, time), optional
        The first and the last time of edges that may be drawn, as for `random_walks`.
    seed : int, optional
        From 0 to 2**64 - 1. None: one is drawn. The same seed draws the same edges, and the first
        of them if `count` is smaller.

    Returns
    -------
    ndarray of int64, shape (count,)
        Where the edges are among the entries of the store. With an exponential bias or a window,
        all times are read twice, a chunk for each thread at a time; else at most those of the
        edges.

    Raises
    ------
    InputError
        When a parameter is out of its range, edges have no times, or there is none to draw.
    StoreError
        When `store` is not a graph that can be read.

    References
    ----------
    [1] G. H. Nguyen, J. B. Lee, R. A. Rossi, N. K. Ahmed, E. Koh, S. Kim, "Continuous-time dynamic
    network embeddings", WWW 2018 companion, https://doi.org/10.1145/3184558.3191526

    Examples
    --------
    >>> import graphwalk
    >>> timed = graphwalk.build_zarr(([0, 0, 1], [1, 1, 2], [5, 7, 6]), directed=True, times=True)
    >>> edges = graphwalk.draw_start_edges(timed, 4, time_bias="late", seed=1)
    >>> graphwalk.random_walks(
    ...     timed, start_edges=edges, temporal=True, num_walks=1, walk_length=3, seed=1
    ... ).compute()
    array([[ 1,  2, -1, -1],
           [ 0,  1, -1, -1],
           [ 0,  1, -1, -1],
           [ 1,  2, -1, -1]], dtype=int32)
    """
    graph = as_graph(store)
    count = whole(0, 2**63 - 1).check("count", count)
    bias = None if time_bias is None else one_of(*BIASES).check("time_bias", time_bias)
    scale = checked_scale(graph, time_scale, bias, BIASES[2:])
    everything = -inf, inf
    window = everything if time_window is None else checked_window(graph, time_window)
    seed = secrets.randbits(64) if seed is None else whole(0, 2**64 - 1).check("seed", seed)
    if not graph.timed:
        raise InputError(
            f"edges of {graph.path} have no times, by which walks could begin with them; build it "
            f"from edges with times, and {argument('times', True)}"
        )
    masses = None
    if scale is not None or window != everything:
        sign = -1 if bias == "early-exponential" else 1
        masses = _masses(graph._arrays, window, sign, inf if scale is None else scale)
    total = graph.num_entries if masses is None else masses.total
    if count and not total:
        of_window = f" in {argument('time_window', time_window)}" if time_window else ""
        raise InputError(f"{graph.path} has no edges{of_window}, of which some could be drawn")
    if masses is None or scale is None:
        return _by_rank(graph._arrays, bias, seed, count, int(total), masses)
    places = (_uniform(seed, _PLACE, 0, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return masses.find(places * total)


def _uniform(seed: int, purpose: int, below: int, count: int) -> NDArray[np.uint64]:
    numbers = np.empty(count, np.uint64)
    draw_numbers(np.uint64(seed), purpose, np.uint64(below), numbers)
    return numbers


def _by_rank(
    graph: GraphArrays, bias: str | None, seed: int, count: int, total: int, masses: _Masses | None
) -> NDArray[np.int64]:
    """Draw some of `total` edges, those of `masses` or all, equally likely or by their rank.

    The last of a set of one or two edges is the edge of rank r in r of all such sets. So a set is
    drawn, and no times are sorted: one edge with the probability 2 / (total + 1), else two.
    """
    places = _uniform(seed, _PLACE, total, count).astype(np.int64)
    if bias is not None:
        others = _uniform(seed, _OTHER, max(1, total - 1), count).astype(np.int64)
        others += others >= places
        alone = _uniform(seed, _ALONE, total + 1, count) < 2
        others[alone] = places[alone]
        places = np.concatenate([places, others])
    edges = places if masses is None else masses.find(places.astype(np.float64))
    if bias is None:
        return edges
    known, where = np.unique(edges, return_inverse=True)
    times = graph.read_values_at("times", known)[where].reshape(2, count)
    (one, other), (time, other_time) = edges.reshape(2, count), times
    later = (other_time > time) | ((other_time == time) & (other > one))
    return np.where(later == (bias == "late"), other, one)


class _Masses(NamedTuple):
    """How likely edges are, by chunks of the store.

    Attributes
    ----------
    weigh : callable
        Returns the time of the likeliest edge of a chunk, and the mass of each relative to it.
    parts : sequence of range
        The entries of each chunk.
    factors : ndarray of float64, shape (parts,)
        The mass of the likeliest edge of each chunk.
    ends : ndarray of float64, shape (parts,)
        Sums of all masses up to the end of each chunk.
    """

    weigh: Callable[[range], tuple[float, NDArray[np.float64]]]
    parts: Sequence[range]
    factors: NDArray[np.float64]
    ends: NDArray[np.float64]

    @property
    def total(self) -> float:
        """The mass of all edges."""
        return float(self.ends[-1]) if len(self.ends) else 0.0

    def find(self, wanted: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the edges up to which the sum of masses exceeds what is wanted."""
        found = np.empty(len(wanted), np.int64)
        if not len(found):
            return found
        order = np.argsort(wanted, kind="stable")
        ends = _limited(self.ends)
        bounds = np.concatenate([[0], np.searchsorted(wanted[order], ends)])
        before = np.concatenate([[0.0], self.ends[:-1]])

        def find_some(part: int) -> None:
            some = order[bounds[part] : bounds[part + 1]]
            sums = _limited(np.cumsum(self.weigh(self.parts[part])[1]))
            places = (wanted[some] - before[part]) / self.factors[part]
            found[some] = self.parts[part].start + np.searchsorted(sums, places, "right")

        for _ in _by_threads(find_some, np.flatnonzero(np.diff(bounds)).tolist()):
            pass
        return found


def _limited(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums of masses, those of all infinite, so that rounding does not lead beyond them."""
    return np.where(sums == sums[-1], np.inf, sums)


def _masses(graph: GraphArrays, window: tuple[float, float], sign: int, scale: float) -> _Masses:
    """Read all times, and return the masses of the edges of a window."""
    chunk, entries = graph.chunk_length("times"), graph.num_entries
    parts = [range(a, min(a + chunk, entries)) for a in range(0, entries, chunk)]

    def weigh(part: range) -> tuple[float, NDArray[np.float64]]:
        with graph.unchanged():
            times = graph.read_values("times", part.start, part.stop, threads=1)
        there = (times >= window[0]) & (times <= window[1])
        times = sign * times[there]
        top = times.max(initial=-inf)
        masses = np.zeros(len(part))
        masses[there] = _relative(times, top, scale)
        return top, masses

    def add(part: range) -> tuple[float, float]:
        top, masses = weigh(part)
        return top, float(np.cumsum(masses)[-1])  # as they are added up by `find`

    found = np.array(list(_by_threads(add, parts))).reshape(-1, 2)
    tops, sums = found.T
    factors, some = np.zeros(len(parts)), sums > 0
    factors[some] = _relative(tops[some], tops.max(initial=-inf), scale)
    return _Masses(weigh, parts, factors, np.cumsum(sums * factors))


def _relative(times: NDArray[np.float64], top: float, scale: float) -> NDArray[np.float64]:
    masses = np.empty(len(times))
    fill_masses(times, top, scale, masses)
    return masses


def _by_threads(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    with thread_pool(num_cores()) as pool:
        yield from map_in_order(pool, function, items, 2 * num_cores())
