"""Connected components of edges that workers in other processes read, each a share."""

from __future__ import annotations

import itertools
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from graphwalk.algorithms.analytics.link_ids import link_edges
from graphwalk.scheduler.engine.place import check_seen
from graphwalk.scheduler.executors.resources import current_executor
from graphwalk.storage.build.check_batch import is_text, mixed
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.edges.columns import ColumnSource
from graphwalk.storage.edges.parquet import ParquetSource
from graphwalk.storage.edges.protocol import NotIntegers
from graphwalk.storage.edges.text.source import TextSource
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.algorithms.analytics.linked_ids import LinkedIds
    from graphwalk.storage.edges.protocol import EdgeBatch, EdgeSource
    from graphwalk.util.executor import Job, Resources


def link_in_shares(
    resources: Resources,
    link: Callable[[EdgeSource], LinkedIds | None],
    progress: Progress,
    source: EdgeSource,
) -> LinkedIds | None:
    """Return the ids of edges and their components; None if there are no ids.

    Workers link shares of the edges. A table of ids and their components is a list of edges itself,
    with the same components: two such tables are linked as edges are, and so on in a tree, whose
    last two tables are linked here.

    Parameters
    ----------
    resources : Resources
        What the executor in use may use.
    link : callable
        Links edges in this process.
    progress : Progress
        Shows how many shares are linked.
    source : EdgeSource
        The edges, which workers can read, too: a `ParquetSource` or a `TextSource`.

    Raises
    ------
    StoreError
        When machines that are to link shares do not see the files.
    """
    executor = current_executor()
    if executor.in_process:  # another one was in use when this was planned
        return link(source)
    shares, at_once = resources.workers, resources.machine_workers
    memory = resources.memory // at_once
    with executor.job("components") as job:
        _check_seen(source, job)
        shared, notes, tables = job.put(source), [], deque[Any]()
        for number in range(shares):
            task = link_share, shared, number, shares, memory
            note, table = job.submit(*task, pieces=2, name="link")
            notes.append(note)
            tables.append(table)
        while len(tables) > 2:
            pair = tables.popleft(), tables.popleft()
            tables.append(job.submit(merge_tables, source.name, *pair, memory, name="merge"))
        with progress.stage("link", shares, "shares") as advance:
            for ref in job.wait(notes):
                strings = job.result(ref)
                if strings is not None:
                    raise NotIntegers(*strings)
                advance(1)
        edges = _as_edges(source.name, [job.result(ref) for ref in tables])
    return None if edges is None else link(edges)


def _check_seen(source: EdgeSource, job: Job) -> None:
    """Raise StoreError if machines that are to link shares do not see a file of this machine."""
    if isinstance(source, ParquetSource):
        files = source.parts
    else:
        assert isinstance(source, TextSource)
        files = tuple(layout.file for layout in source.layouts)
    for file in files[:1]:  # where one is, so are the others
        if not file.remote:
            check_seen(job, str(Path(file.name).absolute()), "the file of edges", "read")


def link_share(source: EdgeSource, number: int, shares: int, memory: int) -> tuple[Any, Any]:
    """Link one of several shares of edges.

    Returns
    -------
    tuple or None
        The same edges with strings for ids, and why they are none of integers.
    pyarrow.Table or None
        Ids and their components.
    """
    share: Any = EdgeShare(source, number, shares)
    try:
        return None, _link(share, memory)
    except NotIntegers as other:
        return (other.source, str(other)), None


def merge_tables(name: str, first: Any, second: Any, memory: int) -> pa.Table | None:
    """Return the table of ids and components of the edges of two tables, if there are any."""
    edges = _as_edges(name, [first, second])
    return None if edges is None else _link(edges, memory)


class EdgeShare:
    """Every n-th batch of a source of edges; an `EdgeSource` with what else the source says."""

    def __init__(self, source: EdgeSource, number: int, shares: int) -> None:
        self._source, self._number, self._shares = source, number, shares

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    @property
    def num_edges(self) -> int | None:
        """About how many edges there are."""
        edges = self._source.num_edges
        return None if edges is None else edges // self._shares

    def batches(self, size: int) -> Iterator[Callable[[], EdgeBatch]]:
        """Return calls that load the edges."""
        return itertools.islice(self._source.batches(size), self._number, None, self._shares)


def _link(edges: EdgeSource, memory: int) -> pa.Table | None:
    linked = link_edges(BuildSizes(memory, 1), Progress(False), edges)
    return None if linked is None else pa.Table.from_batches(linked.batches(linked.schema))


def _as_edges(name: str, tables: list[pa.Table | None]) -> ColumnSource | None:
    """Return an edge for each row of some tables, from the id to its component.

    Raises
    ------
    InputError
        When ids are integers in some and strings in others.
    """
    found = [table for table in tables if table is not None]
    if not found:
        return None
    if len({is_text(table.column(0)) for table in found}) > 1:
        raise mixed(name)
    columns = pa.concat_tables(found, promote_options="permissive").columns
    if not is_text(columns[0]):
        return ColumnSource(name, *(column.to_numpy() for column in columns))
    return ColumnSource(name, *columns)
