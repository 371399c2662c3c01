"""Reproduce a published figure: train a graph convolutional network on batches of samples.

The task is that of Kipf and Welling, "Semi-supervised classification with graph convolutional
networks", ICLR 2017, https://arxiv.org/abs/1609.02907: the classes of 20 papers each are known, and
those of 1,000 other papers are to be predicted, from the words of all papers and from their
citations. Table 2 there has the accuracies in `PUBLISHED`; the network and its settings are those
of the paper, with a fixed number of epochs.

The words, the classes and the degrees of papers lie in the store of the graph, and batches bring
those of their nodes. With all neighbours of two hops (`--fanouts -1 -1`, the default), the network
computes what it would of the whole graph; with fewer, an estimate of it.

The program needs PyTorch and PyTorch Geometric, and the data in a folder; `--download` downloads
missing files:

    pip install torch torch_geometric
    python examples/graph_neural_network.py cora-data --download

The exit code is 0 if the mean accuracy is at most `MARGIN` points below the published one, and 1
otherwise.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from planetoid import FEATURES, FILES, Task, download, load_features, load_task, repeat
from torch.nn import functional
from torch_geometric.nn import GCNConv

import graphwalk

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Accuracy of the network in per cent, Table 2 of Kipf and Welling.
PUBLISHED = {"cora": 81.5, "citeseer": 70.3, "pubmed": 79.0}
MARGIN = 1.5

HIDDEN, DROPOUT, RATE, DECAY, EPOCHS = 16, 0.5, 0.01, 5e-4, 200


class Network(torch.nn.Module):
    """Two layers, each of which adds up what neighbours have, by the degrees of both ends."""

    def __init__(self, words: int, classes: int) -> None:
        super().__init__()
        self.first = GCNConv(words, HIDDEN, normalize=False)
        self.second = GCNConv(HIDDEN, classes, normalize=False)

    def forward(self, batch: Any) -> torch.Tensor:
        """Return the scores of the classes of the seeds of a batch."""
        # Degrees of the whole graph: nodes at the border of a batch have few neighbours in it.
        scale = (batch.degree + 1).rsqrt()
        source, target = batch.edge_index
        own = torch.arange(batch.num_nodes)
        edges = torch.stack([torch.cat([source, own]), torch.cat([target, own])])
        # Samples stand for all neighbours of a node.
        found = torch.bincount(target, minlength=batch.num_nodes).clamp(min=1)
        share = (batch.degree / found)[target]
        weights = torch.cat([scale[source] * scale[target] * share, scale**2])
        x = functional.dropout(batch.x, DROPOUT, self.training)
        x = self.first(x, edges, weights).relu()
        x = functional.dropout(x, DROPOUT, self.training)
        return self.second(x, edges, weights)[: batch.batch_size]


def store_of(task: Task, features: np.ndarray) -> graphwalk.Graph:
    """Return the graph, with the words, the classes and the degrees of its nodes."""
    graph = graphwalk.build_zarr(task.edges, num_nodes=task.num_nodes, self_loops="drop")
    classes = np.full(task.num_nodes, -1)
    classes[task.train], classes[task.test] = task.train_classes, task.test_classes
    graph.set_node_array("x", features)
    graph.set_node_array("y", classes)
    graph.set_node_array("degree", graph.degrees.astype(np.float32))
    return graph


def accuracy(graph: graphwalk.Graph, task: Task, fanouts: Sequence[int], seed: int) -> float:
    """Train a network; return its accuracy on the test nodes in per cent."""
    torch.manual_seed(seed)
    how = {"node_arrays": ["x", "y", "degree"], "seed": seed}
    train = graphwalk.NeighborDataset(graph, task.train, fanouts, batch_size=len(task.train), **how)
    test = graphwalk.NeighborDataset(graph, task.test, fanouts, batch_size=len(task.test), **how)
    network = Network(graph.node_array("x").shape[1], int(task.train_classes.max()) + 1)
    # Only the weights of the first layer are kept small.
    parameters = [
        {"params": network.first.parameters(), "weight_decay": DECAY},
        {"params": network.second.parameters()},
    ]
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    for epoch in range(EPOCHS):
        train.set_epoch(epoch)
        for batch in train:
            optimizer.zero_grad()
            functional.cross_entropy(network(batch), batch.y[: batch.batch_size]).backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        right = sum(
            int((network(batch).argmax(1) == batch.y[: batch.batch_size]).sum()) for batch in test
        )
    return 100 * right / len(task.test)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="where the data set is")
    parser.add_argument("--dataset", choices=PUBLISHED, default="cora")
    parser.add_argument("--download", action="store_true", help="download missing files")
    parser.add_argument("--seeds", type=int, default=5, help="number of repetitions; default: 5")
    parser.add_argument("--fanouts", type=int, nargs=2, default=[-1, -1], help="default: -1 -1")
    args = parser.parse_args(arguments)
    if args.download:
        download(args.folder, args.dataset, FILES + FEATURES)
    task = load_task(args.folder, args.dataset)
    graph = store_of(task, load_features(args.folder, args.dataset, task.num_nodes))
    print(graph)
    reproduced = repeat(
        lambda seed: accuracy(graph, task, args.fanouts, seed),
        *(args.seeds, args.dataset, len(task.test), PUBLISHED[args.dataset], MARGIN),
    )
    return int(not reproduced)


if __name__ == "__main__":
    sys.exit(main())
