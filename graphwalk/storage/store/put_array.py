"""Arrays that are added to a store that is complete, or replaced in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import zarr

from graphwalk.storage.files.locations import is_url, write_errors, zarr_store
from graphwalk.storage.files.partial_folder import partial_folder
from graphwalk.storage.files.publish import Replaceable, Target
from graphwalk.storage.store.graph_arrays import GraphArrays
from graphwalk.storage.store.group import complete, create_group, open_group

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.storage.store.format import GraphInfo


def current_info(arrays: GraphArrays) -> GraphInfo:
    """Return what the store's attributes say now: others may have added arrays meanwhile."""
    _, info = open_group(arrays.path, arrays.storage_options)
    arrays.check_identity()
    return info


def put_array(
    arrays: GraphArrays,
    name: str,
    write: Callable[[zarr.Group], None],
    without: GraphInfo,
    info: GraphInfo,
) -> GraphArrays:
    """Write an array, and then the attributes; return the graph with it.

    An array of that name that is there stays if this fails, except at a URL.

    Parameters
    ----------
    arrays : GraphArrays
        The graph; its store is changed.
    name : str
        The array.
    write : callable
        Writes it into a group.
    without, info : GraphInfo
        What the attributes say while there is no such array, and in the end.
    """
    location, options = arrays.path, arrays.storage_options
    with write_errors(location):
        store = zarr_store(location, read_only=False, storage_options=options)
        group = zarr.open_group(store, mode="r+", zarr_format=3, use_consolidated=False)
        if is_url(location):
            if name in group:
                complete(group, without)
                del group[name]
            write(group)
        else:
            _replace_array(Path(location, name), write)
        arrays.check_identity()  # the attributes are those of the graph that was opened
        info = complete(group, info)
    return GraphArrays(location, info, options, temporary=arrays.temporary, owner=arrays)


def _replace_array(path: Path, write: Callable[[zarr.Group], None]) -> None:
    """Write the array in place of one that is there, which stays if this fails."""
    target = Target(str(path), Replaceable(True, "is no array of the store", lambda _: True))
    with partial_folder(target.path) as folder:
        place = folder / "store"
        write(create_group(zarr_store(str(place), read_only=False)))
        target.publish(place / path.name)
