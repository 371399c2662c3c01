"""Stores that are not what they say, though every checksum is right: errors, and nothing else."""

import json
import os
import shutil
import tracemalloc
from itertools import product

import fsspec
import google_crc32c
import numpy as np
import pytest
import zarr
from numcodecs import Blosc
from plans import among_slow
from resealed import as_format_1, reseal

import graphwalk
from graphwalk.errors import GraphwalkError, StoreError
from graphwalk.kernels.store.sound_rows import first_falling_row, rows_ascend

EDGES = np.random.default_rng(3).integers(60, size=(2, 400))
WEIGHTS = np.random.default_rng(4).random(400) + 0.5


@pytest.fixture(params=[True, False], ids=["compressed", "plain"])
def compressed(request):
    return request.param


def rewrite(store, name, change):
    """Change an array of a store, with right checksums."""
    array = zarr.open_group(store, mode="r+")[name]
    values = array[:]
    change(values)
    array[:] = values
    reseal(store)


def change(attribute, value):
    """Return what changes an attribute of a store."""

    def apply(store):
        document = json.loads((store / "zarr.json").read_text())
        about = document["attributes"]["graphwalk"]
        *path, last = attribute.split(".")
        for key in path:
            about = about[key]
        if value is DELETED:
            del about[last]
        else:
            about[last] = value
        (store / "zarr.json").write_text(json.dumps(document))

    return apply


DELETED = object()

# -- values ------------------------------------------------------------------------------------


def put(place, value):
    return lambda values: values.__setitem__(place, value)


WALKS = {
    "plain": {},
    "weighted": {"weighted": True},
    "node2vec": {"p": 0.5, "q": 2.0},
    "node2vec+": {"p": 0.5, "q": 2.0, "weighted": True, "gamma": 0.0},
    "in partitions": {"weighted": True, "partitions": 3},
    "metapath": {"metapath": ["a", "b"], "weighted": True},
}
#: Those that read weights.
VALUED = ["weighted", "node2vec+", "in partitions", "metapath"]
NAN = float("nan")  # one object, which is equal to itself in a tuple


def walk(store, **how):
    return graphwalk.random_walks(
        graphwalk.open_zarr(store), num_walks=2, walk_length=6, seed=1, **how
    ).compute()


@pytest.mark.parametrize(
    ("how", "value"),
    among_slow(
        [
            *product(["weighted"], [-1.0, NAN, np.inf, -np.inf]),
            *[("node2vec+", -1.0), ("in partitions", NAN), ("metapath", np.inf)],
        ],
        [*product(VALUED, [-1.0, NAN, np.inf, -np.inf])],
    ),
)
def test_weights_that_are_no_probabilities(how, value, compressed, tmp_path):
    store = tmp_path / "g"
    graph = graphwalk.build_zarr((*EDGES, WEIGHTS), store, compressed=compressed)
    graphwalk.set_node_types(graph, np.where(np.arange(60) % 2, "a", "b"))
    walk(store, **WALKS[how])
    rewrite(store, "weights", put(17, value))
    with pytest.raises(StoreError, match=r"array 'weights' of .* is damaged: it has -?(1|nan|inf)"):
        walk(store, **WALKS[how])


@pytest.mark.parametrize("how", VALUED)
def test_rows_of_weight_zero(how, compressed, tmp_path):
    store = tmp_path / "g"
    graph = graphwalk.build_zarr((*EDGES, WEIGHTS), store, compressed=compressed)
    graphwalk.set_node_types(graph, np.where(np.arange(60) % 2, "a", "b"))
    start, stop = graph.read_offsets(30, 32).tolist()
    rewrite(store, "weights", put(slice(start, stop), 0))
    with pytest.raises(StoreError, match=r"array 'weights' of .* weights of row .* are zero"):
        walk(store, **WALKS[how])


@pytest.mark.parametrize("how", ["plain", "weighted", "node2vec", "in partitions"])
def test_rows_that_do_not_ascend(how, compressed, tmp_path):
    store = tmp_path / "g"
    graph = graphwalk.build_zarr((*EDGES, WEIGHTS), store, compressed=compressed)
    start, stop = graph.read_offsets(30, 32).tolist()
    assert stop - start > 2

    def reverse(values):
        values[start:stop] = values[start:stop][::-1].copy()

    rewrite(store, "neighbors", reverse)
    with pytest.raises(StoreError, match=r"array 'neighbors' of .* does not ascend"):
        walk(store, **WALKS[how])


def test_falls_within_rows_are_told_from_those_between_them():
    rng = np.random.default_rng(0)
    for _ in range(500):
        ends = np.cumsum(rng.integers(0, 5, rng.integers(1, 12)))
        starts = np.concatenate([[0], ends]).astype(np.uint32)
        neighbors = rng.integers(0, 4, max(1, ends[-1])).astype(np.int32)
        if rng.random() < 0.5:
            for row in range(len(ends)):
                neighbors[starts[row] : starts[row + 1]].sort()
        first = int(rng.integers(len(ends)))
        last = int(rng.integers(first, len(ends) + 1))
        rows = [neighbors[starts[row] : starts[row + 1]] for row in range(first, last)]
        ascend = all((np.diff(row) >= 0).all() for row in rows)
        assert rows_ascend(starts, neighbors, first, last) == ascend
        assert (first_falling_row(starts, neighbors, first, last) == -1) == ascend


@pytest.mark.parametrize(("value", "told"), [(np.nan, "nan"), (2.0**60, "1.15"), (-np.inf, "-inf")])
def test_times_out_of_bounds(value, told, tmp_path):
    store = tmp_path / "g"
    graphwalk.build_zarr((*EDGES, WEIGHTS), store, times=True)
    rewrite(store, "times", put(5, value))
    with pytest.raises(StoreError, match=rf"array 'times' of .* it has {told}"):
        walk(store, temporal=True)


@pytest.mark.parametrize("value", [255, 77])
def test_types_of_edges_that_there_are_not(value, tmp_path):
    store = tmp_path / "g"
    types = np.arange(400) % 3
    graphwalk.build_zarr((*EDGES, types), store, edge_types=True)
    rewrite(store, "edge_types", put(5, value))
    with pytest.raises(StoreError, match=r"array 'edge_types' of .* is damaged"):
        walk(store, metapath=[0, 1], metapath_of="edges")


def test_types_of_nodes_that_there_are_not(tmp_path):
    store = tmp_path / "g"
    graph = graphwalk.build_zarr(EDGES, store)
    graphwalk.set_node_types(graph, np.where(np.arange(60) % 2, "a", "b"))
    rewrite(store, "node_types", put(5, 2))
    with pytest.raises(StoreError, match="'node_types' is damaged: it has the type 2"):
        walk(store, metapath=["a", "b"])


def named(store, compressed=True):
    names = [f"Ü{number:03}" for number in range(60)]
    return graphwalk.build_zarr(
        [(names[u], names[v]) for u, v in EDGES.T.tolist()], store, compressed=compressed
    )


OFFSETS = [-5, -(2**62), 2**62, 10**6, 2**31]


@pytest.mark.parametrize(
    ("place", "value"),
    among_slow(
        [*product([7], OFFSETS), *product([0, 60], OFFSETS[:3])], [*product([0, 7, 60], OFFSETS)]
    ),
)
def test_offsets_of_labels_out_of_range(place, value, compressed, tmp_path):
    store = tmp_path / "g"
    named(store, compressed)
    rewrite(store, "label_offsets", put(place, value))
    graph = graphwalk.open_zarr(store)
    with pytest.raises(StoreError, match=r"array 'label_(offsets|bytes)' of"):
        graph.labels.tolist()
    assert graph.validate().problems


@pytest.mark.parametrize("value", [0xFF, 0x41])
def test_text_that_is_not_utf_8_or_not_in_order(value, tmp_path):
    store = tmp_path / "g"
    named(store)
    rewrite(store, "label_bytes", put(25, value))
    with pytest.raises(StoreError, match=r"array 'label_bytes' of .* labels must"):
        graphwalk.open_zarr(store).labels.tolist()


def test_integers_that_are_not_in_order(tmp_path):
    store = tmp_path / "g"
    graphwalk.build_zarr(EDGES * 10**12, store)
    rewrite(store, "labels", put(5, 0))
    with pytest.raises(StoreError, match=r"array 'labels' of .* labels must ascend"):
        graphwalk.open_zarr(store).labels.tolist()


# -- attributes and metadata -------------------------------------------------------------------

DEEP = None
for _ in range(500):
    DEEP = [DEEP]

ATTRIBUTES = [
    *((name, value) for name in ("num_nodes", "num_entries", "num_edges", "unconnected_nodes")
      for value in (-1, 1.5, "60", True, [60], 2**63, 10**30, DEEP)),
    ("num_nodes", 10**12), ("num_nodes", 61), ("num_nodes", 59), ("num_nodes", None),
    ("num_entries", 10**18), ("num_entries", 0),
    *((name, value) for name in ("weighted", "directed") for value in (None, 0, 1, "yes", DELETED)),
    ("timed", None), ("timed", True), ("timed", 1), ("edge_types", []),
    *(("labels", value) for value in ("float", 1, ["string"], "int64", "string")),
    *(("statistics", value) for value in (None, [], {}, "x", DELETED)),
    *(("statistics.degree_quantiles", value) for value in ([], None, [-1], [1.5], ["x"], {})),
    ("statistics.isolated_nodes", -1), ("statistics.isolated_nodes", None),
    *(("node_types", value) for value in (1, [], {"names": ["a"]}, {"digest": "x"},
      {"names": ["a", 1], "digest": "x"}, {"names": [[]], "digest": "x"},
      {"names": list(range(256)), "digest": "x"})),
    *(("edge_types", value) for value in (1, "x", [255], [-1], [1, 1], [2, 1], [None], [1.0])),
    ("digest", 5), ("label_digest", [1]), ("time_unit", 7),
    ("format", True), ("format", "1"), ("format", 0), ("format", 1.0), ("complete", "yes"),
]  # fmt: skip


def use(store):
    """Do what reads all of a store."""
    graph = graphwalk.open_zarr(store)
    graph.summary()
    graph.validate()
    assert graph.labels is None
    for name in ("offsets", "neighbors"):
        graph._arrays.chunk_length(name)
    return graphwalk.random_walks(graph, num_walks=1, walk_length=4, seed=1).compute()


@pytest.fixture(scope="module")
def weighted(tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "weighted"
    graphwalk.build_zarr((*EDGES, WEIGHTS), path)
    return path


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("name", "value"), ATTRIBUTES)
def test_attributes_that_cannot_be_right(name, value, weighted, tmp_path):
    store = shutil.copytree(weighted, tmp_path / "g")
    change(name, value)(store)
    with pytest.raises(GraphwalkError, match=r"build|incomplete"):
        use(store)


def test_unknown_keys_are_ignored(tmp_path):
    store = tmp_path / "g"
    expected = graphwalk.random_walks(graphwalk.build_zarr(EDGES, store), seed=1).compute()
    change("colour", DEEP)(store)
    change("statistics.colour", {"red": 1})(store)
    found = graphwalk.random_walks(graphwalk.open_zarr(store), seed=1).compute()
    np.testing.assert_array_equal(found, expected)


DOCUMENTS = {
    "chunks of nothing": ("chunk_grid", {"name": "regular", "configuration": {"chunk_shape": [0]}}),
    "huge chunks": (
        "chunk_grid", {"name": "regular", "configuration": {"chunk_shape": [10**12]}}),
    "chunks that inflate": (
        "chunk_grid", {"name": "regular", "configuration": {"chunk_shape": [2**30]}}),
    "another type": ("data_type", "float32"),
    "another width": ("data_type", "int64"),
    "no codec of the format": (
        "codecs", [{"name": "bytes", "configuration": {"endian": "little"}},
                   {"name": "zstd", "configuration": {"level": 0, "checksum": False}}]),
    "no checksum": ("codecs", [{"name": "bytes", "configuration": {"endian": "little"}}]),
    "a huge shape": ("shape", [10**18]),
    "two dimensions": ("shape", [20, 40]),
}  # fmt: skip


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("array", ["neighbors", "label_bytes"])
def test_metadata_that_cannot_be_right(array, kind, tmp_path):
    store = tmp_path / "g"
    named(store)
    key, value = DOCUMENTS[kind]
    document = json.loads((store / array / "zarr.json").read_text())
    document[key] = value
    (store / array / "zarr.json").write_text(json.dumps(document))
    graph = graphwalk.open_zarr(store)
    with pytest.raises(StoreError, match=f"array '{array}' of .*build it again"):
        graph.labels is None or graph.labels.tolist(), graph.neighbors([3])
    assert graph.validate().problems


@pytest.mark.timeout(60)
def test_claims_of_many_chunks_cost_nothing(tmp_path):
    """Offsets of 10**12 nodes, of which the last chunk is there."""
    store = tmp_path / "g"
    graphwalk.build_zarr(EDGES, store)
    as_format_1(store)
    for name, value in (("num_nodes", 10**12), ("num_entries", 10**12)):
        change(name, value)(store)
    for array, length, dtype in (("offsets", 10**12 + 1, "int64"), ("neighbors", 10**12, "int64")):
        path = store / array / "zarr.json"
        document = json.loads(path.read_text())
        document["shape"], document["data_type"] = [length], dtype
        chunk = document["chunk_grid"]["configuration"]["chunk_shape"][0]
        path.write_text(json.dumps(document))
        (store / array / "c" / str((length - 1) // chunk)).write_bytes(b"")
    graph = graphwalk.open_zarr(store)
    for act in (graph.validate, lambda: walk(store), lambda: graph.partitions("1 GiB")):
        try:
            outcome = act()
        except GraphwalkError:
            continue
        assert outcome.problems


def test_deep_nesting(tmp_path):
    store = tmp_path / "g"
    graphwalk.build_zarr(EDGES, store)
    deep = "[" * 100_000 + "]" * 100_000
    (store / "zarr.json").write_text('{"attributes": ' + deep + "}")
    with pytest.raises(StoreError):
        graphwalk.open_zarr(store)


# -- files -------------------------------------------------------------------------------------


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "device", "link", "folder"])
@pytest.mark.parametrize("name", ["zarr.json", "neighbors/zarr.json", "neighbors/c/0"])
def test_files_of_other_kinds(name, kind, compressed, tmp_path):
    store, away = tmp_path / "g", tmp_path / "away"
    graphwalk.build_zarr(EDGES, store, compressed=compressed)
    graph = graphwalk.open_zarr(store)
    path = store / name
    path.rename(away)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "link":
        path.symlink_to(away)
    else:
        path.mkdir()
    with pytest.raises(StoreError):
        walk(store)
    with pytest.raises(StoreError):
        graphwalk.random_walks(graph, num_walks=1, walk_length=4, seed=1).compute()
    if name != "zarr.json":
        assert graphwalk.open_zarr(store).validate().problems


def test_folders_that_lead_out_of_the_store(tmp_path):
    store = tmp_path / "g"
    graphwalk.build_zarr(EDGES, store)
    (store / "neighbors").rename(tmp_path / "away")
    (store / "neighbors").symlink_to(tmp_path / "away")
    with pytest.raises(StoreError, match="is a link out of the store"):
        walk(store)


@pytest.mark.parametrize("place", ["local", "memory://inflating"])
def test_chunks_that_inflate_beyond_their_shape(place, tmp_path):
    """A chunk of few bytes, of which the checksum is right, that holds 64 MiB."""
    store = tmp_path / "g"
    graphwalk.build_zarr(EDGES, store)
    as_format_1(store)
    chunk = Blosc("zstd").encode(np.zeros(64 << 20, np.uint8))
    checksum = google_crc32c.value(chunk).to_bytes(4, "little")
    (store / "neighbors" / "c" / "0").write_bytes(chunk + checksum)
    if place != "local":
        fsspec.filesystem("memory").put(str(store), "/inflating", recursive=True)
    graph = graphwalk.open_zarr(store if place == "local" else place)
    tracemalloc.start()
    try:
        with pytest.raises(StoreError, match=r"chunk 0 .* is damaged"):
            graph.neighbors([3])
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
