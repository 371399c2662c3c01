"""Adjacency matrices in the Matrix Market format, read whole by SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError
from graphwalk.storage.edges.adjacency import open_scipy
from graphwalk.storage.edges.text.decode import opened_text

if TYPE_CHECKING:
    from graphwalk.storage.edges.adjacency import CSRSource
    from graphwalk.storage.edges.file import File


def open_mtx(file: File) -> CSRSource:
    """Open a matrix; entries of one without values (``pattern``) are edges without weights.

    Raises
    ------
    InputError
        When it cannot be read, or is not square.
    """
    try:
        import scipy.io
        import scipy.sparse
    except ImportError as error:
        raise InputError(
            f"{file.name} is a Matrix Market file, which SciPy reads: pip install scipy"
        ) from error
    stream: Any  # of bytes, as SciPy takes it
    with opened_text(file) as stream:
        banner = stream.read(256).partition(b"\n")[0].decode(errors="replace").lower().split()
    try:
        with opened_text(file) as stream:
            matrix = scipy.sparse.csr_array(scipy.io.mmread(stream))
    except (ValueError, OverflowError, TypeError, OSError) as error:
        raise InputError(f"{file.name} cannot be read as a Matrix Market file: {error}") from error
    if "pattern" in banner:
        matrix = matrix.astype(bool)
    return open_scipy(matrix, file.name)
