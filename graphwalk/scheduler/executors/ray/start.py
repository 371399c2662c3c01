"""Starting Ray on this machine, or connecting to a cluster."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphwalk.errors import SchedulerError, argument
from graphwalk.scheduler.executors.start_signals import signals_afterwards
from graphwalk.util.available_memory import free_memory
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What addresses begin with at which a driver that is not on a machine of the cluster asks.
_CLIENT = "ray://"

#: Seconds that an address has to answer.
_ANSWER = 10.0

#: What a client of HTTP/2 says first, with an empty frame of settings; the bytes in the head of a
#: frame, and the one that tells its kind.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_FRAME, _KIND, _SETTINGS = 9, 3, 4

#: Part of the memory that is free that a Ray started here takes for its object store, and the least
#: and the most, in bytes: Ray's own rules, applied to the memory of this process.
_STORE_SHARE = 0.3
_LEAST_STORE, _MOST_STORE = 80 << 20, 200 << 30


def check_pair() -> None:
    """Raise unless this Ray's scheduler for Dask knows the tasks of this Dask."""
    import dask
    import ray

    try:
        from dask.task_spec import Task
        from ray.util.dask import RayDaskCallback, ray_dask_get
        from ray.util.dask.callbacks import RayCallback

        hooks = {"ray_presubmit", "ray_postsubmit"} <= set(RayCallback._fields)
        known = callable(ray_dask_get) and hooks and hasattr(RayDaskCallback, "ray_active")
        why = "" if known and hasattr(Task, "block_fusion") else "tasks cannot be kept apart"
    except Exception as error:  # whatever a module that was made for another Dask trips over
        why = str(error)
    if why:
        raise SchedulerError(
            f"Ray {ray.__version__} and Dask {dask.__version__} do not work together ({why}); "
            "install versions that 'Running on Ray' in the documentation lists, such as the newest "
            "of both"
        )


def start_ray(address: str | None, num_workers: int | None, options: dict[str, Any]) -> None:
    """Start Ray with what this process may use, or connect to the cluster at an address."""
    import ray

    if address is not None and num_workers is not None:
        raise SchedulerError(
            f"{argument('num_workers', num_workers)} is for a Ray started here; the cluster at "
            f"{address} has its own workers"
        )
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        # "local": never join a cluster by way of the environment without being asked to.
        store = int(min(max(_STORE_SHARE * free_memory(), _LEAST_STORE), _MOST_STORE))
        settings |= {
            "address": "local",
            "include_dashboard": False,
            "num_cpus": num_workers or num_cores(),
            "object_store_memory": store,
        }
    else:
        settings["address"] = address
    try:
        if address is not None:
            _check_answer(address)
        with signals_afterwards(ray.shutdown), _no_handler_of_ray():
            ray.init(**(settings | options))
    except Exception as error:  # Ray raises errors of no kind of its own
        if address is None:
            ray.shutdown()  # what has started
        where = "on this machine" if address is None else f"at address {address!r}"
        # Ray's client sends no token on its own; a server that expects one does not answer then.
        token = "" if _CLIENT not in where else "set RAY_AUTH_MODE=token where it has a token, "
        raise SchedulerError(
            f"Ray cannot be used {where}: {error}. Start a cluster with 'ray start --head', "
            f"{token}or leave address out to start Ray here"
        ) from error


def _check_answer(address: str) -> None:
    """Raise where nothing answers, or something else than Ray: Ray itself would try for minutes.

    Ray speaks gRPC, in the frames of HTTP/2, and the first frame of a server is its settings.
    """
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not (host and port.isdecimal()):
        return
    with socket.create_connection((host.strip("[]"), int(port)), _ANSWER) as there:
        if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
            return
        there.sendall(_HELLO)
        with there.makefile("rb") as answer:
            frame = answer.read(_FRAME)
    if len(frame) < _FRAME or frame[_KIND] != _SETTINGS:
        raise ConnectionError("what listens there is not Ray")


@contextmanager
def _no_handler_of_ray() -> Iterator[None]:
    """Have Ray set no handler of SIGTERM in the block, if this process has one."""
    if not callable(signal.getsignal(signal.SIGTERM)):
        yield
        return
    utils: Any = importlib.import_module("ray._private.utils")
    set_handler = utils.set_sigterm_handler
    utils.set_sigterm_handler = lambda _: None
    try:
        yield
    finally:
        utils.set_sigterm_handler = set_handler
