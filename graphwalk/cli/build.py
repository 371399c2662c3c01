"""``graphwalk build``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.cli.options import add_options, add_output_options, given_options, option
from graphwalk.cli.text import Stopwatch
from graphwalk.errors import printable
from graphwalk.units import count_of
from graphwalk.util.parameters import FLAG, SIZE, Kind, Parameter, one_of, whole

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from graphwalk import Graph

HELP = "build a store from a file of edges"

_COLUMNS = Kind(
    "columns of the file",
    "SRC,DST[,WEIGHT|TIME|TYPE]",
    lambda text: [part.strip() for part in text.split(",")],
)

#: The memory of whatever builds a store.
MEMORY = Parameter("memory", None, SIZE, "memory to use; by default 4GiB, or 70 % of what is free")

#: Parameters of `build_zarr`.
BUILD = [
    Parameter("directed", False, FLAG, "edges lead one way only, from source to target"),
    Parameter(
        "columns",
        None,
        _COLUMNS,
        "columns to use, by name, or by number from 0; by default known names say which",
    ),
    Parameter(
        "sep",
        None,
        Kind("a separator", "CHAR"),
        "what separates the fields of text, such as ';', or ' ' for any run of blanks and tabs; by "
        "default what its lines show",
    ),
    Parameter(
        "header",
        None,
        FLAG,
        "the first line of text has names of columns; by default what its lines show",
        ("no-header", "the first line of text is an edge"),
    ),
    Parameter("times", False, FLAG, "the third column is the time of each edge"),
    Parameter("edge_types", False, FLAG, "the third column is the type of each edge, 0 to 254"),
    Parameter(
        "edge_ids",
        None,
        Kind("a column of the file", "COLUMN"),
        "column of the edges' own ids, which are kept for the edges of walks",
    ),
    Parameter(
        "weights",
        None,
        Kind("a column of the file", "COLUMN"),
        "column of weights that edges have in addition to times or types",
    ),
    Parameter(
        "duplicates",
        "merge",
        one_of("merge", "keep", "error"),
        "what is done with parallel edges; merging adds their weights up",
    ),
    Parameter(
        "self_loops",
        "keep",
        one_of("keep", "drop"),
        "what is done with edges from a node to itself",
    ),
    Parameter("num_nodes", None, whole(1), "number of nodes; ids are then 0 to N - 1"),
    Parameter(
        "relabel",
        "auto",
        FLAG,
        "number nodes in ascending order of their ids, which become labels; by default if ids are "
        "strings or sparse",
        ("no-relabel", "take ids as the numbers of nodes"),
    ),
    Parameter(
        "allow_pickle",
        False,
        FLAG,
        "load Python objects from npy and npz files; they can run code, so trust them",
    ),
    MEMORY,
    Parameter("compressed", True, FLAG, "", ("uncompressed", "leave the arrays uncompressed")),
]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the edges, the store, and options."""
    add = parser.add_argument
    add(
        "edges",
        metavar="EDGES",
        help="file, folder, pattern or URL: Parquet, text, Arrow, mtx, npy",
    )
    add("store", metavar="STORE", help="path or URL of the store to make, such as graph.zarr")
    add_options(parser, BUILD)
    add_output_options(parser)


def run(args: Namespace) -> None:
    """Build the store, and say what it holds."""
    from graphwalk import build_zarr

    watch = Stopwatch()
    graph = build_zarr(
        args.edges,
        args.store,
        overwrite=args.overwrite,
        progress=False if args.quiet else None,
        **given_options(args, BUILD),
    )
    if not args.quiet:
        _report(graph, watch.stop())


def _report(graph: Graph, watch: Stopwatch) -> None:
    from graphwalk.storage.store.graph_properties import describe

    print(
        f"Built a graph of {count_of(graph.num_nodes, 'node')} and "
        f"{count_of(graph.num_edges, 'edge')}, {describe(graph)},"
    )
    print(f"{watch.took()} ({watch.rate(graph.num_edges, 'edges')}).")
    print(graph.summary())
    if graph.num_nodes > 1 and graph.label_kind is None and not len(graph.neighbors(0)):
        print(f"Node 0 has no neighbors. If ids begin at 1, {option('relabel')} leaves it out.")
    print(printable(f"It is in {graph.path}."))
