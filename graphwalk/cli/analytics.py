"""Commands of analytics, which compute a value for each node; `analyses` lists them."""

from __future__ import annotations

import glob
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphwalk.cli.node_reports import Values, top_nodes
from graphwalk.cli.options import SCHEDULER, add_options, add_output_options, given_options, option
from graphwalk.cli.text import Stopwatch, size_on_disk
from graphwalk.errors import InputError, printable
from graphwalk.util.parameters import COUNT, SIZE, Parameter

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from graphwalk import Graph
    from graphwalk.cli.node_reports import Report

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
        Returns lines about the values, given what names the nodes.
    parameters : iterable of Parameter
        Parameters of the function that are options, without those that all have.
    arguments : mapping from str to callable
        Makes the argument of a parameter of what its option has, given the graph too.
    reading : iterable of Parameter
        Parameters of the function by which edges are read that are in no store, if it takes any.
    required : iterable of str
        Parameters that must be given.
    plan : iterable of Parameter
        Those of `PLAN` that the function has.
    """

    function: str
    HELP: str
    report: Report = top_nodes
    parameters: Iterable[Parameter] = ()
    arguments: Mapping[str, Callable[[Any, Graph], Any]] = field(default_factory=dict)
    reading: Iterable[Parameter] = ()
    required: Iterable[str] = ()
    plan: Iterable[Parameter] = tuple(PLAN)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the graph, the output, and options."""
        add, also = parser.add_argument, ", or a file of edges as for 'graphwalk build'"
        store, where = "path or URL of a store", also if self.reading else ""
        add("store", metavar="STORE|EDGES" if where else "STORE", help=store + where)
        add(
            "output",
            metavar="OUTPUT",
            nargs="?",
            help="where to write: .parquet, .csv or .tsv for a table by the nodes' labels, .zarr "
            "or .npy for an array; by default nowhere",
        )
        add_options(parser, self.parameters)
        add_options(parser, self.reading, "edges that are in no store")
        add_options(parser, self.plan, "plan")
        add_options(parser, SCHEDULER, "scheduler")
        add_output_options(parser)

    def run(self, args: Namespace) -> None:
        """Compute the values, write them, and say what they come to."""
        import graphwalk
        from graphwalk.algorithms.output.write_nodes import new_nodes

        edges = bool(self.reading) and _is_no_store(args.store)
        watch, output = Stopwatch(), args.output
        writing: AbstractContextManager[Any] = nullcontext(lambda _: None)
        if output is not None:
            writing = new_nodes(output, overwrite=args.overwrite)
        with graphwalk.scheduler.use(**given_options(args, SCHEDULER)), writing as write:
            lines, to_write = self._compute(args, edges=edges)
            write(to_write)
        if not args.quiet:
            print(f"Computed {watch.stop().took()}.")
            for line in lines:
                print(printable(line))
            if output is not None:
                print(printable(f"All are in {output} ({size_on_disk(output)})."))

    def _compute(self, args: Namespace, *, edges: bool) -> tuple[Iterable[str], Any]:
        """Return lines about the result, and what is written of it."""
        import graphwalk
        from graphwalk.scheduler.executors.progress import scan_progress

        analyse, reading = getattr(graphwalk, self.function), given_options(args, self.reading)
        given = given_options(args, [*self.parameters, *self.plan])
        for each in self.parameters:
            if each.name in self.required and each.name not in given:
                raise InputError(f"{option(each.name)} is missing; it takes {each.help}")
        if edges:
            show = False if args.quiet else None
            table = analyse(edges=args.store, progress=show, **given, **reading)
            linked = table.linked
            return self.report(Values("component", linked.components), linked.names), table
        if reading:
            raise InputError(
                f"{args.store} is a store, and {option(next(iter(reading)))} says how to read "
                "edges; leave it out"
            )
        graph = graphwalk.open_zarr(args.store)
        for name in given.keys() & self.arguments.keys():
            given[name] = self.arguments[name](given[name], graph)
        found = analyse(graph, **given)
        with scan_progress(self.function, False if args.quiet else None):
            return self.results(found, graph, given)

    def results(self, found: Any, graph: Graph, given: dict[str, Any]) -> tuple[Iterable[str], Any]:
        """Compute what the function has returned; return lines about it, and what is written."""
        from graphwalk.algorithms.output.node_table import node_columns

        del given
        (column,) = node_columns(found)
        column = column._replace(values=column.values.compute())
        return self.report(Values(column.name, column.values), graph.names), [column]


def _is_no_store(path: str) -> bool:
    """Return whether there is something else at a path or URL than a store."""
    from graphwalk.storage.files.locations import is_url, locate
    from graphwalk.storage.store.group import is_graphwalk_store

    location = locate(path)
    if is_graphwalk_store(location):
        return False
    return is_url(location) or glob.has_magic(path) or Path(location).exists()
