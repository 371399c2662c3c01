"""What executors have in common whose tasks run in other processes."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dask.threaded

from graphwalk.errors import SchedulerError, argument
from graphwalk.scheduler.executors.cache import Cache
from graphwalk.scheduler.executors.progress import finished
from graphwalk.util.cancel import CancelledError
from graphwalk.util.machines import find_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.scheduler.executors.remote_job import RemoteJob
    from graphwalk.util.events import Event
    from graphwalk.util.executor import Job, Resources


class RemoteExecutor(ABC):
    """An executor, and a scheduler of Dask.

    Coordinators of a Dask graph run in this process, tasks are cancelled with the computation,
    progress counts tasks that are finished rather than submitted, and errors say what to do.
    """

    name: str
    in_process = False

    def __init__(self) -> None:
        self.kept = Cache()
        self._process = os.getpid()
        self._same_versions: set[str] = set()

    def __reduce__(self) -> Any:
        """Pickle as what computes in a worker: Dask's settings, which name this, are sent there."""
        return _InWorker, ()

    @abstractmethod
    def resources(self) -> Resources:
        """Return what all workers have."""

    @abstractmethod
    def new_job(self) -> RemoteJob:
        """Return a new job."""

    @abstractmethod
    def explained(self) -> Any:
        """Return a context that turns errors of the executor's library into those of graphwalk."""

    @abstractmethod
    def submit_graph(self, job: Any, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        """Submit a Dask graph; return references, or values, nested as the keys are."""

    @abstractmethod
    def is_reference(self, value: Any) -> bool:
        """Return whether a value is a reference."""

    def hold(self, references: Any) -> Any:
        """Return what stands for references in an array that is persisted."""
        return references

    @abstractmethod
    def tasks_since(self, start: float) -> list[Event]:
        """Return what workers have done since then, in seconds since the epoch."""

    @abstractmethod
    def close(self) -> None:
        """Drop all values, and stop what was started here."""

    def check_process(self) -> None:
        """Raise SchedulerError in a process that was forked from the one that opened the session.

        The connections of a cluster are those of one process.
        """
        if self._process != os.getpid():
            raise SchedulerError(
                f"this process was forked from one that computes on {self.name!r}, whose session "
                "it cannot use; call graphwalk.scheduler.use in this process, with "
                f"{argument('scheduler', 'threads')} or the address of the cluster"
            )

    def check_versions(self, job: RemoteJob) -> None:
        """Raise SchedulerError where a host has other versions of packages than this process."""
        new = sorted(set(job.hosts_elsewhere()) - self._same_versions)
        own = find_versions()
        for host, found in job.on_hosts(new, find_versions).items():
            if isinstance(found, ImportError):
                raise SchedulerError(
                    f"{job.host_name(host)}, where tasks are to run, cannot import graphwalk "
                    f"({found}); install version {own['graphwalk']} of it there"
                ) from found
            if isinstance(found, BaseException):
                continue  # it has gone, or is about to
            if found != own:
                other = (f"{of} {found[of]}, here {own[of]}" for of in own if found[of] != own[of])
                raise SchedulerError(
                    f"{job.host_name(host)}, where tasks are to run, has other versions: "
                    f"{'; '.join(other)}; install the same on all machines, since results depend "
                    "on them"
                )
            self._same_versions.add(host)

    @contextmanager
    def job(self, name: str = "") -> Iterator[Any]:
        """Begin a job, which ends with the block."""
        del name
        self.check_process()
        job = self.new_job()
        try:
            with self.explained(), _first_error(job):
                self.check_versions(job)
                yield job
        except GeneratorExit:
            raise  # an iteration was left, and what it needed had been loaded
        except BaseException:
            self.kept.clear()  # nothing that could not be loaded: the next job is to try again
            raise
        finally:
            job.close()

    def get(self, dsk: Any, keys: Any, **kwargs: Any) -> Any:
        """Compute `keys` of a Dask graph; Dask calls this."""
        persist = kwargs.pop("ray_persist", False)  # Ray has Dask's persist() pass it
        with self.job() as job:
            references = self.submit_graph(job, dsk, keys, **kwargs)
            if persist:
                job.detach()
                return self.hold(references)
            for _ in self._finished(job, references, keys):
                pass
            return self._fetch(job, references)

    def gather(
        self, dsk: Any, keys: list[Any], receive: Callable[[Any, Any], None], **kwargs: Any
    ) -> None:
        """Compute `keys`; call ``receive(key, value)`` for each as soon as it is there.

        A value is freed after that: only values that have not been taken are held anywhere.
        """
        with self.job() as job:
            references = self.submit_graph(job, dsk, keys, **kwargs)
            for reference, key in self._finished(job, references, keys):
                receive(key, self._fetch(job, reference))

    def in_order(self, dsk: Any, keys: list[Any]) -> Iterator[Any]:
        """Return an iterator over the values of `keys`, which are computed from now on.

        Each is freed when the next is asked for.
        """
        job = self.new_job()
        try:
            self.check_versions(job)
            with _first_error(job):
                references = list(self.submit_graph(job, dsk, keys))[::-1]
        except BaseException:
            job.close()
            raise

        def values() -> Iterator[Any]:
            try:
                with self.explained():
                    while references:
                        yield self._fetch(job, references.pop())
            finally:
                job.close()

        return values()

    def _finished(self, job: Job, references: Any, keys: Any) -> Iterator[tuple[Any, Any]]:
        """Yield reference and key of each result when it is there, and report it.

        References are dropped on the way, so that a result goes when it has been taken.
        """
        key_of = {}
        for reference, key in zip(_flat_values(references), _flat_keys(keys), strict=True):
            if self.is_reference(reference):
                key_of[reference] = key
            else:  # it has been there already
                finished(key)
                yield reference, key
        del references
        reference = None
        for reference in job.wait(list(key_of)):
            key = key_of.pop(reference)
            finished(key)
            yield reference, key

    def _fetch(self, job: Job, references: Any) -> Any:
        """Return the results in place of references."""
        if isinstance(references, list | tuple):
            return [self._fetch(job, reference) for reference in references]
        return job.result(references) if self.is_reference(references) else references


@contextmanager
def _first_error(job: Job) -> Iterator[None]:
    """Have the error raised by which a job was cancelled, also where something else ends first."""
    try:
        yield
    except CancelledError:
        if job.token.cause is None:
            raise
        raise job.token.cause  # noqa: B904 - it has a cause of its own


class _InWorker:
    """An executor in one of its workers: threads of that process."""

    get = staticmethod(dask.threaded.get)


def remote_executor_of(get: Any) -> RemoteExecutor | None:
    """Return the executor whose `get` computes for Dask, if it is one of those here."""
    owner = getattr(get, "__self__", None)
    if not isinstance(owner, RemoteExecutor):
        return None
    owner.check_process()
    return owner


def _flat_values(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list | tuple):
        for item in nested:
            yield from _flat_values(item)
    else:
        yield nested


def _flat_keys(keys: Any) -> Iterator[Any]:
    """Return the keys within lists of lists; a tuple is a key."""
    if isinstance(keys, list):
        for item in keys:
            yield from _flat_keys(item)
    else:
        yield keys
