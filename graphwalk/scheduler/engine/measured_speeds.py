"""What steps, reads and tasks take, as measured: the constants of the model of a cluster.

`python -m benchmarks.cluster` measures `SPEEDS`, and `python -m benchmarks.driver` compares `TASKS`
with runs.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Executor: TypeAlias = Literal["threads", "ray", "distributed"]


class Speed(NamedTuple):
    """Steps that a core makes in a second of its time, and what it reads.

    Attributes
    ----------
    whole : float
        The graph is one partition.
    kept : float
        Partitions stay in memory, and threads take walkers from one to the other.
    moved : float
        Partitions stay in memory, and tasks of other processes do: steps are joined to blocks too.
    again : float
        Partitions are read again in each wave; reading is counted by itself.
    read : float
        Bytes of the graph in memory that are read for the first time, into new memory, and derived
        from others, in a second.
    reread : float
        The same where partitions are read again, into memory that is used again.
    """

    whole: float
    kept: float
    moved: float
    again: float
    read: float
    reread: float


#: Bytes up to which Ray sends a piece through the process that has submitted its task.
_INLINED = 100 << 10


class TaskCost(NamedTuple):
    """Seconds of the process that submits tasks which move walkers.

    Attributes
    ----------
    task : float
        For a task.
    small, byte : float
        For each of its pieces, of which there is one for each partition, and for each byte of it,
        if it has up to 100 KiB: Ray sends such pieces through that process.
    large : float
        For each of its pieces that are larger.
    """

    task: float
    small: float
    byte: float
    large: float

    def of(self, pieces: int, size: float) -> float:
        """Return the seconds for a task that makes this number of pieces of `size` bytes."""
        each = self.large if size > _INLINED else self.small + size * self.byte
        return self.task + pieces * each


#: CPU seconds of R-MAT graphs of 2**19 nodes, all of which have neighbours, on two cores of an AMD
#: EPYC that were shared with other programs.
SPEEDS = {
    "first order": Speed(55e6, 15e6, 4e6, 18e6, 1.2e9, 1.3e9),
    "weighted": Speed(50e6, 10e6, 4e6, 8e6, 0.4e9, 0.65e9),
    "node2vec": Speed(19e6, 6.1e6, 2.6e6, 6e6, 0.52e9, 1.4e9),
    "temporal": Speed(4.5e6, 2.5e6, 1.1e6, 2e6, 0.14e9, 0.26e9),
}


#: Bytes of files that a machine reads or writes in a second, and those of a partition that are read
#: in the time of one row: single rows are read for the last walkers.
DISK, ROW = 0.8e9, 1 << 19


TASKS: dict[Executor, TaskCost] = {
    "threads": TaskCost(0, 0, 0, 0),
    "ray": TaskCost(1.5e-3, 10e-6, 2.4e-9, 170e-6),
    "distributed": TaskCost(10e-3, 1e-3, 0, 1e-3),
}
