"""Predict edges that were held out of a graph, as node2vec does in section 4.4 of its paper.

Half of the edges are held out, with `Graph.update`, and as many pairs of nodes without an edge are
drawn. Edges of a spanning forest stay, so that the rest of the graph is as connected as all of it.
Vectors are learned from walks on the rest. A vector for each pair is made of those of its ends, and
logistic regression on some pairs predicts which of the others are edges. The program prints the
area under the ROC curve (AUC) for each operator of table 1 of A. Grover and J. Leskovec, "node2vec:
scalable feature learning for networks", KDD 2016, https://doi.org/10.1145/2939672.2939754, and for
what it is compared with there, measures of common neighbours: the chance that an edge has a higher
score than a pair without one. 0.5 is a guess, and 1 is right everywhere.

    pip install '.[embed,interop]'
    python examples/link_prediction.py examples/debian/debian_depends.parquet
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.special import expit

import graphwalk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

OPERATORS = "hadamard", "average", "l1", "l2"
MEASURES = "common_neighbors", "jaccard", "adamic_adar"
PENALTY = 1.0


def predict_links(
    graph: graphwalk.Graph,
    folder: Path,
    seed: int,
    share: float = 0.5,
    *,
    connected: bool = True,
    **options: Any,
) -> Mapping[str, float]:
    """Return the AUC of each operator, and of each measure of common neighbours.

    Parameters
    ----------
    graph : Graph
        An undirected graph.
    folder : Path
        Where files are made.
    seed : int
        Of what is held out, of the walks and of the trainer.
    share : float
        Which share of the edges is held out.
    connected : bool
        Whether edges of a spanning forest are not held out.
    **options
        Options of `graphwalk.embed`.
    """
    rng = np.random.default_rng(seed)
    src, dst = graph.to_edge_index()
    edges = np.stack([src, dst])[:, src < dst]
    order = rng.permutation(edges.shape[1])
    if connected:
        order = order[~in_forest(edges[:, order], graph.num_nodes)]
    held = edges[:, order[: round(share * edges.shape[1])]]
    named = [graph.names(ends) for ends in held]
    rest = graph.update(remove=tuple(named))
    others = pairs_without_edge(graph, held.shape[1], rng)
    walks = graphwalk.random_walks(rest, num_walks=10, walk_length=40, seed=seed)
    vectors = graphwalk.embed(walks, folder / "vectors.parquet", seed=seed, **options)
    pairs = np.concatenate([held, others], axis=1)
    is_edge = np.arange(pairs.shape[1]) < held.shape[1]
    known = rng.random(len(is_edge)) < 0.5
    names = [graph.names(ends) for ends in pairs]
    found = {}
    for operator in OPERATORS:
        features = graphwalk.edge_vectors(vectors, *names, operator=operator)
        weights = fit(features[known], is_edge[known])
        found[operator] = auc(with_one(features[~known]) @ weights, is_edge[~known])
    for measure in MEASURES:
        unseen = np.stack(names)[:, ~known].T.tolist()
        scores = graphwalk.similarity(rest, unseen, measure).compute()
        found[measure] = auc(scores, is_edge[~known])
    return found


def in_forest(edges: NDArray[np.int64], num_nodes: int) -> NDArray[np.bool_]:
    """Return which edges belong to the spanning forest that prefers the first of them."""
    numbers = np.arange(1, edges.shape[1] + 1)
    forest = minimum_spanning_tree(csr_array((numbers, edges), (num_nodes, num_nodes)))
    return np.isin(numbers, forest.data)


def pairs_without_edge(
    graph: graphwalk.Graph, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw pairs of nodes that no edge connects, shape (2, count)."""
    pairs = np.empty((2, 0), np.int64)
    while pairs.shape[1] < count:
        more = rng.integers(graph.num_nodes, size=(2, count))
        kept = (more[0] != more[1]) & ~graph.has_edge(*more)
        pairs = np.concatenate([pairs, more[:, kept]], axis=1)
    return pairs[:, :count]


def with_one(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return features with an intercept's column of ones."""
    return np.column_stack([features, np.ones(len(features))])


def fit(features: NDArray[np.float32], is_edge: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression, of which the last is the intercept."""
    inputs, penalised = with_one(features), np.r_[np.ones(features.shape[1]), 0]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = inputs @ weights
        missed = np.logaddexp(0, np.where(is_edge, -scores, scores)).sum()
        gradient = inputs.T @ (expit(scores) - is_edge) + PENALTY * penalised * weights
        return missed + PENALTY / 2 * (penalised * weights**2).sum(), gradient

    weights: NDArray[np.float64] = minimize(
        loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B"
    ).x
    return weights


def auc(scores: NDArray[np.float64], is_edge: NDArray[np.bool_]) -> float:
    """Return the chance that an edge has a higher score than another pair; ties count half."""
    values, where = np.unique(scores, return_inverse=True)
    edges = np.bincount(where[is_edge], minlength=len(values))
    others = np.bincount(where[~is_edge], minlength=len(values))
    below = np.cumsum(others) - others
    return float((edges * (below + others / 2)).sum() / (edges.sum() * others.sum()))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("edges", help="edges as graphwalk.build_zarr takes them")
    parser.add_argument("--held-out", type=float, default=0.5, help="share; default: 0.5")
    parser.add_argument("--seeds", type=int, default=1, help="number of repetitions; default: 1")
    args = parser.parse_args(arguments)
    graph = graphwalk.build_zarr(args.edges, self_loops="drop")
    print(graph)
    with TemporaryDirectory() as folder:
        for seed in range(1, args.seeds + 1):
            place = Path(folder, str(seed))
            place.mkdir()
            found = predict_links(graph, place, seed, args.held_out)
            shown = ", ".join(f"{operator} {value:.3f}" for operator, value in found.items())
            print(f"seed {seed}: AUC {shown}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
