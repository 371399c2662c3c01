"""Probabilities as kernels compare draws with them: integers below 2**64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.walk.steps import GO_TO_START, STAY, STOP

if TYPE_CHECKING:
    from graphwalk.walk_spec import WalkSpec

DEAD_ENDS = {"stop": STOP, "restart": GO_TO_START, "stay": STAY}


_TWO_64 = 1 << 64


def hop_thresholds(rules: WalkSpec) -> tuple[np.uint64, np.uint64]:
    """Return 2**64 times the probability of a restart, and of a restart or the end."""
    restart = int(rules.restart_prob * _TWO_64)
    over = min(restart + int(rules.stop_prob * _TWO_64), _TWO_64 - 1)
    return np.uint64(restart), np.uint64(over)


def acceptances(p: float, q: float) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return 2**64 times the acceptance of the previous node, of its neighbours and of others."""
    bias = (1 / p, 1.0, 1 / q)
    highest = max(bias)
    to_return, common, far = (np.uint64(min(int(b / highest * _TWO_64), _TWO_64 - 1)) for b in bias)
    return to_return, common, far
