"""Reductions and samples compared with other packages, in one run, measured alternately.

    python -m benchmarks.reductions

Comparisons with a package are measured where it is installed: DGL, whose compiled sampler makes the
same samples of neighbours, and scikit-network. Figures are seconds of the clock, on two threads.
"""

from __future__ import annotations

import argparse
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import graphwalk
from benchmarks.rmat import rmat_edges
from benchmarks.table import Row, machine, print_table
from benchmarks.timing import in_turns

WALKS: dict[str, Any] = {"num_walks": 2, "walk_length": 80, "seed": 7}
FANOUTS, BATCH, SEEDS = [15, 10, 5], 1024, 1 << 14
#: Nodes kept of each source, the error of ranks, its probability, and sources of other packages.
TOP_K, EPS, DELTA, SOURCES = 50, 0.1, 0.1, 32


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reductions", description=__doc__)
    parser.add_argument("--scale", type=int, default=20, help="2**SCALE nodes (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measurement")
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with (
        tempfile.TemporaryDirectory() as folder,
        graphwalk.scheduler.use("threads", num_workers=2),
    ):
        edges = rmat_edges(args.scale)
        graph = graphwalk.build_zarr(edges, Path(folder, "graph.zarr"), progress=False)
        rows = [_visits(graph, Path(folder), args.rounds)]
        if find_spec("dgl"):
            rows.append(_samples(graph, args.rounds))
        if find_spec("sknetwork"):
            rows.append(_ranks(graph, args.rounds))
    print_table(f"R-MAT, 2^{args.scale} nodes, edge factor 16, undirected", rows)


def _visits(graph: graphwalk.Graph, folder: Path, rounds: int) -> Row:
    """Compare counts of visits with writing the same walks, both out of core."""
    memory = graph.num_entries * graph.neighbor_dtype.itemsize // 2 + 8 * graph.num_nodes
    memory += 32 << 20
    walks = graphwalk.random_walks(graph, **WALKS, memory=memory)
    assert not walks.plan.resident, "the graph must not stay in memory"
    counts = graphwalk.visit_counts(graph, **WALKS, memory=memory)
    path = folder / "walks.npy"
    seconds = in_turns(
        rounds,
        counts=counts.compute,
        written=lambda: graphwalk.write_walks(walks, path, overwrite=True, progress=False),
    )
    path.unlink()
    ratio = seconds["counts"] / seconds["written"]
    against = f"write_walks to .npy, {seconds['written']:.1f} s"
    return Row("visit_counts out of core", f"{seconds['counts']:.1f} s", against, ratio, "<= 0.7")


def _samples(graph: graphwalk.Graph, rounds: int) -> Row:
    """Compare an epoch of samples in batches with those of DGL."""
    import dgl
    import torch

    torch.set_num_threads(2)
    seeds = np.random.default_rng(1).choice(graph.num_nodes, SEEDS, replace=False)
    # DGL lists the fanouts of layers, whose last one is the first hop.
    other, sampler = graph.to_dgl(), dgl.dataloading.NeighborSampler(FANOUTS[::-1])
    other.create_formats_()
    batches = torch.from_numpy(seeds).split(BATCH)
    dataset = graphwalk.NeighborDataset(
        graph, seeds, FANOUTS, batch_size=BATCH, batches="tensors", seed=1
    )
    seconds = in_turns(
        rounds,
        ours=lambda: sum(1 for _ in dataset),
        theirs=lambda: [sampler.sample_blocks(other, batch) for batch in batches],
    )
    rates = {name: f"{SEEDS / s / 1e3:.1f} k seeds/s" for name, s in seconds.items()}
    ratio = seconds["theirs"] / seconds["ours"]
    what = f"samples {FANOUTS} in batches"
    return Row(what, rates["ours"], f"DGL {dgl.__version__}, {rates['theirs']}", ratio, ">= 3")


def _ranks(graph: graphwalk.Graph, rounds: int) -> Row:
    """Compare personalized PageRank of all nodes with scikit-network's of some."""
    import sknetwork
    from scipy.sparse import csr_matrix

    from graphwalk import personalized_pagerank

    matrix = csr_matrix(graph.to_scipy())
    how: dict[str, Any] = {"method": "walks", "top_k": TOP_K, "eps": EPS, "delta": DELTA, "seed": 1}
    ranks = personalized_pagerank(graph, **how)
    sources = np.flatnonzero(graph.degrees)[:SOURCES]

    def theirs() -> None:
        for source in sources.tolist():
            found = sknetwork.ranking.PageRank().fit_predict(matrix, {source: 1})
            np.argpartition(-found, TOP_K)[:TOP_K]

    seconds = in_turns(rounds, ours=ranks.compute, theirs=theirs)
    each = {
        "ours": seconds["ours"] / graph.num_nodes * 1e3,
        "theirs": seconds["theirs"] / SOURCES * 1e3,
    }
    against = f"scikit-network {sknetwork.__version__}, {each['theirs']:.3g} ms a source"
    what = f"personalized PageRank of all nodes, top {TOP_K}, within {EPS}"
    figure = f"{each['ours']:.3g} ms a source"
    return Row(what, figure, against, each["theirs"] / each["ours"], "")


if __name__ == "__main__":
    main()
