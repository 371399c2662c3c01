"""Python's garbage collector rests while numba compiles."""

from __future__ import annotations

import gc
import os
from typing import Any

from numba.core import event


class PauseGarbageCollection(event.Listener):  # type: ignore[misc]
    """Stops the collector while a kernel is compiled, which makes a million objects that stay.

    To look through these again and again took a tenth of the time. Numba compiles in one thread at
    a time, so that its events need no lock; a kernel may compile others. The collector stays
    enabled, and only its threshold changes: Dask looks once, when it is imported, whether the
    collector is enabled, and disables it for ever where it was not.
    """

    def __init__(self) -> None:
        self._depth, self._thresholds = 0, gc.get_threshold()

    def on_start(self, _event: Any) -> None:
        """Stop it when a compilation begins that is no part of another."""
        if not self._depth:
            self._thresholds = gc.get_threshold()
            gc.set_threshold(0)
        self._depth += 1

    def on_end(self, _event: Any) -> None:
        """Have it run again when that has ended or failed."""
        if self._depth > 1:
            self._depth -= 1
        else:  # the last one, or one whose beginning was missed
            self.resume()

    def resume(self) -> None:
        """Have it run again if it was stopped here."""
        if self._depth:
            self._depth = 0
            gc.set_threshold(*self._thresholds)


_PAUSE = PauseGarbageCollection()
event.register("numba:compile", _PAUSE)
os.register_at_fork(after_in_child=_PAUSE.resume)  # no other thread compiles on in a child
