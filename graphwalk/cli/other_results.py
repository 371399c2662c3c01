"""Commands of analytics whose results are no value for each node: rows, or several columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.cli.analytics import Analysis
from graphwalk.cli.node_reports import Values, largest_groups, top_nodes, top_rows
from graphwalk.units import count_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphwalk import Graph

    Results = tuple[Iterable[str], Any]


class NearNodes(Analysis):
    """A command that finds some nodes, which are written without values."""

    def results(self, found: Any, graph: Graph, given: dict[str, Any]) -> Results:
        """Return lines about the nodes, and a table of them."""
        del given
        nodes = found.compute()
        lines = [f"{count_of(len(nodes), 'node')} of {graph.num_nodes:,} are reached, such as:"]
        lines += [f"  {name}" for name in graph.names(nodes[:10])]
        return lines, _rows(graph, {"node": nodes}, {})


class Pairs(Analysis):
    """A command that compares pairs of nodes."""

    def results(self, found: Any, graph: Graph, given: dict[str, Any]) -> Results:
        """Return the highest values, and a table of all pairs."""
        import numpy as np

        ends = np.asarray(graph.index_of(np.ravel(given["pairs"])), np.int64).reshape(-1, 2)
        nodes = {"source": ends[:, 0], "target": ends[:, 1]}
        values = found.compute()
        lines = top_rows(Values("similarity", values), ends, graph.names)
        return lines, _rows(graph, nodes, {"similarity": values})


class Candidates(Analysis):
    """A command that finds several nodes for each of some nodes."""

    def results(self, found: Any, graph: Graph, given: dict[str, Any]) -> Results:
        """Return the first nodes that are found, and a table of all."""
        import numpy as np

        nodes, similar = np.atleast_1d(graph.index_of(given["nodes"])), found.compute()
        rows, places = np.nonzero(similar >= 0)
        pairs = np.stack([nodes[rows], similar[rows, places]], 1)
        names = graph.names(pairs[:10])
        lines = [f"{count_of(len(pairs), 'pair')} of similar nodes, the first:"]
        lines += [f"  {name}  {other}" for name, other in names]
        columns = {"node": pairs[:, 0], "similar": pairs[:, 1]}
        return lines, _rows(graph, columns, {"place": places + 1})


class Several(Analysis):
    """A command that runs several analyses together, of which each is a column or one number."""

    def results(self, found: Any, graph: Graph, given: dict[str, Any]) -> Results:
        """Return lines about each, and the columns, or else a row of numbers."""
        from graphwalk.algorithms.analytics.node_array import algorithm_of
        from graphwalk.algorithms.output.node_table import node_columns
        from graphwalk.algorithms.output.pair_table import node_rows

        del given
        numbers = {name: float(each.compute()) for name, each in found.items() if not each.ndim}
        lines = [f"{name}: {number:.6g}" for name, number in numbers.items()]
        arrays = {name: each for name, each in found.items() if each.ndim}
        if not arrays:
            return lines, node_rows({}, {name: [number] for name, number in numbers.items()}, None)
        columns = []
        for column in node_columns(arrays):
            values = column.values.compute()
            columns.append(column._replace(values=values))
            report = largest_groups if column.are_nodes else top_nodes
            name = algorithm_of(column.values).column
            lines += report(Values(name, values), graph.names)
        return lines, columns


def _rows(graph: Graph, nodes: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    from graphwalk.algorithms.output.labelled_walks import as_labels
    from graphwalk.algorithms.output.pair_table import node_rows
    from graphwalk.storage.store.label_table import LabelTable

    labels = graph.labels
    return node_rows(nodes, values, None if labels is None else LabelTable(as_labels(labels)))
