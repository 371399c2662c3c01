"""Walks as PyTorch datasets, for training while walks are computed or read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphwalk.algorithms.training.shared_dataset import SharedDataset, tensor
from graphwalk.algorithms.training.walk_blocks import WalkBlocks, in_batches
from graphwalk.algorithms.walks.skip_grams import PAIRS, skip_grams
from graphwalk.util.parameters import COUNT

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    import dask.array as da
    from numpy.typing import NDArray


class _WalkDataset(SharedDataset):
    """What both datasets of walks share: their blocks, and which worker reads which block."""

    def __init__(self, walks: Any, storage_options: Mapping[str, Any] | None) -> None:
        super().__init__()
        self._blocks = WalkBlocks(walks, storage_options)

    def share(self, number: int, of: int) -> Iterator[Any]:
        """Yield the examples of one of some workers."""
        return self._examples(self._blocks.share(number, of))

    def _examples(self, blocks: Iterator[NDArray[np.integer[Any]]]) -> Iterator[Any]:
        raise NotImplementedError


class WalkDataset(_WalkDataset):
    """Walks as a ``torch.utils.data.IterableDataset``.

    Each pass computes or reads the walks again, a few blocks at a time. With n workers of a
    ``DataLoader``, worker k takes the blocks k, k + n, k + 2 n …; together they yield the same
    walks as one. Pass ``batch_size=None`` to the ``DataLoader`` if the dataset makes the batches.
    Walks are in the order of their rows; for a random order, pass `start_nodes` in random order to
    `random_walks`.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        What `random_walks` returned; or where `write_walks` has written walks as Zarr,
        npy, or Parquet without labels.
    batch_size : int, optional
        Walks of a batch; the last batch of a worker may have fewer. None: single walks.
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
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(walks, storage_options)
        self._size = None if batch_size is None else COUNT.check("batch_size", batch_size)

    def _examples(self, blocks: Iterator[NDArray[np.integer[Any]]]) -> Iterator[Any]:
        if self._size is None:
            return (_tensor(walk) for block in blocks for walk in block)
        return map(_tensor, in_batches(blocks, self._size))


class SkipGramDataset(_WalkDataset):
    """Pairs of nodes that are near each other in walks, as an ``IterableDataset`` of batches.

    A pair consists of two positions of a walk that are at most `window` steps apart. Each of them
    is the center once, and the context once. Elements after the end of a walk are in no pair.
    Passes, workers and order are as in `WalkDataset`; within a walk, pairs are ordered by center,
    then by context.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        As for `WalkDataset`.
    window : int
        Steps between the nodes of a pair, at most.
    batch_size : int
        Pairs of a batch; the last batch of a worker may have fewer.
    storage_options : mapping, optional
        For fsspec, if `walks` is a URL.

    Yields
    ------
    (torch.Tensor, torch.Tensor) of int64, each of shape (batch_size,)
        Centers and contexts.

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
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(walks, storage_options)
        self._window = COUNT.check("window", window)
        self._size = COUNT.check("batch_size", batch_size)

    def _examples(self, blocks: Iterator[NDArray[np.integer[Any]]]) -> Iterator[Any]:
        pairs = skip_grams(blocks, self._blocks.width, self._window, max(PAIRS, self._size))
        for batch in in_batches(pairs, self._size):
            yield _tensor(batch[:, 0]), _tensor(batch[:, 1])


def _tensor(nodes: NDArray[np.integer[Any]]) -> Any:
    """Return a copy of nodes as a tensor; a view would keep, and send, the whole block."""
    return tensor(nodes.astype(np.int64))
