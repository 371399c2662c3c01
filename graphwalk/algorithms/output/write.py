"""Writing walks to files, block by block, while they are computed."""

from __future__ import annotations

import operator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import dask.array as da
import numpy as np
from dask.base import compute_as_if_collection, get_scheduler

from graphwalk.algorithms.output.formats import ID_FORMATS, SINKS, Shape, WalkBlock
from graphwalk.algorithms.output.labelled_walks import LabelFile, as_labels, label_digest
from graphwalk.algorithms.output.resumable_job import Done, WalkTarget, total_of
from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.algorithms.walks.dask_tasks import cancelling_on_error
from graphwalk.algorithms.walks.streaming import blocks_in_order
from graphwalk.errors import InputError
from graphwalk.scheduler.executors.progress import block_progress
from graphwalk.scheduler.executors.resources import executor_of
from graphwalk.util.events import Work

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from graphwalk.algorithms.output.formats import WalkSink
    from graphwalk.algorithms.output.resumable_job import ResumableJob


class Written(NamedTuple):
    """What was written, and where it lies; `whole` says whether all walks do by now."""

    path: Path | str
    walks: int
    steps: int
    whole: bool = True


def write_walks(
    walks: da.Array,
    path: str | os.PathLike[str],
    *,
    labels: Any = None,
    overwrite: bool = False,
    resume: bool = False,
    share: tuple[int, int] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Path | str:
    r"""Compute walks and write them, holding no more than some blocks of them in memory.

    Every block is computed and written by one task, on threads or on Ray; the machines of a Ray
    cluster must then share the file system, or `path` be a URL. What is at a path is whole: it is
    written into the folder ``<path>.partial`` and renamed at the end, and after an error nothing is
    left. At a URL, blocks are written where they belong, and what makes them one array comes last.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned: node ids, -1 after the end of a walk.
    path : path or URL
        The suffix chooses the format:

        - ``.zarr``: a Zarr v3 array like `walks`, one chunk a block, with checksums.
        - ``.npy``: a numpy array like `walks`.
        - ``.parquet``: a folder with one Parquet file a block, ``part-00000.parquet`` and so on, of
          one column ``walk``: lists of the nodes visited, without padding.
        - ``.txt``, ``.txt.gz``: one walk a line, without padding, nodes separated by spaces; by
          tabs when `labels` are strings, since those may hold spaces. ``.txt`` without
          labels is what gensim takes as ``corpus_file``; see also `WalkCorpus`.

        At a URL such as ``"s3://bucket/walks.zarr"``, Zarr and Parquet can be written.
    labels : array_like of int or str, shape (num_nodes,), optional
        What to write instead of node ``i``: ``labels[i]``, as in ``graph.labels``. Zarr and npy
        hold node ids whatever the labels.
    overwrite : bool
        Replace walks that are at `path` already, once the new ones are complete (at a URL: before).
    resume : bool
        Go on with what an earlier call of the same walks to the same path left when it was killed:
        only blocks that are missing are computed, and the result is that of an uninterrupted call.
        When there is nothing to go on with, begin; after an error, leave what there is. Where the
        walks are finished already (Zarr and Parquet say so), nothing is computed. The `seed` must
        be given to `random_walks`, or the walks are others.
    share : (int, int), optional
        ``(k, n)``: write the `k`-th of `n` parts of the blocks, `k` from 0 to ``n - 1``, while
        other processes, on any machines that see `path`, write the others. Whoever finishes last
        makes one whole of them; until then they lie in ``<path>.partial``, from where a part that
        failed is resumed by writing it again. The same walks in all, so give them a `seed`.
    storage_options : mapping, optional
        What fsspec's file system takes, if `path` is a URL: ``key``, ``secret``, ``endpoint_url``.
    progress : bool, optional
        Show a progress bar on standard error. None: on a terminal and in a notebook.

    Returns
    -------
    pathlib.Path or str
        Where the walks lie: the absolute path, or the URL.

    Raises
    ------
    InputError
        For an unknown suffix, an array that holds no walks, labels that do not fit, a share that
        there is not; to resume, when what was left is of other walks.
    StoreExistsError
        When something is at `path` and `overwrite` is not given, or what is there are no walks.
    StoreError
        When `path` cannot be written.
    """
    return write_blocks(
        walks,
        path,
        labels=labels,
        overwrite=overwrite,
        resume=resume,
        share=share,
        storage_options=storage_options,
        progress=progress,
    ).path


def iter_blocks(walks: da.Array) -> Iterator[NDArray[Any]]:
    """Compute walks, and return an iterator over their blocks, in order.

    While one block is used, later ones are computed; no more of them than there are workers wait
    in memory, or any number in Ray's object store. Who stops early stops the computation too.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned, or a part of it.

    Returns
    -------
    iterator of ndarray of int32 or int64, shape (block_walks, walk_length + 1)
        One after the other, they are what ``walks.compute()`` returns.

    Raises
    ------
    InputError
        For an array that holds no walks.
    """
    return blocks_in_order(checked_walks(walks))


def write_blocks(
    walks: da.Array,
    path: str | os.PathLike[str],
    *,
    labels: Any = None,
    overwrite: bool = False,
    resume: bool = False,
    share: tuple[int, int] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Written:
    """Do as `write_walks`, and return how much was written too."""
    if share is not None:
        _check_share(share, overwrite)
    resume = resume or share is not None
    given, walks = walks, checked_walks(walks)
    about, target = _about(given, resume), WalkTarget(path, storage_options)
    if resume and isinstance(given, WalkArray):
        walks = _as_begun(given, walks, target)
    suffix, shape = target.suffix, _shape(walks)
    names = (
        None if labels is None or suffix in ID_FORMATS else as_labels(labels, text=".txt" in suffix)
    )
    about |= {
        "format": suffix,
        "shape": walks.shape,
        "block_walks": shape.block_walks,
        "type": walks.dtype.str,
        "labels": None if names is None else label_digest(names),
    }

    def sink_of(job: ResumableJob) -> WalkSink:
        label_file = None if names is None else LabelFile(job.folder, about["labels"])
        if label_file:
            label_file.save(names)
        return SINKS[suffix](job.location, shape, label_file, job.storage_options)

    finished = target.totals(about) if resume else None
    if finished is not None:
        return _written(target, finished)
    target.check_free(overwrite)
    if share is not None:
        with target.share(about) as job:
            mine = _write_share(walks, share, job, sink_of(job), progress)
        whole = target.finish(about, shape.num_blocks, sink_of)
        return _written(target, mine, whole=whole is not None)
    with target.job(about, resume=resume) as job:
        sink = sink_of(job)
        finished = job.finish(sink, about, _write(walks, job, sink, progress))
    return _written(target, finished)


def _written(target: WalkTarget, done: Done, *, whole: bool = True) -> Written:
    return Written(target.result, done.walks, done.nodes - done.walks, whole)


def _check_share(share: Any, overwrite: bool) -> None:
    try:
        part, parts = map(operator.index, share)
    except (TypeError, ValueError):
        raise InputError(f"share={share!r} must be two integers, (k, n)") from None
    if not 0 <= part < parts:
        raise InputError(f"share={share!r}: there are the shares 0 to {parts - 1} of {parts}")
    if overwrite:
        raise InputError(
            "overwrite=True and share= do not go together: one share would remove what another has "
            "written; remove what is there before"
        )


def _as_begun(given: WalkArray, walks: da.Array, target: WalkTarget) -> da.Array:
    """Return the walks in blocks of the size that the job was begun with.

    With ``chunks="auto"`` it depends on the memory that this process or machine has.
    """
    size = (target.begun() or {}).get("block_walks")
    return given.in_blocks(size) if size and walks.chunks[0][:1] != (size,) else walks


def _about(walks: da.Array, resume: bool) -> dict[str, Any]:
    """Return what tells these walks from others."""
    if not isinstance(walks, WalkArray):
        return {"array": walks.name}
    about = walks.about()
    if resume and about["graph"] is None:
        raise InputError(
            "the graph's store was written by an early version of graphwalk and does not say what "
            "tells its rows from others, so that walks on it cannot be resumed; build it again, "
            "or leave resume out"
        )
    return about


def checked_walks(walks: Any) -> da.Array:
    """Return walks in blocks of whole rows and of one size; raise if they are none."""
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


def _shape(walks: da.Array) -> Shape:
    rows = walks.chunks[0]
    return Shape(walks.shape[0], walks.shape[1], rows[0], len(rows), walks.dtype)


def _write_share(
    walks: da.Array,
    share: tuple[int, int],
    job: ResumableJob,
    sink: WalkSink,
    progress: bool | None,
) -> Done:
    """Write one of several shares of the blocks; return what it came to."""
    part, parts = share
    blocks = range(*(number * walks.numblocks[0] // parts for number in (part, part + 1)))
    if not blocks:
        return Done(0, 0, 0)
    # Planned alone, they keep all workers busy and take no more memory than they need.
    some = (
        walks.alone(blocks)
        if isinstance(walks, WalkArray)
        else walks.blocks[blocks.start : blocks.stop]
    )
    first_walk = sum(walks.chunks[0][: blocks.start])
    done = _write(some, job, sink, progress, first_block=blocks.start, first_walk=first_walk)
    return total_of(done[number] for number in blocks)


def _write(
    walks: da.Array,
    job: ResumableJob,
    sink: WalkSink,
    progress: bool | None,
    *,
    first_block: int = 0,
    first_walk: int = 0,
) -> dict[int, Done]:
    """Write the blocks that are not done; return what each that is done came to.

    Parameters
    ----------
    first_block, first_walk : int
        Those of the whole job that the walks begin with.
    """
    with job.errors():
        sink.open()
        done = job.done()
    missing = [n for n in range(walks.numblocks[0]) if n + first_block not in done]
    write = partial(_write_block, job, sink, first_block, first_walk, walks.chunksize[0])
    executor = executor_of(get_scheduler(collections=[walks]))
    if executor and isinstance(walks, WalkArray):
        found: Any = walks.used_by(executor, missing, write, progress)
    else:
        found = _write_by_dask(walks, missing, write, progress)
    return done | {number + first_block: one for number, one in found}


def _write_by_dask(
    walks: da.Array,
    missing: list[int],
    write: Callable[[NDArray[Any], int], Done],
    progress: bool | None,
) -> Iterator[tuple[int, Done]]:
    """Write blocks of an array of any kind, on whatever scheduler; yield what each came to."""
    counts = walks.map_blocks(
        _write_mapped,
        write=write,
        dtype=np.int64,
        chunks=((1,) * walks.numblocks[0], (len(Done._fields),)),
        meta=np.empty((0, 0), np.int64),
        name=None,
    )
    keys = [(counts.name, number, 0) for number in missing]
    tasks = dict(da.Array.__dask_optimize__(counts.dask, keys)) if missing else {}
    with _progress(walks, keys, missing, progress), cancelling_on_error(tasks):
        # Not counts.compute(): its one last task, of all blocks, is all that Ray would report.
        rows = compute_as_if_collection(da.Array, tasks, keys) if missing else ()
    for number, row in zip(missing, rows, strict=True):
        yield number, Done(*map(int, row[0]))


def _progress(
    walks: da.Array, keys: list[Any], blocks: list[int], show: bool | None
) -> AbstractContextManager[None]:
    if isinstance(walks, WalkArray):
        return walks.progress(keys, blocks, show)
    amounts = (walks.chunks[0][block] for block in blocks)
    return block_progress("Walking", dict(zip(keys, amounts, strict=True)), "walks", show)


def _write_mapped(
    block: NDArray[np.integer[Any]],
    write: Callable[[NDArray[Any], int], Done],
    block_info: Any = None,
) -> NDArray[np.int64]:
    return np.array([write(block, block_info[0]["chunk-location"][0])])


def _write_block(
    job: ResumableJob,
    sink: WalkSink,
    first_block: int,
    first_walk: int,
    block_walks: int,
    block: NDArray[np.integer[Any]],
    number: int,
) -> Done:
    """Write a block of a job that begins with the block and the walk that come first."""
    nodes = int(np.count_nonzero(block >= 0))
    first = first_walk + number * block_walks
    with Work("write", "") as work:
        done = job.write(sink, WalkBlock(first_block + number, first, block), nodes)
        work.add(size=block.nbytes)
    return done
