"""graphwalk: random walks and graph analytics on graphs too big for one array.

The public names are imported when they are first used, so that ``import graphwalk`` and the
command's ``--help`` do not wait for numba or Dask.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphwalk._version import __version__
from graphwalk.errors import (
    GraphwalkError,
    InputError,
    MemoryBudgetError,
    SchedulerError,
    StoreError,
    StoreExistsError,
    StoreNotFoundError,
)

if TYPE_CHECKING:
    from graphwalk import scheduler
    from graphwalk.algorithms.embedding import embed
    from graphwalk.algorithms.output import iter_blocks, write_walks
    from graphwalk.algorithms.walks import plan_walks, random_walks
    from graphwalk.scheduler.plan import WalkPlan
    from graphwalk.scheduler.report import performance_report
    from graphwalk.storage.build import build_zarr
    from graphwalk.storage.graph import Graph, open_zarr
    from graphwalk.storage.sources import CSR

__all__ = [
    "CSR",
    "Graph",
    "GraphwalkError",
    "InputError",
    "MemoryBudgetError",
    "SchedulerError",
    "StoreError",
    "StoreExistsError",
    "StoreNotFoundError",
    "WalkPlan",
    "__version__",
    "build_zarr",
    "embed",
    "iter_blocks",
    "open_zarr",
    "performance_report",
    "plan_walks",
    "random_walks",
    "scheduler",
    "write_walks",
]

_HOMES = {
    "CSR": "graphwalk.storage.sources",
    "Graph": "graphwalk.storage.graph",
    "build_zarr": "graphwalk.storage.build",
    "embed": "graphwalk.algorithms.embedding",
    "iter_blocks": "graphwalk.algorithms.output",
    "open_zarr": "graphwalk.storage.graph",
    "WalkPlan": "graphwalk.scheduler.plan",
    "performance_report": "graphwalk.scheduler.report",
    "plan_walks": "graphwalk.algorithms.walks",
    "random_walks": "graphwalk.algorithms.walks",
    "write_walks": "graphwalk.algorithms.output",
}


def __getattr__(name: str) -> Any:
    if name == "scheduler":
        return import_module("graphwalk.scheduler")
    if name not in _HOMES:
        raise AttributeError(f"module 'graphwalk' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
