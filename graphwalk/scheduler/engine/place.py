"""Where tasks run that read a graph or write files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.errors import StoreError
from graphwalk.storage.files.locations import is_url

if TYPE_CHECKING:
    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.util.executor import Job, Place


def place_of(graph: GraphArrays, job: Job, otherwise: Place = "any") -> Place:
    """Return where tasks can read a graph: on this machine if its store is a temporary one.

    Raises
    ------
    StoreError
        When machines that are to run tasks do not see the store.
    """
    if graph.temporary:
        return "here"
    check_seen(job, graph.path, "the graph", "read")
    return otherwise


def check_seen(job: Job, location: str, what: str, verb: str) -> None:
    """Raise StoreError if machines that are to run tasks do not see a path; a URL is not asked."""
    if is_url(location):
        return
    if missing := job.machines_without(location):
        raise StoreError(
            f"{location}: {what} is not seen on {', '.join(missing)}, where tasks are to {verb} "
            "it; use a folder that all machines share, or a URL such as one of s3://"
        )
