"""Text of lists: a line for each list, its values separated by a character."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Offsets: TypeAlias = NDArray[np.int32]
    Text: TypeAlias = NDArray[np.uint8]

#: The most that a number takes: a sign, 19 digits, and the separator before it.
NUMBER_BYTES = 21

_LINE_END = np.uint8(ord("\n"))
_MINUS = np.uint8(ord("-"))
_ZERO = np.uint64(ord("0"))

#: Numbers below it are written by one store of 8 characters, without a branch.
_SHORT = np.uint64(10**8)
_TEN = np.uint64(10)

#: The two digits of each number below 100, the first in the lowest byte.
_PAIRS = np.array(
    [ord(f"{pair:02}"[0]) + (ord(f"{pair:02}"[1]) << 8) for pair in range(100)], np.uint64
)


@jit
def join_numbers(values: NDArray[np.int64], offsets: Offsets, separator: Int, out: Text) -> Int:
    """Write lists of numbers as lines; return the bytes of `out` that are used.

    List i is ``values[offsets[i] : offsets[i + 1]]``. `out` has `NUMBER_BYTES` for each number, and
    one byte for each list.
    """
    at: Int = 0
    for line in range(offsets.size - 1):
        for position in range(offsets[line], offsets[line + 1]):
            value = values[position]
            if position > offsets[line]:
                out[at] = separator
                at += 1
            if value < 0:
                out[at] = _MINUS
                at += 1
            left = np.uint64(-value if value < 0 else value)
            at = _long(left, at, out) if left >= _SHORT else _short(left, at, out)
        out[at] = _LINE_END
        at += 1
    return at


@part_of_kernel
def _short(value: np.uint64, at: Int, out: Text) -> Int:
    """Write a number below `_SHORT`, and perhaps something behind it; return where it ends."""
    upper, lower = value // np.uint64(10000), value % np.uint64(10000)
    hundred = np.uint64(100)
    word = (
        _PAIRS[upper // hundred]
        | _PAIRS[upper % hundred] << np.uint64(16)
        | _PAIRS[lower // hundred] << np.uint64(32)
        | _PAIRS[lower % hundred] << np.uint64(48)
    )
    digits: Int = 1
    limit = _TEN
    for _ in range(7):
        digits += value >= limit
        limit *= _TEN
    word >>= np.uint64(8 * (8 - digits))
    for byte in range(8):
        out[at + byte] = word >> np.uint64(8 * byte)
    return at + digits


@part_of_kernel
def _long(value: np.uint64, at: Int, out: Text) -> Int:
    """Write a number of `_SHORT` or more; return where it ends."""
    upper = value // _SHORT
    if upper < _SHORT:
        at = _short(upper, at, out)
    else:
        at = _eight(upper % _SHORT, _short(upper // _SHORT, at, out), out)
    return _eight(value % _SHORT, at, out)


@part_of_kernel
def _eight(value: np.uint64, at: Int, out: Text) -> Int:
    """Write eight digits, zeros in front included; return where they end."""
    for byte in range(7, -1, -1):
        out[at + byte] = value % _TEN + _ZERO
        value //= _TEN
    return at + 8


@jit
def join_names(
    names: Text, starts: NDArray[np.int64], offsets: Offsets, separator: Int, out: Text
) -> Int:
    """Write lists of names as lines; return the bytes of `out` that are used.

    Name k is ``names[starts[k] : starts[k + 1]]``, and list i has the names from ``offsets[i]`` to
    before ``offsets[i + 1]``. `out` has room for all names, and one byte for each name and list.
    """
    at = 0
    for line in range(offsets.size - 1):
        for name in range(offsets[line], offsets[line + 1]):
            if name > offsets[line]:
                out[at] = separator
                at += 1
            for position in range(starts[name], starts[name + 1]):
                out[at] = names[position]
                at += 1
        out[at] = _LINE_END
        at += 1
    return at
