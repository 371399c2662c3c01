"""Datasets of walks and of pairs in them: with PyTorch if it is there, and without.

All but what PyTorch itself does is tested without it, with a stand-in for the two names that are
used of it.
"""

import importlib.util
import pickle
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.training import shared_dataset
from graphwalk.algorithms.training.walk_blocks import in_batches, shuffled
from graphwalk.algorithms.walks.skip_grams import skip_grams

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="PyTorch is not installed; its CUDA build is too large to be required: "
    "pip install torch",
)
SUFFIXES = [".zarr", ".npy", ".parquet"]


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Directed and sparse, so that many walks end early, some at once."""
    edges = np.random.default_rng(3).integers(60, size=(2, 110))
    store = tmp_path_factory.mktemp("graph") / "graph.zarr"
    return graphwalk.build_zarr(edges, store, num_nodes=60, directed=True)


@pytest.fixture(scope="module")
def walks(graph):
    return graphwalk.random_walks(graph, num_walks=5, walk_length=6, seed=2, chunks=37)


@pytest.fixture(scope="module")
def expected(walks):
    found = walks.compute().astype(np.int64)
    assert ((found >= 0).sum(axis=1) == 1).any()
    assert (found[:, -1] >= 0).any()
    return found


@pytest.fixture
def sources(walks, tmp_path, monkeypatch):
    """Return the walks, and where they are stored, each in several blocks."""
    monkeypatch.setattr("graphwalk.algorithms.output.read_walks._NPY_NODES", 200)
    return [
        walks,
        *(graphwalk.write_walks(walks, tmp_path / f"walks{suffix}") for suffix in SUFFIXES),
    ]


class OwnNumber(int):
    """A number in place of a tensor that other processes have, too."""

    def share_memory_(self):
        return self

    def is_shared(self):
        return False


@pytest.fixture
def as_worker(monkeypatch):
    """Return what makes this process a worker of a DataLoader, as far as datasets can tell."""
    fake = SimpleNamespace(from_numpy=lambda array: array, tensor=OwnNumber)
    monkeypatch.setattr(shared_dataset, "torch", fake)

    def become(number, workers):
        info = None if workers is None else SimpleNamespace(id=number, num_workers=workers)
        monkeypatch.setattr(shared_dataset, "get_worker_info", lambda: info, raising=False)

    become(0, None)
    return become


def pairs_by_hand(walks, window):
    return [
        (int(walk[i]), int(walk[j]))
        for walk in walks
        for i in range(len(walk))
        for j in range(max(0, i - window), min(len(walk), i + window + 1))
        if i != j and walk[i] >= 0 and walk[j] >= 0
    ]


@pytest.mark.parametrize("window", [1, 2, 6, 50])
def test_pairs_are_those_within_the_window(window, expected):
    for at_a_time in (20, 1 << 19):
        blocks = [expected[:100], expected[100:]]
        found = np.concatenate(list(skip_grams(blocks, expected.shape[1], window, at_a_time)))
        assert [tuple(pair) for pair in found.tolist()] == pairs_by_hand(expected, window)


def test_a_walk_of_one_node_has_no_pairs():
    assert [len(pairs) for pairs in skip_grams([np.array([[3], [4]])], 1, 5)] == [0]


@pytest.mark.parametrize("size", [1, 4, 7, 10, 100])
def test_batches_are_cut_anew(size):
    rows = np.arange(46).reshape(23, 2)
    arrays = np.split(rows, [2, 2, 9, 10, 20])
    batches = list(in_batches(arrays, size))
    np.testing.assert_array_equal(np.concatenate(batches), rows)
    assert {len(batch) for batch in batches[:-1]} <= {size}
    assert 0 < len(batches[-1]) <= size


def test_walks_come_with_their_padding(sources, expected, as_worker):
    for source in sources:
        dataset = graphwalk.WalkDataset(source)
        for _ in range(2):
            rows = list(dataset)
            assert {(row.shape, row.dtype.name) for row in rows} == {((7,), "int64")}
            np.testing.assert_array_equal(rows, expected)
        batches = list(graphwalk.WalkDataset(source, batch_size=64))
        assert [batch.shape for batch in batches] == [(64, 7)] * 4 + [(44, 7)]
        np.testing.assert_array_equal(np.concatenate(batches), expected)


def test_pairs_come_in_batches(sources, expected, as_worker):
    by_hand = pairs_by_hand(expected, 3)
    for source in sources:
        dataset = graphwalk.SkipGramDataset(source, window=3, batch_size=100)
        for _ in range(2):
            batches = list(dataset)
            assert {part.dtype.name for batch in batches for part in batch} == {"int64"}
            assert {len(centers) for centers, _ in batches[:-1]} == {100}
            assert flat(batches) == by_hand


def flat(batches):
    return [
        pair
        for centers, contexts in batches
        for pair in zip(centers.tolist(), contexts.tolist(), strict=True)
    ]


@pytest.mark.parametrize("workers", [1, 2, 3, 40])
def test_workers_together_yield_what_one_does(workers, sources, expected, as_worker):
    for source in sources:
        walks, pairs, shares = Counter(), Counter(), []
        for number in range(workers):
            as_worker(number, workers)
            mine = [tuple(walk.tolist()) for walk in graphwalk.WalkDataset(source)]
            walks.update(mine)
            shares.append(len(mine))
            pairs.update(flat(graphwalk.SkipGramDataset(source, window=2, batch_size=50)))
        assert walks == Counter(map(tuple, expected.tolist()))
        assert pairs == Counter(pairs_by_hand(expected, 2))
        assert all(shares[:5])  # there are more blocks than that


def test_what_a_consumer_does_to_a_tensor_stays_with_it(walks, expected, as_worker):
    for walk in graphwalk.WalkDataset(walks):
        walk[:] = 0
    for centers, _ in graphwalk.SkipGramDataset(walks, batch_size=10):
        centers[:] = 0
    np.testing.assert_array_equal(list(graphwalk.WalkDataset(walks)), expected)


def test_what_is_refused(walks, tmp_path, as_worker):
    named = graphwalk.write_walks(walks, tmp_path / "named.parquet", labels=list(range(60)))
    with pytest.raises(errors.InputError, match=r"holds labels.*\.zarr"):
        graphwalk.WalkDataset(named)
    text = graphwalk.write_walks(walks, tmp_path / "walks.txt")
    with pytest.raises(errors.InputError, match=r"write them to \.zarr"):
        graphwalk.WalkDataset(text)
    with pytest.raises(errors.StoreNotFoundError, match="there are no walks"):
        graphwalk.WalkDataset(tmp_path / "none.zarr")
    for options in ({"window": 0}, {"window": 1.5}, {"batch_size": 0}, {"batch_size": True}):
        with pytest.raises(errors.InputError, match="must be an integer, at least 1"):
            graphwalk.SkipGramDataset(walks, **options)
    with pytest.raises(errors.InputError, match="not a Dask array"):
        graphwalk.WalkDataset(np.zeros((2, 3), int))


def test_without_torch(walks, monkeypatch):
    monkeypatch.setattr(shared_dataset, "torch", None)
    with pytest.raises(errors.InputError, match=r"PyTorch.*pip install torch"):
        graphwalk.WalkDataset(walks)


@pytest.fixture
def as_rank(as_worker, monkeypatch):
    """Return what makes this process a rank, and a worker of it, as far as datasets can tell."""

    def become(rank, ranks, worker=0, workers=None):
        as_worker(worker, workers)
        there = SimpleNamespace(
            is_available=lambda: True,
            is_initialized=lambda: True,
            get_rank=lambda: rank,
            get_world_size=lambda: ranks,
        )
        monkeypatch.setattr(shared_dataset.torch, "distributed", there, raising=False)

    return become


@pytest.mark.parametrize("workers", [None, 2])
def test_ranks_share_the_walks_of_an_epoch(workers, sources, expected, as_rank):
    for source in sources:
        walks, pairs = Counter(), Counter()
        for rank in range(3):
            found = []
            for number in range(workers or 1):
                as_rank(rank, 3, number, workers)
                found += [tuple(row.tolist()) for row in graphwalk.WalkDataset(source)]
                dataset = graphwalk.SkipGramDataset(source, window=2, batch_size=50)
                pairs.update(flat(dataset))
            walks.update(found)
            if not str(source).endswith(".parquet"):
                assert len(graphwalk.WalkDataset(source)) == len(found)
        assert walks == Counter(map(tuple, expected.tolist()))
        assert pairs == Counter(pairs_by_hand(expected, 2))


def test_a_worker_that_is_spawned_knows_its_rank(walks, as_rank, monkeypatch):
    as_rank(1, 2)
    dataset = graphwalk.WalkDataset(walks)
    sent = dataset.__getstate__()
    due = [row.tolist() for row in dataset]
    monkeypatch.setattr(shared_dataset.torch, "distributed", None)
    dataset.__dict__.update(sent)
    assert [row.tolist() for row in dataset] == due


def test_lengths(sources, expected, graph, as_worker):
    for source in sources:
        assert len(graphwalk.WalkDataset(source)) == len(expected)
        assert len(graphwalk.WalkDataset(source, batch_size=64)) == -(-len(expected) // 64)
    ring = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0)])
    walks = graphwalk.random_walks(ring, num_walks=9, walk_length=5, seed=1)
    dataset = graphwalk.SkipGramDataset(walks, window=2, batch_size=10)
    assert len(dataset) == len(list(dataset))


def test_epochs_have_walks_of_their_own(graph, walks, as_worker, tmp_path):
    dataset = graphwalk.WalkDataset(pickle.loads(pickle.dumps(walks)))  # as another process has it
    how = {"num_walks": 5, "walk_length": 6}
    for epoch in (0, 3):
        dataset.set_epoch(epoch)
        due = graphwalk.random_walks(graph, seed=2 + epoch, **how).compute()
        np.testing.assert_array_equal(list(dataset), due)
    stored = graphwalk.write_walks(walks, tmp_path / "walks.zarr")
    for source in (stored, walks[:100]):
        dataset = graphwalk.WalkDataset(source, shuffle_buffer=50)
        orders = []
        for epoch in (0, 1, 0):
            dataset.set_epoch(epoch)
            orders.append([tuple(row.tolist()) for row in dataset])
        assert orders[0] == orders[2] != orders[1]
        assert Counter(orders[0]) == Counter(orders[1])
    with pytest.raises(errors.InputError, match="epoch"):
        dataset.set_epoch(-1)


@pytest.mark.parametrize("buffer", [1, 30, 1000])
def test_rows_are_drawn_from_a_bounded_buffer(buffer):
    blocks = np.split(np.arange(200)[:, None], 8)
    held = 0

    def counted():
        nonlocal held
        for block in blocks:
            held += len(block)
            yield block

    found = []
    for rows in shuffled(counted(), buffer, np.random.default_rng(1)):
        found += rows.ravel().tolist()
        assert held - len(found) in (0, min(buffer, 200))
    assert sorted(found) == list(range(200))
    assert found != list(range(200))
    assert list(shuffled(iter([]), buffer, np.random.default_rng(1))) == []


def test_noise_is_drawn_by_degree(walks, graph, as_worker, tmp_path):
    """χ² of the nodes that are drawn; none without a neighbour is."""
    dataset = graphwalk.SkipGramDataset(walks, batch_size=64, negative=40)
    drawn = np.concatenate([negatives.ravel() for _, _, negatives in dataset])
    centers, contexts, negatives = next(iter(dataset))
    assert negatives.shape == (len(centers), 40) == (len(contexts), 40)
    shares = graph.degrees**0.75 / (graph.degrees**0.75).sum()
    found = np.bincount(drawn, minlength=60)
    assert not found[shares == 0].any()
    due = shares[shares > 0] * len(drawn)
    statistic = ((found[shares > 0] - due) ** 2 / due).sum()
    assert statistic < len(due) + 5 * np.sqrt(2 * len(due))
    stored = graphwalk.write_walks(walks, tmp_path / "walks.npy")
    with pytest.raises(errors.InputError, match=r"pass degrees=, such as graph\.degrees"):
        graphwalk.SkipGramDataset(stored, negative=1)
    dataset = graphwalk.SkipGramDataset(stored, negative=1, degrees=[0, 1] + 58 * [0])
    assert all((negatives == 1).all() for _, _, negatives in dataset)


def loader(dataset, start):
    from torch.utils.data import DataLoader

    return DataLoader(
        dataset, batch_size=None, num_workers=2, multiprocessing_context=start, timeout=120
    )


@needs_torch
def test_workers_that_are_forked(walks, expected, tmp_path):
    """Right after threads of this process have walked and read, which must not hold them up."""
    import torch

    stored = graphwalk.write_walks(walks, tmp_path / "walks.zarr")
    for source in (stored, walks):
        batches = loader(graphwalk.WalkDataset(source, batch_size=50), "fork")
        for _ in range(2):
            found = list(batches)
            assert {batch.dtype for batch in found} == {torch.int64}
            assert Counter(map(tuple, torch.cat(found).tolist())) == Counter(
                map(tuple, expected.tolist())
            )
        pairs = loader(graphwalk.SkipGramDataset(source, window=2, batch_size=64), "fork")
        assert Counter(flat(pairs)) == Counter(pairs_by_hand(expected, 2))


@needs_torch
def test_workers_that_are_spawned(walks, expected):
    """They are sent lazy walks, and read the graph themselves."""
    found = loader(graphwalk.SkipGramDataset(walks, window=2, batch_size=64), "spawn")
    assert Counter(flat(found)) == Counter(pairs_by_hand(expected, 2))


@needs_torch
def test_a_loader_makes_batches_of_single_walks(walks, expected):
    from torch.utils.data import DataLoader, IterableDataset

    dataset = graphwalk.WalkDataset(walks)
    assert isinstance(dataset, IterableDataset)
    batches = list(DataLoader(dataset, batch_size=100))
    assert [tuple(batch.shape) for batch in batches] == [(100, 7)] * 3
    np.testing.assert_array_equal(np.concatenate([batch.numpy() for batch in batches]), expected)
