"""Writing the blocks of walks while they are computed: each by the task that has made it."""

from __future__ import annotations

from array import array
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import dask.array as da
import numpy as np
from dask.base import compute_as_if_collection, get_scheduler

from graphwalk.algorithms.output.check_walks import check_share, named_walks
from graphwalk.algorithms.output.done_blocks import Done, DoneBlocks
from graphwalk.algorithms.output.formats import ID_FORMATS, SINKS, check_holds_edges
from graphwalk.algorithms.output.label_file import LabelFile, NamingRoom, OutputLabels, naming_room
from graphwalk.algorithms.output.resumable_job import STORE
from graphwalk.algorithms.output.sink import Shape, WalkBlock
from graphwalk.algorithms.output.target import WalkTarget
from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.algorithms.walks.dask_tasks import cancelling_on_error
from graphwalk.algorithms.walks.no_steps import warn_without_steps
from graphwalk.algorithms.walks.walks_source import walks_source
from graphwalk.errors import InputError, MemoryBudgetError, argument
from graphwalk.kernels.walk.step_edges import nodes_of, step_types
from graphwalk.scheduler.engine.place import check_seen
from graphwalk.scheduler.executors.progress import block_progress
from graphwalk.scheduler.executors.resources import executor_of, num_workers
from graphwalk.util.available_memory import free_memory
from graphwalk.util.events import Work
from graphwalk.util.parameters import FLAG

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from graphwalk.algorithms.output.resumable_job import ResumableJob
    from graphwalk.algorithms.output.sink import WalkSink
    from graphwalk.algorithms.walks.dask_tasks import WalkTasks
    from graphwalk.storage.store.graph_arrays import GraphArrays


#: A table of labels that takes more than one such part of the memory is read in parts.
_TABLE_PART = 4


class Written(NamedTuple):
    """What was written, and where it is; `whole` says whether all walks are there now."""

    path: Path | str
    walks: int
    steps: int
    whole: bool = True


def write_blocks(
    walks: da.Array,
    path: str | os.PathLike[str],
    *,
    edges: da.Array | None = None,
    labels: Any = None,
    coordinates: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    share: tuple[int, int] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Written:
    """Do as `write_walks`, and return how much was written too."""
    if share is not None:
        check_share(share, overwrite)
    resume = resume or share is not None
    labels = None if labels is False else labels
    source, given, walks = walks_source(walks), walks, named_walks(walks, edges)
    given = given if edges is None else walks
    about, target = (
        _about(given, source, resume),
        WalkTarget(path, storage_options, overwrite=overwrite),
    )
    if resume and isinstance(given, WalkArray):
        walks = _as_begun(given, walks, target)
    suffix = target.suffix
    shape = _shape_of(walks, target, FLAG.check("coordinates", coordinates))
    named = labels is not None and suffix not in ID_FORMATS
    names = OutputLabels(labels, text=".txt" in suffix) if named else None
    if names is not None:
        walks, room = with_room_for_names(walks, names)
    about |= {
        "format": suffix,
        "shape": walks.shape,
        "block_walks": shape.block_walks,
        "type": shape.dtype.str,
        "labels": None if names is None else names.digest,
        **({} if shape.edge_dtype is None else {"edges": shape.edge_dtype.str}),
        **({"coordinates": True} if shape.coordinates else {}),
    }

    def sink_of(job: ResumableJob) -> WalkSink:
        label_file = None
        if names is not None:
            label_file = LabelFile(job.folder, names, room)
            label_file.save(names)
        return SINKS[suffix](job.location, shape, label_file, job.storage_options)

    finished = target.totals(about) if resume else None
    if finished is not None:
        return _written(target, finished)
    target.check_free(resume=resume)
    if share is not None:
        with target.share(about) as job:
            mine = _write_share(walks, share, job, sink_of(job), progress)
        joined = target.finish(about, shape.num_blocks, sink_of)
        return _written(target, mine, whole=joined is not None)
    with target.job(about, resume=resume) as job:
        sink = sink_of(job)
        finished = job.finish(sink, about, _write(walks, job, sink, progress))
    if isinstance(walks, WalkArray):
        warn_without_steps(walks.plan.spec, finished.walks, finished.nodes - finished.walks)
    return _written(target, finished)


def _shape_of(walks: da.Array, target: WalkTarget, coordinates: bool) -> Shape:
    node, edge = step_types(walks.dtype)
    if edge is not None:
        check_holds_edges(target.location, target.suffix)
    if coordinates and target.suffix != ".zarr":
        raise InputError(
            f"{target.location}: {argument('coordinates', True)} is for .zarr; choose that suffix, "
            "or leave it out"
        )
    rows = walks.chunks[0]
    return Shape(walks.shape[0], walks.shape[1], rows[0], len(rows), node, edge, coordinates)


def with_room_for_names(walks: da.Array, names: OutputLabels) -> tuple[da.Array, NamingRoom]:
    """Return walks planned so that there is memory to name their nodes, and that memory.

    Raises
    ------
    MemoryBudgetError
        When there is not enough.
    """
    executor = executor_of(get_scheduler(collections=[walks]))
    # On Ray the plan is of the object stores, and workers have memory of their own.
    planned = isinstance(walks, WalkArray) and not (executor and executor.name == "ray")
    memory = walks.plan.resources.memory if isinstance(walks, WalkArray) else free_memory()
    workers = walks.plan.resources.workers if isinstance(walks, WalkArray) else num_workers()
    fits = names.nbytes <= memory // _TABLE_PART
    room = naming_room(names, memory, workers, in_parts=not fits)
    if not planned:
        return walks, room
    if fits:
        with suppress(MemoryBudgetError):
            return walks.naming(room.total), room
        room = naming_room(names, memory, workers, in_parts=True)
    return walks.naming(room.total), room


def _written(target: WalkTarget, done: Done, *, whole: bool = True) -> Written:
    return Written(target.result, done.walks, done.nodes - done.walks, whole)


def _as_begun(given: WalkArray, walks: da.Array, target: WalkTarget) -> da.Array:
    """Return the walks in blocks of the size that the job was begun with.

    With ``chunks="auto"`` it depends on the memory that this process or machine has.
    """
    size = (target.begun() or {}).get("block_walks")
    return given.in_blocks(size) if size and walks.chunks[0][:1] != (size,) else walks


def _about(walks: da.Array, source: WalkTasks | None, resume: bool) -> dict[str, Any]:
    """Return what tells these walks from others, and where their graph lies, if that is known."""
    store = {} if source is None else {STORE: _store_of(source.graph)}
    if not isinstance(walks, WalkArray):
        return {"array": walks.name} | store
    about = walks.about() | store
    if resume and about["graph"] is None:
        raise InputError(
            "the graph's store was written by an early version of graphwalk and does not say what "
            "tells its rows from others, so that walks on it cannot be resumed; build it again, "
            f"or leave out {argument('resume', True)}"
        )
    return about


def _store_of(graph: GraphArrays) -> dict[str, Any]:
    """Return what is needed to find the names of nodes again."""
    digest, label_digest = graph.info.identity
    return {
        "path": graph.path,
        "digest": digest,
        "labels": graph.label_kind,
        "label_digest": label_digest,
    }


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
    return _write(
        some, job, sink, progress, first_block=blocks.start, first_walk=first_walk
    ).total()


def _write(
    walks: da.Array,
    job: ResumableJob,
    sink: WalkSink,
    progress: bool | None,
    *,
    first_block: int = 0,
    first_walk: int = 0,
) -> DoneBlocks:
    """Write the blocks that are not done; return what is done, and what all of these came to.

    Parameters
    ----------
    first_block, first_walk : int
        Those of the whole job that the walks begin with.
    """
    with job.errors():
        sink.open()
        done = job.done(range(first_block, first_block + walks.numblocks[0]))
    missing: Sequence[int] = range(walks.numblocks[0])
    if len(done):
        missing = array("q", (n for n in missing if n + first_block not in done))
    write = partial(_write_block, job, sink, first_block, first_walk, walks.chunksize[0])
    executor = executor_of(get_scheduler(collections=[walks]))
    if executor and not executor.in_process:
        with executor.job() as asking:
            check_seen(asking, job.folder.location, "the output", "write")
    if executor and isinstance(walks, WalkArray):
        found: Any = walks.used_by(executor, missing, write, progress)
    else:
        found = _write_by_dask(walks, missing, write, progress)
    for number, one in found:
        done.add(number + first_block, one)
    return done


def _write_by_dask(
    walks: da.Array,
    missing: Sequence[int],
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
    walks: da.Array, keys: list[Any], blocks: Sequence[int], show: bool | None
) -> AbstractContextManager[None]:
    if isinstance(walks, WalkArray):
        return walks.progress(keys, blocks, show)
    amounts = (walks.chunks[0][block] for block in blocks)
    return block_progress("Walking", dict(zip(keys, amounts, strict=True)), "walks", show)


def _write_mapped(
    block: NDArray[Any],
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
    block: NDArray[Any],
    number: int,
) -> Done:
    """Write a block of a job that begins with the block and the walk that come first."""
    walks, edges = nodes_of(block), None if block.dtype.names is None else block["edge"][:, 1:]
    nodes = int(np.count_nonzero(walks >= 0))
    first = first_walk + number * block_walks
    with Work("write", "") as work:
        done = job.write(sink, WalkBlock(first_block + number, first, walks, edges), nodes)
        work.add(size=block.nbytes)
    return done
