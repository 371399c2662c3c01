"""Walk the dependencies of Debian's packages: from a Parquet file of names to walks with names."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from time import perf_counter

import graphwalk

EDGES = Path(__file__).with_name("debian_depends.parquet")

# node2vec: seldom back to the previous node (p > 1), and away from its neighbours (q < 1).
WALKS = {"num_walks": 10, "walk_length": 40, "p": 2.0, "q": 0.5, "seed": 2023}

PACKAGES = ["firefox-esr", "gimp", "postgresql", "python3-numpy", "vlc"]


def main(results: Path) -> None:
    results.mkdir(parents=True, exist_ok=True)
    print("Debian 12: edges lead from a package to the packages that it depends on.\n")

    start = perf_counter()
    graph = graphwalk.build_zarr(
        EDGES,
        results / "debian.zarr",
        directed=True,
        columns=["source", "target"],
        overwrite=True,
    )
    print(f"Built a graph of {graph.num_nodes:,} packages and {graph.num_edges:,} dependencies")
    print(f"  from {EDGES.name} in {perf_counter() - start:.1f} s.\n")

    start = perf_counter()
    walks = graphwalk.random_walks(graph, **WALKS)
    path = results / "debian-walks.txt"
    graphwalk.write_walks(walks, path, labels=graph.labels, overwrite=True)
    print(f"Walked it with node2vec, {WALKS['num_walks']} times from every package:")
    print(f"  {len(walks):,} walks of up to {WALKS['walk_length']} steps, ", end="")
    print(f"written in {perf_counter() - start:.1f} s.\n")

    print("The first walk from some packages; it ends at a package without dependencies:\n")
    for walk in first_walks(graph, PACKAGES):
        print(textwrap.fill(" -> ".join(walk), 96, break_on_hyphens=False, **INDENT), end="\n\n")

    print("Results:")
    print(f"  {results / 'debian.zarr'}       the graph; graphwalk.open_zarr opens it")
    print(f"  {path}  one walk a line, packages separated by tabs")


INDENT = {"initial_indent": "  ", "subsequent_indent": "      "}


def first_walks(graph: graphwalk.Graph, packages: list[str]) -> list[list[str]]:
    """Return one walk from each package, as names.

    The same walks are in the file: a walk depends on the seed, its start node and its number,
    and not on the other walks that are computed with it.
    """
    one_each = WALKS | {"num_walks": 1}
    walks = graphwalk.random_walks(graph, graph.index_of(packages), **one_each).compute()
    return [list(graph.names(walk[walk >= 0])) for walk in walks]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder to write to")
    main(parser.parse_args().results)
