"""Temporary stores, which exist as long as the graph that was made with them."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dask

from graphwalk.errors import StoreError
from graphwalk.storage.files.storage_errors import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator


def temporary_location() -> str:
    """Make a folder for a temporary store, and return the path for the store in it.

    Dask's setting ``temporary-directory`` says where the folder is made; the default is the
    system's folder for temporary files.
    """
    return str(make_folder() / "graph.zarr")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a temporary folder, and remove it at the end of the block."""
    folder = make_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_folder(prefix: str = "graphwalk-") -> Path:
    """Make a temporary folder whose name begins with `prefix`."""
    parent = temporary_parent()
    with disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


def temporary_parent() -> Path:
    """Return where temporary folders and files are made."""
    chosen = dask.config.get("temporary-directory", None)
    try:
        return Path(chosen or tempfile.gettempdir())
    except FileNotFoundError as error:
        raise StoreError(
            f"there is no folder for temporary files ({error.strerror}); set TMPDIR, or Dask's "
            "temporary-directory, to one that can be written"
        ) from None


def remove_temporary(location: str) -> None:
    """Remove a folder that `temporary_location` has made."""
    shutil.rmtree(Path(location).parent, ignore_errors=True)


def remove_with(owner: object, location: str) -> None:
    """Remove a temporary store when `owner` is no longer used, or when the process ends."""
    weakref.finalize(owner, _remove_if_ours, location, os.getpid())


def _remove_if_ours(location: str, maker: int) -> None:
    if os.getpid() == maker:  # a forked process has a copy of the owner, but does not own the store
        remove_temporary(location)
