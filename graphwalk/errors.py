"""The errors that graphwalk raises.

All errors derive from `GraphwalkError`, so one ``except`` catches them. Most also derive from a
built-in exception, such as `ValueError` for wrong arguments. A message names the file, array, row
or parameter that is wrong, and the remedy; `argument` writes parameters as
the interface in use does.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class GraphwalkError(Exception):
    """Base class of all errors raised by graphwalk."""


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


def _in_python(name: str, *value: Any) -> str:
    return f"{name}={value[0]!r}" if value else f"{name}="


#: Writes a parameter, and perhaps its value; the command line sets its own.
SPELLING: ContextVar[Callable[..., str]] = ContextVar("spelling", default=_in_python)


def argument(name: str, *value: Any) -> str:
    """Return a parameter, and perhaps its value, as the interface in use writes them.

    That is ``p=0`` in Python, and ``--p=0`` on the command line.
    """
    return SPELLING.get()(name, *value)
