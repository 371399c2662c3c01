"""Values by node that carry an index of their own: a pandas Series, an xarray DataArray.

Such an index says which node a value belongs to, so it is used or refused, never ignored. Values
whose index is 0, 1, 2 … have nothing to say that their order does not. What a mask hides is no
value, and is refused, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def as_array(values: Any, name: str) -> NDArray[Any]:
    """Return values as an array; raises InputError where items have different lengths."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(f"{argument(name)} is no array: {error}") from None


def refuse_index(values: Any, name: str) -> None:
    """Raise InputError if values have an index that says more than their order does, or a mask."""
    _refuse_mask(values, name)
    index = _index_of(values)
    if index is not None:
        raise InputError(
            f"{argument(name)} is a {type(values).__name__} with an index of its own, "
            f"{_some(index)}, and it cannot be told whether its values or its index are meant; "
            "pass series.to_numpy() or series.index.to_numpy()"
        )


def by_node(
    values: Any, name: str, num_nodes: int, find: Callable[[NDArray[Any]], NDArray[np.int64]]
) -> Any:
    """Return values in the order of the nodes that their index names; as they are without one.

    Parameters
    ----------
    values : object
        What was passed.
    name : str
        The name of the parameter.
    num_nodes : int
        How many nodes there are.
    find : callable
        Returns the numbers of nodes from an index; raises InputError where there is no such node.

    Raises
    ------
    InputError
        When the index does not name each node once, or values are masked.
    """
    _refuse_mask(values, name)
    index = _index_of(values)
    if index is None:
        return values
    where = f"{argument(name)} has an index, {_some(index)}, which names the nodes"
    remedy = "give each node one value, or pass series.to_numpy(), in the order of the nodes"
    try:
        nodes = find(index)
    except InputError as error:
        raise InputError(f"{where}, but {error}; {remedy}") from None
    counts = np.bincount(nodes, minlength=num_nodes)
    if len(counts) > num_nodes or (counts != 1).any():
        wrong = int(np.argmax(counts != 1))
        raise InputError(f"{where}, but node {wrong} is in it {counts[wrong]} times; {remedy}")
    return np.asarray(values)[np.argsort(nodes)]


def _refuse_mask(values: Any, name: str) -> None:
    if np.ma.is_masked(values):
        raise InputError(
            f"{argument(name)} has masked items, which are no values; pass {name}.compressed() or "
            f"{name}.filled(value)"
        )


def _index_of(values: Any) -> NDArray[Any] | None:
    """Return the index of values; None if it is 0, 1, 2 and so on, or there is none."""
    index = None
    if hasattr(values, "iloc"):
        index = getattr(values, "index", None)
    elif hasattr(values, "indexes") and getattr(values, "dims", None):
        index = values.indexes.get(values.dims[0])
    if index is None:
        return None
    if hasattr(index, "compute"):  # of Dask's collections
        index = index.compute()
    index = np.asarray(index)
    plain = index.dtype.kind in "iu" and np.array_equal(index, np.arange(len(index)))
    return None if plain else index


def _some(index: NDArray[Any]) -> str:
    return ", ".join(map(str, index[:3])) + (", …" if len(index) > 3 else "")
