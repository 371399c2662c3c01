"""The build, from a source of edges to a store.

The stages are count → bucket → sort and merge → write. Edges are read once to be counted, and once
for every group of buckets that the memory budget has room for; what is written does not depend on
the budget, nor on how many threads there are.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial as bind
from typing import TYPE_CHECKING, Any, Literal

from graphwalk.errors import InputError
from graphwalk.storage.buckets import fill_group, plan_buckets
from graphwalk.storage.count import Counts, Direction, count_entries
from graphwalk.storage.format import GraphInfo, complete, create_group, is_graphwalk_store
from graphwalk.storage.graph import Graph
from graphwalk.storage.graph_writer import GraphWriter
from graphwalk.storage.ids import is_text
from graphwalk.storage.location import new_store
from graphwalk.storage.parallel import map_in_order, thread_pool
from graphwalk.storage.relabel import collect_labels
from graphwalk.storage.rows import Duplicates, RowRules, make_rows
from graphwalk.storage.symmetry import asymmetric_entry
from graphwalk.storage.temporary import remove_temporary, remove_with, temporary_location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import ThreadPoolExecutor

    import zarr

    from graphwalk.storage.buckets import Bucket, BucketPlan
    from graphwalk.storage.budget import Tuning
    from graphwalk.storage.labels import Labels
    from graphwalk.storage.progress import Progress
    from graphwalk.storage.rows import Rows
    from graphwalk.storage.sources.base import EdgeSource

#: Integer ids are kept as they are while the highest is less than this many times the edges.
SPARSE = 4


@dataclass(frozen=True)
class BuildOptions:
    """What decides what is written; see `build_zarr`."""

    directed: bool = False
    duplicates: Duplicates = "merge"
    drop_loops: bool = False
    num_nodes: int | None = None
    relabel: bool | Literal["auto"] = "auto"
    compressed: bool = True
    storage_options: Mapping[str, Any] | None = None


def build(
    source: EdgeSource,
    location: str | None,
    options: BuildOptions,
    tuning: Tuning,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> Graph:
    """Build the store at `location`, or a temporary one, from a source of edges."""
    _check_direction(source, options.directed)
    access = options.storage_options
    is_ours = bind(is_graphwalk_store, storage_options=access)
    with _place(location) as place:
        with (
            new_store(
                place, overwrite=overwrite, is_ours=is_ours, storage_options=access
            ) as partial,
            thread_pool(tuning.threads) as pool,
            thread_pool(tuning.threads) as writers,
        ):
            info = _Build(source, options, tuning, progress, pool, writers).run(partial)
        graph = Graph(place, info, temporary=location is None, storage_options=access)
        if graph.temporary:
            remove_with(graph, place)
        return graph


@contextmanager
def _place(location: str | None) -> Iterator[str]:
    if location is not None:
        yield location
        return
    temporary = temporary_location()
    try:
        yield temporary
    except BaseException:
        remove_temporary(temporary)
        raise


class _Build:
    """One build: its input, options and threads."""

    def __init__(
        self,
        source: EdgeSource,
        options: BuildOptions,
        tuning: Tuning,
        progress: Progress,
        pool: ThreadPoolExecutor,
        writers: ThreadPoolExecutor,
    ) -> None:
        self._source = source
        self._options = options
        self._tuning = tuning
        self._progress = progress
        self._pool = pool
        self._writers = writers
        both_ways = not options.directed and not source.grouped
        self._direction = Direction(both_ways, options.drop_loops)

    def run(self, partial: str) -> GraphInfo:
        """Build the store at `partial`."""
        counts, labels = self._number()
        num_nodes = self._count_nodes(counts, labels)
        plan = plan_buckets(counts, num_nodes, self._source.weighted, self._tuning)
        room = self._tuning.entries_per_group(
            counts.edges,
            max((bucket.entries for bucket in plan.buckets), default=0),
            plan.entry_bytes,
            self._source.weighted,
        )
        group = create_group(
            partial,
            compressed=self._options.compressed,
            storage_options=self._options.storage_options,
        )
        info = self._write(group, plan, room, labels)
        if labels is not None:
            labels.write(group, self._writers)
        complete(group, info)
        return info

    def _number(self) -> tuple[Counts, Labels | None]:
        """Count entries by their nodes' numbers; relabel the nodes first if need be."""
        relabel = self._must_relabel()
        if not relabel:
            counts = self._count(None)
            if not self._is_sparse(counts):
                return counts, None
        with self._progress.stage("label", None, "edges") as advance:
            labels = collect_labels(self._source, self._pool, self._tuning, advance)
        return self._count(labels), labels

    def _must_relabel(self) -> bool:
        """Return whether nodes are to be numbered anew, whatever their ids are."""
        if not self._has_text():
            return self._options.relabel is True
        if self._options.relabel is False or self._options.num_nodes is not None:
            given = "relabel=False" if self._options.relabel is False else "num_nodes="
            raise InputError(
                f"{self._source.name}: node ids are strings, which {given} does not go with; "
                f"leave {given} out"
            )
        return True

    def _has_text(self) -> bool:
        first = next(iter(self._source.batches()), None)
        nodes = self._source.nodes
        return (first is not None and is_text(first.src)) or (nodes is not None and is_text(nodes))

    def _is_sparse(self, counts: Counts) -> bool:
        """Return whether integer ids are to be numbered anew."""
        known = self._options.num_nodes is not None or self._source.num_nodes is not None
        if known or self._options.relabel is False:
            return False
        size = max(counts.edges, 0 if self._source.nodes is None else len(self._source.nodes))
        return self._highest_id(counts) >= SPARSE * size > 0

    def _highest_id(self, counts: Counts) -> int:
        nodes = self._source.nodes
        return max(counts.highest, -1 if nodes is None or not len(nodes) else int(max(nodes)))

    def _count(self, labels: Labels | None) -> Counts:
        with self._progress.stage("count", None, "edges") as advance:
            return count_entries(
                self._source,
                labels,
                self._num_nodes_given() if labels is None else None,
                self._direction,
                self._pool,
                self._tuning,
                advance,
            )

    def _num_nodes_given(self) -> int | None:
        known, given = self._source.num_nodes, self._options.num_nodes
        if known is not None and given is not None and given < known:
            raise InputError(
                f"num_nodes={given} is less than the {known} nodes of the {self._source.name}; "
                "raise num_nodes, or leave it out"
            )
        return known if given is None else given

    def _count_nodes(self, counts: Counts, labels: Labels | None) -> int:
        given = self._num_nodes_given()
        if labels is not None:
            num_nodes = len(labels)
        else:
            num_nodes = self._highest_id(counts) + 1 if given is None else given
        if num_nodes == 0 or (counts.edges == 0 and given is None and self._source.nodes is None):
            raise InputError(
                f"{self._source.name} has no edges; pass num_nodes to make a graph without any"
            )
        return num_nodes

    def _write(
        self, group: zarr.Group, plan: BucketPlan, room: int, labels: Labels | None
    ) -> GraphInfo:
        check_symmetry = self._source.grouped and not self._options.directed
        rules = RowRules(self._source.name, self._options.duplicates, check_symmetry, labels)
        groups = plan.groups(room)
        weighted = plan.weight_dtype is not None
        writer = GraphWriter(group, plan.num_nodes, plan.entries, weighted, self._writers)
        try:
            for number, buckets in enumerate(groups, start=1):
                of = f" {number}/{len(groups)}" if len(groups) > 1 else ""
                for rows in self._rows(plan, buckets, rules, labels, of):
                    writer.append(rows)
            writer.finish()
        finally:
            writer.abandon()
        if check_symmetry and writer.asymmetry % 2**64:
            raise self._asymmetric(group, plan.num_nodes, writer.num_entries, rules)
        entries, loops = writer.num_entries, writer.num_loops
        return GraphInfo(
            num_nodes=plan.num_nodes,
            num_entries=entries,
            num_edges=entries if self._options.directed else (entries + loops) // 2,
            directed=self._options.directed,
            weighted=weighted,
            labels=None if labels is None else labels.kind,
        )

    def _rows(
        self,
        plan: BucketPlan,
        buckets: list[Bucket],
        rules: RowRules,
        labels: Labels | None,
        of: str,
    ) -> Iterator[Rows]:
        """Yield the rows of a group of buckets, in order."""
        with self._progress.stage(f"bucket{of}", None, "edges") as advance:
            filled = fill_group(
                self._source,
                labels,
                plan,
                buckets,
                self._direction,
                self._pool,
                self._tuning,
                advance,
            )

        def make(i: int) -> Rows:
            part = slice(filled.starts[i], filled.starts[i + 1])
            return make_rows(filled.keys[part], filled.weights[part], buckets[i], plan, rules)

        total = int(filled.starts[-1])
        with self._progress.stage(f"write{of}", total, "entries") as advance:
            made = map_in_order(self._pool, make, range(len(buckets)), self._tuning.ahead)
            for i, rows in enumerate(made):
                yield rows
                advance(buckets[i].entries)

    def _asymmetric(
        self, group: zarr.Group, num_nodes: int, num_entries: int, rules: RowRules
    ) -> InputError:
        found = asymmetric_entry(group, num_nodes, num_entries)
        pair = "" if found is None else f" ({' → '.join(rules.describe(v) for v in found)} is not)"
        return InputError(
            f"{self._source.name}: the rows are not symmetric{pair}; pass directed=True, or add "
            "what is missing"
        )


def _check_direction(source: EdgeSource, directed: bool) -> None:
    if source.directed is not None and source.directed != directed:
        kind = "directed" if source.directed else "undirected"
        raise InputError(
            f"{source.name} is {kind}; pass directed={source.directed}, or convert the graph"
        )
