"""Sizes of a graph and its store, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphwalk.storage.files.locations import is_url
from graphwalk.storage.files.tree import files_below
from graphwalk.storage.store.degree_counts import QUANTILES
from graphwalk.storage.store.format import MANIFEST_FORMAT
from graphwalk.units import format_size
from graphwalk.util.html_table import Tabular

if TYPE_CHECKING:
    from graphwalk.storage.store.format import GraphInfo


@dataclass(frozen=True)
class Summary(Tabular):
    """Sizes of a graph, and what its build made of the input. Prints as a table.

    Attributes
    ----------
    num_nodes, num_edges, num_entries : int
        As of `Graph`.
    directed : bool
        As of `Graph`.
    sinks : int
        Nodes without out-neighbours, at which walks end; in an undirected graph, without
        neighbours.
    isolated_nodes : int or None
        Nodes without any neighbours, those that lead to them included. None for a directed graph in
        a store of an early version, which has not counted them.
    self_loops : int
        Edges from a node to itself.
    dropped_loops, merged_edges : int
        Edges of the input that were dropped as self-loops, or merged into another.
    degree_quantiles : dict of float to int
        For a share of the nodes, from 0.0 to 1.0, the degree that they have at most.
    stored_bytes : int or None
        Size of the store; None where that cannot be told.
    raw_bytes : int
        Size of its arrays when they are read, labels not counted.
    format : int
        Version of the store's format. In format 1, chunks that changed places are not noticed.
    """

    num_nodes: int
    num_edges: int
    num_entries: int
    directed: bool
    sinks: int
    isolated_nodes: int | None
    self_loops: int
    dropped_loops: int
    merged_edges: int
    degree_quantiles: dict[float, int]
    stored_bytes: int | None
    raw_bytes: int
    format: int

    def table(self) -> list[tuple[str, str]]:
        """Return the lines of the table: names, and texts."""
        degrees = ", ".join(f"{part:.0%}: {d:,}" for part, d in self.degree_quantiles.items())
        lines = [
            ("nodes", self.nodes_text()),
            ("edges", f"{self.num_edges:,}, of which {self.self_loops:,} self-loops"),
            ("input", f"{self.merged_edges:,} merged, {self.dropped_loops:,} self-loops dropped"),
            ("degrees", degrees),
            ("size", self._size()),
        ]
        if self.format < MANIFEST_FORMAT:
            lines.append(("format", f"{self.format}, which does not notice chunks that changed "
                          "places; build it again for that"))  # fmt: skip
        return lines

    def nodes_text(self) -> str:
        """Return the number of nodes, of those without out-neighbours, and of isolated ones."""
        parts = [f"{self.sinks:,} without out-neighbours"] if self.directed else []
        if self.isolated_nodes is not None:
            parts.append(f"{self.isolated_nodes:,} isolated")
        return f"{self.num_nodes:,}, of which {', '.join(parts)}"

    def _size(self) -> str:
        raw = f"{format_size(self.raw_bytes)} when read"
        if self.stored_bytes is None:
            return raw
        ratio = self.stored_bytes / max(1, self.raw_bytes)
        return f"{format_size(self.stored_bytes)} stored, {raw} ({ratio:.0%})"


def stored_bytes(location: str | Path) -> int | None:
    """Return the size of a file, or of all files of a folder; None for a URL."""
    if is_url(str(location)):
        return None
    if Path(location).is_file():
        return Path(location).stat().st_size
    return sum(entry.stat().st_size for entry in files_below(location) if entry.is_file())


def summarize(info: GraphInfo, stored_bytes: int | None) -> Summary:
    """Return the summary of a store's attributes."""
    statistics = info.statistics
    return Summary(
        num_nodes=info.num_nodes,
        num_edges=info.num_edges,
        num_entries=info.num_entries,
        directed=info.directed,
        sinks=statistics.isolated_nodes,
        isolated_nodes=info.isolated_nodes,
        self_loops=statistics.self_loops,
        dropped_loops=statistics.dropped_loops,
        merged_edges=statistics.merged_edges,
        degree_quantiles=dict(zip(QUANTILES, statistics.degree_quantiles, strict=True)),
        stored_bytes=stored_bytes,
        raw_bytes=8 * (info.num_nodes + 1) + info.entry_bytes * info.num_entries,
        format=info.format,
    )
