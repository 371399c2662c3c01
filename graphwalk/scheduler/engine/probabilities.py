"""What kernels are told of a spec: probabilities as integers below 2**64, and ends as bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphwalk.kernels.walk.node2vec_rule import MAX_ATTEMPTS, AttemptLimits, Bias
from graphwalk.kernels.walk.row_parts import NO_ROW, RowParts
from graphwalk.kernels.walk.steps import GO_TO_START, STAY, STOP, Interruption
from graphwalk.kernels.walk.time_bias import EXPONENTIAL, FAR, NEAR, TimeBias
from graphwalk.util.read_only import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.storage.partitions.partition import Partition
    from graphwalk.walk_spec import WalkSpec

DEAD_ENDS = {"stop": STOP, "restart": GO_TO_START, "stay": STAY}
_TIME_BIASES: dict[str | None, int] = {"near": NEAR, "far": FAR}

_TWO_64 = 1 << 64
_NO_ROWS = read_only(np.empty(0, np.uint64))

#: Where the highest bias is at most this multiple of the lowest, a step is nearly never refused
#: very often, and makes all attempts; up to the smaller multiple no step ever makes that many: a
#: step is refused 1024 times with a probability of 2e-29.
_USUAL, _NEAR = 128, 16
#: Elsewhere, a step from a row without weights makes this number of attempts.
_FEW_ATTEMPTS = 32
#: There, rows are drawn from in parts if less than this share of proposals would be accepted, did
#: all of them lead to the previous node or far away.
_PLAIN_SHARE = 1 / 2


def interruption_of(spec: WalkSpec) -> Interruption:
    """Return when steps of walkers follow no edge."""
    restart = int(spec.restart_prob * _TWO_64)
    end = min(restart + int(spec.stop_prob * _TWO_64), _TWO_64 - 1)
    return Interruption(np.uint64(restart), np.uint64(end), DEAD_ENDS[spec.dead_end])


def ends_of(spec: WalkSpec, num_nodes: int) -> NDArray[np.uint64] | None:
    """Return one bit for each node, whether walks end there; None if they end at none."""
    return None if spec.until is None else spec.until.bits(num_nodes)


def time_bias_of(spec: WalkSpec) -> TimeBias | None:
    """Return which edges temporal walks prefer; None if all are equally likely."""
    if spec.time_bias is None and not spec.weighted:
        return None
    kind = EXPONENTIAL if spec.weighted else _TIME_BIASES.get(spec.time_bias, EXPONENTIAL)
    return TimeBias(kind, max(spec.time_rate, 0.0))


def bias_of(spec: WalkSpec) -> Bias:
    """Return how likely proposals of node2vec are accepted."""
    bias = (1 / spec.p, 1.0, 1 / spec.q)
    highest = max(bias)
    to_return, common, far = (np.uint64(min(int(b / highest * _TWO_64), _TWO_64 - 1)) for b in bias)
    return Bias(to_return, common, far, spec.p, spec.q)


def attempt_limits_of(spec: WalkSpec) -> AttemptLimits | None:
    """Return when steps are drawn from their whole rows; None if none has that number of attempts.

    With weights, drawing from a whole row takes as long as about one attempt for each entry.
    """
    if max(spec.p, spec.q) < np.inf and not _far_apart(spec, _NEAR):
        return None
    if not _far_apart(spec):
        return AttemptLimits(MAX_ATTEMPTS, MAX_ATTEMPTS)
    return AttemptLimits(_FEW_ATTEMPTS, MAX_ATTEMPTS if spec.weighted else _FEW_ATTEMPTS)


def row_parts_of(spec: WalkSpec, partition: Partition) -> RowParts | None:
    """Return how long rows are drawn from in parts; None where they never are."""
    if spec.weighted or attempt_limits_of(spec) is None:
        return None
    to_return, far = 1 / spec.p, 1 / spec.q
    highest = max(to_return, 1.0, far)
    to_any, to_favored = min(1.0, far) / highest, abs(1.0 - far) / highest
    long_row = NO_ROW
    if _far_apart(spec) and far < highest * _PLAIN_SHARE:
        # The share of proposals that are accepted falls with the length of the row.
        length = (to_return - far) / (highest * _PLAIN_SHARE - far)
        long_row = max(1, int(min(length, NO_ROW)))
    return RowParts(
        to_return / highest,
        to_any,
        to_favored,
        far < 1.0,
        long_row,
        partition.directed,
        partition.repeated if long_row < NO_ROW else _NO_ROWS,
    )


def _far_apart(spec: WalkSpec, multiple: int = _USUAL) -> bool:
    bias = [b for b in (1 / spec.p, 1.0, 1 / spec.q) if b > 0]
    return max(bias) > multiple * min(bias)
