"""The store on disk: its arrays, their types and chunks, and its attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    #: What the attributes say of each array, by name.
    Manifest: TypeAlias = Mapping[str, Mapping[str, Any]]


#: Version of the format that this module writes, and the newest that it reads.
FORMAT = 2

#: The first version in which a manifest binds each chunk to its place and build.
MANIFEST_FORMAT = 2

#: Key of the attributes, of the group and of arrays, under which everything of graphwalk's lies.
ATTRIBUTE = "graphwalk"

#: Key of an array's attributes for the checksums of its chunks, and of their digest in the group's.
CHECKSUMS = "checksums"

#: Size of a chunk before compression, in bytes.
CHUNK_BYTES = 4 << 20

#: Bytes of a block of a compressed chunk, which is what is decoded at least.
BLOSC_BLOCK = 1 << 19

#: What a chunk that is missing reads as, by array: nothing that a store could contain.
FILL_VALUES: Mapping[str, float] = {
    "offsets": -1,
    "neighbors": -1,
    "weights": float("nan"),
    "times": float("nan"),
    "edge_types": 255,
    "labels": -1,
    "label_offsets": -1,
    "label_bytes": 255,  # no byte of UTF-8
    "node_types": 255,
    "touched_nodes": -1,
}

#: The dimension of each array, so that programs see which have the same length.
DIMENSIONS: Mapping[str, str] = {
    "offsets": "bound",
    "neighbors": "entry",
    "weights": "entry",
    "times": "entry",
    "edge_types": "entry",
    "labels": "node",
    "label_offsets": "bound",
    "label_bytes": "byte",
    "node_types": "node",
    "touched_nodes": "touched",
}

#: What added arrays have values of, as their names begin and as the manifest says.
ADDED: Mapping[str, str] = {"node": "nodes", "edge": "entries"}

#: Names of added arrays: they are folders of the store.
ADDED_NAME = re.compile(r"(node|edge)\.[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")

#: The added array of the input's own ids of edges.
EDGE_IDS = "edge.edge_ids"

LabelKind = Literal["int64", "string"]

#: Arrays that a store may have, except those of labels.
ArrayName = Literal["offsets", "neighbors", "weights", "times", "edge_types", "node_types"]

#: What becomes of parallel edges.
Duplicates = Literal["merge", "keep", "error"]

#: What the value of an edge may be: a weight, a time, or a type.
ValueName = Literal["weights", "times", "edge_types"]

#: Types of the arrays of values.
VALUE_TYPES: Mapping[ValueName, np.dtype[Any]] = {
    "weights": np.dtype(np.float32),
    "times": np.dtype(np.float64),
    "edge_types": np.dtype(np.uint8),
}

#: The least value of each kind, and a bound that they are below. Integers from 2**53 on would not
#: all be told apart.
VALUE_BOUNDS: Mapping[ValueName, tuple[float, float]] = {
    "weights": (0.0, float("inf")),
    "times": (1.0 - 2.0**53, 2.0**53),
    "edge_types": (0.0, 255.0),
}

#: A factor by which values are spread among 64 bits: 2**64 by the golden ratio.
_ODD = np.uint64(0x9E3779B97F4A7C15)

#: Values that tell edges apart: between the same ends, those of different ones are different edges.
APART: frozenset[ValueName | None] = frozenset({"times", "edge_types"})


@dataclass(frozen=True)
class NodeTypes:
    """What a store's attributes say about types of nodes: their names, and a checksum of all."""

    names: tuple[int | str, ...]
    digest: str


@dataclass(frozen=True)
class GraphInfo:
    """What a store's attributes say about its graph."""

    num_nodes: int
    num_entries: int
    num_edges: int
    directed: bool
    weighted: bool
    labels: LabelKind | None
    statistics: Statistics
    digest: str | None = None
    node_types: NodeTypes | None = None
    timed: bool = False
    edge_types: tuple[int, ...] | None = None
    time_unit: str | None = None
    label_digest: str | None = None
    unconnected_nodes: int | None = None
    format: int = FORMAT
    manifest: Manifest | None = None
    transposed_from: str | None = None
    updated_from: str | None = None
    num_touched: int | None = None
    label_runs: tuple[int, ...] | None = None
    reordered_from: str | None = None
    weightless_rows: int | None = None

    @property
    def labels_ascend(self) -> bool:
        """Whether labels ascend, in runs at least; in a reordered store they are in any order."""
        return self.reordered_from is None

    @property
    def array_names(self) -> list[str]:
        """Names of all arrays of the store."""
        labels = {None: [], "int64": ["labels"], "string": ["label_offsets", "label_bytes"]}
        touched = [] if self.num_touched is None else ["touched_nodes"]
        return [*self.arrays, *labels[self.labels], *touched]

    @property
    def added_arrays(self) -> dict[str, int]:
        """Arrays of values of nodes or entries that were added, and their columns; 0: no matrix."""
        return {
            name: about.get("columns", 0)
            for name, about in (self.manifest or {}).items()
            if ADDED_NAME.fullmatch(name) and about.get("of") == ADDED[name.partition(".")[0]]
        }

    @property
    def isolated_nodes(self) -> int | None:
        """Nodes that no edge touches; None where an early version has not counted them."""
        if self.unconnected_nodes is None and not self.directed:
            return self.statistics.isolated_nodes
        return self.unconnected_nodes

    @property
    def identity(self) -> tuple[str | None, str | None]:
        """Checksums by which the graph is told from others: of its rows, and of its labels."""
        return self.digest, self.label_digest

    @property
    def neighbor_dtype(self) -> np.dtype[Any]:
        """Type of the array ``neighbors``."""
        return neighbor_dtype(self.num_nodes)

    @property
    def values(self) -> ValueName | None:
        """The first array of values of edges; None if edges have none."""
        return next(iter(self.value_names), None)

    @property
    def value_names(self) -> tuple[ValueName, ...]:
        """The arrays of values: times or types, which tell parallel edges apart, then weights."""
        names: list[ValueName] = ["times"] if self.timed else []
        names += ["edge_types"] if self.edge_types is not None else []
        return tuple([*names, "weights"] if self.weighted else names)

    @property
    def also_weighted(self) -> bool:
        """Whether edges have weights in addition to times or types."""
        return "weights" in self.value_names[1:]

    @property
    def arrays(self) -> dict[ArrayName, tuple[np.dtype[Any], int]]:
        """Type and length of each array of the store, except those of labels."""
        arrays: dict[ArrayName, tuple[np.dtype[Any], int]] = {
            "offsets": (np.dtype(np.int64), self.num_nodes + 1),
            "neighbors": (self.neighbor_dtype, self.num_entries),
        }
        for name in self.value_names:
            arrays[name] = VALUE_TYPES[name], self.num_entries
        if self.node_types is not None:
            arrays["node_types"] = np.dtype(np.uint8), self.num_nodes
        return arrays

    @property
    def entry_bytes(self) -> int:
        """Bytes of an entry in the store before compression."""
        return self.neighbor_dtype.itemsize + sum(map(value_bytes, self.value_names))


def neighbor_dtype(num_nodes: int) -> np.dtype[Any]:
    """Return the type of the array ``neighbors`` of a graph of that many nodes."""
    return np.dtype(np.int32 if num_nodes < 2**31 else np.int64)


def value_bytes(values: ValueName | None) -> int:
    """Return the size of a stored value, 0 if there are none."""
    return 0 if values is None else VALUE_TYPES[values].itemsize


def chunk_length(name: str, num_nodes: int, chunk_bytes: int = CHUNK_BYTES) -> int:
    """Return how many elements a full chunk of the array `name` has."""
    if name in ("neighbors", "weights", "edge_types"):  # cut alike, so that they are read alike
        return chunk_bytes // neighbor_dtype(num_nodes).itemsize
    return chunk_bytes if name in ("label_bytes", "node_types") else chunk_bytes // 8


def fill_value(name: str) -> float | None:
    """Return what a missing chunk of an array reads as; None where any value may be there."""
    return FILL_VALUES.get(name)


def value_bits(*values: NDArray[Any] | None) -> NDArray[np.unsignedinteger[Any]]:
    """Return what entries have as integers to be compared by: their bits, or a hash of several."""
    bits = [each.view(f"u{each.itemsize}") for each in values if each is not None]
    if len(bits) < 2:
        return bits[0] if bits else np.empty(0, np.uint32)
    hashed: NDArray[np.uint64] = bits[0].astype(np.uint64) * _ODD + bits[1]
    return hashed


@dataclass(frozen=True)
class Statistics:
    """What a store's attributes say about its graph beyond its size.

    Attributes
    ----------
    isolated_nodes : int
        Nodes without out-neighbours, that is, rows without entries. In a directed graph these are
        not the isolated nodes, see `GraphInfo.isolated_nodes`; the name is that of the format.
    self_loops : int
        Edges from a node to itself.
    dropped_loops, merged_edges : int
        Edges of the input that were dropped as self-loops, or merged into another.
    degree_quantiles : list of int
        For each of the `QUANTILES`, the least degree that at least this share of the nodes has at
        most.
    """

    isolated_nodes: int
    self_loops: int
    dropped_loops: int
    merged_edges: int
    degree_quantiles: list[int]
