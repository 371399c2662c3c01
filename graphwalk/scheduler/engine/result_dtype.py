"""The type of the result of walks: nodes, or nodes with the edges that led to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.kernels.walk.step_edges import edge_dtype, step_dtype

if TYPE_CHECKING:
    import numpy as np

    from graphwalk.walk_spec import WalkSpec


def recorded_edge(entries: int, spec: WalkSpec) -> np.dtype[Any] | None:
    """Return the type of edges in a graph of that many entries; None if they are not recorded."""
    return edge_dtype(entries) if spec.return_edges else None


def result_dtype(node: np.dtype[Any], entries: int, spec: WalkSpec) -> np.dtype[Any]:
    """Return the type of an item of the result."""
    return step_dtype(node, recorded_edge(entries, spec))
