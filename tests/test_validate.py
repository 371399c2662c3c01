"""Validation: each kind of damage is found, and nothing else is said to be wrong."""

import shutil

import numpy as np
import pyarrow as pa
import pytest
import zarr
from resealed import as_format_1
from small_chunks import build_chunked

from graphwalk.algorithms.validation.check import validate as check
from graphwalk.algorithms.validation.problems import MOST_PROBLEMS
from graphwalk.errors import StoreError
from graphwalk.storage.store.graph import open_zarr
from graphwalk.util.progress_bar import Progress


def build_zarr(edges, path, **options):
    """Build a store in which rows straddle chunks of 16 offsets, and of 32 entries.

    It is of format 1, so that arrays can be changed without another error than the one meant.
    """
    build_chunked(128, edges, path, **options)
    return open_zarr(as_format_1(path))


NUM_NODES = 60
EDGES = np.random.default_rng(5).integers(0, 50, (2, 300))
WEIGHTS = np.random.default_rng(6).random(300) + 0.5
NAMES = [f"node {'é' * (i % 4)}{i:03}" for i in range(50)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Strings come in batches."""
    monkeypatch.setattr("graphwalk.algorithms.validation.labels._BATCH_BYTES", 40)


@pytest.fixture
def store(tmp_path):
    """An undirected weighted graph, the last nodes of which have no neighbours."""
    build_zarr((*EDGES, WEIGHTS), tmp_path / "g", num_nodes=NUM_NODES)
    return tmp_path / "g"


@pytest.fixture
def named(tmp_path):
    names = np.array(NAMES)[EDGES]
    build_zarr(pa.table({"src": names[0], "dst": names[1]}), tmp_path / "named", directed=True)
    return tmp_path / "named"


@pytest.fixture
def numbered(tmp_path):
    build_zarr(EDGES * 10**9 + 5, tmp_path / "numbered")
    return tmp_path / "numbered"


def problems(path):
    found = open_zarr(path).validate()
    assert found.ok == (not found.problems)
    assert found.num_problems == len(found.problems)
    return found.problems


def only_problem(path):
    found = problems(path)
    assert len(found) == 1, found
    return found[0]


def array(path, name):
    return zarr.open_group(path, mode="r+")[name]


def set_attribute(path, **changes):
    group = zarr.open_group(path, mode="r+")
    group.update_attributes({"graphwalk": {**group.attrs["graphwalk"], **changes}})


def row_of(path, at_least):
    """Return a row that has `at_least` entries: the node, and where its entries begin and end."""
    offsets = array(path, "offsets")[:]
    node = int(np.flatnonzero(np.diff(offsets) >= at_least)[0])
    return node, int(offsets[node]), int(offsets[node + 1])


# Sound stores


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("duplicates", ["merge", "keep"])
def test_what_was_built_is_sound(tmp_path, directed, weighted, duplicates):
    edges = (*EDGES, WEIGHTS) if weighted else EDGES
    options = {"directed": directed, "duplicates": duplicates, "num_nodes": NUM_NODES}
    graph = build_zarr(edges, tmp_path / "g", **options)
    found = graph.validate()
    assert found.ok, found
    rows = [row.tolist() for row in graph.neighbors(np.arange(NUM_NODES))]
    assert found.facts == {
        "nodes": NUM_NODES,
        "edges": graph.num_edges,
        "entries": graph.num_entries,
        "self-loops": sum(row.count(v) for v, row in enumerate(rows)),
        "parallel entries": sum(len(row) - len(set(row)) for row in rows),
    }
    assert (found.facts["parallel entries"] > 0) == (duplicates == "keep")
    found.raise_if_damaged()


def test_labelled_graphs_are_sound(named, numbered):
    assert problems(named) == problems(numbered) == ()


@pytest.mark.parametrize("num_nodes", [1, 100])
def test_graphs_without_edges_are_sound(tmp_path, num_nodes):
    build_zarr(np.empty((2, 0), int), tmp_path / "g", num_nodes=num_nodes)
    assert problems(tmp_path / "g") == ()


def test_rows_longer_than_chunks_are_sound(tmp_path):
    star = np.stack([np.zeros(500, int), np.arange(500)])
    build_zarr((*star, np.r_[np.zeros(499), 1.0]), tmp_path / "out", directed=True)
    assert problems(tmp_path / "out") == ()
    build_zarr(star, tmp_path / "both", num_nodes=1000)
    assert problems(tmp_path / "both") == ()


# Chunks


@pytest.mark.parametrize("name", ["offsets", "neighbors", "weights"])
@pytest.mark.parametrize("damage", ["missing", "flipped", "truncated", "emptied"])
@pytest.mark.parametrize("chunk", [0, 2, -1])
def test_a_damaged_chunk_is_the_only_problem(store, name, damage, chunk):
    chunk %= len(list((store / name / "c").iterdir()))
    harm(store / name / "c" / str(chunk), damage)
    found = open_zarr(store).validate()
    assert len(found.problems) == 1, found
    assert found.problems[0].startswith(f"array '{name}': chunk {chunk} (elements ")
    assert str(store) not in found.problems[0]
    assert "the number of edges" in found.unchecked
    with pytest.raises(StoreError, match=rf"{store} is damaged: array '{name}'.*build it again"):
        found.raise_if_damaged()


def harm(path, damage):
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
        return
    data[len(data) // 2] ^= 4
    path.write_bytes(
        data[: {"flipped": len(data), "truncated": len(data) - 9, "emptied": 0}[damage]]
    )


@pytest.mark.parametrize("name", ["label_offsets", "label_bytes"])
def test_damaged_chunks_of_strings_are_named(named, name):
    for chunk in (1, 2):
        harm(named / name / "c" / str(chunk), "flipped")
    found = problems(named)
    assert [text[: text.index(" (")] for text in found] == [
        f"array '{name}': chunk {chunk}" for chunk in (1, 2)
    ]


def test_damaged_chunks_of_integers_are_named(numbered):
    harm(numbered / "labels" / "c" / "1", "missing")
    assert only_problem(numbered).startswith("array 'labels': chunk 1 ")


def test_damage_does_not_hide_other_faults(store):
    neighbors = array(store, "neighbors")
    last = neighbors.shape[0] - 1
    neighbors[last] = 77
    harm(store / "neighbors" / "c" / "1", "flipped")
    harm(store / "offsets" / "c" / "1", "missing")
    harm(store / "weights" / "c" / "1", "truncated")
    found = problems(store)
    assert {text.split(":")[0] for text in found} == {
        "array 'offsets'",
        "array 'neighbors'",
        "array 'weights'",
    }
    assert len(found) == 4
    assert any(f"element {last}: 77" in text for text in found)


def test_faults_after_a_damaged_chunk_of_offsets_are_found(store):
    harm(store / "offsets" / "c" / "1", "missing")
    offsets, neighbors = open_zarr(store).read_offsets(32, 48), array(store, "neighbors")
    node = 32 + int(np.argmax(np.diff(offsets) >= 2))
    start = int(offsets[node - 32])
    neighbors[start : start + 2] = neighbors[start : start + 2][::-1]
    assert any(
        f"do not ascend: 1; first in the row of node {node}" in text for text in problems(store)
    )


@pytest.mark.parametrize("name", ["offsets", "neighbors", "weights"])
def test_what_was_read_of_a_damaged_row_is_not_taken_for_all_of_it(tmp_path, name):
    # The weight above zero is in the first chunk of the row, and what follows it is read.
    star = np.stack([np.zeros(90, int), np.arange(90)])
    build_zarr((*star, np.r_[1.0, np.zeros(89)]), tmp_path / "g", directed=True)
    harm(tmp_path / "g" / name / "c" / "0", "missing")
    assert only_problem(tmp_path / "g").startswith(f"array '{name}': chunk 0 ")


def test_a_row_that_follows_damage_is_checked_whole(tmp_path):
    rows = np.repeat([0, 1], 32)  # each is a chunk
    edges = np.stack([rows, np.tile(np.arange(32), 2)])
    build_zarr((*edges, np.ones(64)), tmp_path / "g", directed=True)
    array(tmp_path / "g", "weights")[32:] = 0
    harm(tmp_path / "g" / "neighbors" / "c" / "0", "missing")
    found = problems(tmp_path / "g")
    assert len(found) == 2
    assert found[1].endswith("without a weight above zero: 1; first in the row of node 1")


@pytest.mark.parametrize("name", ["neighbors", "weights"])
def test_arrays_beside_one_that_is_missing_are_read_by_pieces(store, name, monkeypatch):
    monkeypatch.setattr("graphwalk.algorithms.validation.row_spans._UNKNOWN_CHUNK", 50)
    (store / name / "zarr.json").unlink()
    other = {"neighbors": "weights", "weights": "neighbors"}[name]
    array(store, other)[100] = -3
    found = problems(store)
    assert len(found) == 2 + (other == "neighbors")
    assert "element 100: -3" in found[1]


def test_no_more_problems_are_told_than_one_can_read(tmp_path):
    build_zarr(EDGES, tmp_path / "g")
    for path in (tmp_path / "g" / "neighbors" / "c").iterdir():
        if path.name != "0":
            path.unlink()
    build_zarr(np.stack([np.zeros(900, int), np.arange(900)]), tmp_path / "star", directed=True)
    shutil.rmtree(tmp_path / "star" / "neighbors" / "c")
    found = open_zarr(tmp_path / "star").validate()
    assert len(found.problems) == MOST_PROBLEMS
    assert found.num_problems == 29  # chunks of 32 entries
    assert "has 29 problems:" in str(found)
    assert "- and 9 more" in str(found)


def test_a_missing_array_is_one_problem(store):
    (store / "weights" / "zarr.json").unlink()
    assert "array 'weights' is missing" in only_problem(store)


def test_missing_offsets_are_one_problem(store):
    (store / "offsets" / "zarr.json").unlink()
    assert "array 'offsets' is missing" in only_problem(store)


def test_an_array_of_another_length(store):
    array(store, "neighbors").resize((10,))
    assert "array 'neighbors' has shape (10,)" in only_problem(store)


# Contents, with checksums that are right


def test_offsets_that_do_not_begin_with_0(store):
    array(store, "offsets")[0] = 1
    assert only_problem(store) == "array 'offsets' begins with 1, not 0"


@pytest.mark.parametrize("at", [5, 16, 31])  # within a chunk, first of one, last of one
def test_offsets_that_fall(store, at):
    offsets = array(store, "offsets")
    before = int(offsets[at - 1])
    offsets[at] = before - 1
    assert (
        only_problem(store)
        == f"array 'offsets' falls from {before} to {before - 1} at element {at}"
    )


def test_offsets_beyond_the_entries(store):
    offsets = array(store, "offsets")
    entries = array(store, "neighbors").shape[0]
    offsets[55:] = entries + 3
    assert only_problem(store) == (
        f"array 'offsets': element 55 is {entries + 3}, but there are {entries} entries"
    )


def test_offsets_that_end_too_soon(store):
    offsets = array(store, "offsets")
    entries = array(store, "neighbors").shape[0]
    offsets[:] = np.minimum(offsets[:], entries - 1)
    assert only_problem(store) == (
        f"array 'offsets' ends at {entries - 1}, but there are {entries} entries"
    )


@pytest.mark.parametrize("bad", [NUM_NODES, -2])
def test_neighbors_that_do_not_exist(store, bad):
    _, _, stop = row_of(store, 2)
    at = stop - 1 if bad > 0 else stop - 2
    neighbors = array(store, "neighbors")
    neighbors[at] = bad
    found = problems(store)
    assert f"ids that name no node from 0 to 59: 1; the first is element {at}: {bad}" in found[0]
    assert len(found) == 1 + (bad < 0 and at > row_of(store, 2)[1])


@pytest.mark.parametrize("where", ["within a chunk", "across chunks"])
def test_unsorted_rows(store, where):
    offsets, neighbors = array(store, "offsets")[:], array(store, "neighbors")
    in_row = np.setdiff1d(
        np.arange(1, neighbors.shape[0]), offsets
    )  # has one before it, in its row
    at = int(in_row[(in_row % 32 == 0) == (where == "across chunks")][3])
    weights = array(store, "weights")
    for values in (neighbors, weights):
        values[at - 1 : at + 1] = values[at - 1 : at + 1][::-1]
    node = int(np.searchsorted(offsets, at, "right")) - 1
    assert only_problem(store) == (
        f"array 'neighbors': neighbours that do not ascend: 1; first in the row of node {node}"
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_bad_weights(store, bad):
    array(store, "weights")[70] = bad
    assert only_problem(store) == (
        "array 'weights': weights that are negative or not finite: 1; "
        f"the first is element 70: {bad}"
    )


def test_rows_without_a_positive_weight(store):
    for node in (3, 7):
        start, stop = array(store, "offsets")[node : node + 2]
        array(store, "weights")[start:stop] = 0
    assert only_problem(store) == (
        "array 'weights': rows without a weight above zero: 2; first in the row of node 3"
    )


def test_an_entry_without_its_mirror_image(store):
    _, start, stop = row_of(store, 2)
    neighbors = array(store, "neighbors")
    row = neighbors[start:stop]
    free = next(v for v in range(row[-1] + 1, NUM_NODES))
    neighbors[stop - 1] = free
    assert "not both ends of each edge list it" in only_problem(store)


def test_two_ends_of_different_weight(store):
    array(store, "weights")[40] += 0.25
    assert "with the same weight" in only_problem(store)


# Attributes


@pytest.mark.parametrize("directed", [False, True])
def test_a_wrong_number_of_edges(tmp_path, directed):
    graph = build_zarr(EDGES, tmp_path / "g", directed=directed)
    set_attribute(tmp_path / "g", num_edges=graph.num_edges + 1)
    assert only_problem(tmp_path / "g") == (
        f"attribute 'num_edges' is {graph.num_edges + 1}, but there are {graph.num_edges} edges"
    )


def test_a_wrong_number_of_nodes(store):
    set_attribute(store, num_nodes=NUM_NODES + 1)
    assert "array 'offsets' has shape (61,) where (62,) is due" in only_problem(store)


def test_a_wrong_number_of_entries(store):
    set_attribute(store, num_entries=5)
    found = " ".join(problems(store))
    assert "'neighbors' has shape" in found
    assert "'weights' has shape" in found


@pytest.mark.parametrize(
    "change",
    [{"num_nodes": -1}, {"num_edges": "many"}, {"directed": 0}, {"weighted": None}, {"labels": 3}],
)
def test_attributes_of_the_wrong_kind(store, change):
    set_attribute(store, **change)
    with pytest.raises(StoreError, match=f"the attribute '{next(iter(change))}' is "):
        open_zarr(store)


def test_types_and_fill_values(store):
    group = zarr.open_group(store, mode="r+")
    for name, dtype, fill in (("offsets", np.int32, -1), ("weights", np.float32, 0)):
        values = group[name][:].astype(dtype)
        del group[name]
        new = group.create_array(
            name, shape=values.shape, chunks=(16,), dtype=dtype, fill_value=fill
        )
        new[:] = values
    first, second, *others = problems(store)
    assert [other.split("'")[1] for other in others] == ["offsets", "weights"]
    assert first == "array 'offsets' is of type int32, not int64"
    assert second.startswith("array 'weights' has the fill value 0, not nan")


# Labels


@pytest.mark.parametrize("at", [10, 16])
def test_integer_labels_that_do_not_ascend(numbered, at):
    labels = array(numbered, "labels")
    labels[at] = labels[at - 1]
    assert only_problem(numbered).startswith(f"array 'labels' does not ascend at element {at}: ")


def test_negative_labels(numbered):
    array(numbered, "labels")[0] = -7
    assert only_problem(numbered) == "array 'labels': element 0 is negative: -7"


def test_strings_that_do_not_ascend(named):
    for node in range(1, 34):  # where a batch of strings or a chunk of offsets begins, too
        begin, middle, end = array(named, "label_offsets")[node - 1 : node + 2].tolist()
        text = array(named, "label_bytes")
        before = text[begin:end].copy()
        if middle - begin != end - middle:
            continue
        text[middle:end] = before[: middle - begin]
        name = bytes(before[: middle - begin]).decode()
        assert only_problem(named) == f"labels do not ascend at node {node}: {name!r}"
        text[begin:end] = before
    assert problems(named) == ()


def test_strings_that_are_no_utf_8(named):
    begin = int(array(named, "label_offsets")[20])
    array(named, "label_bytes")[begin + 3] = 0x80
    assert "array 'label_bytes' is no UTF-8" in only_problem(named)


def test_label_offsets_that_fall(named):
    offsets = array(named, "label_offsets")
    offsets[20] = offsets[19] - 1
    assert only_problem(named) == "array 'label_offsets' falls at element 20"


def test_strings_of_another_length(named):
    offsets = array(named, "label_offsets")
    offsets[len(offsets[:]) - 1] += 4
    assert "array 'label_bytes' has shape" in only_problem(named)


# What it says


def test_it_prints_what_it_found(store):
    graph = open_zarr(store)
    text = str(graph.validate())
    assert text.startswith(f"{store} is sound: 60 nodes, {graph.num_edges} edges, ")
    harm(store / "offsets" / "c" / "0", "flipped")
    text = str(graph.validate())
    assert text.startswith(f"{store} has a problem:\n- array 'offsets': chunk 0 ")
    assert text.endswith(
        "\nNot checked for that: the number of edges, that both ends of each edge list it, "
        "that each chunk is at its place and of this build (format 1; build it again)."
    )


def test_progress_is_shown_when_asked(store, capsys):
    graph = open_zarr(store)
    graph.validate()
    assert capsys.readouterr().err == ""
    graph.validate(progress=True)
    assert "check rows: 100%" in capsys.readouterr().err


def test_each_chunk_of_entries_is_read_once(store, monkeypatch):
    """Chunks of offsets are read once more: first to find which rows are known."""
    reads = []
    graph = open_zarr(store)
    for name in ("offsets", "neighbors", "weights"):
        reader = graph._arrays._reader(name)

        def read_into(out, start, *how, name=name, read=reader.read_into):
            reads.append((name, start, start + len(out)))
            read(out, start, *how)

        monkeypatch.setattr(reader, "read_into", read_into)
    assert graph.validate().ok
    for name, most in (("offsets", 2), ("neighbors", 1), ("weights", 1)):
        chunks = len(list((store / name / "c").iterdir()))
        assert chunks <= sum(read[0] == name for read in reads) <= most * chunks


def test_times_that_cannot_be_read_are_compared_with_none(tmp_path):
    """Those on both sides of the chunk belong to parallel edges, and ascend."""
    times = np.r_[np.full(16, 3.0), np.zeros(16), np.ones(16)]
    build_zarr((np.zeros(48, int), np.r_[1:17, np.full(32, 20)], times), tmp_path / "g", times=True,
               directed=True, duplicates="keep")  # fmt: skip
    array(tmp_path / "g", "times")[16] = 2.0
    harm(tmp_path / "g" / "times" / "c" / "1", "flipped")
    assert only_problem(tmp_path / "g").startswith("array 'times': chunk 1 ")


# In partitions


def graph_with_hub(path, values):
    """Build a graph whose rows are in several chunks, some of them of parallel edges."""
    rng = np.random.default_rng(7)
    src = np.r_[np.full(150, 3), rng.integers(0, 40, 150)]
    dst = np.r_[np.arange(150) // 3, rng.integers(0, 50, 150)]
    third = {"weights": rng.random(300) + 0.5, "times": rng.integers(0, 4, 300) / 2}.get(values)
    edges = (src, dst) if third is None else (src, dst, third)
    options = {"times": values == "times", "directed": values != "weights", "num_nodes": NUM_NODES}
    build_zarr(edges, path, duplicates="keep", **options)


def damage(path, rng):
    """Damage a store in one of many ways."""
    names = [
        name for name in ("offsets", "neighbors", "weights", "times") if (path / name).exists()
    ]
    name, kind = rng.choice(names), rng.integers(4)
    values = array(path, name)
    at = int(rng.integers(1, values.shape[0]))
    try:
        if kind == 0:
            chunk = rng.choice(sorted((path / name / "c").iterdir()))
            harm(chunk, rng.choice(["missing", "flipped", "truncated", "emptied"]))
        elif kind == 1:
            values[at] = values[at - 1]
        elif kind == 2:
            values[at : at + 40] = 0
        else:
            values[at] = -5 if name == "times" else values[at] + rng.integers(-3, 4)
    except (ValueError, RuntimeError, FileNotFoundError):
        return  # its chunk is damaged already


def test_a_row_without_weight_is_found_whatever_follows_in_its_partition(tmp_path):
    rows = np.r_[np.zeros(80, int), np.ones(48, int)]  # four chunks
    edges = np.stack([rows, np.r_[np.arange(80), np.arange(48)]])
    build_zarr((*edges, np.ones(128)), tmp_path / "g", directed=True)
    array(tmp_path / "g", "weights")[:80] = 0
    harm(tmp_path / "g" / "neighbors" / "c" / "3", "missing")
    arrays = open_zarr(tmp_path / "g")._arrays
    for partitions in (1, 2, 4):
        _, found = check(arrays, Progress(False), partitions).problems
        assert found.endswith("without a weight above zero: 1; first in the row of node 0")


@pytest.mark.parametrize("values", [None, "weights", "times"])
def test_the_number_of_partitions_does_not_change_what_is_found(tmp_path, values):
    found = set()
    graph_with_hub(tmp_path / "sound", values)
    for seed in range(16):
        path, rng = tmp_path / f"damaged-{seed}", np.random.default_rng(seed)
        shutil.copytree(tmp_path / "sound", path)
        for _ in range(1 + seed % 3):
            damage(path, rng)
        arrays = open_zarr(path)._arrays
        whole, *others = (check(arrays, Progress(False), count) for count in (1, 2, 5, 100, None))
        for other in others:
            assert other == whole
        found |= {text.split()[1].strip("':") for text in whole.problems}
    assert found >= {"offsets", "neighbors", *filter(None, [values])}
