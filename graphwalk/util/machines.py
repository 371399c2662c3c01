"""What a machine is asked before tasks are sent there."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from graphwalk._version import __version__

#: Packages that have to be the same everywhere, since results depend on them.
_PACKAGES = ("numpy", "numba", "zarr")


def sees(path: str) -> bool:
    """Return whether there is something at a path of this machine."""
    with suppress(OSError):
        # NFS keeps for a while what a folder does not have, and asks again when it is opened.
        os.close(os.open(Path(path).parent, os.O_RDONLY))
    return Path(path).exists()


def find_versions() -> dict[str, str]:
    """Return the versions of Python, graphwalk and the packages on which results depend."""
    found = {"Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    found["graphwalk"] = __version__
    return found | {name: metadata.version(name) for name in _PACKAGES}
