"""Edges in files, told apart by their suffixes: on this machine, or at a URL."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError
from graphwalk.storage.edges.file import _WEB, COMPRESSIONS, File, _without_query

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from graphwalk.storage.edges.protocol import EdgeSource, RowSource

#: Suffixes of text files; each may be followed by one of the `COMPRESSIONS`.
TEXT_SUFFIXES = ".csv", ".tsv", ".txt", ".edges", ".el", ".edgelist"


def open_path(
    path: str | os.PathLike[str],
    columns: Sequence[Hashable] | None,
    storage_options: Mapping[str, Any] | None = None,
) -> EdgeSource | RowSource:
    """Open a file, a folder of Parquet files, or all files that a pattern such as ``*.csv`` names.

    Raises
    ------
    InputError
        When there is no such file, its kind is unknown, or it cannot be read.
    """
    name = os.fspath(path)
    files = _remote_files(name, storage_options) if "://" in name else _local_files(name)
    suffixes = {file.suffixes[0] for file in files}
    if len(suffixes) > 1:
        raise InputError(f"{name}: files are of several kinds, {', '.join(sorted(suffixes))}")
    suffix = suffixes.pop()
    if suffix == ".parquet":
        from graphwalk.storage.edges.parquet import open_parquet

        return open_parquet(name, files, columns)
    if suffix in TEXT_SUFFIXES:
        from graphwalk.storage.edges.text.source import open_text

        return open_text(name, files, suffix, columns)
    if suffix in (".npy", ".npz") and len(files) == 1 and not files[0].remote:
        from graphwalk.storage.edges.numpy_files import open_npy, open_npz

        if columns is not None:
            raise InputError(f"columns= is for tables, and {name} has no named columns")
        return (open_npy if suffix == ".npy" else open_npz)(Path(files[0].name))
    raise InputError(
        f"{name} has a suffix that names no kind of file of edges; the kinds are .parquet, .npy "
        f"and .npz, and {', '.join(TEXT_SUFFIXES)}, each of these also with "
        f"{' or '.join(COMPRESSIONS)}"
    )


def _local_files(name: str) -> list[File]:
    path = Path(name.removeprefix("file://")).expanduser()
    if path.is_dir():
        return _parts(sorted(map(str, path.glob("*.parquet"))), name)
    if path.exists():
        return [File(str(path))]
    found = sorted(glob.glob(str(path)))  # noqa: PTH207 - absolute patterns too
    if not found:
        raise InputError(f"there is no file {name}; check the path of the edges")
    return [File(part) for part in found]


def _may_be_folder(path: str) -> bool:
    """Return False for files on the web: to ask is to load one whole and look for links in it."""
    return not (path.startswith(_WEB) and File(path).suffixes[0])


def _parts(names: list[str], folder: str, filesystem: Any = None) -> list[File]:
    if not names:
        raise InputError(f"{folder} is a folder without *.parquet files; name a file or a folder")
    return [File(name, filesystem) for name in names]


def _remote_files(url: str, storage_options: Mapping[str, Any] | None) -> list[File]:
    from fsspec.core import url_to_fs

    try:
        filesystem, path = url_to_fs(url, **(storage_options or {}))
        if glob.has_magic(_without_query(path)):
            found = sorted(filesystem.glob(path))
        elif _may_be_folder(path) and filesystem.isdir(path):
            return _parts(sorted(filesystem.glob(f"{path}/*.parquet")), url, filesystem)
        else:
            found = [path] if filesystem.exists(path) else []
    except (ImportError, ValueError) as error:
        raise InputError(f"cannot read {url}: {error}") from error
    if not found:
        raise InputError(f"there is nothing at {url}; check the URL of the edges")
    return [File(name, filesystem) for name in found]
