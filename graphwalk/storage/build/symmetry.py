"""Find what makes rows asymmetric, for an error message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.storage.store.format import VALUE_TYPES

if TYPE_CHECKING:
    import zarr

#: Entries up to which the search is worth its time, and what it takes of memory for each.
MOST_ENTRIES = 1 << 26
_ENTRY_BYTES = 128


def asymmetric_entry(
    group: zarr.Group, num_nodes: int, num_entries: int, memory: int
) -> tuple[int, int] | None:
    """Return (row, neighbour) of the first entry without a mirror image of its value.

    None when the graph is too large to look for it within `memory`.
    """
    if num_entries > min(MOST_ENTRIES, memory // _ENTRY_BYTES):
        return None
    degrees = np.diff(np.asarray(group["offsets"][:]))  # type: ignore[index]
    neighbors = np.asarray(group["neighbors"][:])  # type: ignore[index]
    rows = np.repeat(np.arange(num_nodes), degrees)
    values = np.zeros(num_entries)
    for name in VALUE_TYPES:
        if name in group:
            values = np.asarray(group[name][:])  # type: ignore[index]
    there = np.lexsort((values, neighbors, rows))
    back = np.lexsort((values, rows, neighbors))  # sorts the mirror images
    entries = rows[there], neighbors[there], values[there]
    images = neighbors[back], rows[back], values[back]
    differ = np.logical_or.reduce([a != b for a, b in zip(entries, images, strict=True)])
    first = int(np.argmax(differ))
    entry = tuple(column[first].item() for column in entries)
    image = tuple(column[first].item() for column in images)
    # Of two sorted lists that part here, the lesser item is the one that the other lacks.
    return (entry[0], entry[1]) if entry < image else (image[1], image[0])
