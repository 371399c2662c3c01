"""``graphwalk draw-start-edges``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.cli.options import add_options, add_output_options, given_options
from graphwalk.errors import printable
from graphwalk.units import count_of
from graphwalk.util.parameters import Parameter, one_of, whole
from graphwalk.walk_spec import SPAN, TIMES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "draw edges at random, for temporal walks to begin with"

#: Parameters of `draw_start_edges`.
DRAW = [
    Parameter(
        "time_bias",
        None,
        one_of("late", "early", "late-exponential", "early-exponential"),
        "prefer late or early edges, by rank or exponentially; by default all have the same "
        "probability",
    ),
    Parameter(
        "time_scale",
        None,
        SPAN,
        "of an exponential bias: the difference of times that makes an edge e = 2.718 times as "
        "likely, in the unit of the graph; by default 1",
    ),
    Parameter("time_window", None, TIMES, "draw edges of these times alone, as for walks"),
    Parameter("seed", None, whole(0, 2**64 - 1), "the same seed draws the same edges"),
]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the store, the output, the number of edges, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store whose edges have times")
    add("output", metavar="OUTPUT", help="the file to write, for 'graphwalk walk --start-edges'")
    add("count", metavar="COUNT", type=int, help="how many edges")
    add_options(parser, DRAW)
    add_output_options(parser)


def run(args: Namespace) -> None:
    """Draw edges, and write one on each line."""
    from graphwalk import draw_start_edges
    from graphwalk.storage.files.locations import locate
    from graphwalk.storage.files.publish import write_file

    edges = draw_start_edges(args.store, args.count, **given_options(args, DRAW))
    text = "".join(f"{edge}\n" for edge in edges.tolist())
    path = locate(args.output)
    write_file(path, text.encode(), overwrite=args.overwrite)
    if not args.quiet:
        print(printable(f"Drew {count_of(len(edges), 'edge')}; they are in {path}."))
