"""Parameters that are times, in the unit of a graph."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.errors import InputError, argument
from graphwalk.storage.edges.dates import as_times
from graphwalk.util.parameters import FINITE_POSITIVE

if TYPE_CHECKING:
    from graphwalk.storage.store.graph import Graph


def checked_window(graph: Graph, given: Any) -> tuple[float, float]:
    """Return the first and the last time of a ``time_window``."""
    wrong = f"{argument('time_window', given)} must be two times, the first not after the second"
    try:
        first, last = (_time(graph, *each) for each in zip(given, (-inf, inf), strict=True))
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError):
        raise InputError(wrong) from None
    if not first <= last:
        raise InputError(wrong)
    return first, last


def _time(graph: Graph, given: Any, unbounded: float) -> float:
    if given is None:
        return unbounded
    if not isinstance(given, str) or graph.time_unit is None:
        with suppress(TypeError, ValueError):
            return float(given)
    date = np.datetime64(given)
    if graph.time_unit is None:
        raise InputError(
            f"{argument('time_window')} has dates, and the times of {graph.path} are numbers; "
            "pass numbers"
        )
    return float(as_times(np.array([date]).astype(f"M8[{graph.time_unit}]"))[0])


def checked_scale(
    graph: Graph, given: Any, bias: str | None, exponential: tuple[str, str]
) -> float | None:
    """Return the ``time_scale`` of a ``time_bias`` that is one of those that are `exponential`."""
    if bias not in exponential:
        if given is not None:
            raise InputError(
                f"{argument('time_scale', given)} is the scale of an exponential bias; add "
                f"{' or '.join(argument('time_bias', kind) for kind in exponential)}, or leave it "
                "out"
            )
        return None
    if isinstance(given, timedelta | np.timedelta64):
        if graph.time_unit is None:
            raise InputError(
                f"{argument('time_scale')} is a timedelta, and the times of {graph.path} are "
                "numbers; pass a number"
            )
        given = np.timedelta64(given) / np.ones(1, f"m8[{graph.time_unit}]")[0]
    scale: float = FINITE_POSITIVE.check("time_scale", 1.0 if given is None else given)
    return scale
