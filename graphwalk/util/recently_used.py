"""Values that a process keeps as long as they are in use, since making them takes time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

#: Seconds for which an unused value is kept, and with it its memory.
_KEPT = 1.0


class RecentlyUsed:
    """Values by key, each until it was unused for `_KEPT` seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[Any, int]] = {}
        self._uses = 0

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the value of a key, made if it is not there."""
        with self._lock:
            value = self._kept[key][0] if key in self._kept else make()
            self._uses += 1
            self._kept[key] = value, self._uses
            timer = threading.Timer(_KEPT, self._drop_unused, [key, self._uses])
            timer.daemon = True
            timer.start()
            return value

    def _drop_unused(self, key: Hashable, use: int) -> None:
        with self._lock:
            if key in self._kept and self._kept[key][1] == use:
                del self._kept[key]
