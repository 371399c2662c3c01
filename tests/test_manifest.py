"""Chunks at other places, or of another build: errors on every way of reading, and reported."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from chunked_graphs import build
from resealed import as_format_1

import graphwalk
from graphwalk import StoreError

GOLDEN = Path(__file__).parent / "format1"
N = 200


def walk(**how):
    return lambda graph: graphwalk.random_walks(
        graph, num_walks=1, walk_length=8, seed=1, **how
    ).compute()


ROWS = {
    "neighbors": lambda graph: graph.neighbors(np.arange(N)),
    "rows": lambda graph: graph.rows(0, N),
    "edges": lambda graph: graph.to_edge_index(),
    "walks": walk(),
    "in partitions": walk(partitions=3),
    "node2vec in partitions": walk(partitions=3, p=0.5, q=2.0),
    "blocks": lambda graph: list(
        graphwalk.iter_blocks(graphwalk.random_walks(graph, seed=1, partitions=2))
    ),
    "ranks": lambda graph: graphwalk.pagerank(graph).compute(),
}
TYPED = {"types": lambda graph: graph.node_types, "metapath": walk(metapath=[0, 1])}

#: Which array's chunks are moved, in which store, and what reads them.
CASES = [
    ("offsets", {}, ROWS | {"degrees": lambda graph: graph.degree_counts()}),
    ("neighbors", {}, ROWS),
    ("weights", {"values": "weights"}, {
        "rows": ROWS["rows"],
        "weights": lambda graph: graph.read_weights(0, graph.num_entries),
        "walks": walk(weighted=True),
        "in partitions": walk(weighted=True, partitions=3),
        "metapath": walk(weighted=True, metapath=[0, 1]),
    }),
    ("times", {"values": "times"}, {"walks": walk(temporal=True)}),
    ("edge_types", {"values": "edge_types"}, {"walks": walk(metapath=[0, 1], metapath_of="edges")}),
    ("labels", {"labels": "int64"}, {"labels": lambda graph: graph.labels.tolist()}),
    ("label_offsets", {"labels": "string"}, {"labels": lambda graph: graph.labels.tolist()}),
    ("label_bytes", {"labels": "string"}, {"names": lambda graph: graph.names([3])}),
    ("node_types", {}, TYPED),
]  # fmt: skip


def exchange(store, name):
    """Exchange the first two chunks of an array."""
    first, second = (store / name / "c" / number for number in "01")
    contents = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(contents)


def copy_newer(store, name):
    """Put the first chunk of a newer build in place, as a copy that was interrupted does."""
    shutil.copy(store.with_name("newer") / name / "c" / "0", store / name / "c" / "0")


@pytest.mark.parametrize(("compressed", "change"), [(True, exchange), (False, copy_newer)])
@pytest.mark.parametrize(("name", "options", "reads"), CASES, ids=[case[0] for case in CASES])
def test_chunks_of_other_places_and_builds(name, options, reads, change, compressed, tmp_path):
    if name == "node_types":  # of one chunk
        change = copy_newer
    store = tmp_path / "g"
    build(store, 1, compressed=compressed, **options)
    build(tmp_path / "newer", 12, compressed=compressed, **options)
    opened = {how: graphwalk.open_zarr(store) for how in reads}
    change(store, name)
    for how, read in reads.items():
        with pytest.raises(StoreError, match=f"array '{name}' of .* of another place or another"):
            read(opened[how])
    problems = graphwalk.open_zarr(store).validate().problems
    assert any(f"array '{name}'" in text and "another place" in text for text in problems)


@pytest.mark.parametrize("compressed", [True, False])
def test_chunks_that_were_read_before_they_changed_places(compressed, tmp_path):
    graph = build(tmp_path / "g", 1, compressed=compressed)
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=8, seed=1, partitions=3)
    walks.compute()
    exchange(tmp_path / "g", "neighbors")
    with pytest.raises(StoreError, match="another place"):
        walks.compute()


@pytest.mark.parametrize("parts", ["c", "zarr.json", "*"])
@pytest.mark.parametrize("name", ["offsets", "neighbors", "weights", "label_bytes"])
def test_copies_of_a_newer_build_that_were_interrupted(name, parts, tmp_path):
    store = tmp_path / "g"
    build(store, 1, "weights", labels="string")
    build(tmp_path / "newer", 2, "weights", labels="string")
    for path in (tmp_path / "newer" / name).glob(parts):
        copy = shutil.copytree if path.is_dir() else shutil.copy
        target = store / name / path.name
        if path.is_dir():
            shutil.rmtree(target)
        copy(path, target)
    graph = graphwalk.open_zarr(store)
    with pytest.raises(StoreError, match=f"array '{name}' of .*(another build|another place)"):
        graph.names([0]), walk(weighted=True)(graph)
    assert graph.validate().problems


@pytest.mark.parametrize("name", ["offsets", "neighbors", "weights", "label_bytes"])
def test_chunks_of_other_places_at_a_url(name):
    import fsspec

    url, files = f"memory://places-{name}", fsspec.filesystem("memory")
    build(url, 1, "weights", labels="string")
    graph = graphwalk.open_zarr(url)
    assert graph.validate().ok
    chunks = [f"{url}/{name}/c/{number}" for number in (0, 1)]
    for path, content in zip(chunks, [files.cat_file(path) for path in chunks[::-1]], strict=True):
        files.pipe_file(path, content)
    with pytest.raises(StoreError, match=rf"array '{name}' of .*chunk 0 \(.* of another place"):
        graph.names([0]), walk(weighted=True)(graph)
    assert graph.validate().problems


def test_types_that_are_replaced_are_those_of_the_manifest(tmp_path):
    graph = build(tmp_path / "g", 1)
    older = graphwalk.open_zarr(tmp_path / "g")
    expected = np.arange(N) % 2
    newer = graphwalk.set_node_types(graph, expected)
    assert newer.node_types.tolist() == expected.tolist()
    assert newer.validate().ok
    assert graphwalk.open_zarr(tmp_path / "g").validate().ok
    walk()(older)  # of rows, which are the same
    with pytest.raises(StoreError, match=r"types of the nodes of .* were replaced"):
        older.node_types  # noqa: B018


def test_a_writing_of_types_that_is_interrupted_leaves_an_error(tmp_path, monkeypatch):
    graph = build(tmp_path / "g", 1)
    with monkeypatch.context() as patched:
        patched.setattr("graphwalk.storage.store.put_array.complete", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            graphwalk.set_node_types(graph, np.arange(N) % 2)
    found = graphwalk.open_zarr(tmp_path / "g")
    walk()(found)
    with pytest.raises(StoreError, match=r"'node_types' of .* is of another build"):
        found.node_types  # noqa: B018
    assert graphwalk.set_node_types(found, np.arange(N) % 2).validate().ok


@pytest.mark.parametrize("value", [None, "x", [], 5, {"graphwalk": 5}, {"graphwalk": {}}])
def test_metadata_without_a_manifest(value, tmp_path):
    build(tmp_path / "g", 1)
    path = tmp_path / "g" / "neighbors" / "zarr.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"attributes": value}))
    with pytest.raises(StoreError, match="array 'neighbors' of"):
        walk()(graphwalk.open_zarr(tmp_path / "g"))


def test_manifests_of_many_chunks_are_read(tmp_path):
    """Each chunk that is there makes room for its checksum, and nothing else does."""
    build(tmp_path / "g", 1)
    path = tmp_path / "g" / "neighbors" / "zarr.json"
    chunks = len(list((path.parent / "c").iterdir()))
    document = path.read_text()
    for extra, readable in ((6 * chunks, True), (6 * chunks + 1, False)):
        path.write_text(document.ljust((4 << 20) + extra))
        if readable:
            walk()(graphwalk.open_zarr(tmp_path / "g"))
            continue
        with pytest.raises(StoreError, match="too many for metadata"):
            walk()(graphwalk.open_zarr(tmp_path / "g"))


# Attributes


def edit(store, change):
    document = json.loads((store / "zarr.json").read_text())
    change(document["attributes"]["graphwalk"])
    (store / "zarr.json").write_text(json.dumps(document))


ATTRIBUTES = {
    "names of types": lambda about: about["node_types"]["names"].reverse(),
    "without weights": lambda about: about.update(weighted=False),
    "directed": lambda about: about.update(directed=True),
    "degrees": lambda about: about["statistics"]["degree_quantiles"].reverse(),
    "identity": lambda about: about.update(digest="0" * 64),
    "an earlier format": lambda about: about.update(format=1),
    "no manifest": lambda about: about.pop("manifest"),
    "no seal": lambda about: about.pop("seal"),
    "a seal": lambda about: about.update(seal=5),
    "no array": lambda about: about["manifest"].pop("weights"),
    "no digest": lambda about: about["manifest"].update(weights={}),
    "a deep one": lambda about: about["manifest"].update(weights={"checksums": "", "x": DEEP}),
}

DEEP = None
for _ in range(500):
    DEEP = [DEEP]


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_attributes_that_were_changed(kind, tmp_path):
    edges = np.random.default_rng(1).integers(60, size=(2, 300))
    graph = graphwalk.build_zarr((*edges, edges[0] + 1.0), tmp_path / "g")
    graphwalk.set_node_types(graph, np.where(np.arange(60) % 2, "a", "b"))
    edit(tmp_path / "g", ATTRIBUTES[kind])
    with pytest.raises(StoreError, match="build the store again"):
        graphwalk.open_zarr(tmp_path / "g")


def test_attributes_of_a_later_version(tmp_path):
    """They are not in this version's seal, and of no meaning to it."""
    build(tmp_path / "g", 1)
    edit(tmp_path / "g", lambda about: about.update(colour="red"))
    assert graphwalk.open_zarr(tmp_path / "g").validate().ok


def test_numbers_of_another_order_of_bytes(tmp_path):
    build(tmp_path / "g", 1, "weights")
    path = tmp_path / "g" / "weights" / "zarr.json"
    path.write_text(path.read_text().replace('"little"', '"big"'))
    with pytest.raises(StoreError, match=r"'weights' of .* is not encoded as the format says"):
        walk(weighted=True)(graphwalk.open_zarr(tmp_path / "g"))


# Format 1


def answers(name):
    return json.loads((GOLDEN / "walks.json").read_text())[name].items()


HOW = {
    "plain": {},
    "weighted": {"weighted": True},
    "metapath": {"metapath": ["odd", "even"]},
    "partitions": {"partitions": 3, "p": 0.5, "q": 2.0},
    "temporal": {"temporal": True},
}


@pytest.mark.parametrize("name", ["named", "timed"])
def test_stores_of_format_1_are_read_as_ever(name):
    graph = graphwalk.open_zarr(GOLDEN / name)
    for how, expected in answers(name):
        walks = graphwalk.random_walks(graph, num_walks=1, walk_length=5, seed=22, **HOW[how])
        assert walks.compute().tolist() == expected


def test_stores_of_format_1_say_what_they_lack():
    graph = graphwalk.open_zarr(GOLDEN / "named")
    assert repr(graph).endswith(", format 1>")
    assert "format 1" not in repr(graphwalk.build_zarr([(0, 1)]))
    assert "does not notice chunks that changed places" in str(graph.summary())
    found = graph.validate()
    assert found.ok
    assert "Not checked: that each chunk is at its place" in str(found)


def test_types_in_a_store_of_format_1(tmp_path):
    store = shutil.copytree(GOLDEN / "timed", tmp_path / "g")
    graph = graphwalk.set_node_types(graphwalk.open_zarr(store), np.arange(40) % 2)
    assert repr(graph) == repr(graphwalk.open_zarr(store))
    assert repr(graph).endswith(", format 1>")
    assert graph.node_types.tolist() == (np.arange(40) % 2).tolist()


def test_format_1_is_what_format_2_is_without_its_manifest(tmp_path):
    graph = build(tmp_path / "g", 1, "weights")
    expected = walk(weighted=True)(graph)
    as_format_1(tmp_path / "g")
    np.testing.assert_array_equal(
        walk(weighted=True)(graphwalk.open_zarr(tmp_path / "g")), expected
    )
