"""Functions of layers above the store that methods of `Graph` call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.validation_result import Validation
    from graphwalk.util.progress_bar import Progress


class UpperLayers:
    """What validates a store, and what makes others of it.

    They scan with the engine, or build, so that the package sets them.
    """

    validate: Callable[[GraphArrays, Progress], Validation]
    transpose: Callable[..., Any]
    subgraph: Callable[..., Any]
    update: Callable[..., Any]
    reorder: Callable[..., Any]


upper_layers = UpperLayers()
