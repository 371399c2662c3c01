"""Walks in the order of time that begin with given edges, and edges that are drawn for them."""

import math
from datetime import timedelta

import numpy as np
import oracle
import pandas as pd
import pytest
from plans import read_again, small_walks
from scipy import stats
from small_chunks import build_chunked
from test_temporal import EDGES, build, rows_of

import graphwalk
from graphwalk import InputError
from graphwalk.cli.main import main

#: So few bytes that each chunk has 16 times.
CHUNK = 128


def entries_of(graph):
    """Return source, target and time of each entry of a graph."""
    return [(u, v, t) for u, row in rows_of(graph).items() for v, t in row]


def draw_counts(graph, **how):
    """Return how often each of the entries is drawn in 40,000 times."""
    edges = graphwalk.draw_start_edges(graph, 40_000, seed=3, **how)
    assert edges.dtype == np.int64
    return np.bincount(edges, minlength=graph.num_edges)


def odds_of(times, time_bias=None, time_scale=1.0, time_window=(None, None)):
    """Return the exact probability of each edge."""
    first, last = time_window
    there = (times >= (-math.inf if first is None else first)) & (
        times <= (math.inf if last is None else last)
    )
    # By time, and edges of one time by their place in the store.
    rank = np.argsort(np.argsort(np.where(there, times, -math.inf), kind="stable")) - (~there).sum()
    odds = {
        None: np.ones(len(times)),
        "late": rank + 1.0,
        "early": there.sum() - rank + 0.0,
        "late-exponential": np.exp(times / time_scale),
        "early-exponential": np.exp(-times / time_scale),
    }[time_bias] * there
    return odds / odds.sum()


DRAWS = [
    {},
    {"time_bias": "late"},
    {"time_bias": "early"},
    {"time_bias": "late-exponential", "time_scale": 4},
    {"time_bias": "early-exponential", "time_scale": 2.5},
    {"time_window": (3, 6)},
    {"time_bias": "late", "time_window": (None, 6)},
    {"time_bias": "early", "time_window": (3, None)},
    {"time_bias": "late-exponential", "time_scale": 30, "time_window": (2, 8)},
]


@pytest.mark.parametrize("how", DRAWS, ids=str)
def test_edges_are_drawn_with_their_probabilities(how):
    edges = np.array(EDGES * 3, float) + np.repeat([[0, 0, 0], [0, 0, 0.5], [0, 0, 20]], 24, axis=0)
    columns = edges[:, 0].astype(int), edges[:, 1].astype(int), edges[:, 2]
    graph = build_chunked(CHUNK, columns, times=True, directed=True, duplicates="keep")
    assert graph._arrays.chunk_length("times") < 20
    expected = 40_000 * odds_of(graph.read_times(0, graph.num_edges), **how)
    counts = draw_counts(graph, **how)
    assert (counts[expected == 0] == 0).all()
    some = expected > 5
    chi2 = ((counts - expected)[some] ** 2 / expected[some]).sum()
    assert chi2 < stats.chi2.isf(1e-4, some.sum() - 1)
    assert counts[~some].sum() < 5 * (~some).sum() + 5


def test_draws_depend_on_the_seed_alone():
    graph = build()
    for how in DRAWS:
        whole = graphwalk.draw_start_edges(graph, 50, seed=2**64 - 1, **how)
        again = graphwalk.draw_start_edges(graph.path, 20, seed=2**64 - 1, **how)
        np.testing.assert_array_equal(again, whole[:20])
        assert (graphwalk.draw_start_edges(graph, 50, seed=2, **how) != whole).any()
    assert len(graphwalk.draw_start_edges(graph, 0)) == 0


def test_edges_far_apart_in_time_and_one_alone():
    graph = build([(0, 1, -(2.0**52)), (1, 2, 2.0**52), (2, 0, 0)])
    how = {"time_scale": 1e-300, "seed": 1}
    for bias, edge in (("late-exponential", 1), ("early-exponential", 0)):
        assert set(graphwalk.draw_start_edges(graph, 50, time_bias=bias, **how)) == {edge}
    for bias in (None, "late", "early"):
        how = {"time_bias": bias, "time_window": (0, 5)}
        assert set(graphwalk.draw_start_edges(graph, 50, **how)) == {2}


def test_dates_in_windows_and_scales():
    days = pd.to_datetime(["2020-01-01", "2021-01-01", "2021-01-02"])
    table = pd.DataFrame({"a": [0, 1, 2], "b": [1, 2, 0], "t": days})
    graph = graphwalk.build_zarr(table, directed=True, times=True)
    found = graphwalk.draw_start_edges(graph, 99, time_window=("2020-06-01", None), seed=1)
    assert set(found) == {1, 2}
    how = {"time_bias": "late-exponential", "time_scale": timedelta(days=1)}
    counts = draw_counts(graph, **how)
    assert counts[0] == 0
    assert counts[2] / counts[1] == pytest.approx(math.e, rel=0.05)


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("directed", [False, True])
def test_walks_have_the_probabilities_of_the_oracle(directed, partitions):
    graph = build(directed=directed)
    rows = rows_of(graph)
    for entry, (u, v, time) in list(enumerate(entries_of(graph)))[::4]:
        walks = graphwalk.random_walks(
            graph,
            start_edges=[entry],
            temporal=True,
            num_walks=4_000,
            walk_length=4,
            seed=3,
            partitions=partitions,
        )
        odds = oracle.temporal_walks(rows, u, 4, first=(v, time))
        chi2, critical = oracle.excess_of_walks(walks.compute(), odds)
        assert chi2 < critical, f"along {u} → {v}"


HOW = {"temporal": True, "num_walks": 3, "walk_length": 5, "seed": 5}


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"backward": True, "time_bias": "near"},
        {"until": [1, 3]},
        {"stop_prob": 0.3, "time_window": (-2, 9)},
        {"walk_length": 1},
        {"walk_length": 0},
    ],
    ids=str,
)
def test_walks_begin_with_their_edges_whatever_the_plan(how):
    graph = build()
    edges = np.random.default_rng(1).permutation(np.r_[:24, :24])
    edges = edges[graph.edge_values(edges) < 10]
    how = HOW | how | {"start_edges": edges}
    walks, found = graphwalk.random_walks(graph, return_edges=True, **how)
    walks, found = walks.compute(), found.compute()
    of = np.array(entries_of(graph))[np.repeat(edges, 3)]
    assert (walks[:, 0] == of[:, 0]).all()
    if how["walk_length"]:
        none = np.isin(walks[:, 0], how.get("until", []))
        assert (found[:, 0] == np.where(none, -1, np.repeat(edges, 3))).all()
        assert (walks[:, 1] == np.where(none, -1, of[:, 1])).all()
        ended = np.isin(walks[:, 1], how.get("until", []))
        assert (walks[ended][:, 2:] == -1).all()
    for make in (graphwalk.random_walks, small_walks):
        for partitions in (1, 3):
            some = make(graph, **how, partitions=partitions, chunks=20)
            np.testing.assert_array_equal(some.compute(), walks)
            np.testing.assert_array_equal(some[40:70].compute(), walks[40:70])
    again = read_again(small_walks(graph, **how, partitions=3, chunks=20), ahead=True, spill=True)
    np.testing.assert_array_equal(again.compute(), walks)
    expected = np.bincount(walks[walks >= 0], minlength=6)
    for partitions in (1, 3):
        visits = graphwalk.visit_counts(graph, **how, partitions=partitions).compute()
        np.testing.assert_array_equal(visits, expected)
    pairs = graphwalk.cooccurrence(graph, **how, window=1).compute().sum()
    assert pairs == 2 * (walks[:, 1:] >= 0).sum()


def test_a_walk_depends_on_its_edge_and_number_alone():
    graph = build()
    how = HOW | {"num_walks": 2}
    every = graphwalk.random_walks(graph, start_edges=range(24), **how).compute()
    some = graphwalk.random_walks(graph, start_edges=[7, 3], **how).compute()
    np.testing.assert_array_equal(some, np.r_[every[14:16], every[6:8]])
    more = graphwalk.random_walks(graph, start_edges=[7, 7], **how).compute()
    wide = graphwalk.random_walks(graph, start_edges=[7], **how | {"num_walks": 4}).compute()
    np.testing.assert_array_equal(more, wide)


def test_walks_backward_are_those_forward_in_negative_times():
    graph, mirrored = build(), build([(u, v, -t) for u, v, t in EDGES])
    edges = [4, 11, 20]
    order = [entries_of(mirrored).index((u, v, -t)) for u, v, t in entries_of(graph)]
    back = graphwalk.random_walks(graph, start_edges=edges, backward=True, **HOW).compute()
    forward = graphwalk.random_walks(mirrored, start_edges=[order[e] for e in edges], **HOW)
    assert (back[:, :2] == forward.compute()[:, :2]).all()
    _, found = graphwalk.random_walks(
        graph, start_edges=edges, backward=True, return_edges=True, **HOW
    )
    later = np.diff(graph.edge_values(found.compute()), axis=1)
    assert (later[~np.isnan(later)] < 0).all()


def test_walks_against_the_edges_begin_with_those_of_the_transposed_store():
    graph = build()
    against = graph.transpose()
    edges = graphwalk.draw_start_edges(against, 9, seed=1)
    expected = graphwalk.random_walks(against, start_edges=edges, **HOW).compute()
    how = HOW | {"direction": "in", "transposed": against}
    found = graphwalk.random_walks(graph, start_edges=edges, **how).compute()
    np.testing.assert_array_equal(found, expected)


def test_what_cannot_be_is_refused(tmp_path):
    graph, plain = build(), graphwalk.build_zarr([(0, 1)])
    for edges, said in (
        ([0, 24], r"start_edges\[1\] is 24, but .* has the edges 0 … 23"),
        ([-1], r"start_edges\[0\] is -1"),
        ([0.5], "float64 of shape"),
        ([[1]], "one dimension of integers"),
    ):
        with pytest.raises(InputError, match=said):
            graphwalk.random_walks(graph, start_edges=edges, temporal=True)
    with pytest.raises(InputError, match=r"start_edges= are the first edges .* add temporal"):
        graphwalk.random_walks(graph, start_edges=[0])
    with pytest.raises(InputError, match="leave out one of them"):
        graphwalk.random_walks(graph, [0], start_edges=[0], temporal=True)
    with pytest.raises(InputError, match=r"start_edges\[1\] has the time 1, which is not in"):
        graphwalk.random_walks(graph, start_edges=[1, 3], temporal=True, time_window=(3, None))
    with pytest.raises(InputError, match=r"have no times, .* times=True"):
        graphwalk.draw_start_edges(plain, 3)
    with pytest.raises(InputError, match=r"has no edges in time_window=\(20, 30\)"):
        graphwalk.draw_start_edges(graph, 3, time_window=(20, 30))
    with pytest.raises(InputError, match="add time_bias='late-exponential' or"):
        graphwalk.draw_start_edges(graph, 3, time_bias="late", time_scale=3)
    with pytest.raises(InputError, match="time_bias='near' must be one of 'late'"):
        graphwalk.draw_start_edges(graph, 3, time_bias="near")
    with pytest.raises(InputError, match="count=-1"):
        graphwalk.draw_start_edges(graph, -1)
    path = tmp_path / "walks.zarr"
    graphwalk.write_walks(graphwalk.random_walks(graph, start_edges=[0, 1], **HOW), path)
    nodes = graphwalk.random_walks(graph, [0, 1], **HOW)
    with pytest.raises(graphwalk.StoreExistsError):  # they are not the walks of another job
        graphwalk.write_walks(nodes, path, resume=True)


def test_the_commands(tmp_path, capsys):
    graph = build(store=tmp_path / "g.zarr")
    file, out = tmp_path / "edges.txt", tmp_path / "w.npy"
    how = ["--time-bias", "late-exponential", "--time-scale", "3", "--time-window=,8"]
    assert main(["draw-start-edges", graph.path, str(file), "40", *how, "--seed", "4"]) == 0
    assert "Drew 40 edges" in capsys.readouterr().out
    edges = graphwalk.draw_start_edges(
        graph, 40, time_bias="late-exponential", time_scale=3, time_window=(None, 8), seed=4
    )
    assert np.loadtxt(file, int).tolist() == edges.tolist()
    walk = ["walk", graph.path, str(out), "--temporal", "--seed=5", "--num-walks=2", "--overwrite"]
    how = {"temporal": True, "seed": 5, "num_walks": 2}
    for given, starts in ((file, edges), ("3,0", [3, 0])):
        assert main([*walk, f"--start-edges={given}"]) == 0
        expected = graphwalk.random_walks(graph, start_edges=starts, **how).compute()
        np.testing.assert_array_equal(np.load(out), expected)
    capsys.readouterr()
    assert main([*walk, "--start-edges=3,x"]) == 1
    assert "'x' is no integer, as edges of a store are" in capsys.readouterr().err
    assert main([*walk, "--start-edges=3", "--start-nodes=1"]) == 1
    assert "--start-nodes or with --start-edges" in capsys.readouterr().err
