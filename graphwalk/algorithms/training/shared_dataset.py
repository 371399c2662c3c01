"""A PyTorch dataset whose examples the workers of a ``DataLoader`` share among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask

from graphwalk.errors import InputError
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
