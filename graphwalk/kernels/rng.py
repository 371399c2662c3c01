"""Random numbers that depend on what they are for, and on nothing else.

Every draw is a pure function of (seed, start node, walk number, step, attempt, purpose): a walker
has a 64-bit key, its draws are the SplitMix64 sequence [1]_ that begins at that key, one number a
step, and what else a step needs lies at fixed distances from that number. There is no generator
whose state could depend on chunks, partitions, order or retries. ``docs/determinism.md`` fixes the
stream, which is part of the public interface.

References
----------
.. [1] G. L. Steele Jr., D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
   OOPSLA 2014, https://doi.org/10.1145/2660193.2660195
"""

from __future__ import annotations

import numpy as np

from graphwalk.kernels.jit import Int, jit

#: SplitMix64's increment: one step of a walk.
STEP = np.uint64(0x9E3779B97F4A7C15)
#: Distance from a step's proposal draw to its acceptance draw; twice that to the next attempt.
ACCEPTANCE = np.uint64(0xD1342543DE82EF95)
ATTEMPT = np.uint64(0xA2684A87BD05DF2A)
#: Distance from a step's first draw to the one that decides on a restart.
RESTART = np.uint64(0x8CB92BA72F3D8DD7)

_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@jit
def mix(z: Int) -> np.uint64:
    """Return SplitMix64's finaliser of `z`: a bijection of 64 bits that looks random."""
    # Python integers arrive signed, and signed with unsigned would become floating point.
    z = np.uint64(z)
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@jit
def seed_key(seed: Int) -> np.uint64:
    """Return the key of a run, from its `seed`."""
    return mix(np.uint64(seed) + STEP)


@jit
def walker_key(run: Int, start: Int, number: Int) -> np.uint64:
    """Return the key of walk `number` from node `start`, in the run that has key `run`."""
    return mix(mix(np.uint64(run) + np.uint64(start) * STEP) + np.uint64(number) * ACCEPTANCE)
