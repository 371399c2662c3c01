"""The errors that graphwalk raises.

All errors derive from `GraphwalkError`, so one ``except`` catches them. Most also derive from a
built-in exception, such as `ValueError` for wrong arguments. A message names the file, array, row
or parameter that is wrong, and the remedy; `argument` and `function` write parameters and functions
as the interface in use does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


def printable(text: str) -> str:
    """Return text with its control characters escaped, which a terminal would obey.

    Names and paths come from files of anybody. Line ends and tabs are kept.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in text
    )


class GraphwalkError(Exception):
    """Base class of all errors raised by graphwalk."""

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(GraphwalkError, ValueError):
    """Edges or parameters are not valid."""


class StoreError(GraphwalkError):
    """There is no graph that graphwalk can read at a path or URL, or a file cannot be written."""


class StoreExistsError(StoreError, FileExistsError):
    """Something is at the path already, and ``overwrite=True`` was not given."""


class StoreNotFoundError(StoreError, FileNotFoundError):
    """There is nothing at the path or URL."""


class MemoryBudgetError(GraphwalkError, MemoryError):
    """A job does not fit in its memory; raised before the job starts if possible."""


class ConvergenceError(GraphwalkError, ArithmeticError):
    """An iteration that has not come to its end after as many steps as it may make."""


class SchedulerError(GraphwalkError, RuntimeError):
    """The chosen scheduler cannot be started or used."""


class Interface(NamedTuple):
    """How an interface writes what it offers.

    Attributes
    ----------
    argument : callable
        Writes a parameter, and perhaps its value.
    function : callable
        Writes a public function.
    passing : callable
        Says to pass an object as edges, such as what a call in Python returns.
    """

    argument: Callable[..., str]
    function: Callable[[str], str]
    passing: Callable[[str], str]


#: Bits of the longest integer that is written out. Python refuses to write some thousand digits.
_LONGEST_BITS = 256


def _in_python(name: str, *value: Any) -> str:
    return f"{name}={_shown(value[0])}" if value else f"{name}="


def _shown(value: Any) -> str:
    """Return a value as it is written in Python, or what it is if that would be very long."""
    if isinstance(value, int) and value.bit_length() > _LONGEST_BITS:
        return f"<an integer of {value.bit_length():,} bits>"
    return repr(value)


PYTHON = Interface(_in_python, "graphwalk.{}".format, "pass {}".format)

#: The interface in use. It is that of the process, so that messages of worker threads are in its
#: words, too.
_in_use = PYTHON


def use_interface(interface: Interface) -> Interface:
    """Have messages written for an interface from now on; return the one before."""
    global _in_use
    before, _in_use = _in_use, interface
    return before


def argument(name: str, *value: Any) -> str:
    """Return a parameter, and perhaps its value, as the interface in use writes them.

    That is ``p=0`` in Python, and ``--p=0`` on the command line.
    """
    return _in_use.argument(name, *value)


def function(name: str) -> str:
    """Return a public function as the interface in use writes it.

    That is ``graphwalk.build_zarr`` in Python, and ``graphwalk build`` on the command line.
    """
    return _in_use.function(name)


def passing(what: str) -> str:
    """Return that an object is to be passed as edges, in the words of the interface in use.

    That is ``pass networkx.read_gml(path)`` in Python; the command line takes files only.
    """
    return _in_use.passing(what)
