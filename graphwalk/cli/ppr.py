"""``graphwalk ppr``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.cli.analytics import PLAN
from graphwalk.cli.options import SCHEDULER, add_options, add_output_options, given_options
from graphwalk.cli.read_start_nodes import read_start_nodes
from graphwalk.cli.text import Stopwatch, size_on_disk
from graphwalk.errors import printable
from graphwalk.units import count_of
from graphwalk.util.parameters import COUNT, FLAG, PROBABILITY, Kind, Parameter, whole

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "find the nodes that matter most to each node, by personalized PageRank from random walks"

#: Parameters of `personalized_pagerank` by walks.
RANKS = [
    Parameter(
        "sources",
        None,
        Kind("nodes of the graph", "FILE|A,B,..."),
        "nodes to find others for, as --start-nodes of 'graphwalk walk'; by default all nodes",
    ),
    Parameter("top_k", None, COUNT, "nodes that are written for each; by default all reached"),
    Parameter("alpha", 0.85, PROBABILITY, "probability of going on along an edge"),
    Parameter("eps", 0.02, PROBABILITY, "error of all ranks of a node, at most"),
    Parameter("delta", 0.01, PROBABILITY, "probability of a larger error, at most"),
    Parameter("weight", "weight", FLAG, "", ("unweighted", "leave out the weights of edges")),
    Parameter("seed", None, whole(0, 2**64 - 1), "the same seed gives the same ranks"),
]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the store, the output, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store")
    add("output", metavar="OUTPUT", help="where to write: .parquet, .csv or .tsv")
    add_options(parser, RANKS)
    add_options(parser, PLAN, "plan")
    add_options(parser, SCHEDULER, "scheduler")
    add_output_options(parser)


def run(args: Namespace) -> None:
    """Compute the ranks, write them, and say where they are."""
    import graphwalk
    from graphwalk.algorithms.output.write_nodes import new_nodes

    graph, given = graphwalk.open_zarr(args.store), given_options(args, [*RANKS, *PLAN])
    if "sources" in given:
        nodes = read_start_nodes(given["sources"], graph, "sources")
        given["sources"] = nodes if graph.labels is None else graph.labels[nodes]
    if "weight" in given:
        given["weight"] = None
    watch = Stopwatch()
    with (
        graphwalk.scheduler.use(**given_options(args, SCHEDULER)),
        new_nodes(args.output, overwrite=args.overwrite) as write,
    ):
        ranks = graphwalk.personalized_pagerank(graph, method="walks", **given)
        write(graphwalk.to_arrow(ranks))
    if not args.quiet:
        spec = ranks.plan.walks.spec
        print(
            f"Walked {count_of(spec.num_walks, 'walk')} from each of "
            f"{count_of(ranks.shape[0], 'node')} {watch.stop().took()}, seed {spec.seed}."
        )
        print(printable(f"The ranks are in {args.output} ({size_on_disk(args.output)})."))
