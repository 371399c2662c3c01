"""What a scan will do, as a plain value: passes, partitions, memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, MemoryBudgetError
from graphwalk.storage.partitions.entry_partitions import cut_entries, entry_partition_bytes
from graphwalk.units import format_size, is_integer
from graphwalk.util.html_table import html_table

if TYPE_CHECKING:
    from graphwalk.storage.partitions.entry_partitions import EntryPartition
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Resources

#: Bytes of a partition's neighbours, unless memory is short: enough to be worth a task.
PARTITION_BYTES = 32 << 20


@dataclass(frozen=True)
class ScanCost:
    """What an algorithm takes.

    Attributes
    ----------
    name : str
        The algorithm, for people.
    state : int
        Bytes for each node in the process that coordinates.
    partial : int
        Bytes for each node in every other process that scans, and of its result.
    passes : str
        How often the entries are read, for people.
    repeated : bool
        Whether they are read more than once, so that it is worth keeping them in memory.
    """

    name: str
    state: int
    partial: int
    passes: str
    repeated: bool


@dataclass(frozen=True)
class ScanPlan:
    """Which partitions a scan reads, and what it holds. Made when an analysis is called.

    Attributes
    ----------
    cost : ScanCost
        What the algorithm takes.
    num_nodes, num_entries : int
        Size of the graph.
    partitions : tuple of EntryPartition
        What is read at a time by a worker.
    processes : int
        Processes that scan, each with a state of its own.
    resident : bool
        Whether partitions stay in memory for the next pass.
    peak_memory : int
        Bytes that are expected to be taken at most in the process that coordinates, including the
        result, in addition to the interpreter and its libraries.
    resources : Resources
        What the job may use.
    """

    cost: ScanCost
    num_nodes: int
    num_entries: int
    partitions: tuple[EntryPartition, ...]
    processes: int
    resident: bool
    peak_memory: int
    resources: Resources

    def table(self) -> list[tuple[str, str]]:
        """Return what there is to say, line by line."""
        largest = max((len(part.entries) for part in self.partitions), default=0)
        kept = "stay in memory" if self.resident else "are read in each pass"
        return [
            ("algorithm", self.cost.name),
            ("graph", f"{self.num_nodes:,} nodes, {self.num_entries:,} entries"),
            ("passes", self.cost.passes),
            (
                "partitions",
                f"{len(self.partitions):,} of up to {largest:,} entries, which {kept}",
            ),
            ("workers", f"{self.resources.workers:,} in {self.processes:,} processes"),
            ("state", format_size(self.cost.state * self.num_nodes)),
            (
                "peak memory",
                f"{format_size(self.peak_memory)} of {format_size(self.resources.memory)}",
            ),
        ]

    def __str__(self) -> str:
        lines = self.table()
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in lines)

    def _repr_html_(self) -> str:
        return html_table(self.table())


def plan_scan(
    graph: GraphArrays,
    cost: ScanCost,
    resources: Resources,
    partitions: int | None = None,
    processes: int = 1,
) -> ScanPlan:
    """Return the plan of a scan; reads no more of the graph than the offsets at its cuts.

    Parameters
    ----------
    graph : GraphArrays
        The graph.
    cost : ScanCost
        What the algorithm takes.
    resources : Resources
        What the job may use.
    partitions : int, optional
        How many partitions to cut the entries into. None: as many as memory asks for.
    processes : int
        Processes that scan, each with a state of its own.

    Raises
    ------
    InputError
        When `partitions` is not a positive integer.
    MemoryBudgetError
        When the state and the smallest partitions do not fit in the memory.
    """
    if partitions is not None and not (is_integer(partitions) and partitions >= 1):
        raise InputError(f"partitions={partitions!r} must be an integer, at least 1")
    chunk, width = graph.chunk_length("neighbors"), graph.neighbor_dtype.itemsize
    others = min(processes - 1, 2) if processes > 1 else 0
    state = graph.num_nodes * (cost.state + others * cost.partial)
    whole = graph.num_entries * width + graph.num_nodes * 8
    # A thread that reads also holds a chunk as it is stored, and one that is decoded.
    buffers = resources.workers * graph.read_buffers
    free = resources.memory - state - buffers
    resident = cost.repeated and processes == 1 and whole <= free
    each = free // resources.workers if not resident else PARTITION_BYTES
    entries = min(PARTITION_BYTES, each * 3 // 4) // (width * chunk) * chunk
    if partitions is not None:
        entries = -(-graph.num_entries // partitions)
    cuts = cut_entries(graph, max(1, entries if partitions else max(entries, chunk)))
    largest = max((entry_partition_bytes(graph, part) for part in cuts), default=0)
    at_once = min(resources.workers, len(cuts)) * largest
    peak = state + buffers + (whole if resident else at_once)
    if peak > resources.memory and partitions is None:
        raise MemoryBudgetError(
            f"{graph.path}: {cost.name} takes at least {format_size(peak)} of memory, and "
            f"{format_size(resources.memory)} are to be used; pass memory={format_size(peak)!r} or "
            "more"
        )
    return ScanPlan(
        cost, graph.num_nodes, graph.num_entries, cuts, processes, resident, peak, resources
    )
