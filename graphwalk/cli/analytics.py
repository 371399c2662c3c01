"""The commands of analytics: ``graphwalk components``, ``graphwalk pagerank`` and others."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from graphwalk.cli.node_reports import largest_groups, top_nodes
from graphwalk.cli.options import SCHEDULER, add_options, add_output_options, given_options
from graphwalk.cli.read_start_nodes import read_start_nodes
from graphwalk.cli.text import size_on_disk
from graphwalk.errors import printable
from graphwalk.util.parameters import COUNT, FLAG, POSITIVE, PROBABILITY, SIZE, Kind, Parameter

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from graphwalk import Graph
    from graphwalk.cli.node_reports import Report

#: Nodes of the graph, which are looked up when it is open.
NODES = Kind("nodes of the graph", "FILE|A,B,...")

#: Parameters that all analytics have.
PLAN = [
    Parameter("memory", None, SIZE, "memory to use; by default 70 % of what is free"),
    Parameter("partitions", None, COUNT, "number of partitions; by default as memory allows"),
]


@dataclass(frozen=True)
class Analysis:
    """A command that computes a value for each node.

    Attributes
    ----------
    function : str
        The public function.
    HELP : str
        What it does.
    report : callable
        Returns lines about the values, given a `NodeColumn` and the graph.
    parameters : iterable of Parameter
        Parameters of the function that are options, without those that all have.
    arguments : mapping from str to callable
        Makes the argument of a parameter of what its option has, given the graph too.
    """

    function: str
    HELP: str
    report: Report
    parameters: Iterable[Parameter] = ()
    arguments: Mapping[str, Callable[[Any, Graph], Any]] = field(default_factory=dict)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the graph, the output, and options."""
        add = parser.add_argument
        add("store", metavar="STORE", help="path or URL of a store")
        add(
            "output",
            metavar="OUTPUT",
            nargs="?",
            help="where to write: .parquet, .csv or .tsv for a table by the nodes' labels, .zarr "
            "or .npy for an array; by default nowhere",
        )
        add_options(parser, self.parameters)
        add_options(parser, PLAN, "plan")
        add_options(parser, SCHEDULER, "scheduler")
        add_output_options(parser)

    def run(self, args: Namespace) -> None:
        """Compute the values, write them, and say what they come to."""
        import graphwalk
        from graphwalk.algorithms.output.node_table import node_columns
        from graphwalk.algorithms.output.write_nodes import new_nodes

        graph = graphwalk.open_zarr(args.store)
        given = given_options(args, [*self.parameters, *PLAN])
        for name in given.keys() & self.arguments.keys():
            given[name] = self.arguments[name](given[name], graph)
        start, output = perf_counter(), args.output
        writing: AbstractContextManager[Any] = nullcontext(lambda _: None)
        if output is not None:
            writing = new_nodes(output, overwrite=args.overwrite)
        with graphwalk.scheduler.use(**given_options(args, SCHEDULER)), writing as write:
            (column,) = node_columns(getattr(graphwalk, self.function)(graph, **given))
            column = column._replace(values=column.values.compute())
            write([column])
        if not args.quiet:
            print(f"Computed in {perf_counter() - start:.1f} s.")
            for line in self.report(column, graph):
                print(printable(line))
            if output is not None:
                print(printable(f"All are in {output} ({size_on_disk(output)})."))


def _equal_starts(text: str, graph: Graph) -> Any:
    """Return a distribution over nodes, in which those that are named are equally likely."""
    import numpy as np

    starts = np.zeros(graph.num_nodes)
    starts[read_start_nodes(text, graph, "personalization")] = 1
    return starts


_PAGERANK = [
    Parameter("alpha", 0.85, PROBABILITY, "probability of going on along an edge"),
    Parameter("personalization", None, NODES, "nodes to start again from; by default all nodes"),
    Parameter("max_iter", 100, COUNT, "most iterations"),
    Parameter("tol", 1e-6, POSITIVE, "change of all ranks at which the iteration stops"),
    Parameter("weight", "weight", FLAG, "", ("unweighted", "leave out the weights of edges")),
]

#: The commands by name.
ANALYTICS = {
    "components": Analysis("connected_components", "find the connected components", largest_groups),
    "pagerank": Analysis(
        "pagerank",
        "rank the nodes by PageRank",
        top_nodes,
        _PAGERANK,
        {"personalization": _equal_starts, "weight": lambda *_: None},
    ),
}
