"""What Ray raises when a job fails, said in a way that tells what to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphwalk.errors import GraphwalkError, MemoryBudgetError, SchedulerError, argument

if TYPE_CHECKING:
    from collections.abc import Iterator

# The remedies name parameters, which `_explained` writes as the interface in use does.
_LESS = "lower {memory} or {chunks} of the walks, or {num_workers} of the scheduler"
_AGAIN = "run the job again; {resume} goes on with the blocks of written walks that are missing"

#: What happened, and the remedy, for each of Ray's errors; the first one that fits.
_KNOWN: dict[str, tuple[type[GraphwalkError], str, str]] = {
    "OutOfMemoryError": (
        MemoryBudgetError,
        "a machine had too little memory, so Ray stopped a task, again and again",
        _LESS,
    ),
    "ObjectStoreFullError": (
        MemoryBudgetError,
        "Ray's object store is full",
        f"{_LESS}, or start Ray with a larger object_store_memory",
    ),
    "OutOfDiskError": (
        MemoryBudgetError,
        "the disk is full to which Ray moves what does not fit into its object store",
        f"{_LESS}, or start Ray with a larger object_store_memory or another temporary folder",
    ),
    "WorkerCrashedError": (
        SchedulerError,
        "a task's worker died, again and again; most often a machine has too little memory",
        f"{_LESS}; if it was something else, Ray's logs tell what",
    ),
    "NodeDiedError": (SchedulerError, "a machine was lost", _AGAIN),
    "ObjectLostError": (
        SchedulerError,
        "what a machine held was lost with it, more often than Ray computes it again",
        _AGAIN,
    ),
    "LocalRayletDiedError": (SchedulerError, "Ray has stopped on this machine", _AGAIN),
}


@contextmanager
def own_errors() -> Iterator[None]:
    """Raise the package's own errors as they were, and explain those of Ray itself.

    Raises
    ------
    MemoryBudgetError
        When memory, or a disk in its place, ran out.
    SchedulerError
        When workers or machines were lost that Ray could not do without.
    """
    from ray.exceptions import RayError, RayTaskError

    try:
        yield
    except RayError as error:
        root: Any = error
        while isinstance(root, RayTaskError):
            root = root.cause
        if isinstance(root, GraphwalkError):
            raise root from error
        explained = _explained(root)
        if explained is None:
            raise
        raise explained from error


def _explained(error: BaseException) -> GraphwalkError | None:
    names = {kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "ray.exceptions"}
    for name, (kind, happened, remedy) in _KNOWN.items():
        if name in names:
            first, *_ = str(error).strip().splitlines() or [""]
            arguments = {name: argument(name) for name in ("memory", "chunks", "num_workers")}
            remedy = remedy.format(resume=argument("resume", True), **arguments)
            return kind(f"{happened}; {remedy} (Ray: {first})")
    return None
