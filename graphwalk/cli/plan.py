"""``graphwalk plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.cli.options import SCHEDULER, add_options, given_options
from graphwalk.cli.walk_options import add_walk_options, walk_arguments
from graphwalk.util.cluster import CLUSTER

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "show how walks would be computed, and what that takes"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the graph, and the options of walks and schedulers."""
    parser.add_argument("store", metavar="STORE", help="path or URL of a store")
    add_walk_options(parser)
    add_options(parser, [*SCHEDULER, CLUSTER], "scheduler")


def run(args: Namespace) -> None:
    """Print the plan."""
    from graphwalk import plan_walks, scheduler

    with scheduler.use(**given_options(args, SCHEDULER)):
        how = walk_arguments(args, args.store) | given_options(args, [CLUSTER])
        print(plan_walks(**how))
