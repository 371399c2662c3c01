"""Signals to stop that come while a cluster starts."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals_afterwards(stop: Callable[[], object]) -> Iterator[None]:
    """Have a signal to stop wait until the block has started a cluster; a second one does not.

    Interrupted in its start, Ray may end the process by a segmentation fault, and Dask distributed
    prints tracebacks at the end. Both start processes by forks, after which Python ignores what a
    handler raises.

    Parameters
    ----------
    stop : callable
        Stops the cluster that has started, before the signal is handled.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    found: dict[int, Any] = {number: signal.getsignal(number) for number in _STOPPING}
    before = {number: handle for number, handle in found.items() if callable(handle)}

    def wait(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            before[number](number, frame)

    for number in before:
        signal.signal(number, wait)
    try:
        yield
    finally:
        for number, handle in before.items():
            signal.signal(number, handle)
    if came:
        stop()
        before[came[0]](came[0], None)
