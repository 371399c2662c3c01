"""Checks of what is to be written: whether an array holds walks, and whether a share exists."""

from __future__ import annotations

import operator
from typing import Any

import dask.array as da
import numpy as np

from graphwalk.algorithms.walks.recorded_edges import with_edges
from graphwalk.algorithms.walks.walks_source import are_edges
from graphwalk.errors import InputError, argument


def checked_walks(walks: Any, edges: Any = None) -> da.Array:
    """Return walks in blocks of whole rows and of one size; raise InputError for anything else.

    With `edges`, return an array of steps, see `with_edges`.
    """
    if isinstance(walks, tuple):
        raise InputError(
            f"walks are a tuple; with {argument('return_edges', True)}, random_walks returns walks "
            f"and edges: pass the first, and the second as {argument('edges')}"
        )
    if not isinstance(walks, da.Array):
        raise InputError(f"walks are a {type(walks).__name__}, not a Dask array of random_walks")
    if np.isnan(walks.shape).any():
        raise InputError(
            f"the number of walks is not known: walks are a Dask array of shape {walks.shape}, as "
            "a mask makes it; call walks.compute_chunk_sizes() first"
        )
    if walks.ndim != 2 or walks.dtype.kind != "i":
        raise InputError(
            f"walks are a Dask array of {walks.dtype} of shape {walks.shape}; they must be signed "
            "integers of shape (num_walks, walk_length + 1)"
        )
    return _in_even_blocks(walks if edges is None else with_edges(walks, edges))


def named_walks(walks: Any, edges: Any = None) -> da.Array:
    """Return walks as `checked_walks`; raise InputError for edges, whose numbers are no nodes."""
    checked = checked_walks(walks, edges)
    if are_edges(walks):
        raise InputError(
            "these are the edges of steps, not walks: pass the array of walks that random_walks "
            f"returned with them, and these as {argument('edges')}"
        )
    return checked


def _in_even_blocks(walks: da.Array) -> da.Array:
    """Return the walks in blocks of whole rows and of one size; the last one may be smaller.

    Two tasks must not write into the same chunk of a Zarr array.
    """
    rows = walks.chunks[0]
    uneven = any(n != rows[0] for n in rows[:-1]) or rows[-1] > rows[0]
    if uneven or len(walks.chunks[1]) > 1:
        return walks.rechunk({0: max(1, *rows), 1: -1})
    return walks


def check_share(share: Any, overwrite: bool) -> None:
    """Raise InputError unless there is such a share, and nothing is to be replaced."""
    try:
        part, parts = map(operator.index, share)
    except (TypeError, ValueError):
        raise InputError(f"{argument('share', share)} must be two integers, (k, n)") from None
    if not 0 <= part < parts:
        raise InputError(
            f"{argument('share', share)}: there are the shares 0 to {parts - 1} of {parts}"
        )
    if overwrite:
        raise InputError(
            f"{argument('overwrite', True)} and {argument('share')} do not go together: one share "
            "would remove what another has written; remove what is there before"
        )
