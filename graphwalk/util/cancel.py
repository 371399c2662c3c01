"""Cancelling work that is under way: a token that running tasks look at between short pieces."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class CancelledError(Exception):
    """The job has been cancelled, and its results are not wanted any more."""


class CancelToken:
    """Says whether a job has been cancelled. In another process it is a token of its own."""

    def __init__(self) -> None:
        #: Whether the job has been cancelled.
        self.cancelled = False
        #: The error by which the job was cancelled, if one of its tasks failed.
        self.cause: BaseException | None = None

    def __reduce__(self) -> tuple[type[CancelToken], tuple[()]]:
        return CancelToken, ()

    def cancel(self, cause: BaseException | None = None) -> None:
        """Have the tasks of the job stop at the next piece of their work."""
        self.cause = self.cause or cause
        self.cancelled = True

    def check(self) -> None:
        """Raise CancelledError if the job has been cancelled."""
        if self.cancelled:
            raise CancelledError

    @contextmanager
    def active(self) -> Iterator[None]:
        """Have `check_cancelled` look at this token while the block runs, in this thread."""
        before = _active.set(self)
        try:
            yield
        finally:
            _active.reset(before)


_active: ContextVar[CancelToken | None] = ContextVar("_active", default=None)


def check_cancelled() -> None:
    """Raise CancelledError if the job of the running task has been cancelled.

    Long tasks call this between pieces of work that take well below half a second.
    """
    token = _active.get()
    if token is not None:
        token.check()
