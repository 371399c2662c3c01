"""Views of arrays that are only read: a kernel is compiled once for arrays of one kind."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of an array through which it is not changed."""
    view = array.view()
    view.setflags(write=False)
    return view


def all_read_only(value: T) -> T:
    """Return a value with its arrays as other processes get them, which cannot change them.

    They are those of the value itself, of a tuple, or of the attributes of a program of a scan.
    """
    found: Any = value
    if isinstance(value, np.ndarray):
        found = read_only(value)
    elif isinstance(value, tuple):
        parts = map(all_read_only, value)
        found = value._make(parts) if hasattr(value, "_make") else tuple(parts)
    elif hasattr(value, "visit"):
        found = copy(value)
        vars(found).update((name, all_read_only(each)) for name, each in vars(value).items())
    return found  # type: ignore[no-any-return]
