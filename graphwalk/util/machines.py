"""What a machine is asked before tasks are sent there."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

#: Packages that have to be the same everywhere, since results depend on them.
_PACKAGES = ("graphwalk", "numpy", "numba", "zarr")


def sees(path: str) -> bool:
    """Return whether there is something at a path of this machine."""
    with suppress(OSError):
        # NFS keeps for a while what a folder does not have, and asks again when it is opened.
        os.close(os.open(Path(path).parent, os.O_RDONLY))
    return Path(path).exists()


def find_versions() -> dict[str, str]:
    """Return the versions of Python, graphwalk and the packages on which results depend."""
    found = {"Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    return found | {name: str(import_module(name).__version__) for name in _PACKAGES}
