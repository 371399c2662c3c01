"""Blocks of a persisted array, which are in Ray's object store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from graphwalk.errors import SchedulerError

if TYPE_CHECKING:
    from collections.abc import Callable


class HeldBlock:
    """A block in the object store: the block itself in a worker of Ray, and of no use elsewhere."""

    def __init__(self, reference: Any) -> None:
        self.reference = reference

    def __reduce__(self) -> Any:
        return _fetch, (self.reference,)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise SchedulerError(
            "this array was persisted on Ray, whose session is closed or not the one in use; use "
            "it before the session is closed, or compute() it there instead of persist()"
        )

    __array__ = __getitem__ = __len__ = _refuse
    shape = dtype = ndim = property(_refuse)


def replaced(nested: Any, replace: Callable[[Any], Any]) -> Any:
    """Return nested lists with something in place of each value."""
    if isinstance(nested, list | tuple):
        return [replaced(item, replace) for item in nested]
    return replace(nested)


def _fetch(reference: Any) -> Any:
    import ray

    return ray.get(reference)
