"""Edges in files, on this machine or at a URL: found here, and told apart by what they hold."""

from __future__ import annotations

import glob
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError, argument, passing
from graphwalk.storage.edges.file import _WEB, COMPRESSIONS, File, _without_query
from graphwalk.storage.edges.recognise import content_suffix, text_suffix
from graphwalk.storage.files.locations import expand_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphwalk.storage.edges.options import ReadOptions
    from graphwalk.storage.edges.protocol import EdgeSource, RowSource

#: Suffixes of text files; each may be followed by one of the `COMPRESSIONS`.
TEXT_SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".edges", ".el", ".edgelist"),
    *(".ncol", ".links", ".dat", ".tab"),
)

#: Suffixes of files that Arrow's data sets read, and what these call them.
_DATASETS = {".feather": "feather", ".arrow": "ipc", ".ipc": "ipc", ".orc": "orc"}

#: Suffixes by which the first bytes may have to say more.
_OTHERS = ".parquet", ".npy", ".npz", ".mtx", ".arrows", *_DATASETS


def open_path(path: str | os.PathLike[str], how: ReadOptions) -> EdgeSource | RowSource:
    """Open a file, a folder of Parquet files, or all files that a pattern such as ``*.csv`` names.

    Raises
    ------
    InputError
        When there is no such file, its kind is unknown, or it cannot be read.
    """
    name = os.fspath(path)
    if not name.strip():
        raise InputError(f"edges are named by a path, a pattern or a URL, not by {name!r}")
    options = how.storage_options
    files = _remote_files(name, options) if "://" in name else _local_files(name)
    suffixes = {file.suffixes[0] for file in files}
    if len(suffixes) > 1:
        raise InputError(f"{name}: files are of several kinds, {', '.join(sorted(suffixes))}")
    suffix = _suffix(files[0], how)
    if suffix in TEXT_SUFFIXES or suffix not in _OTHERS:
        from graphwalk.storage.edges.text.source import open_text

        return open_text(name, files, suffix, how)
    if how.sep is not None or how.header is not None:
        word = "sep" if how.sep is not None else "header"
        raise InputError(f"{argument(word)} is for text files, and {name} is none; leave it out")
    return _open_binary(name, files, suffix, how)


def _open_binary(
    name: str, files: list[File], suffix: str, how: ReadOptions
) -> EdgeSource | RowSource:
    if suffix == ".parquet" and not _has_partitions(name, files):
        from graphwalk.storage.edges.parquet import open_parquet

        return open_parquet(name, files, how)
    if suffix in (".parquet", *_DATASETS):
        from graphwalk.storage.edges.datasets import open_files

        return open_files(name, files, _DATASETS.get(suffix, "parquet"), how)
    if len(files) > 1:
        raise InputError(f"{name} names {len(files)} {suffix} files; pass one of them")
    if suffix == ".arrows":
        from graphwalk.storage.edges.datasets import open_ipc_stream

        return open_ipc_stream(files[0], how)
    if suffix == ".mtx":
        from graphwalk.storage.edges.matrix_market import open_mtx

        return open_mtx(files[0])
    if files[0].remote:
        raise InputError(f"{name} is at a URL, where {suffix} is not read; copy it to this machine")
    from graphwalk.storage.edges.numpy_files import open_npy, open_npz

    return (open_npy if suffix == ".npy" else open_npz)(Path(files[0].name), how)


def _suffix(file: File, how: ReadOptions) -> str:
    """Return the suffix that says what a file is: its own, unless its first bytes say otherwise."""
    found = content_suffix(file)
    own = file.suffixes[0]
    if found in (".feather", ".arrows") and own in (".arrow", ".ipc", ".feather"):
        return own if found == ".feather" else found
    if found is not None or own in _OTHERS:
        return found or own
    if own in TEXT_SUFFIXES or how.sep is not None or how.header is not None:
        return text_suffix(file) or own
    if text_suffix(file) == ".mtx":
        return ".mtx"
    raise InputError(
        f"{file.name} has a suffix that names no kind of file of edges; the kinds are "
        f"{', '.join(_OTHERS)}, and {', '.join(TEXT_SUFFIXES)}, each of these also with "
        f"{', '.join(COMPRESSIONS)}; to read it as text all the same, pass "
        f"{argument('sep', ' ')} or another"
    )


def _local_files(name: str) -> list[File]:
    path = expand_user(name.removeprefix("file://"))
    if path.is_dir():
        _check_folder(path)
        found = sorted(map(str, path.rglob("*.parquet")))
        return _parts([file for file in found if not _is_hidden(file, str(path))], name)
    if path.exists():
        return [File(str(path))]
    found = sorted(glob.glob(str(path)))  # noqa: PTH207 - absolute patterns too
    if not found:
        raise InputError(f"there is no file {name}; check the path of the edges")
    return [File(part) for part in found]


def _check_folder(path: Path) -> None:
    """Refuse folders of which Parquet files are only a part, some of them out of date."""
    if (path / "_delta_log").is_dir():
        raise InputError(
            f"{path} is a Delta table, some of whose files may be out of date; "
            + passing("deltalake.DeltaTable(path).to_pyarrow_dataset()")
        )
    if (path / "metadata").is_dir() and list(path.glob("metadata/*.metadata.json")):
        table = "the Arrow table that pyiceberg scans"
        raise InputError(f"{path} is an Iceberg table; {passing(table)}")
    if (path / "zarr.json").exists() or (path / ".zarray").exists():
        array = "an array of zarr.open(path)"
        raise InputError(f"{path} is a Zarr array or group; {passing(array)}")


def _is_hidden(file: str, folder: str) -> bool:
    parts = PurePosixPath(file).relative_to(folder).parts
    return any(part.startswith(("_", ".")) for part in parts)


def _has_partitions(name: str, files: list[File]) -> bool:
    """Whether folders inside say the values of a column, as in ``year=2024/part.parquet``."""
    folder = PurePosixPath(name.partition("://")[2] or name).name
    inner = [file.name.rpartition(f"{folder}/")[2] for file in files]
    return any("=" in part for path in inner for part in path.split("/")[:-1])


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
            return _parts(sorted(filesystem.glob(f"{path}/**/*.parquet")), url, filesystem)
        else:
            found = [path] if filesystem.exists(path) else []
    except (ImportError, ValueError) as error:
        raise InputError(f"cannot read {url}: {error}") from error
    if not found:
        raise InputError(f"there is nothing at {url}; check the URL of the edges")
    return [File(name, filesystem) for name in found]
