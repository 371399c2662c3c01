"""Text of lists: a line for each list, its values separated by a character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from graphwalk.kernels.jit import Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Offsets: TypeAlias = NDArray[np.int32]
    Text: TypeAlias = NDArray[np.uint8]

_LINE_END = np.uint8(ord("\n"))
_MINUS = np.uint8(ord("-"))

#: Numbers below it are written by one store of 8 characters, without a branch.
_SHORT = np.uint64(10**8)
_TEN = np.uint64(10)
_TEN_THOUSAND = np.uint64(10_000)

#: The four digits of each number below 10,000, the first in the lowest byte.
_DIGITS = np.array([f"{number:04}" for number in range(10_000)], "S4").view("<u4")


def number_bytes(dtype: np.dtype[Any]) -> int:
    """Return the most that a number takes: a sign, its digits, and the separator behind it.

    Of a short one, no more than 8 bytes are written.
    """
    return max(8, 2 + len(str(np.iinfo(dtype).max)))


@jit
def join_rows(rows: NDArray[Any], separator: Int, out: Text) -> Int:
    """Write the items of rows that are not negative as lines; return the bytes of `out` in use.

    `out` has `number_bytes` for each item, and one byte for each row.
    """
    at: Int = 0
    for row in range(rows.shape[0]):
        first = at
        for column in range(rows.shape[1]):
            item = rows[row, column]
            if item >= 0:
                at = _number(np.uint64(item), at, out)
                out[np.uint64(at)] = separator
                at += 1
        at = _end_line(first, at, out)
    return at


@jit
def join_numbers(values: NDArray[Any], offsets: Offsets, separator: Int, out: Text) -> Int:
    """Write lists of numbers as lines; return the bytes of `out` that are used.

    List i is ``values[offsets[i] : offsets[i + 1]]``. `out` has `number_bytes` for each number, and
    one byte for each list.
    """
    at: Int = 0
    for line in range(offsets.size - 1):
        first = at
        for position in range(offsets[line], offsets[line + 1]):
            value = values[position]
            if value < 0:
                out[np.uint64(at)] = _MINUS
                at += 1
                at = _number(np.uint64(-np.int64(value)), at, out)
            else:
                at = _number(np.uint64(value), at, out)
            out[np.uint64(at)] = separator
            at += 1
        at = _end_line(first, at, out)
    return at


@part_of_kernel
def _end_line(first: Int, at: Int, out: Text) -> Int:
    """End the line that begins at `first`, in the place of its last separator."""
    at = max(first, at - 1)
    out[np.uint64(at)] = _LINE_END
    return at + 1


@part_of_kernel
def _number(value: np.uint64, at: Int, out: Text) -> Int:
    """Write a number, and perhaps something behind it; return where it ends."""
    first, eights = value, 0
    while first >= _SHORT:
        first //= _SHORT
        eights += 1
    at = _short(first, at, out)
    if eights == 2:
        store_word(out, at, _eight(value // _SHORT % _SHORT))
        at += 8
    if eights:
        store_word(out, at, _eight(value % _SHORT))
        at += 8
    return at


@part_of_kernel
def _short(value: np.uint64, at: Int, out: Text) -> Int:
    """Write a number below `_SHORT`, and perhaps something behind it; return where it ends."""
    digits: Int = 1
    limit = _TEN
    for _ in range(7):
        digits += value >= limit
        limit *= _TEN
    store_word(out, at, _eight(value) >> np.uint64(8 * (8 - digits)))
    return at + digits


@part_of_kernel
def _eight(value: np.uint64) -> np.uint64:
    """Return eight digits, zeros in front included, the first in the lowest byte."""
    upper = value // _TEN_THOUSAND
    lower = value - upper * _TEN_THOUSAND
    return np.uint64(_DIGITS[upper]) | np.uint64(_DIGITS[lower]) << np.uint64(32)


@intrinsic  # type: ignore[untyped-decorator]
def store_word(_context: Any, array: Any, index: Any, _word: Any) -> Any:
    """Write the eight bytes of a number to ``array[index : index + 8]``, the lowest first."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        offset = context.cast(builder, args[1], signature.args[1], types.intp)
        place = builder.bitcast(builder.gep(data, [offset]), ir.IntType(64).as_pointer())
        builder.store(args[2], place, align=1)
        return context.get_dummy_value()

    return types.void(array, index, types.uint64), codegen


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
                out[np.uint64(at)] = names[np.uint64(position)]
                at += 1
        out[at] = _LINE_END
        at += 1
    return at
