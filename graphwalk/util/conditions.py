"""Conditions that an interrupt cannot leave locked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Condition(threading.Condition):
    """A condition whose lock a block takes, and releases, by the lock's own compiled methods.

    Those of its base are written in Python: an interrupt may come when `__enter__` has taken the
    lock and the block has not begun. Nothing would release the lock then, and all threads that
    need it would wait for ever.
    """

    def __init__(self) -> None:
        self._taken = threading.RLock()
        super().__init__(self._taken)

    @property
    def __enter__(self) -> Callable[[], bool]:
        return self._taken.__enter__

    @property
    def __exit__(self) -> Callable[..., Any]:
        return self._taken.__exit__
