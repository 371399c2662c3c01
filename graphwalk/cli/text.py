"""Words and numbers for people."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from graphwalk.units import format_size

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds of compiling that are worth saying.
LONG = 0.1


def rate(number: int, seconds: float, unit: str) -> str:
    """Return such as ``"3.2 M edges/s"``."""
    each = number / max(seconds, 1e-9)
    for power, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if each >= power:
            return f"{each / power:.1f} {prefix} {unit}/s"
    return f"{each:.0f} {unit}/s"


class Stopwatch:
    """Measures how long a command takes, and how much of that kernels were compiled."""

    def __init__(self) -> None:
        from graphwalk.util.compile_clock import CLOCK

        self._clock, self._compiled, self._start = CLOCK, CLOCK.seconds, perf_counter()
        self._seconds = self._compiling = 0.0

    def stop(self) -> Stopwatch:
        """Stop, and return this."""
        self._seconds = perf_counter() - self._start
        self._compiling = self._clock.seconds - self._compiled
        return self

    def took(self) -> str:
        """Return such as ``"in 3.2 s"``, with the time of compiling apart if it took long."""
        if self._compiling < LONG:
            return f"in {self._seconds:.1f} s"
        others = self._seconds - self._compiling
        return f"in {self._compiling:.1f} s of compiling, once, and {others:.1f} s"

    def rate(self, number: int, unit: str) -> str:
        """Return such as ``"3.2 M edges/s"``, without the time that compiling took."""
        return rate(number, self._seconds - self._compiling, unit)


def size_on_disk(location: str | Path) -> str:
    """Return such as ``"3.2 GiB"``."""
    from graphwalk.storage.store.summary import stored_bytes

    size = stored_bytes(location)
    return "size unknown" if size is None else format_size(size)
