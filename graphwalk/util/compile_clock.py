"""How long numba has compiled kernels in this process, which each kernel needs only once."""

from __future__ import annotations

import time
from typing import Any

from numba.core import event


class CompileClock(event.Listener):  # type: ignore[misc]
    """Adds up the wall time in which kernels are compiled; loading them from disk is none of it.

    Numba compiles in one thread at a time, so that its events need no lock; a kernel may compile
    others, whose time counts once.
    """

    def __init__(self) -> None:
        self._depth, self._started, self._total = 0, 0.0, 0.0

    def on_start(self, _event: Any) -> None:
        """Note that the compilation of a kernel begins."""
        if not self._depth:
            self._started = time.perf_counter()
        self._depth += 1

    def on_end(self, _event: Any) -> None:
        """Note that the compilation of a kernel has ended."""
        if not self._depth:
            return  # it began before there was a clock
        self._depth -= 1
        if not self._depth:
            self._total += time.perf_counter() - self._started

    @property
    def running(self) -> bool:
        """Whether a kernel is being compiled."""
        return self._depth > 0

    @property
    def seconds(self) -> float:
        """Seconds of all compilations that have ended."""
        return self._total


#: The clock of this process.
CLOCK = CompileClock()
event.register("numba:compile", CLOCK)
