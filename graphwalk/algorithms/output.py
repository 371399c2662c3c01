"""Writing walks to files, block by block, while they are computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import dask.array as da
import numpy as np
from dask.base import compute_as_if_collection

from graphwalk.errors import InputError, StoreExistsError
from graphwalk.scheduler.progress import block_progress
from graphwalk.storage.partial import partial_folder, put_in_place, writing
from graphwalk.storage.walk_files import SINKS, Block, Shape, WalkSink, holds_walks, walk_suffix
from graphwalk.storage.walk_text import LabelFile, as_labels

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

#: Formats of node ids alone; in the others labels take their place.
ID_FORMATS = frozenset({".zarr", ".npy"})


class Written(NamedTuple):
    """What was written, and where it lies."""

    path: Path
    walks: int
    steps: int


def write_walks(
    walks: da.Array,
    path: str | os.PathLike[str],
    *,
    labels: Any = None,
    overwrite: bool = False,
    progress: bool | None = None,
) -> Path:
    r"""Compute walks and write them, holding no more than some blocks of them in memory.

    Every block is computed and written by one task, on threads or on Ray; the machines of a Ray
    cluster must then share the file system. What is at `path` is whole: it is written under the
    name ``<path>.partial`` and renamed at the end, and after an error nothing is left.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What :func:`random_walks` returned: node ids, -1 after the end of a walk.
    path : path
        The suffix chooses the format:

        ``.zarr``
            A Zarr v3 array like `walks`, one chunk a block, with checksums.
        ``.npy``
            A numpy array like `walks`.
        ``.parquet``
            A folder with one Parquet file a block, ``part-00000.parquet`` and so on, of one
            column ``walk``: lists of the nodes visited, without padding.
        ``.txt``, ``.txt.gz``
            One walk a line, without padding, nodes separated by spaces; by tabs when `labels`
            are strings, since those may hold spaces.
    labels : array_like of int or str, shape (num_nodes,), optional
        What to write instead of node ``i``: ``labels[i]``, as in ``graph.labels``. Zarr and npy
        hold node ids whatever the labels.
    overwrite : bool
        Replace walks that are at `path` already, once the new ones are complete.
    progress : bool, optional
        Show a progress bar on standard error. None: when that is a terminal.

    Returns
    -------
    pathlib.Path
        Where the walks lie, absolute.

    Raises
    ------
    InputError
        For an unknown suffix, an array that holds no walks, labels that do not fit.
    StoreExistsError
        When something is at `path` and `overwrite` is not given, or what is there are no walks.
    StoreNotFoundError
        When the folder that is to hold `path` does not exist.
    """
    return write_blocks(walks, path, labels=labels, overwrite=overwrite, progress=progress).path


def write_blocks(
    walks: da.Array,
    path: str | os.PathLike[str],
    *,
    labels: Any = None,
    overwrite: bool = False,
    progress: bool | None = None,
) -> Written:
    """Do as :func:`write_walks`, and return how much was written too."""
    walks = _checked(walks)
    target = _checked_target(path, overwrite)
    suffix = walk_suffix(target)
    names = (
        None if labels is None or suffix in ID_FORMATS else as_labels(labels, text=".txt" in suffix)
    )
    with partial_folder(target) as folder:
        label_file = None if names is None else LabelFile(folder / "labels.arrow")
        if label_file:
            label_file.save(names)
        sink = SINKS[suffix](folder, _shape(walks), label_file)
        sink.open()
        counts = _write(walks, sink, folder, progress)
        put_in_place(sink.close(), target)
    num_walks, num_nodes = (int(count) for count in counts.sum(axis=0))
    return Written(target, num_walks, num_nodes - num_walks)


def _checked(walks: da.Array) -> da.Array:
    if not isinstance(walks, da.Array):
        raise InputError(f"walks are a {type(walks).__name__}, not a Dask array of random_walks")
    if walks.ndim != 2 or walks.dtype.kind != "i" or np.isnan(walks.shape).any():
        raise InputError(
            f"walks are a Dask array of {walks.dtype} of shape {walks.shape}; they must be signed "
            "integers of shape (num_walks, walk_length + 1)"
        )
    return _in_even_blocks(walks)


def _in_even_blocks(walks: da.Array) -> da.Array:
    """Return the walks in blocks of whole rows and of one size, but for a smaller last one.

    Tasks that write chunks of a Zarr array must not meet in one chunk.
    """
    rows = walks.chunks[0]
    uneven = any(n != rows[0] for n in rows[:-1]) or rows[-1] > rows[0]
    if uneven or len(walks.chunks[1]) > 1:
        return walks.rechunk({0: max(1, *rows), 1: -1})
    return walks


def _checked_target(path: str | os.PathLike[str], overwrite: bool) -> Path:
    if "://" in str(path):
        raise InputError(f"{path}: walks are written to paths, not URLs; write to a file system")
    target = Path(path).resolve()
    walk_suffix(target)
    if not target.exists():
        return target
    if not overwrite:
        raise StoreExistsError(f"{target} exists; choose another path or pass overwrite=True")
    if not holds_walks(target):
        raise StoreExistsError(f"{target} holds no walks, so it is not replaced; remove it first")
    return target


def _shape(walks: da.Array) -> Shape:
    rows = walks.chunks[0]
    return Shape(walks.shape[0], walks.shape[1], rows[0], len(rows), walks.dtype)


def _write(
    walks: da.Array, sink: WalkSink, folder: Path, progress: bool | None
) -> NDArray[np.int64]:
    """Return walks and nodes written, shape (num_blocks, 2)."""
    counts = walks.map_blocks(
        _write_block,
        sink=sink,
        folder=folder,
        dtype=np.int64,
        chunks=((1,) * walks.numblocks[0], (2,)),
        meta=np.empty((0, 2), np.int64),
        name=None,
    )
    amounts = {(counts.name, i, 0): n for i, n in enumerate(walks.chunks[0])}
    with block_progress("Walking", amounts, "walks", progress):
        # Not counts.compute(): its one last task, of all blocks, is all that Ray would report.
        rows = compute_as_if_collection(da.Array, counts.dask, counts.__dask_keys__())
    return np.block([list(row) for row in rows])


def _write_block(
    block: NDArray[np.integer[Any]], sink: WalkSink, folder: Path, block_info: Any = None
) -> NDArray[np.int64]:
    number, _ = block_info[0]["chunk-location"]
    first_walk, _ = block_info[0]["array-location"][0]
    with writing(folder):
        sink.write(Block(number, first_walk, block))
    return np.array([[len(block), np.count_nonzero(block >= 0)]])
