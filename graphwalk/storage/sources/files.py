"""Edges in files, told apart by their suffixes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from graphwalk.errors import InputError
from graphwalk.storage.sources.parquet import open_parquet
from graphwalk.storage.sources.text import open_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from graphwalk.storage.sources.base import EdgeSource

#: Suffixes of text files; each may be followed by ``.gz``.
TEXT_SUFFIXES = ".csv", ".tsv", ".txt", ".edges", ".el", ".edgelist"


def open_path(path: str | os.PathLike[str], columns: Sequence[Hashable] | None) -> EdgeSource:
    """Open a Parquet file, a folder of Parquet files, or a text file."""
    file = Path(os.fspath(path)).expanduser()
    if not file.exists():
        raise InputError(f"there is no file {path}; check the path of the edges")
    suffix = (file.with_suffix("") if file.suffix.lower() == ".gz" else file).suffix.lower()
    if file.is_dir() or file.suffix.lower() == ".parquet":
        return open_parquet(file, columns)
    if suffix in TEXT_SUFFIXES:
        return open_text(file, suffix, columns)
    raise InputError(
        f"{path} has a suffix that names no kind of file of edges; the kinds are .parquet, "
        f"{', '.join(TEXT_SUFFIXES)}, and the latter with .gz"
    )
