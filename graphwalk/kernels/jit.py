"""How every kernel is compiled, typed so that the rest of the package sees plain functions."""

from __future__ import annotations

import hashlib
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.runtime import rtsys
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_IMPORT = re.compile(rb"^from (graphwalk\.kernels[\w.]*) import", re.MULTILINE)

#: Integers as kernels take and return them: Python's outside, numpy's inside compiled code.
Int: TypeAlias = int | np.integer[Any]
#: Truth values, likewise.
Bool: TypeAlias = "bool | np.bool[bool]"


def jit(function: F) -> F:
    """Compile `function` without the GIL, and keep the machine code on disk.

    The cache makes the first call in a fresh process a matter of milliseconds, which counts where
    every worker of a cluster is a fresh process.
    """
    return _compiled(function, no_cfunc_wrapper=True)


def part_of_kernel(function: F) -> F:
    """Compile a function that only kernels call, and that makes no arrays: a part of their loops.

    It counts no references to the arrays that it is handed, which its callers hold. Counting is
    atomic, and the compiler cannot leave it out where a function has a loop.
    """
    return _compiled(function, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compiled(function: F, **options: bool) -> F:
    compiled = numba.njit(nogil=True, cache=True, error_model="numpy", **options)(function)
    if not stamp_cache(compiled, sources_stamp(function.__module__)):
        # A cache that cannot be stamped may be stale, so there is none: each process compiles.
        compiled = numba.njit(nogil=True, error_model="numpy", **options)(function)
    else:
        load_alone(compiled)
    return cast("F", compiled)


def stamp_cache(compiled: Any, stamp: str) -> bool:
    """Have the cached machine code of a kernel hold as long as a stamp is the same.

    Numba notices that the file of a kernel changed, but not that of another kernel which is
    compiled into it. Stamped with the contents of both, no cache is stale. Returns whether this
    version of numba has what is stamped, which is private.
    """
    cache_file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if not hasattr(cache_file, "_source_stamp"):
        return False
    cast("Any", cache_file)._source_stamp = stamp
    # The version is compared before anything is unpickled: a stale cache may name a class of
    # arguments that is no longer there.
    cast("Any", cache_file)._version = f"{numba.__version__} {stamp}"
    return True


def load_alone(compiled: Any) -> bool:
    """Have the cached machine code of a kernel loaded without what only compiling needs.

    Numba registers all functions that it can compile before it looks into the cache, which takes
    .3 s in each process. It does so again before it compiles. Returns whether this version of numba
    has what is replaced, which is private.
    """
    cache = compiled._cache
    if not hasattr(cache, "_load_overload"):
        return False

    def load(signature: Any, context: Any) -> Any:
        rtsys.initialize(context)  # kernels make arrays
        return cache._load_overload(signature, context)

    cache.load_overload = load
    return True


def sources_stamp(module: str) -> str:
    """Return a digest of the source of a module of kernels and of all kernels that it imports."""
    digest = hashlib.sha256()
    for name in sorted(_imported_kernels(module) | {module, __name__}):
        digest.update(_source(name))
    return digest.hexdigest()


@cache
def _imported_kernels(module: str) -> frozenset[str]:
    direct = {name.decode() for name in _IMPORT.findall(_source(module))} - {module}
    return frozenset(direct.union(*map(_imported_kernels, direct)))


@cache
def _source(module: str) -> bytes:
    loaded = sys.modules.get(module)
    path = getattr(loaded, "__file__", None)
    return Path(path).read_bytes() if path else b""


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Ask the processor to bring ``array[index]`` near, without waiting for it.

    The index is not checked: a prefetch of any address is harmless.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        offset = context.cast(builder, args[1], signature.args[1], types.intp)
        byte_pointer, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [byte_pointer, flag, flag, flag])
        function = builder.module.declare_intrinsic("llvm.prefetch.p0", fnty=function_type)
        address = builder.bitcast(builder.gep(data, [offset]), byte_pointer)
        # For reading, as data, into the second-level cache: it can wait for more lines at a time
        # than the first, which makes walks up to 1.6 times as fast.
        builder.call(function, [address, flag(0), flag(2), flag(1)])
        return context.get_dummy_value()

    return types.void(array, index), codegen


@intrinsic  # type: ignore[untyped-decorator]
def copy_bytes(_context: Any, out: Any, to: Any, data: Any, start: Any, size: Any) -> Any:
    """Copy ``data[start:start + size]`` to ``out[to:to + size]``, both of bytes, unchecked.

    A loop over the bytes of a short string takes three times as long.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = []
        for array, index in ((0, 1), (2, 3)):
            kind = signature.args[array]
            first = context.make_array(kind)(context, builder, args[array]).data
            offset = context.cast(builder, args[index], signature.args[index], types.intp)
            places.append(builder.gep(first, [offset]))
        count = context.cast(builder, args[4], signature.args[4], types.intp)
        cgutils.raw_memcpy(builder, *places, count, 1)
        return context.get_dummy_value()

    return types.void(out, to, data, start, size), codegen


@intrinsic  # type: ignore[untyped-decorator]
def multiply_high(_context: Any, _a: Any, _b: Any) -> Any:
    """Return the upper 64 bits of the 128-bit product of two unsigned 64-bit integers."""

    def codegen(_ctx: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, wide(64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen
