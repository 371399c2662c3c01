"""Blocks of an array in their order, while later ones are computed."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
from dask.base import compute_as_if_collection, get_scheduler
from dask.task_spec import Task, TaskRef

from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.algorithms.walks.dask_tasks import cancelling_on_error, is_in_process
from graphwalk.scheduler.executors.remote_executor import RemoteExecutor, remote_executor_of
from graphwalk.scheduler.executors.resources import executor_of, num_workers
from graphwalk.util.cancel import CancelledError
from graphwalk.util.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray


def blocks_in_order(walks: da.Array) -> Iterator[NDArray[Any]]:
    """Yield the blocks of an array of rows, each of which is freed when the next is asked for."""
    get = get_scheduler(collections=[walks])
    executor = executor_of(get)
    if executor and isinstance(walks, WalkArray):
        return walks.blocks_by(executor)
    keys = [row[0] for row in walks.__dask_keys__()]
    if is_in_process(get):
        return _OrderedQueue(walks).blocks()
    if remote := remote_executor_of(get):
        return _ahead([keys], lambda some: _submitted(remote, walks, some))
    return _ahead(_batches(walks, keys), lambda some: _computed(walks, some))


def _batches(walks: da.Array, keys: list[Any]) -> list[list[Any]]:
    """Return the keys of blocks that are computed together."""
    if not isinstance(walks, WalkArray):
        return [keys]
    return [keys[blocks.start : blocks.stop] for blocks in walks.plan.batch_blocks]


def _submitted(executor: RemoteExecutor, walks: da.Array, keys: list[Any]) -> Iterator[Any]:
    return executor.in_order(da.Array.__dask_optimize__(walks.dask, keys), keys)


def _computed(walks: da.Array, keys: list[Any]) -> Iterator[Any]:
    return iter(compute_as_if_collection(da.Array, walks.dask, keys))


def _ahead(
    batches: Sequence[list[Any]], begin: Callable[[list[Any]], Iterator[Any]]
) -> Iterator[NDArray[Any]]:
    """Yield the blocks of all batches; a batch is begun while the one before it is yielded."""
    with ThreadPoolExecutor(1, thread_name_prefix="graphwalk-stream") as executor:
        begun = [executor.submit(copy_context().run, begin, batch) for batch in batches[:1]]
        for number in range(len(batches)):
            blocks = begun.pop().result()
            if number + 1 < len(batches):
                begun.append(executor.submit(copy_context().run, begin, batches[number + 1]))
            yield from blocks


class _OrderedQueue:
    """Passes blocks, in order, from the tasks that make them to one consumer.

    A task waits with its block while there are enough blocks and the next one in order is among
    them: otherwise all threads could wait with later blocks.
    """

    def __init__(self, walks: da.Array) -> None:
        self._walks = walks
        self._changed = Condition()
        self._blocks: dict[int, NDArray[Any]] = {}
        self._enough = num_workers()
        self._next = 0
        self._cancelled = False
        self._error: BaseException | None = None

    def __dask_tokenize__(self) -> Any:
        return uuid.uuid4().hex

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Yield the blocks."""
        context = copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._compute,), name="graphwalk-stream", daemon=True
        )
        thread.start()
        try:
            for number in range(self._walks.numblocks[0]):
                yield self._take(number)
        finally:
            with self._changed:
                self._cancelled = True
                self._blocks.clear()
                self._changed.notify_all()
            thread.join()

    def _take(self, number: int) -> NDArray[Any]:
        with self._changed:
            self._changed.wait_for(lambda: number in self._blocks or self._error is not None)
            if self._error is not None:
                raise self._error
            self._next = number + 1
            self._changed.notify_all()
            return self._blocks.pop(number)

    def _compute(self) -> None:
        try:
            tasks, keys = self._graph()
            with cancelling_on_error(tasks):
                compute_as_if_collection(da.Array, tasks, keys)
        except CancelledError:
            pass
        except BaseException as error:  # it is raised where blocks are taken
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _graph(self) -> tuple[dict[Any, Any], list[str]]:
        """Return the tasks, and the last of a chain by which Dask makes blocks in order."""
        put = self._walks.map_blocks(self._put, dtype=bool, meta=np.empty((0, 0), bool))
        done = f"done-{put.name}"
        chain: dict[Any, Task] = {}
        before: Any = None
        for number in range(put.numblocks[0]):
            key = (done, number)
            chain[key] = Task(key, _after, TaskRef((put.name, number, 0)), before)
            before = TaskRef(key)
        # If some of the walks are wanted, no others are made.
        tasks = dict(put.__dask_graph__().cull({row[0] for row in put.__dask_keys__()}))
        return tasks | chain, list(chain)[-1:]

    def _put(self, block: NDArray[Any], block_id: tuple[int, int]) -> bool:
        with self._changed:
            self._changed.wait_for(self._may_put)
            if self._cancelled:
                raise CancelledError
            self._blocks[block_id[0]] = block
            self._changed.notify_all()
        return True

    def _may_put(self) -> bool:
        enough = len(self._blocks) >= self._enough
        return self._cancelled or not enough or self._next not in self._blocks


def _after(_this: bool, _before: bool | None) -> bool:
    return True
