"""What a scan will do, as a plain value: passes, partitions, memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from graphwalk.errors import MemoryBudgetError, argument
from graphwalk.storage.partitions.entry_partitions import EntryReader
from graphwalk.units import format_size
from graphwalk.util.html_table import Tabular
from graphwalk.util.parameters import COUNT

if TYPE_CHECKING:
    from typing import Any

    from graphwalk.storage.store.format import ValueName
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Resources

#: Bytes of a partition of usual rows, unless memory is short: enough to be worth a task.
PARTITION_BYTES = 32 << 20


class ScanPartition(Protocol):
    """What is read at a time, as a plain value: `EntryPartition`, or what a program reads."""

    @property
    def entries(self) -> range:
        """The entries, of which each is in one partition."""


class RowReader(Protocol):
    """How rows are cut into partitions, and what these take."""

    def total(self, graph: GraphArrays) -> int:
        """Return what all partitions take in memory, in bytes."""

    def cut(self, graph: GraphArrays, entries: int) -> tuple[Any, ...]:
        """Cut the graph into partitions of about as many entries."""

    def size(self, graph: GraphArrays, part: Any) -> int:
        """Return what a partition takes in memory, in bytes."""


@dataclass(frozen=True)
class ScanCost:
    """What an algorithm takes.

    Attributes
    ----------
    name : str
        The algorithm, for people.
    state : int
        Bytes for each node in the process that coordinates, the result included.
    partial : int
        Bytes for each node of the result of a pass.
    shared : int
        Bytes for each node of what a pass is sent to other processes with.
    passes : str
        How often the entries are read, for people.
    repeated : bool
        Whether they are read more than once, so that it is worth keeping them in memory.
    values : str or None
        What is read of each entry in addition to its neighbour.
    method : str
        How it is computed, for people; it says where in-neighbours come from.
    scratch : int
        Bytes that each worker takes while it visits a partition.
    chunk : int
        Bytes of rows that are held while others pass by; with fewer there are more passes.
    fixed : int
        Bytes of what the algorithm holds in each process, whatever the number of nodes.
    """

    name: str
    state: int
    partial: int
    shared: int
    passes: str
    repeated: bool
    values: ValueName | None = None
    method: str = ""
    scratch: int = 0
    chunk: int = 0
    fixed: int = 0


@dataclass(frozen=True)
class ScanPlan(Tabular):
    """Which partitions a scan reads, and what it holds. Made when an analysis is called.

    Attributes
    ----------
    cost : ScanCost
        What the algorithm takes.
    num_nodes, num_entries : int
        Size of the graph.
    partitions : tuple of ScanPartition
        What is read at a time by a worker.
    shares : int
        Tasks of a pass, each with a result of its own: one for each machine; 1 in this process.
    resident : bool
        Whether partitions stay in memory for the next pass.
    peak_memory : int
        Bytes that are expected to be taken at most, in addition to the interpreter and its
        libraries: in this process, including the result; or of the memory that `resources` tells
        of, or in the process that coordinates, where tasks run in others.
    resources : Resources
        What the job may use.
    chunk : int
        Bytes of rows that are held while others pass by, where the algorithm asks for that.
    threads : int
        Threads of a task, which share its result.
    """

    cost: ScanCost
    num_nodes: int
    num_entries: int
    partitions: tuple[ScanPartition, ...]
    shares: int
    resident: bool
    peak_memory: int
    resources: Resources
    chunk: int = 0
    threads: int = 1

    def table(self) -> list[tuple[str, str]]:
        """Return what there is to say, line by line."""
        largest = max((len(part.entries) for part in self.partitions), default=0)
        results = (
            "which share one result" if self.shares == 1 else f"{self.shares:,} results a pass"
        )
        kept = "stay in memory" if self.resident else "are read in each pass"
        method = [("method", self.cost.method)] if self.cost.method else []
        return [
            ("algorithm", self.cost.name),
            *method,
            ("graph", f"{self.num_nodes:,} nodes, {self.num_entries:,} entries"),
            ("passes", self.cost.passes),
            (
                "partitions",
                f"{len(self.partitions):,} of up to {largest:,} entries, which {kept}",
            ),
            ("workers", f"{self.resources.workers:,}, {results}"),
            ("state", format_size(self.cost.state * self.num_nodes + self.cost.fixed)),
            (
                "peak memory",
                f"{format_size(self.peak_memory)} of {format_size(self.resources.memory)}",
            ),
        ]


def plan_scan(
    graph: GraphArrays,
    cost: ScanCost,
    resources: Resources,
    partitions: int | None = None,
    *,
    in_process: bool = True,
    reader: RowReader | None = None,
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
    in_process : bool
        Whether tasks run in this process, and share its result.
    reader : RowReader, optional
        How rows are cut and read. None: cut where chunks end, wherever these are in a row.

    Raises
    ------
    InputError
        When `partitions` is not a positive integer.
    MemoryBudgetError
        When the state and the smallest partitions do not fit in the memory.
    """
    if partitions is not None:
        partitions = int(COUNT.check("partitions", partitions))
    reader = EntryReader(cost.values) if reader is None else reader
    nodes, memory = graph.num_nodes, resources.memory
    chunk, width = graph.chunk_length("neighbors"), graph.neighbor_dtype.itemsize
    # A thread that reads also holds a chunk as it is stored, and one that is decoded.
    fixed, each = nodes * cost.state + cost.fixed, graph.read_buffers + cost.scratch
    at_once, machines = resources.workers, 1
    if not in_process:
        # The task of a machine holds its result, and a copy when that is sent or merged.
        fixed = nodes * (cost.shared + 2 * cost.partial) + cost.fixed
        machines = resources.machines
        # There is a machine that has that many, also where they have different numbers.
        at_once = max(1, resources.workers // machines)
        at_once = max(1, min(at_once, (memory - fixed) // (each + chunk * width)))
    whole = reader.total(graph)
    free = memory - fixed - at_once * each
    # Rows that are held leave a quarter of the rest, or more if need be, to those that pass by.
    least = min(cost.chunk, chunk * width)
    held = min(cost.chunk, max(least, free * 3 // 4))
    fixed, free = fixed + held, free - held
    # In other processes what a machine keeps is there twice while it is sent to where it stays.
    kept = whole if in_process else -(-2 * whole // machines)
    resident = cost.repeated and kept <= free
    room = PARTITION_BYTES if resident else min(PARTITION_BYTES, free // at_once * 3 // 4)
    room = min(room, whole // (4 * at_once))  # all workers have something to do
    entries = max(1, room * graph.num_entries // max(1, whole) // chunk) * chunk
    if partitions is not None:
        entries = max(1, -(-graph.num_entries // partitions))
    cuts = reader.cut(graph, entries)
    largest = max((reader.size(graph, part) for part in cuts), default=0)
    at_once = min(at_once, max(1, len(cuts)))
    peak = fixed + at_once * each + (kept if resident else at_once * largest)
    if not in_process:
        # Here there is also the result of a pass, and what is sent, twice while it is.
        peak = max(peak, held + cost.fixed + nodes * (cost.state + cost.partial + 2 * cost.shared))
    excess = min(held - least, max(0, peak - memory))
    held, peak = held - excess, peak - excess
    if peak > memory and partitions is None:
        enough = f"{-(-peak // 2**20)} MiB"
        raise MemoryBudgetError(
            f"{graph.path}: {cost.name} takes at least {enough} of memory, and "
            f"{format_size(memory)} are to be used; pass {argument('memory', enough)} or "
            "more"
        )
    shares = min(machines, max(1, len(cuts)))
    sizes = shares, resident, peak, resources, held, at_once
    return ScanPlan(cost, nodes, graph.num_entries, cuts, *sizes)
