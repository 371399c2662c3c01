"""Ranks of PyTorch's distributed training share walks; run by `make test-torch`."""

from collections import Counter

import numpy as np
import pytest

import graphwalk

torch = pytest.importorskip("torch")

RANKS = 2


def train(rank, place, source, workers, results):
    """Collect what a rank's `DataLoader` yields in two epochs."""
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{place}", rank=rank, world_size=RANKS
    )
    dataset = graphwalk.WalkDataset(source, batch_size=16, shuffle_buffer=20)
    found = []
    for epoch in range(2):
        dataset.set_epoch(epoch)
        loader = torch.utils.data.DataLoader(
            dataset,
            batch_size=None,
            num_workers=workers,
            multiprocessing_context="spawn" if workers else None,
        )
        found.append(np.concatenate([batch.numpy() for batch in loader]))
    np.savez(f"{results}-{rank}.npz", *found)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.timeout(600)
def test_each_walk_is_yielded_once_an_epoch(tmp_path):
    edges = np.random.default_rng(3).integers(40, size=(2, 90))
    graph = graphwalk.build_zarr(edges, tmp_path / "graph.zarr", num_nodes=40, directed=True)
    how = {"num_walks": 3, "walk_length": 5, "chunks": 11}
    walks = graphwalk.random_walks(graph, seed=2, **how)
    stored = graphwalk.write_walks(walks, tmp_path / "walks.zarr")
    for name, source, workers in (("lazy", walks, 1), ("stored", stored, 0)):
        args = str(tmp_path / f"init-{name}"), source, workers, str(tmp_path / name)
        torch.multiprocessing.spawn(train, args, nprocs=RANKS)
        found = [np.load(tmp_path / f"{name}-{rank}.npz") for rank in range(RANKS)]
        for epoch in range(2):
            each = [ranks[f"arr_{epoch}"] for ranks in found]
            assert all(len(rows) for rows in each)
            seed = 2 + epoch if name == "lazy" else 2
            due = graphwalk.random_walks(graph, seed=seed, **how).compute()
            assert Counter(map(tuple, np.concatenate(each).tolist())) == Counter(
                map(tuple, due.tolist())
            )
