"""What Dask distributed raises when a job fails, said in a way that tells what to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError
from distributed.scheduler import KilledWorker

from graphwalk.errors import SchedulerError, argument
from graphwalk.util.cancel import CancelledError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def own_errors() -> Iterator[None]:
    """Raise the package's own errors as they were, and explain those of distributed itself.

    Raises
    ------
    SchedulerError
        When workers were lost that the job could not do without.
    CancelledError
        When tasks were cancelled.
    """
    try:
        yield
    except FutureCancelledError as error:
        raise CancelledError(str(error)) from error
    except KilledWorker as error:
        raise SchedulerError(
            "a worker died while it ran a task, again and again; most often it has too little "
            f"memory: pass a smaller {argument('memory')} or {argument('chunks')}, or give workers "
            f"more memory_limit (distributed: {error})"
        ) from error
    except CommClosedError as error:
        raise lost_scheduler(error) from error


def lost_scheduler(why: object) -> SchedulerError:
    """Return the error for a scheduler that cannot be reached any more."""
    return SchedulerError(
        "the connection to the scheduler of Dask distributed is closed; run the job again when it "
        f"is back: with {argument('resume', True)}, missing blocks only are computed "
        f"(distributed: {why})"
    )
