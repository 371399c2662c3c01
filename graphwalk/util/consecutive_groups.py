"""Consecutive items in groups that memory has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def consecutive_groups(
    items: Iterable[T], size: Callable[[T], int], room: int
) -> Iterator[list[T]]:
    """Yield lists of consecutive items of at most `room` together, or of one that is larger."""
    group: list[T] = []
    taken = 0
    for item in items:
        if group and taken + size(item) > room:
            yield group
            group, taken = [], 0
        group.append(item)
        taken += size(item)
    if group:
        yield group
