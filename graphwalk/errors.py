"""Every error graphwalk raises on purpose.

All derive from `GraphwalkError`, so one ``except`` catches them. Those that mean "a value
you passed is wrong" are a `ValueError` too, and so on, for callers who think in the
standard exceptions. A message names the culprit (file, array, row or parameter) and the remedy.
"""


class GraphwalkError(Exception):
    """Base class of all errors raised by graphwalk."""


class InputError(GraphwalkError, ValueError):
    """Edges or parameters that cannot be used as they are."""


class StoreError(GraphwalkError):
    """A path or URL that does not hold a graph graphwalk can read."""


class StoreExistsError(StoreError, FileExistsError):
    """A store is already there and ``overwrite=True`` was not given."""


class StoreNotFoundError(StoreError, FileNotFoundError):
    """There is nothing at the path or URL."""


class MemoryBudgetError(GraphwalkError, MemoryError):
    """A job that does not fit into the memory it has; raised before it starts wherever possible."""


class ConvergenceError(GraphwalkError, ArithmeticError):
    """An iteration that has not come to its end after as many steps as it may make."""


class SchedulerError(GraphwalkError, RuntimeError):
    """The chosen scheduler cannot be started or used."""
