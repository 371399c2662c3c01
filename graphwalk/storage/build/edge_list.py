"""The build of a list of edges."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from graphwalk.errors import InputError, argument
from graphwalk.storage.build.batch_cache import BatchCache
from graphwalk.storage.build.check_batch import (
    changed,
    check_ids,
    dense_batch,
    is_text,
    load_checked,
    mixed,
    no_further,
)
from graphwalk.storage.build.count_edges import Direction, EdgeCounts, count_batch
from graphwalk.storage.build.count_isolated import IsolatedCounter, bit_map_bytes
from graphwalk.storage.build.dictionary_encoding import EncodedEdges, encode
from graphwalk.storage.build.estimate import check_disk, describe_sizes
from graphwalk.storage.build.external_sort import EntryStages
from graphwalk.storage.build.missing_names import missing_among, warn_missing
from graphwalk.storage.build.runs import plan_buckets
from graphwalk.storage.edges.protocol import NotIntegers
from graphwalk.storage.store.stored_labels import write_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.storage.build.context import Context
    from graphwalk.storage.build.dictionary_encoding import EncodedBatch
    from graphwalk.storage.edges.protocol import EdgeBatch, EdgeSource, Ids
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.storage.store.label_index import Labels

    _Edges: TypeAlias = EdgeSource | BatchCache

#: Integer ids are kept as they are while the highest is less than this many times the edges.
SPARSE = 4


def build_edges(source: EdgeSource, context: Context) -> GraphInfo:
    """Write the graph of the edges of `source`, and return its attributes."""
    try:
        return _EdgeBuild(source, context).run()
    except NotIntegers as error:
        source, why = error.source, str(error)
    if why:
        warnings.warn(why, stacklevel=2)
    return _EdgeBuild(source, context).run()  # out here the error holds no memory any more


class _Survey(NamedTuple):
    """What the first pass found.

    `edges` is what further passes read; there are `labels` if nodes get new numbers.
    """

    edges: _Edges
    counts: EdgeCounts
    labels: Labels | None


class _EdgeBuild:
    def __init__(self, source: EdgeSource, context: Context) -> None:
        self._source = source
        self._context = context
        self._options = context.options
        self._tuning = context.tuning
        self._values = context.options.values(source)
        self._direction = Direction(not self._options.directed, self._options.drop_loops)

    def run(self) -> GraphInfo:
        edges, counts, labels = self._number(self._survey())
        num_nodes = self._count_nodes(counts, labels)
        # Each node that is known only from edges is an end of one, unless loops are dropped.
        touched = labels is not None and self._source.nodes is None
        touched = touched and not self._options.drop_loops
        unconnected = None
        taken = edges.memory if isinstance(edges, BatchCache) else 0
        if self._options.directed and not touched:
            unconnected = IsolatedCounter(num_nodes)
            taken += bit_map_bytes(num_nodes)
        layout = self._tuning.layout(
            counts.edges, counts.entries, self._values, taken, len(self._options.further)
        )
        plan = plan_buckets(
            *(counts, num_nodes, self._values),
            *(layout.bucket_entries, self._tuning.nodes_per_bucket, self._options.further),
        )
        temporary = plan.entry_bytes * plan.entries if layout.on_disk else 0
        self._context.progress.say(describe_sizes(plan, layout, counts.edges, temporary))
        check_disk(self._context.folder.path, temporary)
        stages = EntryStages(edges, plan, layout, self._direction, self._context)
        runs = stages.make_runs()
        if isinstance(edges, BatchCache):
            edges.close()
        writer = stages.write(runs, labels, unconnected)
        label_digest = None
        if labels is not None:
            label_digest = write_labels(labels, self._context.new_array)
        dropped = counts.loops * self._direction.drop_loops
        info = writer.info(
            dropped_loops=dropped,
            merged_edges=counts.edges - dropped - writer.num_edges,
            time_unit=getattr(self._source, "time_unit", None),
        )
        return replace(
            info,
            labels=None if labels is None else labels.kind,
            label_digest=label_digest,
            unconnected_nodes=0 if touched else info.unconnected_nodes,
        )

    @cached_property
    def _edges_per_batch(self) -> int:
        return self._tuning.edges_with_ids(getattr(self._source, "id_bytes", 0))

    # First stage: look at every edge.

    def _survey(self) -> _Survey:
        source = self._source
        cache = BatchCache(source, self._context.folder, "edges", self._tuning.cache_bytes)
        coder = self._coder()
        total = EdgeCounts()
        text = None
        missing: list[str] = []
        with self._context.progress.stage("survey", source.num_edges, "edges") as advance:
            batches = source.batches(self._edges_per_batch)
            for batch, counts, coded in self._context.in_order(self._look, batches):
                if not len(batch.src):  # without rows, a type says nothing
                    continue
                if text is not None and is_text(batch.src) != text:
                    raise mixed(source.name)
                text = is_text(batch.src)
                if coded is not None:
                    missing += missing_among(coded.ids) if text else []
                    coder.add(coded)
                elif source.once:
                    cache.append(batch)
                total.add(counts)
                advance(len(batch.src))
        warn_missing(missing, source.name)
        if self._must_relabel(bool(text)):
            return _Survey(coder, total, coder.labels())
        return _Survey(cache if source.once else source, total, None)

    def _look(
        self, load: Callable[[], EdgeBatch]
    ) -> tuple[EdgeBatch, EdgeCounts, EncodedBatch | None]:
        batch = load_checked(load, self._source, self._values)
        for kind in self._options.further:
            if kind not in batch.further:
                raise no_further(kind, self._source.name)
        if self._must_relabel(is_text(batch.src)):
            return batch, EdgeCounts(edges=len(batch.src)), encode(batch)
        return batch, self._count(batch), None

    def _count(self, batch: EdgeBatch) -> EdgeCounts:
        return count_batch(dense_batch(batch, self._num_nodes_given()), self._direction)

    def _must_relabel(self, text: bool) -> bool:
        """Return whether nodes get new numbers, whatever their ids are."""
        text = text or (self._source.nodes is not None and is_text(self._source.nodes))
        if not text:
            return self._options.relabel is True
        if self._options.relabel is False or self._options.num_nodes is not None:
            off = self._options.relabel is False
            given = argument("relabel", False) if off else argument("num_nodes")
            raise InputError(
                f"{self._source.name}: node ids are strings, which {given} does not go with; "
                f"leave {given} out"
            )
        return True

    def _nodes(self) -> Ids:
        """Return the nodes that the source lists, checked."""
        name, given = self._source.name, self._options.num_nodes
        nodes = check_ids(self._source.nodes, name, f"{name}: node {{}} of its list".format)
        if given is not None and not is_text(nodes) and nodes.max(initial=-1) >= given:
            raise InputError(
                f"{name} lists node {nodes.max()}, which {argument('num_nodes', given)} has no "
                "room for; raise it, or leave it out"
            )
        return nodes

    # Second stage: number the nodes.

    def _number(self, survey: _Survey) -> _Survey:
        if survey.labels is None:
            if not self._is_sparse(survey.counts):
                return survey
            survey = self._code(survey)
        edges, counts, labels = survey
        assert isinstance(edges, EncodedEdges)
        assert labels is not None
        with self._context.progress.stage("number", edges.num_ids, "ids") as advance:
            edges.number(labels, self._context, advance)
        total = EdgeCounts()
        for part in self._context.in_order(lambda load: self._count(load()), edges.batches(0)):
            total.add(part)
        if total.edges != counts.edges:
            raise changed(self._source.name)
        return _Survey(edges, total, labels)

    def _code(self, survey: _Survey) -> _Survey:
        """Find all ids in a pass of its own, since it took one to see that they are sparse."""
        coder = self._coder()
        edges = survey.edges

        def look(load: Callable[[], EdgeBatch]) -> EncodedBatch:
            batch = load_checked(load, self._source, self._values)
            if is_text(batch.src):
                raise changed(self._source.name)
            return encode(batch)

        with self._context.progress.stage("label", edges.num_edges, "edges") as advance:
            batches = edges.batches(self._edges_per_batch)
            for coded in self._context.in_order(look, batches):
                coder.add(coded)
                advance(len(coded.edges.src))
        if isinstance(edges, BatchCache):
            edges.close()
        return _Survey(coder, survey.counts, coder.labels())

    def _coder(self) -> EncodedEdges:
        nodes = None if self._source.nodes is None else self._nodes()
        return EncodedEdges(self._source, nodes, self._context)

    def _is_sparse(self, counts: EdgeCounts) -> bool:
        """Return whether nodes with integer ids get new numbers."""
        known = self._options.num_nodes is not None or self._source.num_nodes is not None
        if known or self._options.relabel is False:
            return False
        size = max(counts.edges, 0 if self._source.nodes is None else len(self._source.nodes))
        return self._highest_id(counts) >= SPARSE * size > 0

    def _highest_id(self, counts: EdgeCounts) -> int:
        listed = -1 if self._source.nodes is None else int(self._nodes().max(initial=-1))
        return max(counts.highest, listed)

    def _num_nodes_given(self) -> int | None:
        known, given = self._source.num_nodes, self._options.num_nodes
        if known is not None and given is not None and given < known:
            raise InputError(
                f"{argument('num_nodes', given)} is less than the {known} nodes of the "
                f"{self._source.name}; raise it, or leave it out"
            )
        return known if given is None else given

    def _count_nodes(self, counts: EdgeCounts, labels: Labels | None) -> int:
        given = self._num_nodes_given()
        if labels is not None:
            num_nodes = len(labels)
        else:
            highest = self._highest_id(counts)  # which checks the nodes that the source lists
            num_nodes = highest + 1 if given is None else given
        nothing = counts.edges == 0 and given is None and self._source.nodes is None
        if num_nodes == 0 or nothing:
            raise InputError(
                f"{self._source.name} has no edges; pass {argument('num_nodes')} to make a graph "
                "without any"
            )
        return num_nodes
