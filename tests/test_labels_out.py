"""Names of nodes on the way out: those of the graph that was walked, or none at all."""

import json
import shutil

import dask
import dask.array as da
import numpy as np
import pyarrow.parquet as pq
import pytest

import graphwalk
from graphwalk import InputError
from graphwalk.algorithms.walks.walks_source import walks_source
from graphwalk.cli import main

EDGES = [(1000, 1001), (1001, 1002), (1000, 1003), (1003, 1000), (1002, 1004)]
WAYS = r"labels=.*labels=False"


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("graphs") / "g.zarr"
    return graphwalk.build_zarr(EDGES, path, directed=True)


@pytest.fixture(scope="module")
def walks(graph):
    return graphwalk.random_walks(graph, num_walks=6, walk_length=4, seed=3, chunks=7)


def mask(walks):
    return walks[walks[:, 2] >= 0].compute_chunk_sizes()


def persisted_mask(walks):
    walks = walks.persist()
    return walks[walks[:, 2] >= 0].compute_chunk_sizes()


def dask_persist(walks):
    return dask.persist(walks, da.ones(3))[0]


KEPT = {
    "itself": lambda w: w,
    "slice": lambda w: w[:12],
    "reversed": lambda w: w[::-1],
    "steps": lambda w: w[:, 1:3],
    "list": lambda w: w[[3, 1, 2]],
    "rechunk": lambda w: w.rechunk((4, 2)),
    "smaller chunks": lambda w: w.rechunk(3),
    "blocks": lambda w: w.blocks[1:3],
    "partitions": lambda w: w.partitions[:1],
    "mask": mask,
    "array mask": lambda w: w[np.arange(30) % 2 == 0],
    "persist": lambda w: w.persist(),
    "dask.persist": dask_persist,
    "persisted mask": persisted_mask,
    "dask.optimize": lambda w: dask.optimize(w)[0],
    "slice of persisted": lambda w: w.persist()[2:9],
    "concatenated": lambda w: da.concatenate([w[:3], w[20:]]),
    "copy": lambda w: w.copy(),
    "several": lambda w: da.vstack([w[3:20].rechunk(4), w])[5:].blocks[:2],
}

LOST = {
    "arithmetic": lambda w: w + 0,
    "astype": lambda w: w.astype(np.int8).astype(np.int64),
    "map_blocks": lambda w: w.map_blocks(lambda block: block),
    "getitem of others": lambda w: w.map_blocks(np.arange(5, dtype=np.int32).__getitem__),
    "where": lambda w: da.where(w > 1, w, -1),
    "numpy": lambda w: da.from_array(w.compute(), chunks=10),
    "partly others": lambda w: da.concatenate([w, da.from_array(w.compute())]),
    "indices of others": lambda w: da.from_array(np.zeros((30, 5), int))[w[:, 0] >= 2],
    "persisted slice": lambda w: w[:12].persist(),
}


def names(graph, walks):
    return [
        [str(name) for name in walk if name is not None] for walk in graph.names(np.asarray(walks))
    ]


@pytest.mark.parametrize("how", KEPT)
def test_names_survive(how, graph, walks):
    array = KEPT[how](walks)
    expected = [walk for walk in names(graph, array) if walk or how != "steps"]
    assert [walk for walk in graphwalk.WalkCorpus(array) if walk or how != "steps"] == expected
    assert walks_source(array).plan is walks.plan
    assert walks_source(array).graph.path == graph.path


@pytest.mark.parametrize("how", LOST)
def test_walks_of_unknown_origin_are_not_named(how, walks, tmp_path):
    array = LOST[how](walks)
    if np.isnan(array.shape).any():
        array = array.compute_chunk_sizes()
    assert walks_source(array) is None
    with pytest.raises(InputError, match=WAYS):
        graphwalk.WalkCorpus(array)
    with pytest.raises(InputError, match=WAYS):
        graphwalk.embed(array, tmp_path / "vectors.parquet")
    numbers = [[str(node) for node in walk if node >= 0] for walk in array.compute().tolist()]
    assert list(graphwalk.WalkCorpus(array, labels=False)) == numbers


def test_walks_on_two_graphs_are_not_named(walks):
    other = graphwalk.build_zarr([(7, 1000)] * 2, relabel=True)
    both = da.concatenate([walks, graphwalk.random_walks(other, walk_length=4)])
    with pytest.raises(InputError, match=WAYS):
        graphwalk.WalkCorpus(both)


@pytest.mark.parametrize("how", ["itself", "slice", "persist", "rechunk", "mask"])
@pytest.mark.parametrize("suffix", [".zarr", ".parquet"])
def test_names_survive_files(how, suffix, graph, walks, tmp_path):
    array = KEPT[how](walks)
    path = graphwalk.write_walks(array, tmp_path / f"walks{suffix}")
    assert list(graphwalk.WalkCorpus(path)) == names(graph, array)


@pytest.mark.parametrize("suffix", [".zarr", ".parquet"])
@pytest.mark.parametrize("change", ["removed", "other edges", "other names", "no digest"])
def test_names_of_a_graph_that_is_not_there_any_more(suffix, change, tmp_path):
    store = tmp_path / "g.zarr"
    graph = graphwalk.build_zarr(EDGES, store, directed=True)
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1)
    path = graphwalk.write_walks(walks, tmp_path / f"walks{suffix}")
    expected = names(graph, walks)
    labels = graph.labels.tolist()
    if change == "removed":
        shutil.rmtree(store)
    elif change == "no digest":
        about = json.loads((store / "zarr.json").read_text())
        del about["attributes"]["graphwalk"]["label_digest"]
        (store / "zarr.json").write_text(json.dumps(about))
    else:
        edges = [(a + 1, b + 1) for a, b in EDGES] if change == "other names" else EDGES[:-1]
        graphwalk.build_zarr([*edges], store, directed=True, overwrite=True)
    with pytest.raises(InputError, match=WAYS):
        graphwalk.WalkCorpus(path)
    assert list(graphwalk.WalkCorpus(path, labels=labels)) == expected


@pytest.mark.parametrize("suffix", [".zarr", ".parquet", ".npy", ".txt", ".txt.gz", ".txt.zst"])
def test_files_of_unknown_origin_are_not_named(suffix, walks, tmp_path):
    path = graphwalk.write_walks(walks + 0, tmp_path / f"walks{suffix}")
    with pytest.raises(InputError, match=WAYS):
        graphwalk.WalkCorpus(path)
    numbers = [[str(node) for node in walk if node >= 0] for walk in walks.compute().tolist()]
    assert list(graphwalk.WalkCorpus(path, labels=False)) == numbers


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz", ".txt.zst"])
def test_numbers_in_text_are_named_as_the_graph_is(suffix, graph, walks, tmp_path):
    """Also those of walks whose graph is known: text has no room for where it lies."""
    path = graphwalk.write_walks(walks, tmp_path / f"walks{suffix}")
    with pytest.raises(InputError, match=f"has numbers.*{WAYS}"):
        graphwalk.embed(path, tmp_path / "vectors.parquet")
    assert list(graphwalk.WalkCorpus(path, labels=graph.labels)) == names(graph, walks)
    path = graphwalk.write_walks(walks, tmp_path / f"named{suffix}", labels=graph.labels)
    assert list(graphwalk.WalkCorpus(path, labels=False)) == names(graph, walks)
    path = graphwalk.write_walks(walks, tmp_path / f"a{suffix}", labels=list("abcde"))
    assert next(iter(graphwalk.WalkCorpus(path)))[0] == "a"


def test_numbers_are_names_where_the_graph_has_no_labels(tmp_path):
    store = tmp_path / "g.zarr"
    plain = graphwalk.build_zarr([(0, 1), (1, 2)], store)
    walks = graphwalk.random_walks(plain, num_walks=1, walk_length=1, seed=1)
    path = graphwalk.write_walks(walks[:2], tmp_path / "walks.zarr")
    shutil.rmtree(store)
    assert next(iter(graphwalk.WalkCorpus(path))) == ["0", "1"]


@pytest.mark.parametrize(
    "use",
    [
        graphwalk.WalkCorpus,
        graphwalk.iter_blocks,
        lambda walks: graphwalk.write_walks(walks, "never.zarr"),
        lambda walks: graphwalk.embed(walks, "never.parquet"),
        graphwalk.plot_visits,
        graphwalk.plot_coverage,
    ],
)
def test_masks_name_what_they_lack(use, walks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"compute_chunk_sizes\(\)"):
        use(walks[walks[:, -1] >= 0])


def test_jobs_are_resumed_wherever_their_graph_lies(tmp_path):
    graphwalk.build_zarr(EDGES, tmp_path / "g.zarr", directed=True)

    def walks(path):
        return graphwalk.random_walks(path, num_walks=1, walk_length=3, seed=1)

    path = graphwalk.write_walks(walks(tmp_path / "g.zarr"), tmp_path / "walks.zarr")
    (tmp_path / "g.zarr").rename(tmp_path / "moved.zarr")
    written = (path / "zarr.json").stat().st_mtime_ns
    graphwalk.write_walks(walks(tmp_path / "moved.zarr"), path, resume=True)
    assert (path / "zarr.json").stat().st_mtime_ns == written


def test_the_command_line_names_its_own_option(graph, walks, tmp_path, capsys):
    path = graphwalk.write_walks(walks, tmp_path / "walks.npy")
    embed = ["embed", str(path), str(tmp_path / "vectors.parquet"), "--dimensions=2", "--quiet"]
    assert main(embed) == 1
    error = capsys.readouterr().err
    assert "--labels," in error
    assert "--labels=none" in error
    assert "labels=" not in error.replace("--labels=none", "")
    for labels, expected in (("none", range(5)), (graph.path, range(1000, 1005))):
        assert main([*embed, f"--labels={labels}", "--overwrite"]) == 0
        nodes = pq.read_table(tmp_path / "vectors.parquet")["node"].to_pylist()
        assert nodes == list(expected)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["walk", "plain", "out.parquet", "--metapath=a,b"], "--edge-types"),
        (["walk", "plain", "out.parquet", "--temporal"], "--times"),
        (["embed", "there.npy", "there.parquet"], "--overwrite"),
        (["walk", "plain", "there.npy"], "--overwrite"),
        (["embed", "there.npy", "out.parquet"], "--labels=none"),
    ],
)
def test_the_command_line_speaks_of_options(
    arguments, option, walks, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    graphwalk.build_zarr([(0, 1)], "plain")
    graphwalk.write_walks(walks, "there.npy")
    (tmp_path / "there.parquet").write_text("something")
    assert main([*arguments, "--quiet"]) == 1
    error = capsys.readouterr().err
    assert option in error
    assert "=True" not in error
