"""``graphwalk update``."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from graphwalk.cli.build import BUILD
from graphwalk.cli.options import add_options, add_output_options, given_options
from graphwalk.cli.text import Stopwatch
from graphwalk.errors import printable
from graphwalk.units import count_of
from graphwalk.util.parameters import Kind, Parameter, one_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from contextlib import AbstractContextManager
    from pathlib import Path

    from graphwalk import Graph

HELP = "write a graph without some edges and with others"

_EDGES = Kind("edges, as the command build takes them", "EDGES")

#: Parameters of `Graph.update`.
UPDATE = [
    Parameter("add", None, _EDGES, "edges to add: a file, folder, pattern or URL"),
    Parameter("remove", None, _EDGES, "edges to remove"),
    Parameter(
        "missing",
        "error",
        one_of("error", "ignore"),
        "what is done with edges to remove that are not there",
    ),
    *(
        parameter
        for parameter in BUILD
        if parameter.name
        in (
            *("columns", "weights", "sep", "header", "duplicates", "self_loops"),
            *("allow_pickle", "memory", "compressed"),
        )
    ),
]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the store, the new store, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store, which stays as it is")
    add("output", metavar="OUTPUT", help="path or URL of the store to make")
    add_options(parser, UPDATE)
    add(
        "--touched",
        metavar="FILE",
        help="write the names of nodes whose edges changed to a file, one on each line, which "
        "--start-nodes takes",
    )
    add_output_options(parser)


def run(args: Namespace) -> None:
    """Write the new store, and say what it holds."""
    from graphwalk import open_zarr

    watch = Stopwatch()
    with _touched_file(args) as file:
        graph = open_zarr(args.store).update(
            args.output,
            overwrite=args.overwrite,
            progress=False if args.quiet else None,
            **given_options(args, UPDATE),
        )
        if file is not None:
            _write_touched(graph, file)
    if not args.quiet:
        touched = graph._arrays.info.num_touched or 0
        print(
            f"Updated to a graph of {count_of(graph.num_nodes, 'node')} and "
            f"{count_of(graph.num_edges, 'edge')}, of which {count_of(touched, 'node')} were "
            f"touched, {watch.stop().took()}."
        )
        print(printable(f"It is in {graph.path}."))


def _touched_file(args: Namespace) -> AbstractContextManager[Path | None]:
    """Check that the names can be written before the store is; the block gets where to."""
    from graphwalk.storage.files.locations import locate
    from graphwalk.storage.files.publish import new_file

    if args.touched is None:
        return nullcontext()
    return new_file(locate(args.touched), overwrite=args.overwrite)


def _write_touched(graph: Graph, path: Path) -> None:
    from graphwalk.storage.files.storage_errors import disk_errors

    with disk_errors(path), path.open("w", encoding="utf-8") as file:
        names = graph.names([] if graph.touched_nodes is None else graph.touched_nodes)
        file.writelines(f"{name}\n" for name in names)
