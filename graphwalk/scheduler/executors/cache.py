"""Values that outlive jobs, within a room of bytes."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


T = TypeVar("T")


class Cache:
    """Values or references by key, in the order of their last use, within a room of bytes."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.RLock()  # the collector may call `drop` in the midst of anything

    def get(
        self,
        key: Hashable,
        make: Callable[[], T],
        *,
        owner: object = None,
        size: int = 0,
        room: int | None = None,
    ) -> T:
        """Return the value of a key, made if it is not there, after there is room for it."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                found: T = self._entries[key][0]
                return found
            if room is not None:
                self.keep_within(room - size)
            value = make()
            self._entries[key] = value, size
            if owner is not None:
                weakref.finalize(owner, self.drop, key)
            return value

    def keep_within(self, room: int) -> None:
        """Drop those unused for longest, until the others take no more than `room` bytes."""
        with self._lock:
            while self._entries and self.size > room:
                self._entries.popitem(last=False)

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return sum(size for _, size in self._entries.values())

    def drop(self, key: Hashable) -> None:
        """Forget a value, if it is there."""
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._entries.clear()
