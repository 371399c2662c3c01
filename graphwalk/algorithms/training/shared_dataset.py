"""A PyTorch dataset whose examples the workers of a ``DataLoader`` share among them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import dask

from graphwalk.errors import InputError
from graphwalk.util.parameters import whole
from graphwalk.util.threads import num_cores

try:
    import torch
    from torch.utils.data import IterableDataset, get_worker_info
except ImportError:  # the classes exist without PyTorch; calling them says what is missing
    torch, IterableDataset = None, object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class SharedDataset(IterableDataset):  # type: ignore[misc]
    """A dataset of which each worker yields a share."""

    def __init__(self) -> None:
        if torch is None:
            raise InputError("datasets need PyTorch, which is not installed: pip install torch")
        super().__init__()
        self._choose(0)

    def set_epoch(self, epoch: int) -> None:
        """Choose the walks or samples, and their order, of the next pass.

        It also holds for workers that a ``DataLoader`` keeps, ``persistent_workers=True``.

        Samples and lazy walks are those of their seed and `epoch` added up. Walks that are stored,
        and parts of lazy ones, stay the same, and change their order with a `shuffle_buffer`.

        Parameters
        ----------
        epoch : int
            The number of the pass, from 0.

        Examples
        --------
        >>> import graphwalk
        >>> from torch.utils.data import DataLoader
        >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
        >>> walks = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1)
        >>> dataset = graphwalk.WalkDataset(walks)
        >>> dataset.set_epoch(1)
        >>> again = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=2).compute()
        >>> [walk.tolist() for walk in DataLoader(dataset, batch_size=None)] == again.tolist()
        True
        """
        chosen = int(whole(0, 2**63 - 1).check("epoch", epoch))
        if self._chooser == os.getpid() and self._shared.is_shared():
            self._shared.fill_(chosen)
        else:  # what this process was sent is of another one, whose epochs it may not change
            self._choose(chosen)

    def _choose(self, epoch: int) -> None:
        # Workers that stay from epoch to epoch have copies of this dataset, but the same memory.
        self._shared, self._chooser = torch.tensor(epoch).share_memory_(), os.getpid()

    @property
    def _epoch(self) -> int:
        return int(self._shared)

    def __iter__(self) -> Iterator[Any]:
        worker = get_worker_info()
        if worker is None:
            yield from self._share(0, 1)
            return
        # Whatever scheduler the parent uses, a worker uses threads, on its share of the cores.
        threads = max(1, num_cores() // worker.num_workers)
        with dask.config.set(scheduler="threads", num_workers=threads):
            yield from self._share(worker.id, worker.num_workers)

    def _share(self, number: int, of: int) -> Iterator[Any]:
        """Yield the examples of one of some workers."""
        raise NotImplementedError


def distributed_ranks() -> tuple[int, int] | None:
    """Return the number of this process and how many train together, if any do."""
    distributed = getattr(torch, "distributed", None)
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return distributed.get_rank(), distributed.get_world_size()


def tensor(values: NDArray[Any]) -> Any:
    """Return an array as a tensor that shares its memory."""
    return torch.from_numpy(values)
