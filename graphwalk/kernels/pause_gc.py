"""Python's garbage collector rests while numba compiles."""

from __future__ import annotations

import gc
import os
from typing import Any

from numba.core import event


class PauseGarbageCollection(event.Listener):  # type: ignore[misc]
    """Stops the collector while a kernel is compiled, which makes a million objects that stay.

    To look through these again and again took a tenth of the time. Numba compiles in one thread at
    a time, so that its events need no lock; a kernel may compile others.
    """

    def __init__(self) -> None:
        self._depth, self._paused = 0, False

    def on_start(self, _event: Any) -> None:
        """Stop it, if it runs, when a compilation begins that is no part of another."""
        if not self._depth:
            self._paused = gc.isenabled()
            gc.disable()
        self._depth += 1

    def on_end(self, _event: Any) -> None:
        """Have it run again when that has ended or failed."""
        self._depth -= 1
        if self._depth <= 0:
            self.resume()

    def resume(self) -> None:
        """Have it run again if it was stopped here."""
        if self._paused:
            gc.enable()
        self._depth, self._paused = 0, False


_PAUSE = PauseGarbageCollection()
event.register("numba:compile", _PAUSE)
os.register_at_fork(after_in_child=_PAUSE.resume)  # no other thread compiles on in a child
