"""Neighbour samples as a PyTorch dataset of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from graphwalk.algorithms.samples.batches import SampleBatches
from graphwalk.algorithms.samples.check_samples import sampling_of
from graphwalk.algorithms.training.shared_dataset import SharedDataset, tensor
from graphwalk.errors import argument
from graphwalk.storage.store.added_arrays import AddedArray
from graphwalk.util.optional_imports import import_optional
from graphwalk.util.parameters import COUNT, FLAG, one_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike

    from graphwalk.algorithms.samples.batches import SampleBatch
    from graphwalk.scheduler.engine.scan_plan import ScanPlan
    from graphwalk.storage.store.graph import Graph


class NeighborDataset(SharedDataset):
    """Neighbour samples around batches of seeds, as a ``torch.utils.data.IterableDataset``.

    A batch has the samples that `sample_neighbors` returns for its seeds. Those of several batches
    are made in the same passes over the graph, which need not fit in memory; one that does is read
    once and stays there as long as the dataset. Pass ``batch_size=None`` to the ``DataLoader``;
    with n workers of it, worker k makes the batches k, k + n, k + 2 n …

    Parameters
    ----------
    store, seeds, fanouts
        As `sample_neighbors` takes them.
    batch_size : int
        Seeds of a batch; the last may have fewer.
    shuffle : bool
        Whether seeds are in random order, another in each epoch.
    batches : {"pyg", "tensors"}
        Whether batches are ``torch_geometric.data.Data``, or dictionaries of the same tensors.
    node_arrays, edge_arrays : sequence of str
        Names of arrays of the store, see `Graph.set_node_array`, of which batches have the rows of
        their nodes and edges, by these names; where in-neighbours are found in `transposed`, arrays
        of edges are those of that store. PyG calls features of nodes ``"x"`` and of edges
        ``"edge_attr"``.
    replace, weighted, times, disjoint, direction, transposed, seed, memory
        As `sample_neighbors` takes them. Epoch k, see `set_epoch`, has the samples of ``seed + k``.

    Yields
    ------
    torch_geometric.data.Data or dict
        With the tensors of int64 ``n_id``, nodes of the graph, first the seeds; ``edge_index``,
        shape (2, num_samples), places in ``n_id`` of the neighbour and of the node that it was
        sampled for; ``e_id``, entries of the store; ``input_id``, positions in `seeds`; with
        `disjoint`, ``batch``, the seed that each node belongs to. ``batch_size`` is the number of
        seeds, and the lists ``num_sampled_nodes`` and ``num_sampled_edges`` say what each hop has
        added, as those of PyG's ``NeighborLoader`` do.

    Raises
    ------
    InputError
        When PyTorch, or with ``"pyg"`` PyTorch Geometric, is not installed, or as
        `sample_neighbors` does.

    Examples
    --------
    >>> import graphwalk
    >>> from torch.utils.data import DataLoader
    >>> graph = graphwalk.build_zarr([(0, 1), (0, 2), (2, 3)])
    >>> dataset = graphwalk.NeighborDataset(
    ...     graph, [0, 3], [-1], batch_size=1, batches="tensors", seed=1
    ... )
    >>> for batch in DataLoader(dataset, batch_size=None):
    ...     print(batch["n_id"].tolist(), batch["edge_index"].tolist())
    [0, 1, 2] [[1, 2], [0, 0]]
    [3, 2] [[1], [0]]
    """

    def __init__(
        self,
        store: Graph | str | os.PathLike[str],
        seeds: ArrayLike | None,
        fanouts: Sequence[int],
        *,
        batch_size: int = 1024,
        shuffle: bool = False,
        batches: Literal["pyg", "tensors"] = "pyg",
        node_arrays: Sequence[str] = (),
        edge_arrays: Sequence[str] = (),
        replace: bool = False,
        weighted: bool | None = None,
        times: ArrayLike | None = None,
        disjoint: bool = False,
        direction: Literal["in", "out"] = "in",
        transposed: Graph | str | os.PathLike[str] | None = None,
        seed: int | None = None,
        memory: str | int | None = None,
    ) -> None:
        super().__init__()
        asked = sampling_of(
            store, seeds, fanouts, replace, weighted, times, disjoint, direction, transposed, seed
        )
        size = int(COUNT.check("batch_size", batch_size))
        self._batches = SampleBatches(asked, size, FLAG.check("shuffle", shuffle), memory)
        self._data = one_of("pyg", "tensors").check("batches", batches) == "pyg"
        if self._data:
            _data_class()
        of_store = (("node", node_arrays, asked.graph._arrays), ("edge", edge_arrays, asked.arrays))
        self._added = [
            (name, kind, AddedArray(arrays, kind, name))
            for kind, names, arrays in of_store
            for name in names
        ]

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._batches)

    @property
    def plan(self) -> ScanPlan:
        """How the batches are made."""
        return self._batches.plan

    def _share(self, number: int, of: int) -> Iterator[Any]:
        """Yield the batches of one of some workers."""
        numbers = range(number, len(self), of)
        return map(self._converted, self._batches.make(self._epoch, numbers))

    def _converted(self, batch: SampleBatch) -> Any:
        fields = batch._asdict()
        values = {
            name: value if isinstance(value, list) else tensor(value)
            for name, value in fields.items()
            if value is not None
        } | {"batch_size": len(batch.input_id)}
        for name, kind, array in self._added:
            values[name] = tensor(array.take(batch.n_id if kind == "node" else batch.e_id))
        return _data_class()(num_nodes=len(batch.n_id), **values) if self._data else values


def _data_class() -> Any:
    return import_optional("torch_geometric.data", f"{argument('batches', 'pyg')} needs").Data
