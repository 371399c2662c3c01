"""The store on disk, as another program would read it, and what `open_zarr` refuses."""

import base64
import hashlib
import itertools
import json

import google_crc32c
import numcodecs
import numpy as np
import pyarrow as pa
import pytest
import zarr
from resealed import as_format_1
from small_chunks import build_chunked

from graphwalk.errors import GraphwalkError, StoreError, StoreExistsError, StoreNotFoundError
from graphwalk.storage.build.api import build_zarr
from graphwalk.storage.store.format import FORMAT
from graphwalk.storage.store.graph import open_zarr

EDGES = np.array([[0, 1, 2, 2], [1, 2, 0, 2]])


@pytest.fixture
def store(tmp_path):
    build_zarr((*EDGES, np.array([1.0, 2, 3, 4])), tmp_path / "g")
    return tmp_path / "g"


def edit_attributes(store, **changes):
    path = store / "zarr.json"
    metadata = json.loads(path.read_text())
    metadata["attributes"]["graphwalk"].update(changes)
    path.write_text(json.dumps(metadata))


def test_attributes(store):
    attributes = zarr.open_group(store, mode="r").attrs.asdict()
    seal = seal_of(attributes["graphwalk"])
    assert attributes["graphwalk"].pop("statistics")["self_loops"] == 1
    assert attributes == {
        "graphwalk": {
            "format": 2,
            "num_nodes": 3,
            "num_entries": 7,
            "num_edges": 4,
            "directed": False,
            "weighted": True,
            "labels": None,
            "digest": digest_of(store),
            "unconnected_nodes": 0,
            "manifest": {
                name: {"checksums": digest} for name, digest in manifest_of(store).items()
            },
            "complete": True,
            "seal": seal,
        }
    }


def manifest_of(store):
    """As the documentation of the format says."""
    found = {}
    for path in store.glob("*/zarr.json"):
        checksums = base64.b64decode(
            json.loads(path.read_text())["attributes"]["graphwalk"]["checksums"]
        )
        chunks = [path.parent / "c" / str(i) for i in range(len(checksums) // 4)]
        assert len(chunks) == len(list((path.parent / "c").iterdir()))
        assert b"".join(chunk.read_bytes()[-4:] for chunk in chunks) == checksums
        found[path.parent.name] = hashlib.sha256(checksums).hexdigest()
    return found


def seal_of(about):
    """As the documentation of the format says."""
    sealed = {name: value for name, value in about.items() if name != "seal"}
    text = json.dumps(sealed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(store):
    """As the documentation of the format says."""
    group = zarr.open_group(store, mode="r")
    found = hashlib.sha256()
    for name in ("offsets", "neighbors", "weights"):
        if name in group:
            values = group[name][:]
            chunk = group[name].chunks[0]
            for start in range(0, len(values), chunk):
                checksum = google_crc32c.value(values[start : start + chunk].tobytes())
                found.update(checksum.to_bytes(4, "little"))
    return found.hexdigest()


def test_the_digest_tells_rows_apart_and_nothing_else(tmp_path):
    rng = np.random.default_rng(0)
    edges = rng.integers(0, 1 << 18, (2, 1 << 20))  # rows of several chunks
    build_zarr(edges, tmp_path / "a", num_nodes=1 << 18)
    build_zarr(edges[:, ::-1], tmp_path / "b", num_nodes=1 << 18, compressed=False, memory="64 MiB")
    edges[1, 99] = (edges[1, 99] + 1) % (1 << 18)
    build_zarr(edges, tmp_path / "c", num_nodes=1 << 18)
    digests = [open_zarr(tmp_path / name).digest for name in "abc"]
    assert digests[0] == digests[1] == digest_of(tmp_path / "a")
    assert digests[2] != digests[0]


def test_a_store_without_a_digest_is_read(store):
    as_format_1(store)
    path = store / "zarr.json"
    metadata = json.loads(path.read_text())
    del metadata["attributes"]["graphwalk"]["digest"]
    path.write_text(json.dumps(metadata))
    assert open_zarr(store).digest is None


def test_arrays(store):
    group = zarr.open_group(store, mode="r")
    assert sorted(group.array_keys()) == ["neighbors", "offsets", "weights"]
    assert group["offsets"][:].tolist() == [0, 2, 4, 7]
    assert group["neighbors"][:].tolist() == [1, 2, 0, 2, 0, 1, 2]
    assert group["weights"][:].tolist() == [1, 3, 1, 2, 3, 2, 4]
    types = {name: str(array.dtype) for name, array in group.arrays()}
    assert types == {"offsets": "int64", "neighbors": "int32", "weights": "float32"}


def test_every_chunk_is_compressed_and_carries_a_checksum(store):
    for path in store.glob("*/zarr.json"):
        codecs = json.loads(path.read_text())["codecs"]
        assert [codec["name"] for codec in codecs] == ["bytes", "blosc", "crc32c"]
        assert codecs[0]["configuration"] == {"endian": "little"}
        assert codecs[1]["configuration"]["cname"] == "lz4"


def test_without_compression_only_the_checksum_is_added(tmp_path):
    build_zarr(EDGES, tmp_path / "g", compressed=False)
    for path in (tmp_path / "g").glob("*/zarr.json"):
        codecs = json.loads(path.read_text())["codecs"]
        assert [codec["name"] for codec in codecs] == ["bytes", "crc32c"]
        assert codecs[0]["configuration"] == {"endian": "little"}


def read_without_zarr(store):
    """Read a store by what docs/store-format.md says, and nothing else."""
    about = json.loads((store / "zarr.json").read_text())["attributes"]["graphwalk"]
    assert about["format"] == 2
    assert about["seal"] == seal_of(about)
    assert {name: of["checksums"] for name, of in about["manifest"].items()} == manifest_of(store)
    assert about["complete"] is True
    return about, {
        path.parent.name: read_array_without_zarr(path.parent) for path in store.glob("*/zarr.json")
    }


def read_array_without_zarr(folder):
    metadata = json.loads((folder / "zarr.json").read_text())
    assert metadata["chunk_key_encoding"]["name"] == "default"
    assert metadata["chunk_key_encoding"]["configuration"] == {"separator": "/"}
    codecs = [codec["name"] for codec in metadata["codecs"]]
    (length,) = metadata["shape"]
    (chunk,) = metadata["chunk_grid"]["configuration"]["chunk_shape"]
    dtype = np.dtype(metadata["data_type"]).newbyteorder("<")
    parts = [np.empty(0, dtype)]
    for number in range(-(-length // chunk)):
        stored = (folder / "c" / str(number)).read_bytes()
        data, checksum = stored[:-4], int.from_bytes(stored[-4:], "little")
        assert crc32c(data) == checksum
        if "blosc" in codecs:
            assert int.from_bytes(data[4:8], "little") == chunk * dtype.itemsize
            data = numcodecs.Blosc().decode(data)
        assert len(data) == chunk * dtype.itemsize
        parts.append(np.frombuffer(data, dtype))
    values = np.concatenate(parts)
    fill = metadata["fill_value"]
    padding = values[length:]
    assert np.isnan(padding).all() if fill == "NaN" else (padding == fill).all()
    return values[:length]


def crc32c(data):
    """CRC-32C (Castagnoli), a bit at a time."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("labels", [None, "int64", "string"])
def test_a_store_can_be_read_without_zarr(tmp_path, compressed, labels):
    ends = np.random.default_rng(1).integers(90, size=(2, 200))
    ends = ends if labels is None else ends * 10**9
    ends = ends.astype(str) if labels == "string" else ends
    weights = np.random.default_rng(2).random(200)
    edges = ends[0].tolist(), ends[1].tolist(), weights
    graph = build_chunked(256, edges, tmp_path / "g", compressed=compressed)
    about, arrays = read_without_zarr(tmp_path / "g")
    assert (about["num_nodes"], about["labels"]) == (graph.num_nodes, labels)
    offsets = arrays["offsets"]
    assert len(arrays["neighbors"]) == about["num_entries"]
    for node in range(graph.num_nodes):
        row = arrays["neighbors"][offsets[node] : offsets[node + 1]]
        assert row.tolist() == graph.neighbors(node).tolist()
    assert arrays["weights"].tolist() == graph.read_weights(0, graph.num_entries).tolist()
    if labels == "int64":
        assert arrays["labels"].tolist() == graph.labels.tolist()
    if labels == "string":
        cuts, text = arrays["label_offsets"], arrays["label_bytes"].tobytes()
        found = [text[a:b].decode() for a, b in itertools.pairwise(cuts)]
        assert found == graph.labels.tolist()


def test_what_merging_freed_is_not_left_behind(tmp_path):
    """The array was made for all edges, and cut when those that were merged had gone."""
    ends = np.random.default_rng(1).integers(30, size=(2, 3000))
    graph = build_chunked(256, ends, tmp_path / "g", compressed=False)
    names = {path.name for path in (tmp_path / "g" / "neighbors" / "c").iterdir()}
    assert names == {str(i) for i in range(-(-graph.num_entries // 64))}


def test_fill_values_are_no_data(store):
    fills = {
        path.parent.name: json.loads(path.read_text())["fill_value"]
        for path in store.glob("*/zarr.json")
    }
    assert fills == {"offsets": -1, "neighbors": -1, "weights": "NaN"}


def test_labels_of_strings_are_laid_out_as_arrow_does(tmp_path):
    build_zarr(pa.table({"src": ["b", "é"], "dst": ["a", "b"]}), tmp_path / "g")
    group = zarr.open_group(tmp_path / "g", mode="r")
    assert group.attrs["graphwalk"]["labels"] == "string"
    assert group["label_offsets"][:].tolist() == [0, 1, 2, 4]
    assert group["label_bytes"][:].tobytes().decode() == "abé"


def test_labels_of_integers(tmp_path):
    build_zarr(np.array([[10**10], [77]]), tmp_path / "g")
    group = zarr.open_group(tmp_path / "g", mode="r")
    assert group.attrs["graphwalk"]["labels"] == "int64"
    assert group["labels"][:].tolist() == [77, 10**10]


# What is no store


def test_nothing_there(tmp_path):
    with pytest.raises(StoreNotFoundError, match="nothing at"):
        open_zarr(tmp_path / "g")


def test_nothing_there_but_an_unfinished_build(tmp_path):
    (tmp_path / "g.graphwalk-partial").mkdir()
    with pytest.raises(StoreNotFoundError, match=r"g\.graphwalk-partial unfinished"):
        open_zarr(tmp_path / "g")


@pytest.mark.parametrize("name", ["folder", "file"])
def test_no_zarr_group(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("0 1\n")
    with pytest.raises(StoreError, match=f"is a {name} but no Zarr group"):
        open_zarr(tmp_path / name)


@pytest.mark.parametrize("metadata", ["", "{", "[]", '{"zarr_format": 3}'])
def test_broken_metadata(tmp_path, metadata):
    (tmp_path / "zarr.json").write_text(metadata)
    with pytest.raises(StoreError, match=r"no Zarr group|no graphwalk store"):
        open_zarr(tmp_path)


def test_array_instead_of_a_group(tmp_path):
    zarr.create_array(tmp_path / "a", shape=(3,), dtype="int32")
    with pytest.raises(StoreError, match=r"is a Zarr array, .* but no Zarr group"):
        open_zarr(tmp_path / "a")


def test_group_of_something_else(tmp_path):
    zarr.create_group(tmp_path / "g", attributes={"title": "rainfall"})
    with pytest.raises(StoreError, match="no graphwalk store"):
        open_zarr(tmp_path / "g")


def test_incomplete_store(store):
    edit_attributes(store, complete=False)
    with pytest.raises(StoreError, match=r"incomplete.*overwrite=True"):
        open_zarr(store)
    build_zarr(EDGES, store, overwrite=True)
    assert open_zarr(store).num_edges == 4


def test_newer_format(store):
    edit_attributes(store, format=FORMAT + 1)
    with pytest.raises(StoreError, match=f"format {FORMAT + 1}.*newer graphwalk"):
        open_zarr(store)


@pytest.mark.parametrize("version", [None, "1", 0])
def test_unknown_format(store, version):
    edit_attributes(store, format=version)
    with pytest.raises(StoreError, match="format"):
        open_zarr(store)


def test_missing_attribute(store):
    metadata = json.loads((store / "zarr.json").read_text())
    del metadata["attributes"]["graphwalk"]["num_edges"]
    (store / "zarr.json").write_text(json.dumps(metadata))
    with pytest.raises(StoreError, match="num_edges"):
        open_zarr(store)


@pytest.mark.parametrize("store", [None, 7, b"g.zarr", "", "  "])
def test_no_path(store):
    with pytest.raises(GraphwalkError, match="path or URL"):
        open_zarr(store)


# URLs


@pytest.fixture
def url():
    import fsspec

    yield "memory://graphs/g.zarr"
    fsspec.filesystem("memory").store.clear()


def test_url(url):
    graph = build_zarr(EDGES, url)
    assert graph.path == url
    assert open_zarr(url).neighbors(2).tolist() == [0, 1, 2]
    with pytest.raises(StoreExistsError, match="overwrite=True"):
        build_zarr(EDGES, url)
    assert build_zarr(EDGES[:, :1], url, overwrite=True).num_edges == 1
    assert open_zarr(url).num_edges == 1


def test_failed_build_leaves_nothing_at_a_url(url):
    import fsspec

    with pytest.raises(GraphwalkError):
        build_zarr([[1], []], url)
    assert fsspec.filesystem("memory").find("") == []


def test_nothing_at_a_url(url):
    with pytest.raises(StoreNotFoundError, match="memory://"):
        open_zarr(url)


def test_unknown_protocol():
    with pytest.raises(StoreError, match="nonsense"):
        open_zarr("nonsense://bucket/g.zarr")


def test_file_url_is_a_path(store):
    assert open_zarr(f"file://{store}").path == str(store)
