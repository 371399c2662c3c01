"""Errors of file systems and object stores, as errors of graphwalk that name the store."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from graphwalk.errors import GraphwalkError, StoreError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_FULL = "free space, or pass another path"
_FORBIDDEN = "change the permissions, or pass another path"

#: What to do about an error, by its number.
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: "pass a path on a file system that can be written",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


@contextmanager
def disk_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise a `StoreError` if the system refuses to write files at `path` in the block.

    The block must only write, since every `OSError` in it is reported as an error of `path`.

    Raises
    ------
    StoreError
        It names `path`, the reason and, if it is known, the remedy.
    """
    try:
        yield
    except GraphwalkError:
        raise
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "pass another path")
        reason = error.strerror or str(error)
        raise StoreError(f"cannot write {path}: {reason}; {remedy}") from error


@contextmanager
def remote_errors(url: str, doing: str) -> Iterator[None]:
    """Raise a `StoreError` if an object store refuses an access of the block to `url`.

    Parameters
    ----------
    url : str
        The store's URL, for messages.
    doing : {"read", "write"}
        The kind of access.
    """
    try:
        yield
    except GraphwalkError:
        raise
    except Exception as error:
        if not is_refusal(error):
            raise
        raise StoreError(describe_refusal(url, doing, error)) from error


def is_refusal(error: Exception) -> bool:
    """Return whether the system or an object store refused an access; False for damaged data."""
    # Errors of the AWS libraries are not OSErrors, and these libraries may be missing.
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or package in ("botocore", "aiobotocore", "aiohttp")


def describe_refusal(url: str, doing: str, error: Exception) -> str:
    """Return the message for an access that an object store refused."""
    if isinstance(error, FileNotFoundError):
        remedy = "check the name of the bucket, or make it first"
    elif isinstance(error, PermissionError) and "://" not in url:
        remedy = "change the permissions"
    elif isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        remedy = "check the credentials, in the environment or in storage_options, and their rights"
    elif "://" in url:
        remedy = "check the network and storage_options (endpoint_url)"
    else:
        remedy = "check the path"
    return f"cannot {doing} {url}: {error or type(error).__name__}; {remedy}"
