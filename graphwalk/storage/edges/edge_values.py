"""Weights, times and types among arrays with names: in npz files and in data objects.

What may be meant as one of them is read or warned of, as the columns of tables are.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError
from graphwalk.storage.edges.as_column import as_array
from graphwalk.storage.edges.column_names import spellings_of, values_of, words_of
from graphwalk.storage.edges.unread import listed, warn_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from graphwalk.storage.edges.options import ReadOptions, ValueKind

#: The usual names in data objects, in the order in which they count.
_USUAL: dict[ValueKind, tuple[str, ...]] = {
    "weights": ("edge_weight",),
    "times": ("edge_time", "time", "t"),
    "edge_types": ("edge_type",),
}

#: Names of features of edges, which are weights where an edge has one.
_FEATURES = ("edge_attr", "edge_feat")

#: Names that mean weights where there is nothing but edges.
_PLAIN = ("data", "values")

#: Words of what belongs to nodes, to a split of the edges, or to the whole graph.
_OTHERS = frozenset(
    {"x", "y", "z", "pos", "batch", "ptr", "node", "nodes", "label", "labels", "mask", "index"}
    | {"indices", "indptr", "id", "ids", "num", "shape", "size", "train", "test"}
)

#: What of arrays that are not read is always worth a warning.
_WARNED: tuple[ValueKind, ...] = ("weights", "times")


def named_arrays(data: Any) -> dict[str, Any]:
    """Return what an object has: its own attributes, and others that are named as values."""
    keys = getattr(data, "keys", None)  # a method of data objects, in old versions a property
    own = keys() if callable(keys) else keys or getattr(data, "__dict__", {})
    kinds: tuple[ValueKind, ...] = ("weights", "times", "edge_types")
    usual = [name for kind in kinds for name in spellings_of(kind)]
    return {name: getattr(data, name, None) for name in dict.fromkeys([*own, *usual, *_FEATURES])}


def edge_values(
    arrays: Mapping[str, Any], length: int, num_nodes: int, how: ReadOptions, name: str
) -> NDArray[Any] | None:
    """Return the weights, times or types among arrays, and warn of what else may be meant.

    Parameters
    ----------
    arrays : mapping
        Arrays, and anything else, by their names.
    length : int
        Number of edges, or of entries.
    num_nodes : int
        Number of nodes: where it is `length`, an array may belong to either.
    how : ReadOptions
        What the caller says.
    name : str
        What to call the arrays in messages.

    Raises
    ------
    InputError
        When names do not say which of several is meant.
    """
    fits = {
        key: as_array(value, key).reshape(-1)
        for key, value in arrays.items()
        if _shape(value) in ((length,), (length, 1))
    }
    chosen = _choose(arrays, fits, how, name)
    _warn(fits, chosen, length == num_nodes, how, name)
    return None if chosen is None else fits.get(chosen, arrays[chosen])


def _choose(
    arrays: Mapping[str, Any], fits: Mapping[str, Any], how: ReadOptions, name: str
) -> str | None:
    for usual in _USUAL[how.values]:
        if _shape(arrays.get(usual)):
            return usual  # whatever its length, which is checked with that of the ends
    names = list(fits)
    ranks = [[names[i] for i in rank] for rank in values_of(names, how.values)]
    if how.values == "edge_types":
        ranks = ranks[:1]  # "label" and the like may be those of nodes
    for rank in ranks:
        if len(rank) > 1:
            raise InputError(
                f"{name} has several arrays that are named as {how.values.replace('_', ' ')}: "
                f"{listed(rank)}; drop all but one"
            )
        if rank:
            return rank[0]
    _warn_shapes(arrays, fits, how, name)
    features = _FEATURES if how.values == "weights" else ()
    return next((key for key in (*features, *_PLAIN) if key in fits), None)


def _warn_shapes(
    arrays: Mapping[str, Any], fits: Mapping[str, Any], how: ReadOptions, name: str
) -> None:
    """Say which arrays are named as weights, but are not one for each edge."""
    if how.values != "weights":
        return
    names = list(arrays)
    named = [names[i] for rank in values_of(names, "weights") for i in rank]
    for key in (*named, *_FEATURES):
        shape = _shape(arrays.get(key))
        if shape and key not in fits:
            warnings.warn(
                f"{name}: {key} of shape {shape} is not one weight for each edge, and is not read; "
                f"give the edges an edge_weight, or drop {key}",
                stacklevel=2,
            )


def _warn(
    fits: Mapping[str, Any], chosen: str | None, unsure: bool, how: ReadOptions, name: str
) -> None:
    """Say what is not read, of arrays of numbers with one for each edge."""
    for key, array in fits.items():
        if key == chosen or array.dtype.kind not in "iufM" or any(values_of([key], "edge_types")):
            continue
        named = any(any(values_of([key], kind)) for kind in _WARNED)
        words = set(words_of(key))
        clear = named or (chosen is None and (not unsure or "edge" in words))
        if clear and array.size and not words & _OTHERS:
            warn_values({key: array[0].item()}, name, how)


def _shape(value: Any) -> tuple[int, ...]:
    """Return the shape of an array or a list; of anything else, that of a scalar."""
    shape = getattr(value, "shape", ())
    if isinstance(value, list):
        try:
            return np.shape(value)
        except ValueError:  # lists of several lengths
            return ()
    return tuple(shape) if isinstance(shape, tuple) else ()
