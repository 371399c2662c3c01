"""``graphwalk build``."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from graphwalk.cli.text import count, describe, rate

if TYPE_CHECKING:
    from argparse import Namespace

    from graphwalk import Graph


def run(args: Namespace) -> None:
    """Build the store, and say what it holds."""
    from graphwalk import build_zarr

    start = perf_counter()
    graph = build_zarr(
        args.edges,
        args.store,
        directed=args.directed,
        columns=args.columns,
        times=args.times,
        edge_types=args.edge_types,
        duplicates=args.duplicates,
        self_loops=args.self_loops,
        num_nodes=args.num_nodes,
        overwrite=args.overwrite,
        memory=args.memory,
        compressed=not args.uncompressed,
        progress=False if args.quiet else None,
    )
    if not args.quiet:
        _report(graph, perf_counter() - start)


def _report(graph: Graph, seconds: float) -> None:
    print(
        f"Built a graph of {count(graph.num_nodes, 'node')} and "
        f"{count(graph.num_edges, 'edge')}, {describe(graph)},"
    )
    print(f"in {seconds:.1f} s ({rate(graph.num_edges, seconds, 'edges')}).")
    print(graph.summary())
    print(f"It lies in {graph.path}.")
