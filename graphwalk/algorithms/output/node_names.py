"""What the nodes of walks are called: found where it is known, and asked for where it is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.formats import ID_FORMATS, read_about, walk_suffix
from graphwalk.algorithms.output.read_walks import holds_numbers
from graphwalk.algorithms.walks.walks_source import walks_source
from graphwalk.errors import InputError, StoreError, argument
from graphwalk.storage.files.locations import is_url, locate
from graphwalk.storage.store.graph import Graph, open_zarr

if TYPE_CHECKING:
    from collections.abc import Mapping


def names_for(walks: Any, labels: Any, storage_options: Mapping[str, Any] | None) -> Any:
    """Return the labels that name the nodes of walks; None if those need no other name.

    Parameters
    ----------
    walks : dask.array.Array or path or URL
        The walks.
    labels : array_like, False or None
        What was passed: labels, False if numbers are the names, None if the graph says it.
    storage_options : mapping, optional
        For fsspec, if `walks` is a URL.

    Raises
    ------
    InputError
        When it is not known which graph was walked, or its labels cannot be had any more.
    """
    if labels is False:
        return None
    if labels is not None:
        return labels
    if isinstance(walks, str | os.PathLike):
        return _names_of_files(locate(walks), storage_options)
    tasks = walks_source(walks)
    if tasks is None:
        raise unknown_names("it is not known which graph these walks are on")
    return Graph(tasks.graph).labels


def _names_of_files(location: str, storage_options: Mapping[str, Any] | None) -> Any:
    suffix = walk_suffix(location, remote=is_url(location))
    if suffix.startswith(".txt"):
        if holds_numbers(location):
            raise unknown_names(f"{location} has numbers, and does not say of which graph")
        return None  # since other words are the names
    about = read_about(location, suffix, storage_options)
    job = about["job"] if isinstance(about, dict) else {}
    if job.get("labels") is not None and suffix not in ID_FORMATS:
        return None
    store = job.get("store")
    if store is None:
        raise unknown_names(f"{location} does not say which graph its walks are on")
    if store["labels"] is None:
        return None
    identity = job["store"]["digest"], store["label_digest"]
    options = storage_options if is_url(store["path"]) else None
    try:
        graph = open_zarr(store["path"], storage_options=options)
    except StoreError as error:
        raise unknown_names(f"the graph of {location} cannot be opened ({error})") from error
    if None in identity or graph._arrays.info.identity != identity:
        raise unknown_names(
            f"{store['path']} is not the graph any more that {location} has walks on"
        )
    return graph.labels


def unknown_names(why: str) -> InputError:
    """Return the error where nodes cannot be named; `why` begins it."""
    return InputError(
        f"{why}, so that its nodes cannot be named; name the labels of "
        f"that graph by {argument('labels')}, or pass {argument('labels', False)} if the numbers "
        "are the names"
    )
