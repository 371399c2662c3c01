"""Walks as PyTorch datasets, for training while walks are computed or read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.training.shared_dataset import (
    SharedDataset,
    distributed_ranks,
    tensor,
)
from graphwalk.algorithms.training.walk_blocks import (
    NoiseNodes,
    WalkBlocks,
    in_batches,
    shuffled,
)
from graphwalk.algorithms.walks.skip_grams import PAIRS, num_pairs, skip_grams
from graphwalk.errors import InputError, argument
from graphwalk.util.parameters import COUNT, whole

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    import dask.array as da
    from numpy.typing import ArrayLike, NDArray


class _WalkDataset(SharedDataset):
    """What both datasets of walks share: their blocks, and which process reads which block."""

    def __init__(
        self, walks: Any, storage_options: Mapping[str, Any] | None, shuffle_buffer: int
    ) -> None:
        super().__init__()
        self._blocks = WalkBlocks(walks, storage_options)
        self._buffer = int(whole(0).check("shuffle_buffer", shuffle_buffer))
        self._told_ranks = 0, 1

    def _share(self, number: int, of: int) -> Iterator[Any]:
        """Yield the examples of one of some workers of this rank."""
        rank, ranks = self._ranks
        number, of = number * ranks + rank, of * ranks
        seed = self._blocks.seed, self._epoch, number
        blocks = self._blocks.of_epoch(self._epoch).share(number, of)
        return self._examples(blocks, np.random.default_rng(seed))

    @property
    def _ranks(self) -> tuple[int, int]:
        """The number of this process, and how many train together."""
        return distributed_ranks() or self._told_ranks

    def __getstate__(self) -> dict[str, Any]:
        # A worker that is spawned is no rank itself.
        return self.__dict__ | {"_told_ranks": self._ranks}

    def _num_walks(self) -> int:
        return self._blocks.num_walks(*self._ranks)

    def _examples(
        self, blocks: Iterator[NDArray[np.integer[Any]]], rng: np.random.Generator
    ) -> Iterator[Any]:
        raise NotImplementedError

    def _in_order(
        self, arrays: Iterator[NDArray[np.integer[Any]]], rng: np.random.Generator
    ) -> Iterator[NDArray[np.integer[Any]]]:
        return shuffled(arrays, self._buffer, rng) if self._buffer else arrays


class WalkDataset(_WalkDataset):
    """Walks as a ``torch.utils.data.IterableDataset``.

    Each pass computes or reads the walks again, a few blocks at a time. With n workers of a
    ``DataLoader``, worker k takes the blocks k, k + n, k + 2 n …; together they yield the same
    walks as one. Where processes train together (``torch.distributed``), the workers of all ranks
    share the blocks so, and each walk is yielded by one of them. Ranks may differ by the walks of a
    block: ``torch.distributed.algorithms.join.Join`` lets them end one after the other.
    Pass ``batch_size=None`` to the ``DataLoader`` if the dataset makes the batches. Walks are in
    the order of their rows, unless there is a `shuffle_buffer`; `set_epoch` chooses other walks.

    ``len(dataset)`` is what this rank yields, with one worker or none. With more, each of them may
    have a smaller last batch.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        What `random_walks` returned; or where `write_walks` has written walks as Zarr,
        npy, or Parquet without labels.
    batch_size : int, optional
        Walks of a batch; the last batch of a worker may have fewer. None: single walks.
    shuffle_buffer : int
        Walks among which the next are drawn at random, in addition to those of a block: each worker
        holds that many. 0: they come in order. The order is that of the seed of the walks, the
        epoch and the number of the worker.
    storage_options : mapping, optional
        For fsspec, if `walks` is a URL.

    Yields
    ------
    torch.Tensor of int64, shape (walk_length + 1,) or (batch_size, walk_length + 1)
        Node ids, -1 after the end of a walk.

    Raises
    ------
    InputError
        When PyTorch is not installed, `batch_size` is not positive, or `walks` are not walks or
        are stored as text or labels.
    StoreError
        When there are no walks at a path, or, during iteration, they cannot be read.

    Notes
    -----
    Workers are fastest with stored walks. A worker that computes lazy walks needs the graph: a
    forked worker shares what its parent has loaded, and a spawned worker loads the graph itself.
    Forking while threads of the parent compute is unsafe, and so it is with URLs and after Ray
    was used: then pass ``multiprocessing_context="spawn"`` to the ``DataLoader``.

    Examples
    --------
    >>> import graphwalk
    >>> from torch.utils.data import DataLoader
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> walks = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1)
    >>> dataset = graphwalk.WalkDataset(walks, batch_size=2)
    >>> [batch.tolist() for batch in DataLoader(dataset, batch_size=None)]
    [[[0, 1, 0, 1], [1, 0, 1, 0]], [[2, 1, 0, 1]]]
    """

    def __init__(
        self,
        walks: da.Array | str | os.PathLike[str],
        *,
        batch_size: int | None = None,
        shuffle_buffer: int = 0,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(walks, storage_options, shuffle_buffer)
        self._size = None if batch_size is None else COUNT.check("batch_size", batch_size)

    def __len__(self) -> int:
        """Return the number of walks, or of batches, of this rank."""
        return -(-self._num_walks() // (self._size or 1))

    def _examples(
        self, blocks: Iterator[NDArray[np.integer[Any]]], rng: np.random.Generator
    ) -> Iterator[Any]:
        blocks = self._in_order(blocks, rng)
        if self._size is None:
            return (_tensor(walk) for block in blocks for walk in block)
        return map(_tensor, in_batches(blocks, self._size))


class SkipGramDataset(_WalkDataset):
    """Pairs of nodes that are near each other in walks, as an ``IterableDataset`` of batches.

    A pair consists of two positions of a walk that are at most `window` steps apart. Each of them
    is the center once, and the context once. Elements after the end of a walk are in no pair.
    Passes, epochs, ranks, workers and order are as in `WalkDataset`; within a walk, pairs are
    ordered by center, then by context. ``len(dataset)`` is the number of batches if no walk ends
    early, which is the most that there can be.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        As for `WalkDataset`.
    window : int
        Steps between the nodes of a pair, at most.
    batch_size : int
        Pairs of a batch; the last batch of a worker may have fewer.
    negative : int
        Nodes that are drawn at random for each pair, in proportion to their degree to the power of
        0.75.
    degrees : array_like of int, shape (num_nodes,), optional
        The degrees by which they are drawn; by default those of the graph of lazy walks.
    shuffle_buffer : int
        Pairs among which the next are drawn at random, as in `WalkDataset`.
    storage_options : mapping, optional
        For fsspec, if `walks` is a URL.

    Yields
    ------
    (torch.Tensor, torch.Tensor) of int64, each of shape (batch_size,)
        Centers and contexts; and, if there are `negative` nodes, these as a third one, of shape
        (batch_size, negative).

    Raises
    ------
    InputError
        When PyTorch is not installed, `window` or `batch_size` is not positive, or `walks` are not
        walks or are stored as text or labels.
    StoreError
        When there are no walks at a path, or, during iteration, they cannot be read.

    References
    ----------
    [1] T. Mikolov et al., "Efficient estimation of word representations in vector space",
    2013, https://arxiv.org/abs/1301.3781

    Examples
    --------
    >>> import graphwalk
    >>> from torch.utils.data import DataLoader
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2, seed=1)
    >>> dataset = graphwalk.SkipGramDataset(walks, window=1, batch_size=4)
    >>> for centers, contexts in DataLoader(dataset, batch_size=None):
    ...     print(centers.tolist(), contexts.tolist())
    [0, 1, 1, 0] [1, 0, 0, 1]
    [1, 0, 0, 1] [0, 1, 1, 0]
    [2, 1, 1, 0] [1, 2, 0, 1]
    """

    def __init__(
        self,
        walks: da.Array | str | os.PathLike[str],
        *,
        window: int = 10,
        batch_size: int = 8192,
        negative: int = 0,
        degrees: ArrayLike | None = None,
        shuffle_buffer: int = 0,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(walks, storage_options, shuffle_buffer)
        self._window = COUNT.check("window", window)
        self._size = COUNT.check("batch_size", batch_size)
        self._negative = int(whole(0).check("negative", negative))
        self._noise = NoiseNodes(self._degrees(degrees)) if self._negative else None

    def _degrees(self, given: ArrayLike | None) -> NDArray[np.integer[Any]]:
        graph = self._blocks.graph
        if given is not None:
            return np.asarray(given)
        if graph is None:
            raise InputError(
                f"{argument('negative')} needs the degrees of nodes, and it is not known which "
                f"graph was walked; pass {argument('degrees')}, such as graph.degrees"
            )
        return np.diff(graph.read_offsets(0, graph.num_nodes + 1))

    def __len__(self) -> int:
        """Return the number of batches of this rank, if no walk ends early."""
        pairs = self._num_walks() * num_pairs(self._blocks.width, self._window)
        return -(-pairs // int(self._size))

    def _examples(
        self, blocks: Iterator[NDArray[np.integer[Any]]], rng: np.random.Generator
    ) -> Iterator[Any]:
        pairs = skip_grams(blocks, self._blocks.width, self._window, max(PAIRS, self._size))
        for batch in in_batches(self._in_order(pairs, rng), self._size):
            both = _tensor(batch[:, 0]), _tensor(batch[:, 1])
            if self._noise is None:
                yield both
            else:
                yield *both, tensor(self._noise.draw((len(batch), self._negative), rng))


def _tensor(nodes: NDArray[np.integer[Any]]) -> Any:
    """Return a copy of nodes as a tensor; a view would keep, and send, the whole block."""
    return tensor(nodes.astype(np.int64))
