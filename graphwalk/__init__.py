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
    from graphwalk.algorithms.corpus import WalkCorpus
    from graphwalk.algorithms.embedding import embed
    from graphwalk.algorithms.output import iter_blocks, write_walks
    from graphwalk.algorithms.plots import plot_coverage, plot_degrees, plot_visits
    from graphwalk.algorithms.torch_datasets import SkipGramDataset, WalkDataset
    from graphwalk.algorithms.walks import plan_walks, random_walks
    from graphwalk.scheduler.plan import WalkPlan
    from graphwalk.scheduler.report import performance_report
    from graphwalk.storage.build import build_zarr
    from graphwalk.storage.graph import Graph, open_zarr
    from graphwalk.storage.node_types import set_node_types
    from graphwalk.storage.sources import CSR

__all__ = [
    "CSR",
    "Graph",
    "GraphwalkError",
    "InputError",
    "MemoryBudgetError",
    "SchedulerError",
    "SkipGramDataset",
    "StoreError",
    "StoreExistsError",
    "StoreNotFoundError",
    "WalkCorpus",
    "WalkDataset",
    "WalkPlan",
    "__version__",
    "build_zarr",
    "embed",
    "iter_blocks",
    "open_zarr",
    "performance_report",
    "plan_walks",
    "plot_coverage",
    "plot_degrees",
    "plot_visits",
    "random_walks",
    "scheduler",
    "set_node_types",
    "write_walks",
]

_HOMES = {
    "CSR": "graphwalk.storage.sources",
    "Graph": "graphwalk.storage.graph",
    "build_zarr": "graphwalk.storage.build",
    "embed": "graphwalk.algorithms.embedding",
    "iter_blocks": "graphwalk.algorithms.output",
    "open_zarr": "graphwalk.storage.graph",
    "SkipGramDataset": "graphwalk.algorithms.torch_datasets",
    "WalkCorpus": "graphwalk.algorithms.corpus",
    "WalkDataset": "graphwalk.algorithms.torch_datasets",
    "WalkPlan": "graphwalk.scheduler.plan",
    "performance_report": "graphwalk.scheduler.report",
    "plan_walks": "graphwalk.algorithms.walks",
    "plot_coverage": "graphwalk.algorithms.plots",
    "plot_degrees": "graphwalk.algorithms.plots",
    "plot_visits": "graphwalk.algorithms.plots",
    "random_walks": "graphwalk.algorithms.walks",
    "set_node_types": "graphwalk.storage.node_types",
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
