"""Parse plain lines of integers, which is what most lists of edges are, at the speed of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.kernels.jit import Int, jit, part_of_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graphwalk.kernels.build.buckets import Counts

_TAB, _NEWLINE, _RETURN, _BLANK, _HASH, _PERCENT, _MINUS, _PLUS, _POINT, _ZERO, _QUOTE, _E = (
    ord(c) for c in '\t\n\r #%-+.0"e'
)

#: Digits that certainly fit into 63 bits, and those that certainly fit into a float's 53.
_MOST_DIGITS = 18
_EXACT_DIGITS = 15

#: Bytes of a list of pairs that are parsed as any lines, from the first one that is no pair on.
_OTHER_LINES = 1 << 12

#: Powers of ten that are floats without rounding.
_POWERS = np.array([10.0**i for i in range(23)])


@part_of_kernel
def _skip_blanks(data: NDArray[np.uint8], at: Int, tabs: bool) -> Int:
    while at < data.size and (data[at] == _BLANK or (tabs and data[at] == _TAB)):
        at += 1
    return at


@part_of_kernel
def _is_end(data: NDArray[np.uint8], at: Int) -> bool:
    """Return whether a line ends here."""
    if at >= data.size or data[at] == _NEWLINE:
        return True
    return data[at] == _RETURN and (at + 1 == data.size or data[at + 1] == _NEWLINE)


@part_of_kernel
def _integer(data: NDArray[np.uint8], at: Int) -> tuple[Int, Int]:
    """Return the integer that begins here, and where it ends; −1 if there is none that fits.

    `data` ends with a newline, at which every loop over digits ends, so nothing looks for its end;
    that, and indices that cannot be negative, make this twice as fast.
    """
    ten, zero = np.uint64(10), np.uint64(_ZERO)
    i = np.uint64(at)
    value = np.uint64(0)
    digit = data[i] - zero  # of anything but a digit it is 10 or more: it wraps around
    while digit < ten:
        value = value * ten + digit
        i += np.uint64(1)
        digit = data[i] - zero
    end = np.int64(i)
    if end == at or end - at > _MOST_DIGITS:
        return np.int64(-1), end
    return np.int64(value), end


@part_of_kernel
def _decimal(data: NDArray[np.uint8], at: Int) -> tuple[float, Int]:
    """Return the number that begins here, and where it ends; NaN if it is not short and plain.

    Few digits and a small power of ten are floats, and so is their quotient or product, correctly
    rounded (W. D. Clinger, How to read floating point numbers accurately, PLDI 1990).
    """
    one, ten, zero = np.uint64(1), np.uint64(10), np.uint64(_ZERO)
    i = np.uint64(at)
    value = np.uint64(0)
    digit = data[i] - zero
    while digit < ten:
        value = value * ten + digit
        i += one
        digit = data[i] - zero
    digits = np.int64(i) - at
    exponent: Any = np.int64(0)
    if data[i] == _POINT:
        i += one
        begin = i
        digit = data[i] - zero
        while digit < ten:
            value = value * ten + digit
            i += one
            digit = data[i] - zero
        exponent -= np.int64(i - begin)
    digits -= exponent
    at = np.int64(i)
    if digits == 0 or digits > _EXACT_DIGITS:
        return np.nan, at
    if (data[at] | 32) == _E:
        at += 1
        sign = 1
        if data[at] == _MINUS or data[at] == _PLUS:
            sign = -1 if data[at] == _MINUS else 1
            at += 1
        power: Any
        power, at = _integer(data, at)
        if power < 0 or power > 22:
            return np.nan, at
        exponent += sign * power
    if exponent < -22 or exponent > 22:
        return np.nan, at
    number = np.float64(np.int64(value))
    return (number / _POWERS[-exponent] if exponent < 0 else number * _POWERS[exponent]), at


@part_of_kernel
def _skip_field(data: NDArray[np.uint8], at: Int, delimiter: int) -> Int:
    """Return where a field that is not wanted ends; −1 if it has a quote, whatever that means."""
    while not _is_end(data, at) and data[at] != delimiter:
        if data[at] == _QUOTE:
            return -1
        if delimiter == _BLANK and data[at] == _TAB:
            break
        at += 1
    return at


@jit
def _pairs(
    data: NDArray[np.uint8], start: Int, delimiter: int, left: Counts, right: Counts, count: Int
) -> tuple[Int, Int]:
    """Parse lines of two integers and nothing else; return where the first other line begins.

    As in `_integer`, nothing looks for the end of `data`.
    """
    one, ten, zero = np.uint64(1), np.uint64(10), np.uint64(_ZERO)
    begin = at = np.uint64(start)
    while at < data.size:
        begin = at
        first = np.uint64(0)
        digit = data[at] - zero  # of anything but a digit it is 10 or more: it wraps around
        while digit < ten:
            first = first * ten + digit
            at += one
            digit = data[at] - zero
        middle = at
        if at == begin or at - begin > np.uint64(_MOST_DIGITS) or data[at] != delimiter:
            break
        if data[begin] == _ZERO and at - begin > one:
            break
        at += one
        second = np.uint64(0)
        digit = data[at] - zero
        while digit < ten:
            second = second * ten + digit
            at += one
            digit = data[at] - zero
        digits = at - middle - one
        if digits == np.uint64(0) or digits > np.uint64(_MOST_DIGITS):
            break
        if data[middle + one] == _ZERO and digits > one:
            break
        if data[at] == _RETURN:
            at += one
        if data[at] != _NEWLINE:
            break
        left[count] = first
        right[count] = second
        count += 1
        at += one
        begin = at
    return np.int64(begin), count


def parse_lines(
    data: NDArray[np.uint8],
    delimiter: int,
    comments: bool,
    num_columns: int,
    wanted: Counts,
    src: Counts,
    dst: Counts,
    weights: NDArray[np.float64],
) -> int:
    """Parse lines of edges; return how many there are, or −1 when a line is anything but plain.

    Parameters
    ----------
    data : ndarray of uint8
        Whole lines; the last one ends with a newline, too.
    delimiter : int
        The byte between fields; a blank stands for any run of blanks and tabs.
    comments : bool
        Whether lines that begin with ``#`` or ``%`` are comments.
    num_columns : int
        Fields of a line.
    wanted : ndarray of int64, shape (2,) or (3,)
        Which of them are source, target and weight.
    src, dst, weights : ndarray
        What is found, with room for a line each; `weights` is empty where there are none.
    """
    if data.size > 0 and data[-1] != _NEWLINE:
        return -1
    at: Int = 0
    count: Int = 0
    pairs = num_columns == 2 and wanted.size == 2 and wanted[0] != wanted[1]
    left, right = (src, dst) if wanted[0] == 0 else (dst, src)
    how = delimiter, comments, num_columns, wanted
    while at < data.size and count >= 0:
        stop: Int = data.size
        if pairs:
            # Most files have nothing else, so that only this small kernel is compiled for them.
            at, count = _pairs(data, at, delimiter, left, right, count)
            stop = min(stop, at + _OTHER_LINES)
        if at < data.size:
            at, count = _lines(data, at, stop, count, *how, src, dst, weights)
    return int(count)


@jit
def _lines(  # noqa: C901 - a branch for everything that a line can go on with
    data: NDArray[np.uint8],
    at: Int,
    stop: Int,
    count: Int,
    delimiter: int,
    comments: bool,
    num_columns: int,
    wanted: Counts,
    src: Counts,
    dst: Counts,
    weights: NDArray[np.float64],
) -> tuple[Int, Int]:
    """Parse lines that begin between two places, after some that are counted.

    Returns where the next line begins, and as `parse_lines`.
    """
    runs = delimiter == _BLANK
    weighted = wanted.size == 3
    while at < stop:
        begin = at
        at = _skip_blanks(data, at, runs)
        if not runs and at > begin and _is_end(data, at):
            return at, np.int64(-1)  # blanks that separate nothing are a field
        if _is_end(data, at) or (comments and (data[at] == _HASH or data[at] == _PERCENT)):
            while at < data.size and data[at] != _NEWLINE:
                at += 1
            at += 1
            continue
        for column in range(num_columns):
            at = _skip_blanks(data, at, runs)
            if weighted and column == wanted[2]:
                number, at = _decimal(data, at)
                if np.isnan(number):
                    return at, np.int64(-1)
                weights[count] = number
            elif column == wanted[0] or column == wanted[1]:
                start = at
                value, at = _integer(data, at)
                if value < 0 or (data[start] == _ZERO and at > start + 1):
                    return at, np.int64(-1)  # of zeros in front the value has nothing left
                if column == wanted[0]:
                    src[count] = value
                if column == wanted[1]:
                    dst[count] = value
            else:
                at = _skip_field(data, at, delimiter)
                if at < 0:
                    return at, np.int64(-1)
            end = at
            at = _skip_blanks(data, at, runs)
            if column == num_columns - 1:
                if not _is_end(data, at):
                    return at, np.int64(-1)
                while at < data.size and data[at] != _NEWLINE:
                    at += 1
                at += 1
            elif runs:
                if at == end or _is_end(data, at):
                    return at, np.int64(-1)
            elif at >= data.size or data[at] != delimiter:
                return at, np.int64(-1)
            else:
                at += 1
        count += 1
    return at, count
