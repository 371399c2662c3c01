"""How much memory there is, and refusals of what would take more."""

from __future__ import annotations

import re
from pathlib import Path

from graphwalk.errors import MemoryBudgetError
from graphwalk.units import format_size

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Return how many bytes this process can still take, None where that is not known."""
    known = [size for size in (_machine(), _container()) if size is not None]
    return min(known, default=None)


def require(needed: int, what: str, remedy: str) -> None:
    """Raise MemoryBudgetError, before it is too late, if `needed` bytes are not available."""
    available = available_memory()
    if available is not None and needed > available:
        raise MemoryBudgetError(
            f"{what} takes about {format_size(needed)} of memory, and {format_size(available)} "
            f"are available; {remedy}"
        )


def _machine() -> int | None:
    try:
        found = re.search(r"^MemAvailable:\s*(\d+) kB", _MEMINFO.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _container() -> int | None:
    """Return what the limit of a container (cgroup, version 2) leaves."""
    try:
        limit = int((_CGROUP / "memory.max").read_text())  # "max" is no number: no limit
        return max(0, limit - int((_CGROUP / "memory.current").read_text()))
    except (OSError, ValueError):
        return None
