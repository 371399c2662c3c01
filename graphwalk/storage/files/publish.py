"""How a finished store or file takes its place, whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.errors import StoreExistsError
from graphwalk.storage.files.errors import disk_errors
from graphwalk.storage.files.locations import is_url
from graphwalk.storage.files.locks import claimed, made_folders
from graphwalk.storage.files.remote import new_remote_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@contextmanager
def new_store(
    location: str,
    *,
    overwrite: bool,
    is_ours: Callable[[str], bool],
    storage_options: Mapping[str, Any] | None = None,
) -> Iterator[str]:
    """Yield where to build the store that is to lie at `location`.

    A local store is built beside its place and renamed when the block ends; on a URL, which cannot
    be renamed, it is built in place. Nothing is left behind when the block raises.

    Parameters
    ----------
    location : str
        What `locate` returned.
    overwrite : bool
        Whether a store that is there already may be replaced.
    is_ours : callable
        Tells whether what lies at a location is a graphwalk store, for nothing else is replaced.
    storage_options : mapping, optional
        For fsspec, if `location` is a URL.

    Raises
    ------
    StoreExistsError
        When something is there that is not to be replaced.
    StoreError
        When nothing can be written there.
    """
    if is_url(location):

        def check_free() -> None:
            _check_free(location, overwrite, is_ours)

        with new_remote_store(location, check_free, storage_options) as place:
            yield place
    else:
        with _new_local(location, overwrite, is_ours) as place:
            yield place


def _check_free(location: str, overwrite: bool, is_ours: Callable[[str], bool]) -> None:
    if not overwrite:
        raise StoreExistsError(
            f"{location} exists already; pass overwrite=True to replace it, or another path"
        )
    if not is_ours(location):
        raise StoreExistsError(
            f"{location} exists and is no graphwalk store, so overwrite=True does not replace it; "
            "remove it yourself, or pass another path"
        )


@contextmanager
def _new_local(location: str, overwrite: bool, is_ours: Callable[[str], bool]) -> Iterator[str]:
    target = Path(location)
    if _is_occupied(target):
        _check_free(location, overwrite, is_ours)
    with made_folders(target.parent), claimed(Path(f"{location}.partial")) as partial:
        yield str(partial)
        with disk_errors(target):
            _replace(target, partial)


def _is_occupied(target: Path) -> bool:
    """Return whether something is at `target`; an empty folder counts as nothing."""
    return os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir()))


def _replace(target: Path, partial: Path) -> None:
    """Put `partial` where `target` is; two renames are as near to one step as folders allow."""
    old = Path(f"{target}.partial-replaced")
    if not _is_occupied(target):
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)  # left by a job that was killed between two renames
        return
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
