"""What machines a Slurm cluster has."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from graphwalk.errors import SchedulerError

_MIB = 1 << 20


@dataclass(frozen=True)
class SlurmPartition:
    """Machines that jobs can ask for.

    Attributes
    ----------
    name : str or None
        What Slurm calls them; None where it does not matter.
    nodes : int
        How many there are.
    cpus : int
        CPUs of each; of the smallest, where they differ.
    memory : int
        Bytes of each, likewise.
    minutes : int or None
        How long a job may take; None: without a limit.
    """

    name: str | None
    nodes: int
    cpus: int
    memory: int
    minutes: int | None = None


def find_partition(name: str | None) -> SlurmPartition:
    """Ask Slurm for a partition, or for the default one.

    Raises
    ------
    SchedulerError
        When there is no Slurm here, or no such partition.
    """
    command = ["sinfo", "--noheader", "--exact", "--format=%R|%P|%D|%c|%m|%l"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or error
        raise SchedulerError(
            f"Slurm does not say what machines it has: {str(said).strip()}; run this where sinfo "
            "works, or give --nodes, --cpus and --mem yourself"
        ) from error
    rows = [line.split("|") for line in done.stdout.splitlines()]
    found = [row[2:] for row in rows if (row[0] == name if name else row[1].endswith("*"))]
    if not found:
        known = ", ".join(sorted({row[0] for row in rows})) or "none"
        which = f"partition {name!r}" if name else "default partition"
        raise SchedulerError(f"Slurm has no {which}; pass --partition with one it has: {known}")
    nodes, cpus, memory, limits = zip(*found, strict=True)
    return SlurmPartition(
        name,
        nodes=sum(map(int, nodes)),
        cpus=min(map(_least, cpus)),
        memory=min(map(_least, memory)) * _MIB,
        minutes=_minutes(limits[0]),
    )


def _least(text: str) -> int:
    return int(text.rstrip("+"))  # "+": some have more


def _minutes(text: str) -> int | None:
    """Return the minutes of such as ``"1-12:00:00"`` or ``"30:00"``."""
    if not text[:1].isdecimal():
        return None
    days, _, rest = text.rpartition("-")
    *hours, minutes, _seconds = map(int, rest.split(":"))
    return int(days or 0) * 24 * 60 + sum(hours) * 60 + minutes
