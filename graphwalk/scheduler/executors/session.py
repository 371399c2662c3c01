"""Choosing what runs the tasks: threads of this process, or Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask

from graphwalk.errors import InputError, SchedulerError, argument
from graphwalk.storage.build.context import SPREAD
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from types import TracebackType

    from graphwalk.scheduler.executors.ray.session import RaySession

SCHEDULERS = ("threads", "ray")


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

    def __init__(self, name: str, ray: RaySession | None, num_workers: int | None) -> None:
        self.name = name
        self._ray = ray
        settings: dict[str, Any] = {
            "scheduler": ray.get if ray else name,
            SPREAD: ray.map_in_order if ray else None,
        }
        if ray is None and num_workers is not None:
            settings["num_workers"] = num_workers
        self._setting: Any = dask.config.set(settings)

    def close(self) -> None:
        """Restore the scheduler that was in use before; stop Ray if this session started it.

        Examples
        --------
        >>> import graphwalk
        >>> session = graphwalk.scheduler.use("threads")
        >>> session.close()
        >>> session
        <graphwalk scheduler 'threads', closed>
        """
        if self._setting is None:
            return
        self._setting.__exit__(None, None, None)
        self._setting = None
        if self._ray:
            self._ray.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._setting is None else "in use"
        return f"<graphwalk scheduler {self.name!r}, {state}>"


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
    scheduler : {"threads", "ray"}
        Threads of this process (the default, also if this function is never called), or Ray.
    address : str, optional
        For Ray: the address of a running cluster, ``"auto"`` for the one this machine belongs to.
        None starts Ray on this machine, or uses the Ray that this process has initialised.
    num_workers : int, optional
        Threads, or CPUs of a Ray started here. None: as many as there are.
    **options
        For Ray: what else ``ray.init`` takes, such as ``object_store_memory`` in bytes.

    Raises
    ------
    InputError
        For an unknown scheduler or options that it does not take.
    SchedulerError
        When Ray cannot be started or reached.

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
    if num_workers is not None and num_workers < 1:
        raise InputError(f"{argument('num_workers', num_workers)} must be at least 1")
    if scheduler == "threads":
        if address is not None or options:
            extra = "address" if address is not None else next(iter(options))
            raise InputError(
                f"{argument(extra)} is for Ray; add {argument('scheduler', 'ray')}, or leave it out"
            )
        return Session("threads", None, num_workers or num_cores())
    return Session("ray", _ray_session(address, num_workers, options), num_workers)


def _ray_session(
    address: str | None, num_workers: int | None, options: dict[str, Any]
) -> RaySession:
    from graphwalk.scheduler.executors.ray.session import RaySession

    try:
        return RaySession(address, num_workers, options)
    except ImportError as error:
        raise SchedulerError(
            f"Ray cannot be imported ({error}); install it with: pip install ray"
        ) from error
