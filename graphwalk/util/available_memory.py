"""The memory that this process can use, and errors for jobs that need more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from graphwalk.errors import MemoryBudgetError
from graphwalk.units import format_size
from graphwalk.util.slurm_environment import allocated_memory

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")

#: Bytes that are assumed if the system does not say how much memory is free.
_UNKNOWN = 4 << 30


class _Version(NamedTuple):
    """The names of files and fields of a version of control groups."""

    folder: str
    limit: str
    used: str
    cache: str


_VERSIONS = {
    "": _Version("", "memory.max", "memory.current", "inactive_file"),
    "memory": _Version(
        "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
    ),
}


def available_memory() -> int | None:
    """Return how many bytes this process can still allocate, None if that is not known."""
    known = (_kilobytes(_PROC / "meminfo", "MemAvailable"), _groups(), _job())
    return min((size for size in known if size is not None), default=None)


def free_memory() -> int:
    """Return `available_memory`, or an assumed size if it is not known."""
    return available_memory() or _UNKNOWN


def require(needed: int, what: str, remedy: str) -> None:
    """Raise MemoryBudgetError if `needed` bytes are not available; call it before allocating."""
    available = available_memory()
    if available is not None and needed > available:
        raise MemoryBudgetError(
            f"{what} takes about {format_size(needed)} of memory, and {format_size(available)} "
            f"are available; {remedy}"
        )


def _job() -> int | None:
    """Return the free part of the memory that Slurm allocated to the job."""
    allocated = allocated_memory()
    used = _kilobytes(_PROC / "self" / "status", "VmRSS") or 0
    return None if allocated is None else max(0, allocated - used)


def _kilobytes(file: Path, name: str) -> int | None:
    try:
        found = re.search(rf"^{name}:\s*(\d+) kB", file.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _groups() -> int | None:
    """Return the free memory within the limits of the control groups of this process.

    They are the groups of a container or of a Slurm job. The limits of all parent groups apply too.
    """
    left = []
    for version, path in _memberships():
        group = _CGROUP / version.folder / path
        top = _CGROUP / version.folder
        # In a container, the path is one of the host, and the group of the container is at the top.
        groups = [above for above in (group, *group.parents) if above.is_relative_to(top)]
        left += [_left(above, version) for above in groups]
    return min((size for size in left if size is not None), default=None)


def _memberships() -> list[tuple[_Version, str]]:
    try:
        lines = (_PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return []
    fields = (line.split(":", 2) for line in lines)
    return [(_VERSIONS[kind], path.lstrip("/")) for _, kind, path in fields if kind in _VERSIONS]


def _left(group: Path, version: _Version) -> int | None:
    try:
        limit = int((group / version.limit).read_text())  # "max" is not a number and means no limit
        used = int((group / version.used).read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # The system frees unused pages of files when memory is needed.
    return max(0, limit - used + int(stat.get(version.cache, 0)))
