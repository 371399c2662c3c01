"""Reproduce a published figure: classify papers from walks on the graph of their citations.

The task is that of Yang, Cohen and Salakhutdinov, "Revisiting semi-supervised learning with graph
embeddings", ICML 2016, https://arxiv.org/abs/1603.08861: the classes of 20 papers each are known,
and those of 1,000 other papers are to be predicted. Their Table 3 has, for DeepWalk (Perozzi et
al., KDD 2014, https://doi.org/10.1145/2623330.2623732), the accuracies in `PUBLISHED`.

gensim learns vectors from the walks, and logistic regression predicts classes from the vectors.
All graphs use the default settings of these tools.

The program needs gensim, and the data in a folder; `--download` downloads missing files. The files
are pickles, which can contain code; only arrays and lists are accepted from them:

    pip install gensim
    python examples/node_classification.py cora-data --download
    python examples/node_classification.py citeseer-data --dataset citeseer --download

The exit code is 0 if the mean accuracy is at most `MARGIN` points below the published one, and 1
otherwise.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from gensim.models import Word2Vec
from planetoid import Task, download, load_task, repeat
from scipy.optimize import minimize

import graphwalk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Accuracy of DeepWalk in per cent, Table 3 of Yang et al.
PUBLISHED = {"cora": 67.2, "citeseer": 43.2, "pubmed": 65.3}
MARGIN = 2.0

NUM_WALKS, WALK_LENGTH = 10, 40
DIMENSIONS, WINDOW, NEGATIVE = 128, 10, 5  # those of `graphwalk.embed`
PENALTY = 1.0  # of scikit-learn's LogisticRegression


def node_vectors(graph: graphwalk.Graph, seed: int) -> NDArray[np.float32]:
    """Return a vector for each node, shape (num_nodes, DIMENSIONS)."""
    walks = graphwalk.random_walks(graph, num_walks=NUM_WALKS, walk_length=WALK_LENGTH, seed=seed)
    model = Word2Vec(
        sentences=graphwalk.WalkCorpus(walks),
        vector_size=DIMENSIONS,
        window=WINDOW,
        negative=NEGATIVE,
        sg=1,
        min_count=0,
        epochs=1,
        seed=seed,
        workers=2,
    )
    vectors: NDArray[np.float32] = model.wv[[str(node) for node in range(graph.num_nodes)]]
    return vectors


def predict(
    known: NDArray[np.float32], classes: NDArray[np.int64], asked: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the classes of vectors, predicted by logistic regression on other vectors.

    Parameters
    ----------
    known : ndarray, shape (num_known, dimensions)
        Vectors whose classes are known.
    classes : ndarray of int, shape (num_known,)
        Their classes, from 0.
    asked : ndarray, shape (num_asked, dimensions)
        Vectors whose classes are to be predicted.
    """
    one_hot = np.eye(classes.max() + 1)[classes]
    inputs = np.column_stack([known, np.ones(len(known))])
    penalised = np.r_[np.ones(known.shape[1]), 0]  # all weights except the intercept

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(len(penalised), -1)
        scores = inputs @ weights
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        shrunk = penalised[:, None] * weights
        gradient = inputs.T @ (np.exp(logs) - one_hot) + PENALTY * shrunk
        return -(logs * one_hot).sum() + PENALTY / 2 * (shrunk**2).sum(), gradient.ravel()

    start = np.zeros(inputs.shape[1] * one_hot.shape[1])
    weights = minimize(loss, start, jac=True, method="L-BFGS-B").x.reshape(len(penalised), -1)
    found: NDArray[np.int64] = (asked @ weights[:-1] + weights[-1]).argmax(axis=1)
    return found


def accuracy(task: Task, graph: graphwalk.Graph, seed: int) -> float:
    """Return the accuracy on the test nodes in per cent."""
    vectors = node_vectors(graph, seed)
    found = predict(vectors[task.train], task.train_classes, vectors[task.test])
    return 100 * float((found == task.test_classes).mean())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="where the data set is")
    parser.add_argument("--dataset", choices=PUBLISHED, default="cora")
    parser.add_argument("--download", action="store_true", help="download missing files")
    parser.add_argument("--seeds", type=int, default=5, help="number of repetitions; default: 5")
    args = parser.parse_args(arguments)
    if args.download:
        download(args.folder, args.dataset)
    task = load_task(args.folder, args.dataset)
    graph = graphwalk.build_zarr(task.edges, num_nodes=task.num_nodes)
    print(graph)
    reproduced = repeat(
        lambda seed: accuracy(task, graph, seed),
        *(args.seeds, args.dataset, len(task.test), PUBLISHED[args.dataset], MARGIN),
    )
    return int(not reproduced)


if __name__ == "__main__":
    sys.exit(main())
