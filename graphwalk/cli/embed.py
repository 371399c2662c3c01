"""``graphwalk embed``."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.training.trainer_options import TrainerOptions
from graphwalk.cli.options import add_options, add_output_options, given_options, option
from graphwalk.cli.text import Stopwatch, size_on_disk
from graphwalk.cli.walk_options import PLAN, WALK, add_walk_options, walk_arguments
from graphwalk.errors import GraphwalkError, InputError, printable
from graphwalk.util.parameters import FLAG, Kind, Parameter, parameters_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "learn a vector for each node from walks"

#: Parameters of `embed`.
EMBED = [
    *parameters_of(TrainerOptions),
    Parameter(
        "init",
        None,
        Kind("vectors", "FILE"),
        "a .parquet file of vectors to start from; nodes that are not visited keep theirs",
    ),
    Parameter("freeze", False, FLAG, "leave the vectors of --init as they are"),
]

#: What says that the numbers of nodes are their names.
_NO_LABELS = "none"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the graph or the walks, the output, and options."""
    add = parser.add_argument
    add(
        "source",
        metavar="STORE|WALKS",
        help="a graph, which is walked; or what 'graphwalk walk' has written",
    )
    add("output", metavar="OUTPUT", help="where to write: .parquet, or .txt for word2vec's format")
    add(
        "--labels",
        metavar=f"STORE|{_NO_LABELS}",
        help="the graph whose labels name the nodes of WALKS, where these do not say it; "
        f"{_NO_LABELS}: the numbers of nodes are their names",
    )
    add_options(parser, EMBED)
    add_walk_options(parser, without=["return_edges"])  # of which no model learns
    add_output_options(parser)


def run(args: Namespace) -> None:
    """Learn vectors, and say where they are."""
    from graphwalk import embed, scheduler

    seed = getattr(args, "seed", None)
    given = {
        "seed": secrets.randbits(64) if seed is None else seed,
        **given_options(args, EMBED),
    }
    with scheduler.use("threads", num_workers=given.get("workers")):
        watch = Stopwatch()
        path = embed(
            _walks(args, given["seed"]),
            args.output,
            labels=_labels(args),
            overwrite=args.overwrite,
            progress=False if args.quiet else None,
            **given,
        )
    if not args.quiet:
        size = given.get("dimensions", EMBED[0].default)
        print(f"Learned vectors of {size} dimensions {watch.stop().took()}, seed {given['seed']}.")
        print(printable(f"They are in {path} ({size_on_disk(path)})."))


def _walks(args: Namespace, seed: int) -> Any:
    """Return walks on the graph that is given, or the path of the walks that are given."""
    from graphwalk import random_walks

    if not _are_walks(args.source):
        return random_walks(**(walk_arguments(args, args.source) | {"seed": seed}))
    for name in given_options(args, [*WALK, *PLAN]):
        if name != "seed":
            raise InputError(
                f"{args.source} is no graph, and {option(name)} says how to walk one; pass a "
                "graph, or leave it out for walks that have been written"
            )
    return args.source


def _labels(args: Namespace) -> Any:
    """Return what `embed` takes as labels."""
    from graphwalk import open_zarr

    if args.labels is None or args.labels == _NO_LABELS:
        return None if args.labels is None else False
    labels = open_zarr(args.labels).labels
    return False if labels is None else labels


def _are_walks(source: str) -> bool:
    """Return whether that is not a graph: its name may be that of either."""
    from graphwalk.algorithms.output.formats import walk_suffix
    from graphwalk.algorithms.output.read_walks import count_walks

    try:
        if walk_suffix(source) != ".zarr":
            return True
        count_walks(source)
    except GraphwalkError:  # what is wrong with it is said when it is opened as a graph
        return False
    return True
