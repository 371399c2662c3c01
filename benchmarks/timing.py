"""Timing in turns, so that a machine whose speed drifts treats all alike."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_turns(rounds: int, **cases: Callable[[], object]) -> dict[str, float]:
    """Return the median wall time of each case in seconds, after one run that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(rounds + 1):
        for name, case in cases.items():
            start = perf_counter()
            case()
            if turn:
                times[name].append(perf_counter() - start)
    return {name: median(values) for name, values in times.items()}
