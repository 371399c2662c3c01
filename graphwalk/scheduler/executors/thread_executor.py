"""Tasks run by threads of this process."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from graphwalk.scheduler.executors.cache import Cache
from graphwalk.util.available_memory import free_memory
from graphwalk.util.cancel import CancelledError, CancelToken
from graphwalk.util.conditions import Condition
from graphwalk.util.executor import Job, Resources, told_and_made
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence

    from graphwalk.util.executor import Place


class ThreadsExecutor:
    """Threads of this process, started when a job needs them and gone when it ends.

    Parameters
    ----------
    num_workers : int, optional
        Threads; by default as many as this process may use cores.
    """

    name = "threads"
    in_process = True

    def __init__(self, num_workers: int | None = None) -> None:
        self._num_workers = num_workers
        self._cache = Cache()

    def resources(self) -> Resources:
        """Return the memory that is free, and the threads."""
        return Resources(free_memory(), self._num_workers or num_cores())

    @contextmanager
    def job(self, name: str = "") -> Iterator[ThreadsJob]:
        """Begin a job, which ends with the block."""
        job = ThreadsJob(self._num_workers or num_cores(), self._cache, name)
        try:
            yield job
        finally:
            job.close()

    def close(self) -> None:
        """Forget cached values."""
        self._cache.clear()


class ThreadsJob(Job):
    """Tasks of one job, and the threads that run them."""

    in_process = True

    def __init__(self, num_workers: int, cache: Cache, name: str) -> None:
        super().__init__(num_workers)
        self._name, self._cache = name, cache
        self._changed = Condition()
        self._queue: deque[_Task] = deque()
        self._threads: list[threading.Thread] = []
        self._running: set[_Task] = set()
        self._idle, self._closed = 0, False

    def submit(
        self,
        function: Callable[..., Any],
        *args: Any,
        pieces: int | None = None,
        threads: int = 1,
        place: Place = "any",
        name: str = "",
        kept: bool = False,
    ) -> Any:
        """Run a function in one of the threads; return its reference."""
        del threads, place, name, kept
        task = _Task(partial(self._call, function, args))
        with self._changed:
            if self._closed:
                raise CancelledError
            self.token.check()
            self._queue.append(task)
            if len(self._queue) > self._idle and len(self._threads) < self._num_workers:
                name = f"graphwalk-{self._name or 'task'}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                # A signal may arrive between the two: a thread that is joined must have started.
                thread.start()
                self._threads.append(thread)
            self._changed.notify()
        if pieces is None:
            return task
        return [_Task(partial(self._piece, task, number), lazy=True) for number in range(pieces)]

    def machines_without(self, path: str) -> list[str]:
        """Return nothing: there are no other machines."""
        del path
        return []

    def put(self, value: Any) -> _Task:
        """Return a reference of a value."""
        return _done(value)

    def result(self, ref: Any) -> Any:
        """Return a value; a task that no thread has begun is run by this one."""
        if ref.claim():
            ref.run()
        ref.wait()
        return ref.outcome()

    def wait(self, refs: Iterable[Any]) -> Iterator[Any]:
        """Yield references as their tasks finish."""
        refs, finished = list(refs), SimpleQueue[_Task]()
        for ref in refs:
            ref.when_done(finished.put)
        for ref in refs:
            if ref.lazy and ref.claim():
                ref.run()
        for _ in refs:
            yield finished.get()

    def stream(
        self,
        function: Callable[..., Generator[Any, None, Sequence[Any]]],
        *args: Any,
        threads: int = 1,
        place: Place = "any",
        name: str = "",
    ) -> Generator[tuple[Any, _Task | None], None, None]:
        """Run a generator function in this thread."""
        del threads, place, name
        for told, made in told_and_made(self._call(function, args)):
            self.token.check()
            if made is None:
                yield told, None
            for value in made or ():
                yield None, _Task(value, lazy=True) if callable(value) else _done(value)

    def keep_within(self, room: int) -> None:
        """Drop cached values that take more than `room` bytes together."""
        self._cache.keep_within(room)

    def cached(
        self,
        key: Hashable,
        load: Callable[..., Any],
        *args: Any,
        owner: object = None,
        size: int = 0,
        room: int | None = None,
        place: Place = "any",
        name: str = "",
    ) -> _Task:
        """Return the reference of a value of this process."""
        del place, name
        make = partial(self._call, load, args)
        get = partial(self._cache.get, key, make, owner=owner, size=size, room=room)
        return _Task(get, lazy=True)

    def close(self) -> None:
        """Cancel what is left, and wait until the threads have ended."""
        self.token.cancel()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.cancel([*self._queue, *self._running])
        for thread in self._threads:
            thread.join()

    def _call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        return function(*(self.result(arg) if isinstance(arg, _Task) else arg for arg in args))

    def _piece(self, task: _Task, number: int) -> Any:
        return self.result(task)[number]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.wait_for(lambda: self._queue or self._closed)
                self._idle -= 1
                if not self._queue:
                    return
                task = self._queue.popleft()
                self._running.add(task)
            if task.claim():
                task.run()
            with self._changed:
                self._running.discard(task)
            del task

    def cancel(self, refs: list[Any]) -> None:
        """Cancel tasks that are not needed any more, and wait until running ones have ended."""
        for task in refs:
            task.token.cancel()
            if task.claim():
                task.fail(CancelledError())
        for task in refs:
            task.wait()


class _Task:
    """A call that is run once, by whichever thread claims it first; if lazy, when it is needed."""

    def __init__(self, call: Callable[[], Any], *, lazy: bool = False) -> None:
        self._call: Callable[[], Any] | None = call
        self.lazy, self.token = lazy, CancelToken()
        self._lock = threading.Lock()
        self._claimed = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[_Task], object]] = []
        self._done, self._unfinished = False, threading.Lock()
        self._unfinished.acquire()

    def claim(self) -> bool:
        """Return whether the caller is the one to run it."""
        with self._lock:
            mine, self._claimed = not self._claimed, True
            return mine

    def run(self) -> None:
        """Run it, after a claim."""
        assert self._call is not None
        try:
            with self.token.active():
                self._value = self._call()
        except BaseException as error:  # it is raised where the result is asked for
            self._error = error
        self._finish()

    def fail(self, error: BaseException) -> None:
        """End it without a run, after a claim."""
        self._error = error
        self._finish()

    def when_done(self, callback: Callable[[_Task], object]) -> None:
        """Call a function with it when it is done, or now."""
        with self._lock:
            if not self._done:
                self._callbacks.append(callback)
                return
        callback(self)

    def wait(self) -> None:
        """Wait until it is done."""
        with self._unfinished:
            return

    def outcome(self) -> Any:
        """Return its value, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._value

    def _finish(self) -> None:
        self._call = None  # and with it the arguments
        with self._lock:
            self._done = True
            callbacks, self._callbacks = self._callbacks, []
        self._unfinished.release()
        for callback in callbacks:
            callback(self)


def _done(value: Any) -> _Task:
    task = _Task(lambda: value)
    task.claim()
    task.run()
    return task
