"""``graphwalk reorder``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.cli.build import MEMORY
from graphwalk.cli.options import add_options, add_output_options, given_options
from graphwalk.cli.text import size_on_disk
from graphwalk.errors import printable

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "write a graph with its nodes in another order, in which walkers stay in partitions longer"

#: Parameters of `Graph.reorder`.
REORDER = [MEMORY]

_ORDERS = {"clusters": "communities together", "bfs": "breadth first", "degree": "hubs first"}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the store, the new store, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store, which stays as it is")
    add("output", metavar="OUTPUT", help="path or URL of the store to make")
    help_ = "the order: " + ", ".join(f"{name} ({what})" for name, what in _ORDERS.items())
    add("--order", required=True, choices=_ORDERS, help=help_)
    add_options(parser, REORDER)
    add_output_options(parser)


def run(args: Namespace) -> None:
    """Write the reordered graph, and say where it is."""
    from graphwalk import open_zarr

    graph = open_zarr(args.store).reorder(
        args.order,
        args.output,
        overwrite=args.overwrite,
        progress=False if args.quiet else None,
        **given_options(args, REORDER),
    )
    if not args.quiet:
        print(printable(f"The reordered graph is in {graph.path} ({size_on_disk(graph.path)})."))
