"""Learn vectors of Debian's packages by skip-gram, written out in PyTorch."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch.utils.data import DataLoader

import graphwalk

DEBIAN = Path(__file__).parent / "debian" / "debian_depends.parquet"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("edges", nargs="?", default=DEBIAN)
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args(arguments)

    graph = graphwalk.build_zarr(args.edges)
    walks = graphwalk.random_walks(graph, walk_length=20, seed=1)
    pairs = graphwalk.SkipGramDataset(walks, window=3, negative=5, batch_size=4096)
    center = torch.nn.Embedding(graph.num_nodes, 32)
    context = torch.nn.Embedding(graph.num_nodes, 32)
    torch.nn.init.zeros_(context.weight)
    optimizer = torch.optim.Adam([*center.parameters(), *context.parameters()], lr=0.01)
    for epoch in range(args.epochs):
        pairs.set_epoch(epoch)  # other walks in each epoch
        losses = []
        for nodes, near, far in DataLoader(pairs, batch_size=None):
            seen = (center(nodes) * context(near)).sum(1)
            drawn = torch.einsum("nd,nkd->nk", center(nodes), context(far))
            loss = -(
                torch.nn.functional.logsigmoid(seen).mean()
                + torch.nn.functional.logsigmoid(-drawn).sum(1).mean()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {losses[0]:.3f} to {losses[-1]:.3f}")


if __name__ == "__main__":
    main()
