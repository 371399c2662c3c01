"""What commands print of values of nodes: the highest, or the largest groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from graphwalk.units import count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray


class Values(NamedTuple):
    """A value for each node, and what they are called."""

    name: str
    values: NDArray[Any]


#: Returns the names of nodes.
Names: TypeAlias = "Callable[[Any], Iterable[Any]]"

#: Returns lines about values of nodes.
Report: TypeAlias = "Callable[[Values, Names], Iterable[str]]"

#: Nodes or groups that are listed.
_SHOWN = 10


def top_nodes(column: Values, names: Names) -> Iterable[str]:
    """Return the nodes with the highest values."""
    import numpy as np

    values = column.values
    nodes = _highest(values, np.arange(len(values)))
    yield f"The highest values of {column.name}:"
    for node, name in zip(nodes, names(nodes), strict=True):
        yield f"{values[node]:>12.6g}  {name}"


def top_rows(column: Values, nodes: NDArray[Any], names: Names) -> Iterable[str]:
    """Return the rows of nodes with the highest values."""
    import numpy as np

    rows = _highest(column.values, np.arange(len(column.values)))
    yield f"The highest values of {column.name}:"
    for row, named in zip(rows, names(nodes[rows]), strict=True):
        yield f"{column.values[row]:>12.6g}  {'  '.join(map(str, named))}"


def farthest_nodes(column: Values, names: Names) -> Iterable[str]:
    """Return how many nodes are reached, and those that are farthest away."""
    import numpy as np

    reached = np.flatnonzero((column.values >= 0) & (column.values < np.inf))
    nodes = count_of(len(column.values), "node")
    yield f"{len(reached):,} of {nodes} are reached; the farthest:"
    farthest = reached[_highest(column.values[reached], reached)]
    for node, name in zip(farthest, names(farthest), strict=True):
        yield f"{column.values[node]:>12.6g}  {name}"


def largest_groups(column: Values, names: Names) -> Iterable[str]:
    """Return how many groups there are, and the sizes of the largest, each named by its label."""
    import numpy as np

    sizes = np.bincount(column.values, minlength=len(column.values))
    groups = np.flatnonzero(sizes)
    several = f"{column.name.removesuffix('y')}ies" if column.name.endswith("y") else None
    found, nodes = count_of(len(groups), column.name, several), count_of(len(sizes), "node")
    yield f"{found} of {nodes}; the largest:"
    largest = groups[_highest(sizes[groups], groups)]
    for group, name in zip(largest, names(largest), strict=True):
        yield f"{sizes[group]:>12,}  {name}"


def _highest(values: Any, ties: Any) -> Any:
    """Return the positions of the highest values, in descending order; lowest ties first."""
    import numpy as np

    if len(values) > _SHOWN:
        least = np.partition(values, -_SHOWN)[-_SHOWN]
        found = np.flatnonzero(values >= least)
    else:
        found = np.arange(len(values))
    order = np.lexsort((ties[found], -values[found]))
    return found[order][:_SHOWN]
