"""All files below a folder, of which there may be millions: no list of them is ever made."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Entries of a folder that are removed before it is read again: some file systems skip entries
#: where others are removed while a folder is read.
_REMOVED_AT_ONCE = 1024


def files_below(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    """Yield the files and links in a folder and in those below it; links are not followed.

    There are none where the folder is no folder, or is not there any more.
    """
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files_below(entry.path)
            else:
                yield entry


def empty_folder(folder: str | Path, but: str = "") -> None:
    """Remove what is in a folder, if it exists, and follow no links.

    Parameters
    ----------
    folder : str or path
        The folder, which stays.
    but : str
        Name of the entry of the folder that stays, too.
    """
    with suppress(FileNotFoundError):
        while some := _some_entries(folder, but):
            for entry in some:
                if entry.is_dir(follow_symlinks=False):
                    empty_folder(entry.path)
                    Path(entry.path).rmdir()
                else:
                    Path(entry.path).unlink(missing_ok=True)


def _some_entries(folder: str | Path, but: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(islice((entry for entry in entries if entry.name != but), _REMOVED_AT_ONCE))
