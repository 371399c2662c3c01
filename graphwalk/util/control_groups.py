"""The control groups of Linux that this process is in: of a container, or of a job of Slurm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")


def groups(controller: str) -> Iterator[tuple[Path, bool]]:
    """Yield the folders of this process's groups, and whether each is of version 2.

    A group is within those above it, and each of them may have a limit.
    """
    try:
        lines = (PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if kinds and controller not in kinds.split(","):
            continue
        # In version 1 the folder has the name of its controllers, or of one of them.
        tops = [_CGROUP / kinds, _CGROUP / controller] if kinds else [_CGROUP]
        top = next((top for top in tops if top.is_dir()), tops[0])
        group = top / path.lstrip("/")
        # Inside a container the path is that of its host, and the group at the top its own.
        for above in (group, *group.parents):
            if above.is_relative_to(top):
                yield above, not kinds


def cpu_quota() -> int | None:
    """Return how many CPUs' time this process may use, rounded up; None if all there are."""
    quotas = (_quota(*group) for group in groups("cpu"))
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota(group: Path, version_2: bool) -> int | None:
    try:
        if version_2:
            quota, period = map(int, (group / "cpu.max").read_text().split())
        else:
            quota = int((group / "cpu.cfs_quota_us").read_text())
            period = int((group / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):  # "max" is no number: no limit
        return None
    return -(-quota // period) if quota > 0 and period > 0 else None
