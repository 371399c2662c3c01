"""``graphwalk transpose``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.cli.build import MEMORY
from graphwalk.cli.options import add_options, add_output_options, given_options
from graphwalk.cli.text import size_on_disk
from graphwalk.errors import printable
from graphwalk.util.parameters import FLAG, Parameter

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "write a directed graph with its edges turned round, for analytics that need in-neighbours"

#: Parameters of `Graph.transpose`.
TRANSPOSE = [
    Parameter("both_ways", False, FLAG, "edges lead both ways, for walks with --direction both"),
    MEMORY,
]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the store, the new store, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store")
    add("output", metavar="OUTPUT", help="path or URL of the store to make")
    add_options(parser, TRANSPOSE)
    add_output_options(parser)


def run(args: Namespace) -> None:
    """Write the transposed graph, and say where it is."""
    from graphwalk import open_zarr

    graph = open_zarr(args.store).transpose(
        args.output,
        overwrite=args.overwrite,
        progress=False if args.quiet else None,
        **given_options(args, TRANSPOSE),
    )
    if not args.quiet:
        print(printable(f"The transposed graph is in {graph.path} ({size_on_disk(graph.path)})."))
