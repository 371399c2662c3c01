"""Updates of shared arrays that several threads make at the same time without losing any.

Numba has no atomic operations for processors. All functions are single LLVM instructions. The
memory orders are the weakest that are right here: kernels only need that no update is lost, and
threads that start or end a kernel are ordered by the locks of their pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba.core import types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

    from llvmlite import ir


@intrinsic  # type: ignore[untyped-decorator]
def compare_and_swap(
    _context: Any, array: Any, index: Any, expected: Any, new: Any
) -> tuple[Any, Callable[..., Any]]:
    """Set ``array[index]`` to `new` if it is `expected`; return whether it was."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        element = signature.args[0].dtype
        pointer = _address(context, builder, signature, args)
        old = context.cast(builder, args[2], signature.args[2], element)
        value = context.cast(builder, args[3], signature.args[3], element)
        result = builder.cmpxchg(pointer, old, value, "monotonic", "monotonic")
        return builder.extract_value(result, 1)

    return types.boolean(array, index, expected, new), codegen


@intrinsic  # type: ignore[untyped-decorator]
def atomic_add(
    _context: Any, array: Any, index: Any, amount: Any
) -> tuple[Any, Callable[..., Any]]:
    """Add an integer to ``array[index]``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _address(context, builder, signature, args)
        value = context.cast(builder, args[2], signature.args[2], signature.args[0].dtype)
        builder.atomic_rmw("add", pointer, value, "monotonic")
        return context.get_dummy_value()

    return types.void(array, index, amount), codegen


@intrinsic  # type: ignore[untyped-decorator]
def atomic_min(_context: Any, array: Any, index: Any, value: Any) -> tuple[Any, Callable[..., Any]]:
    """Set ``array[index]``, a signed integer, to `value` if that is less."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _address(context, builder, signature, args)
        least = context.cast(builder, args[2], signature.args[2], signature.args[0].dtype)
        builder.atomic_rmw("min", pointer, least, "monotonic")
        return context.get_dummy_value()

    return types.void(array, index, value), codegen


def _address(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    return builder.gep(data, [context.cast(builder, args[1], signature.args[1], types.intp)])
