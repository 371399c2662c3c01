"""Choosing what runs the tasks: threads of this process, Ray, or Dask distributed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import dask.threaded

from graphwalk.errors import InputError, SchedulerError, argument
from graphwalk.scheduler.executors.thread_executor import ThreadsExecutor
from graphwalk.util.executor import in_use
from graphwalk.util.forks import after_fork
from graphwalk.util.parameters import COUNT
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from types import TracebackType

    from graphwalk.scheduler.executors.remote_executor import RemoteExecutor

SCHEDULERS = ("threads", "ray", "distributed")

_KEYS = ("scheduler", "num_workers")
_MISSING = object()


class Session:
    """A scheduler that is in use until the session is closed. Made by `use`.

    Examples
    --------
    >>> import graphwalk
    >>> session = graphwalk.scheduler.use("threads")
    >>> session
    <graphwalk scheduler 'threads', in use>
    >>> session.close()
    """

    def __init__(
        self, name: str, executor: RemoteExecutor | ThreadsExecutor, asked: Any, workers: int | None
    ) -> None:
        self.name, self.executor, self._asked = name, executor, asked
        # For the name of a scheduler, Dask imports distributed, which takes half a second.
        get = getattr(executor, "get", dask.threaded.get)
        self._settings: dict[str, Any] = {"scheduler": get}
        if workers is not None:
            self._settings["num_workers"] = workers
        self._uses, self._process = 1, os.getpid()
        _sessions.open(self)

    def close(self) -> None:
        """Restore the scheduler that was in use before, and stop what this session started.

        Sessions may be closed in any order: the one that was opened last remains in use.

        Examples
        --------
        >>> import graphwalk
        >>> session = graphwalk.scheduler.use("threads")
        >>> session.close()
        >>> session
        <graphwalk scheduler 'threads', closed>
        """
        if self._uses and self._process == os.getpid():  # a forked process has a copy of it
            self._uses = 0
            _sessions.close(self)
            self.executor.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._uses > 1:  # an outer use of the same
            self._uses -= 1
        else:
            self.close()

    def __repr__(self) -> str:
        state = "in use" if self._uses else "closed"
        return f"<graphwalk scheduler {self.name!r}, {state}>"


class _Sessions:
    """Sessions that are open; the one that was opened last is in use."""

    def __init__(self) -> None:
        self._open: list[Session] = []
        self._before: dict[str, Any] = {}

    def known(self, asked: Any) -> Session | None:
        """Return the session in use if it is what is asked for."""
        last = self._open[-1] if self._open else None
        return last if last is not None and last._asked == asked else None

    def open(self, session: Session) -> None:
        if not self._open:
            self._before = {key: dask.config.get(key, _MISSING) for key in _KEYS}
        self._open.append(session)
        self._apply()

    def close(self, session: Session) -> None:
        """Leave the one that was opened last, whatever the order in which they are closed."""
        was_in_use = self._open[-1] is session
        self._open.remove(session)
        if was_in_use:
            self._apply()

    def forget_remote(self) -> None:
        """Forget sessions on clusters, in a forked process: each process opens its own."""
        self._open = [session for session in self._open if session.executor.in_process]

    def _apply(self) -> None:
        settings = self._before.copy()
        for session in self._open:
            settings |= session._settings
        for key, value in settings.items():
            if value is _MISSING:
                dask.config.config.pop(key, None)
            else:
                dask.config.set({key: value})
        in_use.executor = self._open[-1].executor if self._open else None


_sessions = _Sessions()
after_fork(_sessions.forget_remote)


def use(
    scheduler: str = "threads",
    address: str | None = None,
    *,
    num_workers: int | None = None,
    **options: Any,
) -> Session:
    """Compute with `scheduler` from now on, in the manner of a Dask client.

    After a plain call, `scheduler` is in use until the returned session is closed; in a ``with``
    statement, until the end of the block.

    It sets Dask's ``scheduler``, so other Dask collections are computed by it too.

    Parameters
    ----------
    scheduler : {"threads", "ray", "distributed"}
        Threads of this process (the default, also if this function is never called), Ray, or Dask
        distributed.
    address : str, optional
        The address of a running cluster: for Ray, ``"auto"`` is the one this machine belongs to;
        for Dask distributed it is the scheduler's, such as ``"tcp://host:8786"``. None starts a
        cluster on this machine, or uses the Ray that this process has initialised.
    num_workers : int, optional
        Threads, CPUs of a Ray started here, or threads of the worker of a Dask cluster started
        here. None: as many cores as this process may use.
    **options
        What else ``ray.init`` takes, such as ``object_store_memory`` in bytes; or
        ``distributed.LocalCluster``, such as ``n_workers``; or ``distributed.Client`` where there
        is an address.

    Raises
    ------
    InputError
        For an unknown scheduler or options that it does not take.
    SchedulerError
        When Ray or Dask distributed cannot be started or reached.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> walks = graphwalk.random_walks(graph, [0, 1], num_walks=1, walk_length=2, seed=1)
    >>> with graphwalk.scheduler.use("threads", num_workers=2):
    ...     print(walks.compute())
    [[0 1 0]
     [1 0 1]]
    """
    if scheduler not in SCHEDULERS:
        known = ", ".join(map(repr, SCHEDULERS))
        raise InputError(f"{argument('scheduler', scheduler)} is not known; pass one of {known}")
    if num_workers is not None:
        num_workers = COUNT.check("num_workers", num_workers)
    asked = scheduler, address, num_workers, options
    if session := _sessions.known(asked):
        session._uses += 1
        return session
    if scheduler == "threads":
        if address is not None or options:
            extra = "address" if address is not None else next(iter(options))
            raise InputError(
                f"{argument(extra)} is for Ray and Dask distributed; add "
                f"{argument('scheduler', 'ray')}, or leave it out"
            )
        workers = num_workers or num_cores()
        return Session("threads", ThreadsExecutor(workers), asked, workers)
    make = _ray if scheduler == "ray" else _distributed
    return Session(scheduler, make(address, num_workers, options), asked, None)


def _distributed(
    address: str | None, num_workers: int | None, options: dict[str, Any]
) -> RemoteExecutor:
    try:
        from graphwalk.scheduler.executors.distributed.executor import DistributedExecutor
    except ImportError as error:
        raise SchedulerError(
            f"Dask distributed cannot be imported ({error}); install it with: "
            "pip install distributed"
        ) from error
    return DistributedExecutor(address, num_workers, options)


def _ray(address: str | None, num_workers: int | None, options: dict[str, Any]) -> RemoteExecutor:
    from graphwalk.scheduler.executors.ray.executor import RayExecutor

    try:
        return RayExecutor(address, num_workers, options)
    except ImportError as error:
        raise SchedulerError(
            f"Ray cannot be imported ({error}); install it with: pip install ray"
        ) from error
