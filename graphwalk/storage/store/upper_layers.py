"""Functions of layers above the store that methods of `Graph` call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.storage.store.graph_arrays import GraphArrays
    from graphwalk.storage.store.validation_result import Validation
    from graphwalk.util.progress_bar import Progress


class UpperLayers:
    """What validates and transposes a store.

    One scans with the engine and the other builds, so that the package sets both.
    """

    validate: Callable[[GraphArrays, Progress], Validation]
    transpose: Callable[..., Any]


upper_layers = UpperLayers()
