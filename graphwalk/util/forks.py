"""What a forked process makes afresh: pools whose threads it does not have, and locks.

A fork copies the memory of a process, but only one of its threads: work that is given to a copied
pool is never done, and a copied lock that another thread held is never released. What is made
afresh is enough where nothing is computed at the moment of the fork.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def after_fork(call: Callable[[], object]) -> None:
    """Have forked processes call a function before anything else."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=call)


class ModuleLock:
    """A lock of a module, which a forked process makes afresh."""

    def __init__(self) -> None:
        self._make()
        after_fork(self._make)

    def _make(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _forget_pools_of_dask() -> None:
    """Have Dask's threaded scheduler start threads of this process."""
    threaded: Any = sys.modules.get("dask.threaded")
    if threaded is not None:
        threaded.default_pool = None
        threaded.pools.clear()
        threaded.pools_lock = threading.Lock()


after_fork(_forget_pools_of_dask)
