"""The later stages of a build of edges: entries into runs, and buckets of them into rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.build.bucket_rows import BucketTask, RowError, RowSpec, make_rows
from graphwalk.storage.build.check_batch import changed, known_batch, load_checked
from graphwalk.storage.build.graph_writer import GraphWriter
from graphwalk.storage.build.runs import RunMaker
from graphwalk.storage.build.split_bucket import fitting
from graphwalk.storage.store.format import neighbor_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.storage.build.bucket_rows import Rows
    from graphwalk.storage.build.check_batch import DenseBatch
    from graphwalk.storage.build.context import Context
    from graphwalk.storage.build.count_edges import Direction
    from graphwalk.storage.build.count_isolated import IsolatedCounter
    from graphwalk.storage.build.memory_plan import RunLayout
    from graphwalk.storage.build.runs import BucketPlan, Run
    from graphwalk.storage.edges.protocol import EdgeBatch, EdgeSource
    from graphwalk.storage.store.label_index import Labels


@dataclass(frozen=True)
class EntryStages:
    """What both stages work with.

    Attributes
    ----------
    edges : EdgeSource
        Edges between numbered nodes.
    plan : BucketPlan
        Which bucket takes which nodes.
    layout : RunLayout
        Where entries wait.
    direction : Direction
        Which entries an edge makes.
    context : Context
        The build.
    """

    edges: EdgeSource
    plan: BucketPlan
    layout: RunLayout
    direction: Direction
    context: Context

    def make_runs(self) -> list[Run]:
        """Go through the edges, and return their entries in runs.

        Raises
        ------
        InputError
            When the edges are not those that were counted.
        """
        context, plan = self.context, self.plan
        maker = RunMaker(plan, self.direction, context.folder.path if self.layout.on_disk else None)
        runs = []
        found = np.zeros(len(plan.buckets), np.int64)
        with context.progress.stage("bucket", plan.entries, "entries") as advance:
            batches = self.edges.batches(context.tuning.edges_per_batch)
            groups = _groups(context.in_order(self._load, batches), self.layout.run_edges)
            for run in context.in_order(maker, groups):
                runs.append(run)
                found += run.sizes
                advance(int(run.sizes.sum()))
        if (found != [bucket.entries for bucket in plan.buckets]).any():
            raise changed(self.edges.name)
        return runs

    def _load(self, load: Callable[[], EdgeBatch]) -> DenseBatch:
        batch = load_checked(load, self.edges, self.plan.values)
        return known_batch(batch, self.plan.num_nodes, self.edges.name)

    def write(
        self, runs: list[Run], labels: Labels | None, unconnected: IsolatedCounter | None
    ) -> GraphWriter:
        """Sort and merge bucket by bucket, and write the rows.

        Raises
        ------
        InputError
            When parallel edges are forbidden, or weights cannot be stored or walked.
        """
        context, plan = self.context, self.plan
        sizes, dtype = (plan.num_nodes, plan.entries), neighbor_dtype(plan.num_nodes)
        further = context.options.further
        writer = GraphWriter(context, dtype, sizes, plan.values, unconnected, further)
        with writer, context.progress.stage("write", plan.entries, "entries") as advance:
            try:
                for rows in self._rows(runs):
                    writer.append(rows)
                    advance(rows.taken)
            except RowError as error:
                names = [_name(node, labels) for node in error.nodes]
                raise InputError(f"{self.edges.name}: {error.message.format(*names)}") from None
        return writer

    def _rows(self, runs: list[Run]) -> Iterator[Rows]:
        executor = self.context.executor
        if executor is None or not self.layout.on_disk:
            yield from self.context.in_order(make_rows, self._tasks(runs))
            return
        with executor.job("build") as job:
            if job.machines_without(str(self.context.folder.path)):
                yield from self.context.in_order(make_rows, self._tasks(runs))
            else:
                yield from job.map(make_rows, self._tasks(runs))

    def _tasks(self, runs: list[Run]) -> Iterator[BucketTask]:
        plan, largest = self.plan, self.layout.largest_bucket
        spec = RowSpec.of(plan, self.context.options.duplicates)
        for number, (first, stop, entries) in enumerate(plan.buckets):
            shares = [run.share(number) for run in runs]
            task = BucketTask(shares, first, 0, (stop - first) << plan.bits, spec)
            yield from fitting(task, entries, largest, self.context.folder.path)


def _groups(batches: Iterator[DenseBatch], size: int) -> Iterator[tuple[int, list[DenseBatch]]]:
    """Gather batches until they have `size` edges; number the groups."""
    group: list[DenseBatch] = []
    number = edges = 0
    for batch in batches:
        group.append(batch)
        edges += len(batch.src)
        if edges >= size:
            yield number, group
            group, edges, number = [], 0, number + 1
    if group:
        yield number, group


def _name(node: int, labels: Labels | None) -> str:
    return str(node) if labels is None else repr(labels.at(node))
