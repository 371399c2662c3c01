"""From a table of gene pairs to vectors of genes and a picture of them.

Without a table, one is made up of four pathways, whose genes mostly interact with each other:

    python examples/gene_network.py
    python examples/gene_network.py --table STRING.tsv --picture genes.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

import graphwalk


def make_up(path: Path) -> None:
    """Write pairs of genes with scores, tab-separated: most lie within a pathway."""
    rng = np.random.default_rng(0)
    genes = [f"{pathway}{i}" for pathway in ("ATP", "GLY", "KIN", "RIB") for i in range(30)]
    pairs = rng.integers(len(genes), size=(4000, 2))
    near = (pairs[:, 0] // 30 == pairs[:, 1] // 30) | (rng.random(len(pairs)) < 0.05)
    lines = [f"{genes[a]}\t{genes[b]}\t{rng.random():.2f}" for a, b in pairs[near]]
    path.write_text("\n".join(["source\ttarget\tweight", *lines]) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, help="columns source, target and weight")
    parser.add_argument("--picture", default="genes.png")
    args = parser.parse_args()
    if args.table is None:
        args.table = Path("genes.tsv")
        make_up(args.table)

    graph = graphwalk.build_zarr(args.table)
    print(graph)
    walks = graphwalk.random_walks(graph, num_walks=20, walk_length=20, q=0.5, seed=1)
    genes, vectors = graphwalk.embed(walks, dimensions=16, window=4, epochs=5, workers=1)
    groups = graphwalk.communities(graph).compute()[graph.index_of(genes.to_pylist())]
    print(f"{len(genes)} genes in {len(set(groups.tolist()))} communities")

    vectors = vectors - vectors.mean(axis=0)
    places = vectors @ np.linalg.svd(vectors, full_matrices=False)[2][:2].T
    mpl.use("agg")
    from matplotlib import pyplot

    _, axes = pyplot.subplots()
    axes.scatter(*places.T, c=np.unique(groups, return_inverse=True)[1], cmap="tab10", s=12)
    axes.figure.savefig(args.picture, dpi=120)
    print(f"the picture is {args.picture}")


if __name__ == "__main__":
    main()
