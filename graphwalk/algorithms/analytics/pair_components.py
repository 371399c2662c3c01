"""Connected components of a list of edges, without a store: ids are numbered, linked, and named."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from graphwalk.algorithms.analytics.link_ids import link_edges
from graphwalk.algorithms.analytics.link_shares import link_in_shares
from graphwalk.algorithms.analytics.linked_ids import ComponentTable
from graphwalk.errors import InputError
from graphwalk.scheduler.executors.resources import (
    current_executor,
    find_own_resources,
    find_resources,
)
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.row_edges import RowEdges
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.edges.parquet import ParquetSource
from graphwalk.storage.edges.protocol import EdgeSource, NotIntegers, RowSource
from graphwalk.storage.edges.text.source import TextSource
from graphwalk.units import format_size
from graphwalk.util.html_table import Tabular

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphwalk.algorithms.analytics.linked_ids import LinkedIds
    from graphwalk.util.executor import Resources
    from graphwalk.util.progress_bar import Progress

    _Find: TypeAlias = Callable[[EdgeSource], LinkedIds | None]


@dataclass(frozen=True)
class PairPlan(Tabular):
    """How the components of edges will be found.

    Attributes
    ----------
    name : str
        What the edges are called.
    num_edges : int or None
        How many there are, where that is known before they are read.
    resources : Resources
        What the job may use.
    apart : bool
        Whether workers in other processes link shares of the edges.
    """

    name: str
    num_edges: int | None
    resources: Resources
    apart: bool

    def table(self) -> list[tuple[str, str]]:
        """Return what there is to say, line by line."""
        workers, each = f"{self.resources.workers:,} threads of this process", "the job"
        if self.apart:
            workers = f"{self.resources.workers:,}, whose tables of ids are merged in a tree"
            each = "each machine"
        edges = "unknown" if self.num_edges is None else f"{self.num_edges:,}"
        memory = format_size(self.resources.memory)
        return [
            ("algorithm", "connected components of edges"),
            ("edges", f"{edges}, of {self.name}"),
            ("passes", "1"),
            ("workers", workers),
            ("state", "4 bytes for each id; 8 from 2**31 ids on"),
            ("memory", f"{memory} for {each}; ids wait in temporary files if they need more"),
        ]


def components_of_edges(
    edges: Any, how: Mapping[str, Any], memory: str | int | None, progress: Progress
) -> ComponentTable:
    """Return a table of the components of edges, which are read when the table is.

    Parameters
    ----------
    edges : edges in any form
        The edges.
    how : mapping
        How they are read, for `open_source`.
    memory : str or int, optional
        Bytes, or text such as ``"4 GiB"``, to use. None: a part of what is free.
    progress : Progress
        Shows how far it is.
    """
    source = open_source(edges, **how)
    source = RowEdges(source) if isinstance(source, RowSource) else source
    own = find_own_resources(memory)
    sizes = BuildSizes(own.memory, own.workers)
    # Others may open the same files; anything else is in this process.
    apart = isinstance(source, ParquetSource | TextSource) and not current_executor().in_process
    resources = find_resources(memory) if apart else own
    plan = PairPlan(source.name, source.num_edges, resources, apart=apart)
    find: _Find = partial(link_edges, sizes, progress)
    if apart:
        find = partial(link_in_shares, resources, find, progress)
    return ComponentTable(partial(_find, find, source), plan)


def _find(find: _Find, source: EdgeSource) -> LinkedIds:
    try:
        linked = find(source)
    except NotIntegers as other:
        warnings.warn(str(other), stacklevel=2)
        linked = find(other.source)
    if linked is None:
        raise InputError(f"{source.name} has no edges")
    return linked
