"""The store on disk: which arrays it has, how they are encoded, and what the attributes say."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from graphwalk.errors import StoreError, StoreNotFoundError, argument
from graphwalk.storage.files.errors import describe_refusal, is_refusal
from graphwalk.storage.files.locations import is_url, location_of, write_errors, zarr_store
from graphwalk.storage.store.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike, NDArray


#: Version of the format that this module writes, and the newest that it reads.
FORMAT = 1

#: Key of the group's attributes under which everything about the graph lies.
ATTRIBUTE = "graphwalk"

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
}

LabelKind = Literal["int64", "string"]

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

#: Values that tell edges apart: between the same ends, those of different ones are different edges.
APART: frozenset[ValueName | None] = frozenset({"times", "edge_types"})

#: Attributes that stores of earlier versions of graphwalk do without.
_OPTIONAL = (
    *("digest", "label_digest", "node_types", "timed", "edge_types", "unconnected_nodes"),
    "time_unit",
)


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
        """The array of the values of edges, if they have weights, times or types."""
        if self.timed:
            return "times"
        if self.edge_types is not None:
            return "edge_types"
        return "weights" if self.weighted else None

    @property
    def entry_bytes(self) -> int:
        """Bytes of an entry in the store before compression."""
        return self.neighbor_dtype.itemsize + value_bytes(self.values)


def neighbor_dtype(num_nodes: int) -> np.dtype[Any]:
    """Return the type of the array ``neighbors`` of a graph of that many nodes."""
    return np.dtype(np.int32 if num_nodes < 2**31 else np.int64)


def value_bytes(values: ValueName | None) -> int:
    """Return the size of a stored value, 0 if there are none."""
    return 0 if values is None else VALUE_TYPES[values].itemsize


def chunk_length(name: str, num_nodes: int) -> int:
    """Return how many elements a full chunk of the array `name` has."""
    if name in ("neighbors", "weights", "edge_types"):  # cut alike, so that they are read alike
        return CHUNK_BYTES // neighbor_dtype(num_nodes).itemsize
    return CHUNK_BYTES if name in ("label_bytes", "node_types") else CHUNK_BYTES // 8


def create_group(
    place: str, *, compressed: bool = True, storage_options: Mapping[str, Any] | None = None
) -> zarr.Group:
    """Make the group of a new store, which is marked as incomplete.

    Parameters
    ----------
    place : str
        Path or URL.
    compressed : bool
        Whether the arrays that will be added are compressed.
    storage_options : mapping, optional
        For fsspec, if `place` is a URL.
    """
    # Until the store is complete, its attributes also say how arrays are to be added.
    attributes = {ATTRIBUTE: {"format": FORMAT, "complete": False, "compressed": compressed}}
    store = zarr_store(place, read_only=False, storage_options=storage_options)
    with write_errors(place):
        return zarr.create_group(store, zarr_format=3, attributes=attributes)


def create_array(
    group: zarr.Group, name: str, dtype: DTypeLike, length: int, chunk: int
) -> zarr.Array[Any]:
    """Add the array `name` to a store, compressed or not as `create_group` was told.

    The checksum is computed over what is stored. Chunks are written even where they are nothing but
    fill value, so that one that is not there is missing.
    """
    dtype = np.dtype(dtype)
    about: Any = group.attrs[ATTRIBUTE]
    codecs: list[BloscCodec | Crc32cCodec] = [Crc32cCodec()]
    if about.get("compressed", True):  # types of nodes are added when the store is complete
        codecs.insert(
            0,
            BloscCodec(
                typesize=dtype.itemsize,
                cname="lz4",
                clevel=5,
                shuffle="shuffle",
                blocksize=BLOSC_BLOCK // dtype.itemsize,  # of one byte of each element
            ),
        )
    with write_errors(location_of(group)):
        return group.create_array(
            name,
            shape=(length,),
            chunks=(chunk,),
            dtype=dtype,
            fill_value=FILL_VALUES[name],
            filters=None,
            compressors=codecs,
            config={"write_empty_chunks": True},
        )


def complete(group: zarr.Group, info: GraphInfo) -> None:
    """Write the attributes, the mark of completeness among them: the last step of a build."""
    about = asdict(info)
    if info.node_types is None:
        del about["node_types"]
    if not info.timed:
        del about["timed"]
    for name in ("edge_types", "time_unit", "label_digest", "unconnected_nodes"):
        if about[name] is None:
            del about[name]
    with write_errors(location_of(group)):
        group.update_attributes({ATTRIBUTE: {"format": FORMAT, **about, "complete": True}})


def open_group(
    location: str, storage_options: Mapping[str, Any] | None = None
) -> tuple[zarr.Group, GraphInfo]:
    """Open the store at `location` and read its attributes.

    Raises
    ------
    StoreNotFoundError
        When there is nothing at `location`.
    StoreError
        When what is there is no Zarr group, no store of graphwalk, incomplete, or too new.
    """
    group = _open_zarr_group(location, storage_options)
    attributes = group.attrs.asdict().get(ATTRIBUTE)
    if not isinstance(attributes, dict):
        raise StoreError(
            f"{location} is a Zarr group but no graphwalk store: "
            f"it has no attribute {ATTRIBUTE!r}; make one with graphwalk.build_zarr"
        )
    return group, _read_info(location, attributes)


def read_identity(
    location: str, storage_options: Mapping[str, Any] | None = None
) -> tuple[str | None, str | None]:
    """Return `GraphInfo.identity` of what lies at `location` now; raises as `open_group` does."""
    if not is_url(location):
        with suppress(OSError, ValueError, KeyError, TypeError):
            # Much faster than opening it; this happens with every partition that is loaded.
            attributes = json.loads(Path(location, "zarr.json").read_bytes())["attributes"]
            about = attributes[ATTRIBUTE]
            if about["complete"] is True:
                return about.get("digest"), about.get("label_digest")
    return open_group(location, storage_options)[1].identity


def is_graphwalk_store(location: str, storage_options: Mapping[str, Any] | None = None) -> bool:
    """Return whether a store, complete or not, and of whatever version, lies at `location`."""
    try:
        return ATTRIBUTE in _open_zarr_group(location, storage_options).attrs
    except StoreError:
        return False


def _open_zarr_group(location: str, storage_options: Mapping[str, Any] | None) -> zarr.Group:
    store = zarr_store(location, read_only=True, storage_options=storage_options)
    try:
        return zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=False)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _nothing_to_open(location) from error
    except Exception as error:
        if is_refusal(error):
            raise StoreError(describe_refusal(location, "read", error)) from error
        if isinstance(error, ValueError | TypeError | KeyError | AttributeError):
            raise StoreError(f"{location} is no Zarr group: {error}") from error  # or an array
        raise


def _nothing_to_open(location: str) -> StoreError:
    if is_url(location):
        return StoreNotFoundError(
            f"there is no graphwalk store at {location}; check the URL and its bucket, "
            "and storage_options"
        )
    path = Path(location)
    if not path.exists():
        partial = Path(f"{location}.partial")
        hint = f"; a build left {partial} unfinished, run it again" if partial.exists() else ""
        return StoreNotFoundError(f"there is nothing at {location}{hint}")
    kind = "folder" if path.is_dir() else "file"
    return StoreError(
        f"{location} is a {kind} but no Zarr group (it has no zarr.json); "
        "make a store with graphwalk.build_zarr"
    )


def _read_info(location: str, attributes: Mapping[str, Any]) -> GraphInfo:
    version = attributes.get("format")
    if not isinstance(version, int) or version < 1:
        raise StoreError(f"{location}: the attribute 'format' is {version!r}; build it again")
    if version > FORMAT:
        raise StoreError(
            f"{location} has format {version}, and this graphwalk reads formats up to {FORMAT}; "
            "install a newer graphwalk"
        )
    if attributes.get("complete") is not True:
        raise StoreError(
            f"{location} is incomplete: the build that wrote it did not finish; "
            f"build it again with {argument('overwrite', True)}"
        )
    names = [field.name for field in fields(GraphInfo)]
    missing = [name for name in names if name not in attributes and name not in _OPTIONAL]
    if missing:
        raise StoreError(f"{location}: the attributes lack {missing[0]!r}; build it again")
    values: dict[str, Any] = {name: attributes.get(name) for name in names}
    values["timed"] = attributes.get("timed", False)
    values["statistics"] = Statistics(**values["statistics"])
    if types := values["node_types"]:
        values["node_types"] = NodeTypes(tuple(types["names"]), types["digest"])
    if (edge_types := values["edge_types"]) is not None:
        values["edge_types"] = tuple(edge_types)
    return GraphInfo(**values)


def value_bits(values: NDArray[Any] | None) -> NDArray[np.unsignedinteger[Any]]:
    """Return weights, times or types as the integers that their bits are, to be compared by."""
    if values is None:
        return np.empty(0, np.uint32)
    return values.view(f"u{values.itemsize}")
