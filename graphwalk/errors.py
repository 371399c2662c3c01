"""The errors that graphwalk raises.

All errors derive from `GraphwalkError`, so one ``except`` catches them. Most also derive from a
built-in exception, such as `ValueError` for wrong arguments. A message names the file, array, row
or parameter that is wrong, and the remedy.
"""


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


class SchedulerError(GraphwalkError, RuntimeError):
    """The chosen scheduler cannot be started or used."""
