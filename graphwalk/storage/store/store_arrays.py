"""The arrays of a graph's store, opened when they are first read, and the graph's identity."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphwalk.errors import InputError, StoreError, argument
from graphwalk.storage.store.array_reader import ArrayReader
from graphwalk.storage.store.graph_properties import GraphProperties
from graphwalk.storage.store.group import attributes_mark, open_group, read_identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import zarr

    from graphwalk.storage.store.format import ArrayName, GraphInfo, Manifest

#: What is missing where a graph does not have one of its possible arrays, and the remedy.
_MISSING: Mapping[str, str] = {
    "weights": "{} has no weights; build it from weighted edges",
    "times": "{} has no times; build it with {}",
    "edge_types": "the edges of {} have no types; build it with {}",
    "node_types": "the nodes of {} have no types; graphwalk.set_node_types gives them types",
}


class StoreArrays(GraphProperties):
    """A graph's arrays, opened when they are first read.

    It pickles as its path, attributes and storage options.

    Parameters
    ----------
    location : str
        Path or URL of the store.
    info : GraphInfo
        Its attributes.
    storage_options : mapping, optional
        For fsspec, if `location` is a URL.
    temporary : bool
        Whether the store was made without a name, on this machine, and is removed with this object.
    owner : object, optional
        Kept as long as this object: a temporary store is removed with its first `GraphArrays`.
    """

    def __init__(
        self,
        location: str,
        info: GraphInfo,
        storage_options: Mapping[str, Any] | None = None,
        *,
        temporary: bool = False,
        owner: object = None,
    ) -> None:
        super().__init__(location, info)
        self.info = info
        self.temporary = temporary
        self.storage_options = storage_options
        self._owner = owner
        self._readers: dict[str, ArrayReader] = {}
        self._checked: tuple[int, ...] | None = None
        #: Entries, and the kind of their values, that were found fit to be walked.
        self.sound: set[tuple[range, str | None]] = set()

    def __reduce__(self) -> tuple[type[StoreArrays], tuple[Any, ...]]:
        info = replace(self.info, manifest=None)  # that is read again
        return type(self), (self.path, info, self.storage_options)

    @cached_property
    def _opened(self) -> tuple[zarr.Group, GraphInfo]:
        """The store, and the attributes of its build, which may be another build of this graph."""
        group, info = open_group(self.path, self.storage_options)
        if self.digest is not None and info.identity != self.info.identity:
            raise self._replaced()
        return group, info

    @property
    def group(self) -> zarr.Group:
        """The store."""
        return self._opened[0]

    @property
    def manifest(self) -> Manifest | None:
        """What the attributes of the build that is read say of each array; None in format 1."""
        return self._opened[1].manifest

    @property
    def added_arrays(self) -> dict[str, int]:
        """Arrays of values that were added to the store, see `GraphInfo.added_arrays`."""
        return self._opened[1].added_arrays

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Check that what the block has read is of the graph that was opened.

        The check comes after reading: what was read before the store was replaced is right.

        Raises
        ------
        StoreError
            When another graph is at the path now, or none; instead of any error of the block that
            says that the store is damaged.
        """
        try:
            yield
        except StoreError:
            self.check_identity()
            raise
        self.check_identity()

    def check_identity(self) -> None:
        """Raise StoreError if another graph is at the path now, or none."""
        if self.digest is None:  # written by an early version, which cannot be told from others
            return
        mark = attributes_mark(self.path)
        if mark is not None and mark == self._checked:
            return
        if read_identity(self.path, self.storage_options) != self.info.identity:
            raise self._replaced()
        self._checked = mark

    def _replaced(self) -> StoreError:
        return StoreError(
            f"{self.path} was replaced by another graph after it was opened; open it again by "
            "open_zarr, and use what that returns"
        )

    @property
    def seek_cost_bytes(self) -> int:
        """Bytes of a partition that are read in the time that reading one row alone takes."""
        return self._reader("neighbors").seek_cost_bytes

    @property
    def read_buffers(self) -> int:
        """Bytes that a thread keeps to read chunks with."""
        return self._reader("neighbors").buffers

    def chunk_length(self, name: ArrayName) -> int:
        """Return how many elements a chunk of a stored array has."""
        return self._reader(name).chunk

    @cached_property
    def _checking_reader(self) -> ArrayReader:
        length, nodes = self.num_entries, max(1, self.num_nodes)
        return self.open_array("neighbors", length, nodes, self.neighbor_dtype)

    def _reader(self, name: ArrayName) -> ArrayReader:
        if name not in self._readers:
            if name not in self.info.arrays:
                raise InputError(_MISSING[name].format(self.path, argument(name, True)))
            dtype, length = self.info.arrays[name]
            self._readers[name] = self.open_array(name, length, dtype=dtype)
        return self._readers[name]

    def open_array(
        self, name: str, length: int, below: int | None = None, dtype: Any = None
    ) -> ArrayReader:
        """Return what reads an array, and verifies its chunks by the store's manifest."""
        group, info = self._opened
        if name == "node_types" and info.node_types != self.info.node_types:
            raise StoreError(
                f"the types of the nodes of {self.path} were replaced after it was opened; open it "
                "again by open_zarr, and use what that returns"
            )
        try:
            return ArrayReader(group, self.path, name, length, below, dtype, info.manifest)
        except StoreError:
            for kept in ("_opened", "_checking_reader"):  # another build may have taken its place
                self.__dict__.pop(kept, None)
            if self.manifest == info.manifest:
                raise
            self._readers.clear()
            return self.open_array(name, length, below, dtype)
