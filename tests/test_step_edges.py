"""The stored edges that steps follow, in memory and in partitions, on each executor, in files."""

import math

import dask
import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr
from plans import read_again

import graphwalk
from graphwalk.algorithms.walks.recorded_edges import with_edges
from graphwalk.cli.main import main

NODES, LENGTH = 40, 8
RNG = np.random.default_rng(4)
ENDS = RNG.integers(0, NODES, (2, 300))
WEIGHTS = RNG.integers(1, 5, 300).astype(np.float32)


def make_graph(kind):
    if kind == "plain":
        return graphwalk.build_zarr(tuple(ENDS), duplicates="keep")
    if kind == "weighted":
        return graphwalk.build_zarr((*ENDS, WEIGHTS), duplicates="keep", directed=True)
    if kind == "with ids":
        table = {"src": ENDS[0], "dst": ENDS[1], "id": np.arange(300)}
        return graphwalk.build_zarr(table, duplicates="keep", directed=True, edge_ids="id")
    if kind == "merged":
        return graphwalk.build_zarr((*ENDS, WEIGHTS))
    if kind == "timed":
        times = RNG.integers(0, 30, 300)
        return graphwalk.build_zarr((*ENDS, times), times=True, directed=True)
    if kind == "edge types":
        table = {"src": ENDS[0], "dst": ENDS[1], "type": ENDS.sum(0) % 3, "weight": WEIGHTS}
        return graphwalk.build_zarr(table, edge_types=True, weights="weight", directed=True)
    graph = graphwalk.build_zarr((*ENDS, WEIGHTS), duplicates="keep")
    return graphwalk.set_node_types(graph, ["a", "b"] * (NODES // 2))


def followed(graph, partitions=None, **how):
    """Return walks and their edges; check that they are the walks, and edges along them."""
    how = {"num_walks": 3, "walk_length": LENGTH, "seed": 6, "partitions": partitions, **how}
    plain = graphwalk.random_walks(graph, **how).compute()
    walks, edges = dask.compute(*graphwalk.random_walks(graph, **how, return_edges=True))
    np.testing.assert_array_equal(walks, plain)
    assert walks.dtype == plain.dtype
    assert edges.shape == (len(walks), LENGTH)
    sources = np.repeat(np.arange(NODES), graph.degrees)
    real = edges >= 0
    np.testing.assert_array_equal(sources[edges[real]], walks[:, :-1][real])
    heads = graph.read_neighbors(0, graph.num_entries)
    np.testing.assert_array_equal(heads[edges[real]], walks[:, 1:][real])
    if not how.get("restart_prob") and how.get("dead_end") != "stay":
        np.testing.assert_array_equal(real, walks[:, 1:] >= 0)
    assert real.any()
    return walks, edges


QUICK = [
    ("plain", {"restart_prob": 0.2, "stop_prob": 0.1}),
    ("timed", {"temporal": True}),
]
SLOW = [
    ("plain", {"restart_prob": 0.2, "stop_prob": 0.1, "until": [3, 5]}),
    ("timed", {"temporal": True, "until": [3]}),
    ("plain", {}),
    ("weighted", {"restart_prob": 0.3, "dead_end": "stay"}),
    ("plain", {"p": 2.0, "q": 0.5, "restart_prob": 0.1, "until": [3]}),
    ("plain", {"p": 1e-3, "q": 1e3}),
    ("weighted", {"p": 0.25, "q": 4.0}),
    ("weighted", {"p": 1e-4, "q": 1e3}),
    ("weighted", {"p": math.inf}),
    ("merged", {"p": 2.0, "q": 0.5, "gamma": 0.0}),
    ("merged", {"p": 1e-3, "q": 5e2, "gamma": 0.0}),
    ("typed", {"metapath": ["a", "b"]}),
]


@pytest.mark.parametrize(
    ("kind", "how"), [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_edges_lead_along_the_same_walks_whatever_the_plan(kind, how):
    graph = make_graph(kind)
    _, whole = followed(graph, **how)
    for partitions in (1, 3):
        np.testing.assert_array_equal(followed(graph, partitions, **how)[1], whole)


def test_an_edge_among_parallel_ones_is_as_likely_as_its_weight_says():
    weights = np.array([1, 2, 3, 4, 6], np.float32)
    graph = graphwalk.build_zarr(
        ([0] * 5, [1, 1, 1, 2, 2], weights), duplicates="keep", directed=True
    )
    draws = 20_000
    _, edges = graphwalk.random_walks(
        graph, [0], num_walks=draws, walk_length=1, seed=1, return_edges=True
    )
    found = edges.compute()[:, 0]
    expected = weights / weights.sum() * draws
    stored = graph.edge_values(np.arange(5))
    counts = np.bincount(found, minlength=5)[np.argsort(stored)]
    assert ((counts - expected) ** 2 / expected).sum() < 18.5  # of 4 degrees: 0.999


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_from_its_whole_row_chooses_among_parallel_edges_as_weights_say(weighted):
    """Nearly all attempts from node 1 are refused, since it has few ways back."""
    ends = [(0, 1), (1, 0), (1, 0), *((1, n) for n in range(2, 40))]
    graph = graphwalk.build_zarr(
        [(u, v, 1 + (i == 2)) for i, (u, v) in enumerate(ends)], duplicates="keep", directed=True
    )
    how = {"p": 1e-9, "q": 1.0, "weighted": weighted, "num_walks": 4000, "walk_length": 2}
    _, edges = graphwalk.random_walks(graph, [0], seed=1, **how, return_edges=True)
    first, second = np.unique(edges.compute()[:, 1], return_counts=True)
    assert len(first) == 2
    light = np.argmin(graph.edge_values(first)) if weighted else 0
    share = 1 / 3 if weighted else 1 / 2
    assert abs(second[light] - 4000 * share) < 4 * math.sqrt(4000 * share * (1 - share))


def test_times_of_parallel_edges_are_those_of_the_walk():
    graph = make_graph("timed")
    walks, edges = followed(graph, temporal=True, num_walks=20)
    times = graph.edge_values(edges)
    later = np.diff(times, axis=1)
    assert (later[~np.isnan(later)] > 0).all()
    assert np.isnan(times).sum() == (walks[:, 1:] < 0).sum()


ON_EXECUTORS = {
    "in": ("with ids", {"direction": "in", "stop_prob": 0.1}),
    "both": ("with ids", {"direction": "both", "restart_prob": 0.2}),
    "back in time": ("timed", {"temporal": True, "backward": True, "time_window": (2, 25)}),
    "near in time": ("timed", {"temporal": True, "time_bias": "near-exponential", "time_scale": 9}),
    "types of edges": ("edge types", {"metapath": [0, 1], "restart_prob": 0.2}),
}


def test_executors_find_the_same_edges(session):
    """Of walks in memory, through partitions that stay there, and through those that do not."""
    for name, (kind, how) in ON_EXECUTORS.items():
        graph = rows = make_graph(kind)
        how = {"num_walks": 2, "walk_length": 5, "seed": 2, "return_edges": True, **how}
        if "direction" in how:
            rows = graph.transpose(both_ways=how["direction"] == "both")
            how["transposed"] = rows
        with graphwalk.scheduler.use("threads", num_workers=1):
            nodes, edges = dask.compute(*graphwalk.random_walks(graph, **how))
        assert (edges >= 0).mean() > 0.1, name
        for partitions in (None, 3):
            found = graphwalk.random_walks(graph, **how, chunks=30, partitions=partitions)
            for one, other in zip(dask.compute(*found), (nodes, edges), strict=True):
                np.testing.assert_array_equal(one, other, name)
        steps = read_again(with_edges(*found), ahead=False).compute()
        np.testing.assert_array_equal(steps["node"], nodes, name)
        np.testing.assert_array_equal(steps["edge"][:, 1:], edges, name)
        if kind == "with ids":
            ids, real = rows.edge_values(edges, "edge_ids"), edges >= 0
            ends = ENDS[:, ids[real]], np.stack([nodes[:, :-1][real], nodes[:, 1:][real]])
            same = (ends[0] == ends[1]).all(0), (ends[0] == ends[1][::-1]).all(0)
            assert same[1].all() or (how["direction"] == "both" and (same[0] | same[1]).all()), name


@pytest.mark.parametrize("rows", [slice(None), slice(7, 60)])
@pytest.mark.parametrize("resume", [False, True])
def test_edges_are_written_with_the_walks(tmp_path, rows, resume):
    graph = make_graph("plain")
    how = {"num_walks": 2, "walk_length": 5, "seed": 2, "chunks": 30, "stop_prob": 0.2}
    walks, edges = graphwalk.random_walks(graph, **how, return_edges=True)
    walks, edges = walks[rows], edges[rows]
    nodes, followed = dask.compute(walks, edges)
    path = graphwalk.write_walks(walks, tmp_path / "w.zarr", edges=edges, resume=resume)
    found = zarr.open_group(path, mode="r")
    np.testing.assert_array_equal(found["walks"][:], nodes)
    np.testing.assert_array_equal(found["edges"][:], followed)
    assert found["edges"].metadata.dimension_names == ("walk", "step")
    assert found["walks"].metadata.dimension_names == ("walk", "position")
    how = {"edges": edges, "coordinates": True, "resume": resume, "overwrite": True}
    path = graphwalk.write_walks(walks, tmp_path / "w.zarr", **how)
    found = zarr.open_group(path, mode="r")
    np.testing.assert_array_equal(found["walks"][:], nodes)
    np.testing.assert_array_equal(found["edges"][:], followed)
    columns = {"walk": range(len(nodes)), "start": nodes[:, 0], "position": range(6)}
    for name, expected in (columns | {"step": range(1, 6)}).items():
        np.testing.assert_array_equal(found[name][:], expected)
    assert found["walks"].attrs["coordinates"] == found["edges"].attrs["coordinates"] == "start"
    path = graphwalk.write_walks(walks, tmp_path / "w.parquet", edges=edges, resume=resume)
    for row, walk, steps in zip(
        pq.read_table(path, columns=["walk", "edges"]).to_pylist(), nodes, followed, strict=True
    ):
        assert row == {"walk": walk[walk >= 0].tolist(), "edges": steps[walk[1:] >= 0].tolist()}
    corpora = [list(graphwalk.WalkCorpus(tmp_path / name)) for name in ("w.zarr", "w.parquet")]
    assert corpora[0] == corpora[1]
    with pytest.raises(graphwalk.InputError, match=r"files of \.npy hold nodes alone; write to .z"):
        graphwalk.write_walks(walks, tmp_path / "w.npy", edges=edges)
    with pytest.raises(graphwalk.InputError, match=r"coordinates=True is for \.zarr"):
        graphwalk.write_walks(walks, tmp_path / "w.npy", coordinates=True)
    with pytest.raises(graphwalk.InputError, match="take the same rows of both"):
        graphwalk.write_walks(walks[1:], tmp_path / "v.zarr", edges=edges)
    with pytest.raises(graphwalk.InputError, match="pass the first, and the second as edges="):
        graphwalk.write_walks((walks, edges), tmp_path / "v.zarr")
    for edges_alone in (edges, edges[3:].rechunk(20)):
        with pytest.raises(graphwalk.InputError, match="pass the array of walks"):
            graphwalk.write_walks(edges_alone, tmp_path / "v.zarr")


def test_the_command_writes_edges(tmp_path, capsys):
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c")], tmp_path / "g.zarr", directed=True)
    out = tmp_path / "w.parquet"
    main(["walk", graph.path, str(out), "--edges", "--num-walks=1", "--walk-length=4", "--seed=1"])
    group = tmp_path / "w.zarr"
    main(["walk", graph.path, str(group), "--coordinates", "--num-walks=1", "--walk-length=4"])
    assert zarr.open_group(group, mode="r")["start"][:].tolist() == [0, 1, 2]
    assert "3 walks of up to 4 steps: 3 steps" in capsys.readouterr().out
    assert pq.read_table(out, columns=["walk", "edges"]).to_pydict() == {
        "walk": [["a", "b", "c"], ["b", "c"], ["c"]],
        "edges": [[0, 1], [1], []],
    }
    for command in ("walk", "slurm"):
        arguments = [command, graph.path, str(tmp_path / "w.txt"), "--edges", "--seed=1"]
        assert main(arguments) != 0
        assert "or leave out --edges" in capsys.readouterr().err


def test_values_of_edges_are_found_by_their_positions():
    graph = make_graph("weighted")
    all_weights = graph.read_weights(0, graph.num_entries)
    some = np.array([[5, -1, 0], [299, 5, 17]])
    found = graph.edge_values(some)
    assert math.isnan(found[0, 1])
    np.testing.assert_array_equal(found[some >= 0], all_weights[some[some >= 0]])
    typed = graphwalk.build_zarr(([0, 0], [1, 2], [3, 7]), directed=True, edge_types=True)
    assert typed.edge_values([1, -1, 0]).tolist() == [7, -1, 3]
    assert graph.edge_values([]).shape == (0,)
    for where, edges, said in (
        (graph, [300], "there is no edge 300"),
        (graph, [0.5], "pass integers"),
        (make_graph("plain"), [0], "have no weights, times or types"),
    ):
        with pytest.raises(graphwalk.InputError, match=said):
            where.edge_values(edges)
