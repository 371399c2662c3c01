"""Tasks of a Dask graph that submit other tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dask.callbacks import Callback
from dask.task_spec import GraphNode, Task, TaskRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphwalk.util.executor import Job


class DriverTask(Task):  # type: ignore[misc]
    """A coordinator, whose function has a parameter `job`, None by default.

    Where tasks run in other processes, an executor runs it in the process that computes: given the
    job, and references in place of values, it submits tasks, follows what they return, and returns
    a reference or what has some. To any other scheduler of Dask it is a task like any other.
    """

    @property
    def block_fusion(self) -> bool:
        """Whether Dask is not to fuse it with others, in which its type would be hidden."""
        return True

    def run(self, job: Job, values: Mapping[Any, Any]) -> Any:
        """Run it, given a reference or a value for each key that it depends on."""
        return self.func(*(_resolved(arg, values) for arg in self.args), job=job)

    def cancel(self) -> None:
        """Have it end soon if it is running in this process and nothing waits for it any more."""


def _cancel_running(tasks: Mapping[Any, Any], _state: Any, errored: bool) -> None:
    if errored:
        for task in tasks.values():
            if isinstance(task, DriverTask):
                task.cancel()


# What is made of walks or of analyses by Dask's functions is computed by Dask's threads, which an
# interrupt or an error does not end.
Callback(finish=_cancel_running).register()


def _resolved(arg: Any, values: Mapping[Any, Any]) -> Any:
    if isinstance(arg, TaskRef):
        return values[arg.key]
    return arg(values) if isinstance(arg, GraphNode) else arg
