"""Views of arrays that are only read: a kernel is compiled once for arrays of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of an array through which it is not changed."""
    view = array.view()
    view.setflags(write=False)
    return view
