"""What kernels are told of a spec: probabilities as integers below 2**64, and ends as bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.walk.node2vec_rule import MAX_ATTEMPTS, Bias
from graphwalk.kernels.walk.steps import GO_TO_START, STAY, STOP, Interruption
from graphwalk.kernels.walk.time_bias import EXPONENTIAL, FAR, NEAR, UNIFORM, TimeBias

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.walk_spec import WalkSpec

DEAD_ENDS = {"stop": STOP, "restart": GO_TO_START, "stay": STAY}
_TIME_BIASES = {None: UNIFORM, "near": NEAR, "far": FAR}

_TWO_64 = 1 << 64

#: Where the highest bias is at most this multiple of the lowest, a step is nearly never refused
#: very often, and makes all attempts.
_USUAL = 128
#: Elsewhere, a step from a short row makes this number of attempts.
_FEW_ATTEMPTS = 32
#: Without weights no row is long, since what is read is the shorter one of two; with weights the
#: whole row is read, which takes longer than the attempts where it is long.
_SHORT_ROW = {False: 2**62, True: 64}


def interruption_of(spec: WalkSpec) -> Interruption:
    """Return when steps of walkers follow no edge."""
    restart = int(spec.restart_prob * _TWO_64)
    end = min(restart + int(spec.stop_prob * _TWO_64), _TWO_64 - 1)
    return Interruption(np.uint64(restart), np.uint64(end), DEAD_ENDS[spec.dead_end])


def ends_of(spec: WalkSpec, num_nodes: int) -> NDArray[np.uint64] | None:
    """Return one bit for each node, whether walks end there; None if they end at none."""
    return None if spec.until is None else spec.until.bits(num_nodes)


def time_bias_of(spec: WalkSpec) -> TimeBias:
    """Return which edges temporal walks prefer."""
    kind = EXPONENTIAL if spec.weighted else _TIME_BIASES.get(spec.time_bias, EXPONENTIAL)
    return TimeBias(kind, max(spec.time_rate, 0.0))


def bias_of(p: float, q: float, *, weighted: bool = False) -> Bias:
    """Return how likely proposals of node2vec are accepted."""
    bias = (1 / p, 1.0, 1 / q)
    highest = max(bias)
    to_return, common, far = (np.uint64(min(int(b / highest * _TWO_64), _TWO_64 - 1)) for b in bias)
    lowest = min(b for b in bias if b > 0)
    attempts = MAX_ATTEMPTS if highest <= _USUAL * lowest else _FEW_ATTEMPTS
    return Bias(to_return, common, far, p, q, attempts, _SHORT_ROW[weighted])
