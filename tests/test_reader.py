"""Reading arrays back: in parts, mapped, into memory that is there; and damage to any chunk."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import zarr
from small_chunks import build_chunked
from zarr.storage import LocalStore

from graphwalk.errors import GraphwalkError, StoreError
from graphwalk.storage.build.api import build_zarr
from graphwalk.storage.store import chunk_bytes, chunk_files
from graphwalk.storage.store import format as store_format
from graphwalk.storage.store.array_reader import ArrayReader
from graphwalk.storage.store.graph import open_zarr
from graphwalk.storage.store.group import create_array, create_group, open_group
from graphwalk.storage.store.read_ranges import read_ranges

CHUNK = 100
VALUES = np.arange(10, 10 + 12 * CHUNK + 37, dtype=np.int32)
EDGES = np.array([[0, 1, 2], [1, 2, 3]])
PROFILES = pytest.mark.parametrize("compressed", [True, False])


def make_reader(place, compressed, values=VALUES):
    at_url = str(place).startswith("memory:")
    group = create_group(str(place) if at_url else LocalStore(place), compressed=compressed)
    array = create_array(group, "neighbors", values.dtype, len(values), CHUNK)
    array[:] = values
    return ArrayReader(group, str(place), "neighbors", len(values))


@PROFILES
@pytest.mark.parametrize("threads", [None, 1, 3])
@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 0), (0, 1), (0, CHUNK), (50, 250), (99, 101), (100, 1100), (1200, 1237), (0, 1237)],
)
def test_ranges(tmp_path, compressed, threads, start, stop):
    reader = make_reader(tmp_path / "g", compressed)
    assert np.array_equal(reader.read(start, stop), VALUES[start:stop])
    out = np.zeros(stop - start, np.int32)
    reader.read_into(out, start, threads=threads)
    assert np.array_equal(out, VALUES[start:stop])


@PROFILES
def test_ranges_at_a_url(compressed):
    reader = make_reader(f"memory://reader/{compressed}", compressed)
    for start, stop in [(0, len(VALUES)), (150, 151), (99, 301), (7, 7)]:
        assert np.array_equal(reader.read(start, stop), VALUES[start:stop])


@pytest.mark.parametrize("most", [1, 3, 1000])
@pytest.mark.parametrize("seed", range(6))
def test_short_ranges_read_the_chunks_that_they_need_once(tmp_path, seed, most):
    reader, reads = make_reader(tmp_path / "g", compressed=True), []

    def read(a, b):
        reads.append(range(a // CHUNK, (b - 1) // CHUNK + 1))
        return reader.read(a, b)

    counted = SimpleNamespace(chunk=CHUNK, min_gap=reader.min_gap, read=read)
    starts = np.sort(np.random.default_rng(seed).integers(0, len(VALUES), 2 ** (seed + 1)))
    stops = np.minimum(starts + 30, len(VALUES))
    found, ends = read_ranges(counted, starts, stops, np.int32, most)
    for i, (a, b) in enumerate(zip(starts, stops, strict=True)):
        assert np.array_equal(found[ends[i] : ends[i + 1]], VALUES[a:b])
    needed = {
        chunk
        for a, b in zip(starts, stops, strict=True)
        for chunk in range(a // CHUNK, (b - 1) // CHUNK + 1)
    }
    assert sorted(needed) == [chunk for chunks in reads for chunk in chunks]
    assert max(map(len, reads)) <= most


@PROFILES
def test_local_chunks_are_read_without_zarr(tmp_path, compressed, monkeypatch):
    reader = make_reader(tmp_path / "g", compressed)
    monkeypatch.setattr(zarr.Array, "__getitem__", None)
    assert np.array_equal(reader.read(30, 1230), VALUES[30:1230])


def test_numbers_that_another_zarr_program_wrote_in_another_order_are_read_too(tmp_path):
    group = create_group(LocalStore(tmp_path / "g"))
    array = group.create_array(
        "neighbors",
        shape=VALUES.shape,
        chunks=(CHUNK,),
        dtype=">i4",
        compressors=[zarr.codecs.Crc32cCodec()],
    )
    array[:] = VALUES
    reader = ArrayReader(group, "g", "neighbors", len(VALUES))
    assert np.array_equal(reader.read(3, 500), VALUES[3:500])


def test_a_store_of_no_compression_reads_as_one_of_compression(tmp_path):
    edges = np.random.default_rng(1).integers(500, size=(2, 4000))
    graphs = [build_zarr(edges, tmp_path / str(c), compressed=c) for c in (True, False)]
    for a, b in zip(graphs[0].neighbors(range(500)), graphs[1].neighbors(range(500)), strict=True):
        assert a.tolist() == b.tolist()


def test_compressed_is_true_or_false(tmp_path):
    with pytest.raises(GraphwalkError, match="compressed='lz4'"):
        build_zarr([[0], [1]], tmp_path / "g", compressed="lz4")


READ_ALL = """
import sys, numpy as np
from pathlib import Path
import zarr
from graphwalk.storage.store.array_reader import ArrayReader

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) << 10

reader = ArrayReader(zarr.open_group(sys.argv[1], mode='r'), "g", "neighbors", 24 << 20)
reader.read(0, 8)
out = np.full(24 << 20, 1, np.int32)
before = peak()
reader.read_into(out, 0)
assert out[0] == 0 and out[-1] == (24 << 20) - 1
print(peak() - before)
"""


@PROFILES
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")
def test_reading_holds_a_few_chunks_beside_its_result(tmp_path, compressed):
    length = 24 << 20
    group = create_group(LocalStore(tmp_path / "g"), compressed=compressed)
    chunk = store_format.CHUNK_BYTES // 4
    array = create_array(group, "neighbors", np.int32, length, chunk)
    array[:] = np.arange(length, dtype=np.int32)
    job = [sys.executable, "-c", READ_ALL, str(tmp_path / "g")]
    done = subprocess.run(job, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10 * store_format.CHUNK_BYTES


# Verified once


def test_a_part_of_a_verified_chunk_is_read_alone(tmp_path):
    reader = make_reader(tmp_path / "g", compressed=False)
    path = tmp_path / "g" / "neighbors" / "c" / "0"
    assert reader.read(5, 6).tolist() == [15]
    assert reader.read(70, 73).tolist() == [80, 81, 82]
    path.unlink()
    with pytest.raises(StoreError, match=r"chunk 0 .* is missing"):
        reader.read(70, 73)


def test_a_chunk_that_changed_is_verified_again(tmp_path):
    reader = make_reader(tmp_path / "g", compressed=False)
    path = tmp_path / "g" / "neighbors" / "c" / "0"
    reader.read(5, 6)
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.unlink()
    path.with_name("other").write_bytes(data)  # another inode
    path.with_name("other").rename(path)
    with pytest.raises(StoreError, match=r"chunk 0 .* checksum"):
        reader.read(70, 73)


@PROFILES
def test_nodes_are_verified_when_they_are_first_read(tmp_path, compressed, monkeypatch):
    make_reader(tmp_path / "g", compressed)
    group = zarr.open_group(str(tmp_path / "g"), mode="r")
    reader = ArrayReader(group, "g", "neighbors", len(VALUES), below=int(VALUES.max()) + 1)
    assert np.array_equal(reader.read(30, 1230), VALUES[30:1230])
    with monkeypatch.context() as patch:
        for module in (chunk_bytes, chunk_files):
            patch.setattr(module, "google_crc32c", None)
        assert np.array_equal(reader.read(0, len(VALUES)), VALUES)
    path = tmp_path / "g" / "neighbors" / "c" / "3"
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"chunk 3 .* checksum"):
        reader.read(0, len(VALUES))


@PROFILES
@pytest.mark.parametrize("place", ["local", "memory://reader/nodes"])
@pytest.mark.parametrize(("at", "value"), [(0, 2000), (777, 2000), (1236, 1247), (777, -5)])
def test_what_is_no_node_is_refused(tmp_path, compressed, place, at, value):
    where = str(tmp_path / "g") if place == "local" else f"{place}/{compressed}/{at}/{value}"
    values = VALUES.copy()
    values[at] = value
    make_reader(where, compressed, values)
    group = zarr.open_group(where, mode="r")
    reader = ArrayReader(group, "g", "neighbors", len(values), below=1247)
    for _ in range(2):
        with pytest.raises(StoreError, match=rf"names node {value}, of 1247 nodes"):
            reader.read(0, len(values))


def test_an_uncompressed_chunk_is_verified_in_pieces(tmp_path):
    for start, stop in [(0, 1), (3, 4), (5, 95), (0, 100), (99, 100), (1230, 1237)]:
        place = tmp_path / f"{start}-{stop}"
        make_reader(place, compressed=False)
        array = zarr.open_array(place / "neighbors", mode="r")
        files = chunk_files.ChunkFiles(place / "neighbors", array, False, piece_bytes=4 * 7)
        found = np.zeros(stop - start, np.int32)
        for _ in range(2):
            files.read(start // CHUNK, start % CHUNK, found)
            assert np.array_equal(found, VALUES[start:stop])
        path = place / "neighbors" / "c" / f"{start // CHUNK}"
        data = bytearray(path.read_bytes())
        data[4 * 50] ^= 1
        path.write_bytes(data)
        with pytest.raises(StoreError, match="checksum"):
            files.read(start // CHUNK, start % CHUNK, found)


def test_map(tmp_path):
    reader = make_reader(tmp_path / "g", compressed=False)
    whole = np.concatenate([reader.map(i) for i in range(13)])
    assert np.array_equal(whole, VALUES)
    assert not reader.map(0).flags.writeable
    again = reader.map(12)
    assert len(again) == 37


def test_map_verifies(tmp_path):
    reader = make_reader(tmp_path / "g", compressed=False)
    path = tmp_path / "g" / "neighbors" / "c" / "1"
    data = bytearray(path.read_bytes())
    data[200] ^= 64
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"'neighbors' of .*chunk 1 .*checksum"):
        reader.map(1)


@pytest.mark.parametrize("place", ["local", "memory://reader/mapped"])
def test_map_of_what_cannot_be_mapped(tmp_path, place):
    local = place == "local"
    reader = make_reader(tmp_path / "g" if local else place, compressed=local)
    with pytest.raises(StoreError, match="compressed=False"):
        reader.map(0)


# Damage

DAMAGES = {
    "flip at the start": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "flip in the middle": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 16]) + data[len(data) // 2 + 1 :]
    ),
    "flip in the checksum": lambda data: data[:-1] + bytes([data[-1] ^ 128]),
    "truncated by a byte": lambda data: data[:-1],
    "truncated to half": lambda data: data[: len(data) // 2],
    "three bytes": lambda data: data[:3],
    "empty": lambda _: b"",
    "a byte more": lambda data: data + b"\0",
    "twice": lambda data: data + data,
    "deleted": None,
}
STRINGS = ["offsets", "neighbors", "weights", "label_offsets", "label_bytes"]


@pytest.fixture(scope="module")
def build_damaged(tmp_path_factory):
    """Return a function that copies one of four stores, and damages a chunk of an array."""
    whole = {}

    def build(place, array, damage, compressed):
        kind = array in STRINGS, compressed
        if kind not in whole:
            whole[kind] = tmp_path_factory.mktemp("whole") / "g"
            build_whole(whole[kind], *kind)
        shutil.copytree(whole[kind], place)
        path = place / array / "c" / "1"
        if DAMAGES[damage] is None:
            path.unlink()
        else:
            path.write_bytes(DAMAGES[damage](path.read_bytes()))

    return build


def build_whole(place, strings, compressed):
    rng = np.random.default_rng(3)
    ends = rng.integers(300, size=(2, 900)) * 10**8
    nodes = [str(v) for v in ends.ravel()] if strings else ends.ravel()
    edges = pa.table({"src": nodes[:900], "dst": nodes[900:], "weight": rng.random(900)})
    build_chunked(256, edges, place, compressed=compressed)


READS = {
    "offsets": lambda graph: graph.degrees,
    "neighbors": lambda graph: graph.neighbors(range(graph.num_nodes)),
    "weights": lambda graph: graph.read_weights(0, graph.num_entries),
    "labels": lambda graph: graph.labels.tolist(),
    "label_offsets": lambda graph: graph.labels.tolist(),
    "label_bytes": lambda graph: graph.index_of("0"),
}


@PROFILES
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("array", READS)
def test_damage_is_an_error_that_names_the_chunk(
    build_damaged, tmp_path, array, damage, compressed
):
    build_damaged(tmp_path / "g", array, damage, compressed)
    what = "missing" if damage == "deleted" else "damaged"
    message = rf"array '{array}' of {re.escape(str(tmp_path / 'g'))}: chunk 1 \(.*{what}"
    with pytest.raises(StoreError, match=message):
        READS[array](open_zarr(tmp_path / "g"))


@PROFILES
@pytest.mark.parametrize("damage", ["flip in the middle", "truncated by a byte", "deleted"])
def test_damage_at_a_url(tmp_path, compressed, damage):
    import fsspec

    url = f"memory://damage-{compressed}-{damage.replace(' ', '-')}"
    reader = make_reader(url, compressed)
    path = f"{url}/neighbors/c/3"
    files = fsspec.filesystem("memory")
    data = files.cat_file(path)
    files.rm(path)
    if DAMAGES[damage] is not None:
        files.pipe_file(path, DAMAGES[damage](data))
    with pytest.raises(StoreError, match=r"chunk 3 \(elements 300 to 400\)"):
        reader.read(0, len(VALUES))


def test_a_chunk_of_another_size_with_a_right_checksum(tmp_path):
    reader = make_reader(tmp_path / "g", compressed=True)
    group = zarr.create_group(tmp_path / "other")
    other = group.create_array(
        "neighbors",
        shape=(CHUNK // 2,),
        dtype="int32",
        chunks=(CHUNK // 2,),
        compressors=reader._array.compressors,
    )
    other[:] = 1
    chunk = "neighbors/c/0"
    (tmp_path / "g" / chunk).write_bytes((tmp_path / "other" / chunk).read_bytes())
    with pytest.raises(StoreError, match=r"chunk 0 .* does not decode to 400 bytes"):
        reader.read(0, 10)


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_metadata_of_an_array(tmp_path, content):
    build_zarr(EDGES, tmp_path / "g")
    path = tmp_path / "g" / "neighbors" / "zarr.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(StoreError, match="'neighbors'"):
        open_zarr(tmp_path / "g").neighbors(0)


def test_an_array_of_another_length(tmp_path):
    make_reader(tmp_path / "g", compressed=True)
    group = zarr.open_group(tmp_path / "g", mode="r")
    with pytest.raises(StoreError, match="shape"):
        ArrayReader(group, "g", "neighbors", 7)


def test_readers_open_what_build_zarr_wrote(tmp_path):
    build_zarr(EDGES, tmp_path / "g", compressed=False)
    group, info = open_group(str(tmp_path / "g"))
    reader = ArrayReader(group, "g", "neighbors", info.num_entries)
    assert reader.map(0).tolist() == [1, 0, 2, 1, 3, 2]
