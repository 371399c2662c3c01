"""Reading the edges that an update adds or removes, in any form: checked, and numbered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa

from graphwalk.errors import InputError, MemoryBudgetError, argument, function
from graphwalk.storage.build.changes import ReadChanges
from graphwalk.storage.build.check_batch import check_ids, is_text, load_checked, no_further
from graphwalk.storage.build.dictionary_encoding import encode
from graphwalk.storage.build.edge_list import SPARSE
from graphwalk.storage.build.sort_labels import concatenate_ids, count_up_to, distinct
from graphwalk.storage.edges.protocol import EdgeBatch, NotIntegers, RowSource
from graphwalk.storage.store.label_runs import labels_of, split_runs
from graphwalk.util.threads import map_in_order, thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from graphwalk.storage.build.memory_plan import BuildSizes
    from graphwalk.storage.edges.protocol import EdgeSource, Ids
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.stored_labels import StoredLabels

#: Bytes of an edge while all are sorted, both its entries and their copies, and copies of an id.
_EDGE_BYTES, _ID_COPIES = 128, 4


@dataclass(frozen=True)
class ChangedEdges:
    """A source of edges to add or to remove, whose ids are those of a graph.

    Attributes
    ----------
    graph : GraphArrays
        The graph.
    source : EdgeSource
        The edges.
    adds : bool
        Whether they are added.
    ignore : bool
        Whether edges to remove may name nodes that do not exist.
    """

    graph: GraphArrays
    source: EdgeSource
    adds: bool
    ignore: bool

    @classmethod
    def of(
        cls, graph: GraphArrays, source: EdgeSource | RowSource, role: str, *, ignore: bool
    ) -> ChangedEdges:
        """Return the edges of a source, to ``"add"`` or to ``"remove"``, if they fit the graph."""
        name, where = f"{argument(role)} ({source.name})", graph.path
        if isinstance(source, RowSource):
            raise InputError(
                f"{name} is an adjacency list; pass the graph that {function('build_zarr')} makes "
                "of it"
            )
        if source.directed is not None and source.directed != graph.directed:
            kinds = ("directed", "undirected")[:: 1 if source.directed else -1]
            raise InputError(f"{name} is {kinds[0]} and {where} is {kinds[1]}; convert it")
        if role == "add":
            _check_values(name, source, graph)
        unit = getattr(source, "time_unit", None)
        if unit is not None and unit != graph.time_unit:
            due = f"count {graph.time_unit!r} since 1970" if graph.time_unit else "are no dates"
            raise InputError(
                f"the dates of {name} count {unit!r}, and the times of {where} {due}; convert them"
            )
        edges: EdgeSource = source
        if graph.info.labels == "string" and hasattr(source, "with_strings"):
            edges = cast("Any", source).with_strings()
        return cls(graph, edges, role == "add", ignore)

    @property
    def valued(self) -> bool:
        """Whether edges have weights, times or types that are used."""
        without = (None,) if self.adds else (None, "weights")
        return self.source.weighted and self.graph.info.values not in without

    @property
    def listed(self) -> Ids | None:
        """Ids of further nodes, which need not have edges."""
        if self.source.nodes is None or not self.adds:
            return None
        name = self.source.name
        nodes = check_ids(self.source.nodes, name, f"{name}: node {{}} of its list".format)
        if len(nodes) and is_text(nodes) != (self.graph.info.labels == "string"):
            raise self._wrong_kind(name)
        return nodes

    def highest(self, src: NDArray[np.int64], dst: NDArray[np.int64]) -> int:
        """Return the highest node of the new graph, where nodes have no labels."""
        highest = max(self.graph.num_nodes - 1, int(src.max(initial=-1)), int(dst.max(initial=-1)))
        if self.listed is not None:
            highest = max(highest, int(self.listed.max(initial=-1)))
        return max(highest, (self.source.num_nodes or 0) - 1) if self.adds else highest

    def load(self, load: Callable[[], EdgeBatch]) -> tuple[EdgeBatch, Ids | None]:
        """Load a batch, and check it; return also its ids, if its ends are positions among them."""
        values = self.graph.info.values if self.valued else None
        try:
            batch = load_checked(load, self.source, values)
        except NotIntegers as error:
            raise self._wrong_kind(self.source.name) from error
        if len(batch.src) and is_text(batch.src) != (self.graph.info.labels == "string"):
            raise self._wrong_kind(batch.place(0))
        if self.adds and self.graph.info.also_weighted and "weights" not in batch.further:
            raise no_further("weights", self.source.name)
        if not len(batch.src):
            return EdgeBatch(np.empty(0, np.int64), np.empty(0, np.int64), None, batch.place), None
        batch = batch if self.valued else batch._replace(weight=None)
        if self.graph.info.labels is None:
            return self._within(batch), None
        ids, edges = encode(batch)
        return edges, ids

    def _wrong_kind(self, where: str) -> InputError:
        kinds = ("strings", "integers")
        due, found = kinds if self.graph.info.labels == "string" else kinds[::-1]
        what = "labels" if self.graph.info.labels else "nodes"
        return InputError(
            f"{where}: ids are {found}, and the {what} of {self.graph.path} {due}; convert them"
        )

    def _within(self, batch: EdgeBatch) -> EdgeBatch:
        """Check or drop edges of nodes that do not exist, or are beyond what numbers may be."""
        graph = self.graph
        most = graph.num_nodes
        if self.adds:
            most = 2 * most + SPARSE * (graph.num_edges + (self.source.num_edges or 0))
        outside = (batch.src >= most) | (batch.dst >= most)
        if not outside.any():
            return batch
        if self.ignore and not self.adds:
            kept, weight = ~outside, batch.weight
            weight = weight if weight is None else weight[kept]
            return batch._replace(src=batch.src[kept], dst=batch.dst[kept], weight=weight)
        at = int(np.argmax(outside))
        node, where = max(batch.src[at], batch.dst[at]), batch.place(at)
        if not self.adds:
            raise missing_edge(f"{batch.src[at]} → {batch.dst[at]} ({where})", graph)
        raise InputError(
            f"{where} has the node {node}, and the nodes of {graph.path} are 0 to "
            f"{graph.num_nodes - 1}: all numbers up to it would be nodes; make the graph of all "
            f"edges by {function('build_zarr')} with {argument('relabel', True)}"
        )


def missing_edge(edge: str, graph: GraphArrays) -> InputError:
    """Return the error of an edge that is to be removed and is not there."""
    return InputError(
        f"{argument('remove')} has the edge {edge}, which is not in {graph.path}; leave it out, or "
        f"pass {argument('missing', 'ignore')}"
    )


def _check_values(name: str, source: EdgeSource, graph: GraphArrays) -> None:
    values = graph.info.values
    if source.weighted == (values is not None):
        return
    words = (values or "weights").removeprefix("edge_")
    if values is None:
        raise InputError(
            f"{name} has a third column, and the edges of {graph.path} have no weights, times or "
            f"types; pass {argument('columns')} of two"
        )
    raise InputError(f"{name} has no {words}, and the edges of {graph.path} have; add a column")


def read_changes(changed: ChangedEdges, sizes: BuildSizes) -> ReadChanges:
    """Read all edges into memory.

    Raises
    ------
    InputError
        When edges cannot be used.
    MemoryBudgetError
        When they, with their labels, do not fit in a quarter of the memory.
    """
    graph, source = changed.graph, changed.source
    batches: list[EdgeBatch] = []
    ids: list[Ids] = []
    num_ids = taken = 0
    with thread_pool(sizes.threads) as pool:
        loads = source.batches(sizes.edges_with_ids(getattr(source, "id_bytes", 0)))
        for batch, names in map_in_order(pool, changed.load, loads, sizes.ahead):
            taken += len(batch.src) * _EDGE_BYTES
            if names is not None:
                batch = batch._replace(src=batch.src + num_ids, dst=batch.dst + num_ids)
                num_ids += len(names)
                taken += _ID_COPIES * names.nbytes
                ids.append(names)
            if taken > sizes.budget // 4:
                raise MemoryBudgetError(
                    f"{source.name}: these edges are sorted in memory, of which they take more "
                    f"than a quarter; raise {argument('memory')}, or update in several steps"
                )
            batches.append(batch)
    src, dst = (
        np.concatenate([np.empty(0, np.int64), *(batch[end] for batch in batches)])
        for end in (0, 1)
    )
    values = weights = None
    if changed.valued:
        values = np.concatenate([np.empty(0), *(batch.weight for batch in batches)])
    if changed.adds and graph.info.also_weighted:
        some = (batch.further["weights"] for batch in batches if len(batch.src))
        weights = np.concatenate([np.empty(0), *some])
    read = ReadChanges(src, dst, values, weights, None, graph.num_nodes)
    if graph.labels is None:
        return read._replace(num_nodes=changed.highest(src, dst) + 1)
    return _number(changed, read, ids)


def _number(changed: ChangedEdges, read: ReadChanges, ids: list[Ids]) -> ReadChanges:
    """Return edges between nodes, whose ends are positions among `ids`."""
    graph, listed = changed.graph, changed.listed
    assert graph.labels is not None
    each = [*ids, *([] if listed is None else [listed])]
    if not each:
        return read
    known = distinct(concatenate_ids(each))
    numbers, index = _find(graph.labels, known), labels_of(known)
    new = np.flatnonzero(numbers < 0) if changed.adds else np.empty(0, np.int64)
    numbers[new] = graph.num_nodes + np.arange(len(new))
    nodes = np.concatenate([numbers[index.find(some)] for some in each])
    src, dst = nodes[read.src], nodes[read.dst]
    missing = (src < 0) | (dst < 0)
    if missing.any() and not changed.ignore:
        at, named = int(np.argmax(missing)), pa.array(concatenate_ids(ids))
        names = (repr(named[int(ends[at])].as_py()) for ends in (read.src, read.dst))
        raise missing_edge(" → ".join(names), graph)
    labels = pa.array(known).take(pa.array(new))
    read = read._replace(src=src, dst=dst, labels=labels, num_nodes=graph.num_nodes + len(new))
    return read.some(~missing) if missing.any() else read


def _find(labels: StoredLabels, wanted: Ids) -> NDArray[np.int64]:
    """Return the node of each of ascending labels, or −1; reads the labels part by part."""
    numbers, first, done = np.full(len(wanted), -1, np.int64), 0, 0
    if not labels.ascend:
        index = labels_of(wanted)
        for part in labels.parts():
            found = index.find(part)
            there = np.flatnonzero(found >= 0)
            numbers[found[there]] = first + there
            first += len(part)
        return numbers
    for part in labels.parts():
        for run in split_runs(range(first, first + len(part)), labels.runs):
            start = first + run.start
            done = 0 if start in labels.runs else done  # labels are below those of the part before
            some = part[run]
            stop = count_up_to(wanted, some[-1].as_py())
            found = labels_of(some).find(wanted[done:stop])
            there = np.flatnonzero(found >= 0)
            numbers[done + there] = start + found[there]
            done = stop
        first += len(part)
    return numbers
