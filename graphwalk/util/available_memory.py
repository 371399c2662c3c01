"""The memory that this process can use, and errors for jobs that need more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphwalk.errors import MemoryBudgetError
from graphwalk.units import format_size
from graphwalk.util import control_groups
from graphwalk.util.control_groups import groups
from graphwalk.util.slurm_environment import allocated_memory

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes that are assumed if the system does not say how much memory is free.
_UNKNOWN = 4 << 30

#: Share of what is free that a job takes unless it is told otherwise: others need some too.
SHARE = 0.7

#: Limits from here on stand for none in version 1.
_NO_LIMIT = 1 << 62

#: Names of files of a control group in both versions: its limit, what it uses, and of that the
#: cache of files.
_NAMES = {
    True: ("memory.max", "memory.current", "inactive_file"),
    False: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def available_memory() -> int | None:
    """Return how many bytes this process can still allocate, None if that is not known."""
    known = (_kilobytes(control_groups.PROC / "meminfo", "MemAvailable"), _groups(), _job())
    return min((size for size in known if size is not None), default=None)


def free_memory() -> int:
    """Return `available_memory`, or an assumed size if it is not known."""
    available = available_memory()
    return _UNKNOWN if available is None else available


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
    if (allocated := allocated_memory()) is None:
        return None
    used = _kilobytes(control_groups.PROC / "self" / "status", "VmRSS") or 0
    return max(0, allocated - used)


def _kilobytes(file: Path, name: str) -> int | None:
    try:
        found = re.search(rf"^{name}:\s*(\d+) kB", file.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _groups() -> int | None:
    """Return what the limits of the control groups leave that this process is in."""
    left = (_left(*group) for group in groups("memory"))
    return min((size for size in left if size is not None), default=None)


def _left(group: Path, version_2: bool) -> int | None:
    limit_file, used_file, cache = _NAMES[version_2]
    try:
        limit = int((group / limit_file).read_text())  # "max" is no number: no limit
        if limit >= _NO_LIMIT:
            return None
        used = int((group / used_file).read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # The system frees unused pages of files when memory is needed.
    return max(0, limit - used + int(stat.get(cache, 0)))
