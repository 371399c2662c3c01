"""Processes that need the same kernel or bytecode compile it once, and not each of them."""

import fcntl
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

from numba import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

import graphwalk

KERNELS = Path(graphwalk.__file__).parent / "kernels"


@contextmanager
def first_alone():
    """Have the first of several processes run the block alone, and then all others at once."""
    with Path(__file__).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(file, fcntl.LOCK_SH)
        yield


def check_classes(signature):
    """Fail if a kernel gets a named tuple of a class outside of kernels.

    Its cache would name the class, and could not be read when that has moved.
    """
    for of in signature if isinstance(signature, tuple) else signature.args:
        if isinstance(of, types.NamedTuple):
            module = of.instance_class.__module__
            assert module.startswith("graphwalk.kernels."), f"a kernel gets a tuple of {module}"


def compile_once():
    """Have this process wait for others that compile a kernel of the same file.

    What they compiled is then in the cache. A process holds one file at a time, whatever is
    compiled into its kernel, so that no two wait for each other.
    """
    compiling, original = [], Dispatcher.compile

    @wraps(original)
    def compiled(self, signature):
        file = Path(self.py_func.__code__.co_filename)
        with global_compiler_lock:
            if compiling or not file.is_relative_to(KERNELS):
                return original(self, signature)
            check_classes(signature)
            compiling.append(file)
            try:
                with file.open("rb") as kernel:
                    fcntl.flock(kernel, fcntl.LOCK_EX)
                    return original(self, signature)
            finally:
                compiling.clear()

    Dispatcher.compile = compiled
