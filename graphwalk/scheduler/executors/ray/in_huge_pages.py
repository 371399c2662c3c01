"""Values in Ray's object store that processes map in huge pages."""

from __future__ import annotations

import pickle
from typing import Any
from uuid import uuid4

from graphwalk.util.huge_pages import map_in_huge_pages
from graphwalk.util.recently_used import RecentlyUsed

#: Values that tasks of this process have mapped.
_mapped = RecentlyUsed()


class InHugePages:
    """What stands for a value where it is pickled: unpickled, it is the value itself.

    Tasks of a process that use it one after the other share it.
    """

    def __init__(self, value: Any) -> None:
        self._value, self._name = value, uuid4().bytes

    def __reduce__(self) -> Any:
        from ray import cloudpickle

        buffers: list[Any] = []
        data = cloudpickle.dumps(self._value, protocol=5, buffer_callback=buffers.append)
        return _load, (self._name, data, *buffers)


def _load(name: bytes, data: bytes, *buffers: Any) -> Any:
    def mapped() -> Any:
        return pickle.loads(data, buffers=map(map_in_huge_pages, buffers))

    return _mapped.get(name, mapped)
