"""Sparse matrices of what walks visit: pairs of nodes that are counted where walks are made."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np
from dask.base import tokenize

from graphwalk.algorithms.analytics.node_array import NodeArray, NodeTask
from graphwalk.algorithms.reductions.pair_counts import (
    PairCounts,
    add_counts,
    as_matrix,
    count_pairs,
    largest_of_rows,
)
from graphwalk.algorithms.reductions.reduce_walks import reduce_walks
from graphwalk.algorithms.reductions.reduction_plan import ReductionPlan, state_bytes
from graphwalk.algorithms.walks.check_parameters import plan_of
from graphwalk.algorithms.walks.dask_tasks import WalkTasks
from graphwalk.algorithms.walks.no_steps import warn_without_steps
from graphwalk.errors import MemoryBudgetError, argument
from graphwalk.units import format_size
from graphwalk.util.optional_imports import import_optional
from graphwalk.util.parameters import parameters_of
from graphwalk.walk_spec import WalkSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job, Resources

#: Bytes of a pair and its count, and how many of these there are while counts are added up.
_PAIR, _WORK = 16, 5
#: Pairs that wait until they are added to the others, at least; and pairs that are made at a time.
_WAITING = _AT_A_TIME = 1 << 17
#: Nodes of walks of a block, unless one start node has more walks: with much memory, and with
#: little; and of the largest block.
_BLOCK_NODES, _LARGEST_BLOCK = (1 << 20, 1 << 18), 1 << 23


class WalkPairs(Protocol):
    """Which pairs of nodes of a walk count. It is a plain value, and picklable.

    Attributes
    ----------
    own_rows : bool
        Whether a walk counts for the row of its start node alone.
    dtype : dtype
        Type of the values.
    column : str
        What a table calls them.
    """

    own_rows: ClassVar[bool]
    dtype: ClassVar[np.dtype[Any]]
    column: ClassVar[str]

    def most_pairs(self, walk_length: int) -> int:
        """Return how many pairs a walk has at most."""

    def keys(self, walks: NDArray[Any], num_nodes: int) -> NDArray[np.int64]:
        """Return the keys of the pairs of some walks, see `PairCounts`."""

    def values(self, pairs: PairCounts, num_nodes: int, num_walks: int) -> NDArray[Any]:
        """Return the values of pairs, which have been counted in all walks."""


class PairLimits(NamedTuple):
    """Which counts are kept.

    Attributes
    ----------
    num_nodes : int
        Nodes of the graph.
    top_k : int or None
        Pairs of each first node with the largest counts; None: all.
    at_once : bool
        Whether a block has all walks that count for its first nodes, so that others than these
        pairs can be dropped at once.
    state : int
        Bytes that counts may take.
    enough : int
        Bytes of memory in which all pairs fit that there can be.
    """

    num_nodes: int
    top_k: int | None
    at_once: bool
    state: int
    enough: int


class PairCounter:
    """Counts pairs of blocks of walks; a `Reduction`."""

    visit: None = None

    def __init__(self, pairs: WalkPairs, limits: PairLimits) -> None:
        self._pairs, self._limits = pairs, limits
        self._parts: list[PairCounts] = []
        self._waiting = self._counted = 0
        self._lock = threading.Lock()

    def __reduce__(self) -> Any:
        return PairCounter, (self._pairs, self._limits)

    def add(self, walks: NDArray[Any]) -> None:
        """Count the pairs of a block."""
        limits = self._limits
        rows = max(1, _AT_A_TIME // max(1, self._pairs.most_pairs(walks.shape[1] - 1)))
        parts = [
            count_pairs(self._pairs.keys(walks[first : first + rows], limits.num_nodes))
            for first in range(0, len(walks), rows)
        ]
        if limits.at_once and limits.top_k is not None:
            parts = [largest_of_rows(add_counts(parts), limits.num_nodes, limits.top_k)]
        for part in parts:
            self.merge(part)

    def part(self) -> PairCounts:
        """Return what has been counted, to be sent to another process."""
        with self._lock:
            return self._joined()

    def merge(self, part: PairCounts) -> None:
        """Add other counts."""
        with self._lock:
            self._parts.append(part)
            self._waiting += len(part.keys)
            # Few large sums cost less than many: as many wait as have been added up before.
            if self._waiting > max(_WAITING, self._counted):
                self._joined()

    def _joined(self) -> PairCounts:
        whole = add_counts(self._parts)
        self._parts, self._waiting, self._counted = [whole], 0, len(whole.keys)
        if self._counted * _PAIR * _WORK > self._limits.state:
            enough = f"{-(-self._limits.enough // 2**20)} MiB"
            raise MemoryBudgetError(
                f"the walks have more than {self._counted:,} different pairs of nodes, for which "
                f"{format_size(self._limits.state)} of the memory are planned; pass more, such as "
                f"{argument('memory', enough)}, which is enough for all pairs that there can be, "
                "or fewer start nodes at a time"
            )
        return whole


@dataclass(frozen=True)
class CountedPairs:
    """What is counted, and the nodes of the rows."""

    walks: WalkTasks
    pairs: WalkPairs
    limits: PairLimits
    rows: NDArray[np.int64]


def pair_matrix(
    name: str,
    pairs: WalkPairs,
    rows: NDArray[np.int64] | None,
    top_k: int | None,
    **parameters: Any,
) -> NodeArray:
    """Return values of pairs of nodes of walks, as a lazy array whose block is a sparse matrix.

    Parameters
    ----------
    name : str
        What is computed.
    pairs : WalkPairs
        Which pairs count.
    rows : ndarray of int64, optional
        The nodes of the rows; None: all nodes.
    top_k : int, optional
        Pairs of each row that are kept.
    **parameters
        Those of walks, without `chunks`; walks that count for the rows of their start nodes start
        at each once.
    """
    empty = import_optional("scipy.sparse", f"{name} need").csr_array((0, 0), dtype=pairs.dtype)
    for each in parameters_of(WalkSpec):
        if each.name in ("num_walks", "walk_length"):
            parameters[each.name] = each.check(parameters[each.name])
    num_walks, length = parameters["num_walks"], parameters["walk_length"]
    for least, nodes in enumerate(_BLOCK_NODES):
        block = _block_walks(num_walks, length, nodes) if pairs.own_rows else "auto"
        at_once = block if isinstance(block, int) and block % num_walks == 0 else None
        sizes = _Sizes(pairs, rows, top_k, at_once, bool(least), parameters)
        try:
            graph, plan, walkers = plan_of(**parameters, chunks=block, kept=sizes.wanted)
            break
        except MemoryBudgetError:
            if least:
                raise
    enough = 2 * (sizes.most + plan.peak_memory)
    limits = PairLimits(graph.num_nodes, top_k, at_once is not None, sizes.planned, enough)
    walks = WalkTasks(plan, graph._arrays, walkers)
    rows = np.arange(graph.num_nodes) if rows is None else rows
    counted = CountedPairs(walks, pairs, limits, rows)
    key = f"{name.replace(' ', '-')}-{tokenize(walks.name, pairs, top_k, rows)}"
    whole = ReductionPlan(name, plan, sizes.planned)
    task = NodeTask((key, 0, 0), _count, counted, graph._arrays, whole)
    return NodeArray(task, pairs.dtype, (len(rows), graph.num_nodes), empty)


@dataclass
class _Sizes:
    """What is planned for pairs, of which it is only known how many there can be.

    Attributes
    ----------
    top_k : int or None
        Pairs of each row that are kept; None: all.
    block : int or None
        Walks of a block, if it has all that count for its rows, so that pairs can be dropped there.
    least : bool
        Whether to plan what is needed in any case, rather than half of the memory.
    most, planned : int
        Bytes of all pairs that there can be, and of those that are planned for.
    """

    pairs: WalkPairs
    rows: NDArray[np.int64] | None
    top_k: int | None
    block: int | None
    least: bool
    parameters: dict[str, Any]
    most: int = 0
    planned: int = 0

    def wanted(self, graph: GraphArrays, resources: Resources) -> int:
        """Return what is planned for pairs."""
        given, nodes = self.parameters.get("start_edges"), graph.num_nodes
        given = self.parameters["start_nodes"] if given is None else given
        starts = nodes if given is None else np.size(given)
        num_walks, top_k = self.parameters["num_walks"], self.top_k if self.block else None
        each = self.pairs.most_pairs(self.parameters["walk_length"])
        at_a_time = max(_AT_A_TIME, min(self.block or 0, starts * num_walks) * each)
        most = num_walks * each
        if self.pairs.own_rows:
            most = starts * min(most, nodes, nodes if top_k is None else top_k)
        else:
            most = min(starts * most, nodes * nodes)
        buffers = state_bytes(2 * _WAITING * _PAIR * _WORK, resources)
        buffers += resources.workers * at_a_time * _PAIR * _WORK
        self.most = buffers + state_bytes(most * _PAIR * _WORK, resources)
        part = 2 * buffers if self.least else max(2 * buffers, resources.memory // 2)
        self.planned = self.most if top_k is not None else min(self.most, part)
        return self.planned


def _block_walks(num_walks: int, walk_length: int, nodes: int) -> int:
    """Return how many walks a block has: all of some start nodes, unless these are very many."""
    if num_walks * (walk_length + 1) > _LARGEST_BLOCK:
        return max(1, nodes // (walk_length + 1))
    return num_walks * max(1, nodes // (num_walks * (walk_length + 1)))


def _count(counted: CountedPairs, graph: GraphArrays, plan: ReductionPlan, job: Job) -> Any:
    """Count pairs in a job; return their matrix."""
    del graph
    counter, limits = PairCounter(counted.pairs, counted.limits), counted.limits
    reduce_walks(job, counted.walks, counter)
    pairs = counter.part()
    warn_without_steps(plan.walks.spec, plan.walks.shape[0], len(pairs.keys))
    if limits.top_k is not None and not limits.at_once:
        pairs = largest_of_rows(pairs, limits.num_nodes, limits.top_k)
    values = counted.pairs.values(pairs, limits.num_nodes, plan.walks.spec.num_walks)
    return as_matrix(pairs, values, counted.rows, limits.num_nodes)
