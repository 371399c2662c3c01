"""Edges with times in the store, and walks that go forward in time."""

import itertools
import json
import math
from datetime import timedelta
from fractions import Fraction

import dask.dataframe as dd
import networkx as nx
import numpy as np
import oracle
import pandas as pd
import pyarrow as pa
import pytest
import zarr
from resealed import as_format_1, reseal
from small_chunks import build_chunked

import graphwalk
from graphwalk import InputError
from graphwalk.cli.main import main
from graphwalk.kernels.rng import seed_key
from graphwalk.kernels.rows.sort_by_time import sort_by_time
from graphwalk.kernels.rows.time_masses import fill_time_masses
from graphwalk.kernels.walk.steps import Starts
from graphwalk.scheduler.engine.probabilities import interruption_of
from graphwalk.scheduler.engine.walk_in_memory import resident_partition
from graphwalk.scheduler.engine.walk_temporal import walk_temporal
from graphwalk.scheduler.engine.walker_starts import starts_and_numbers

#: Parallel edges at different times and at one, loops, ties, and a node without later edges.
EDGES = [
    *[(0, 1, 3), (0, 1, 5), (0, 1, 5), (1, 0, 3), (0, 2, 1), (2, 1, 4), (1, 3, 4), (1, 3, 9)],
    *[(2, 3, 5), (3, 3, 6), (3, 0, 7), (3, 4, -2), (4, 2, 0), (4, 0, 2), (2, 0, 8), (1, 2, 6)],
    *[(2, 2, 5), (5, 4, 9), (5, 3, 10), (0, 5, 9), (4, 5, 9), (1, 4, 5), (3, 1, 5), (0, 3, 2)],
]
LENGTH = 5


def build(edges=EDGES, **how):
    how = {"directed": True, "times": True, "duplicates": "keep"} | how
    return graphwalk.build_zarr([(u, v, float(t)) for u, v, t in edges], **how)


def rows_of(graph):
    rows = graph.rows(0, graph.num_nodes)
    return {
        node: list(zip(rows.row(node).tolist(), rows.row_times(node).tolist(), strict=True))
        for node in range(graph.num_nodes)
    }


# -- walks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop_prob", [0.0, 0.15])
@pytest.mark.parametrize("duplicates", ["keep", "merge"])
@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("directed", [False, True])
def test_walks_have_the_probabilities_of_the_oracle(directed, partitions, duplicates, stop_prob):
    graph = build(directed=directed, duplicates=duplicates)
    rows = oracle.csr(EDGES, directed=directed, duplicates=duplicates, apart=True)
    assert rows_of(graph) == rows
    for start in range(6):
        walks = graphwalk.random_walks(
            graph,
            [start],
            num_walks=10_000,
            walk_length=LENGTH,
            temporal=True,
            stop_prob=stop_prob,
            seed=1 + partitions,
            partitions=partitions,
        )
        assert (len(walks.plan.partitions) > 1) == (partitions > 1)
        odds = oracle.temporal_walks(rows, start, LENGTH, stop_prob=stop_prob)
        assert sum(odds.values()) == pytest.approx(1)
        chi2, critical = oracle.excess_of_walks(walks.compute(), odds)
        assert chi2 < critical, f"from {start}"


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("scale", [None, 2.5])
@pytest.mark.parametrize("bias", ["near", "far"])
def test_walks_prefer_edges_by_their_rank_in_time_or_exponentially(bias, scale, partitions):
    graph = build()
    rows = oracle.csr(EDGES, directed=True, duplicates="keep", apart=True)
    how = {"time_bias": bias}
    if scale:
        how = {"time_bias": f"{bias}-exponential", "time_scale": scale}
    for start in range(6):
        walks = graphwalk.random_walks(
            graph,
            [start],
            temporal=True,
            num_walks=10_000,
            walk_length=3,
            seed=4,
            partitions=partitions,
            **how,
        )
        odds = oracle.temporal_walks(rows, start, 3, **how)
        chi2, critical = oracle.excess_of_walks(walks.compute(), odds)
        assert chi2 < critical, f"from {start}"


def masses_of(times, rate):
    masses = np.empty(len(times))
    times, weights = np.array(times, float), np.empty(0, np.float32)
    fill_time_masses(np.array([0, len(times)], np.uint32), times, weights, rate, masses)
    return masses


@pytest.mark.parametrize("span", [1e-9, 1, 1e3, 2.0**53])
@pytest.mark.parametrize("sign", [1, -1])
def test_masses_of_times_are_exact_however_long_their_span(span, sign):
    rng = np.random.default_rng(3)
    times = np.sort(np.round(rng.random(300) ** 4 * span * 1024) / 1024)
    masses = masses_of(times, sign / 4)
    exact = np.array([Fraction(time) for time in times])
    for low in (0, 7, 150, 298, 299):
        origin = exact[low] if sign > 0 else exact[-1]
        weights = [math.exp(-sign * (time - origin) / 4) for time in exact[low:]]
        whole = math.fsum(weights)
        for place in (low, low + 1, (low + 300) // 2, 299):
            share = masses[min(place, 299)] - masses[low]
            if sign > 0:
                share -= (times[min(place, 299)] - times[low]) / 4
            share = math.exp(share)
            expected = math.fsum(weights[min(place, 299) - low :]) / whole
            assert share == pytest.approx(expected, rel=1e-13, abs=1e-300)


def test_masses_leave_out_what_is_not_in_the_window():
    never = -math.inf
    later = math.log(1 + math.exp(-1))
    assert masses_of([never, never, 0, 1], 1.0) == pytest.approx([0, 0, later, 0], rel=1e-15)
    assert masses_of([never, 0, 1], -1.0) == pytest.approx([later, later, 0], rel=1e-15)
    assert masses_of([never, never], -1.0).tolist() == [never, never]


def test_steps_take_the_first_or_the_last_edge_where_times_are_far_apart():
    times = np.arange(1, 60) * 1e13
    graph = graphwalk.build_zarr((np.zeros(59, int), np.arange(1, 60), times), times=True)
    for bias, expected in (("near", 1), ("far", 59)):
        how = {"time_bias": f"{bias}-exponential", "temporal": True, "walk_length": 1}
        assert set(graphwalk.random_walks(graph, [0], **how).compute()[:, 1]) == {expected}


def test_the_scale_of_times_may_be_a_timedelta():
    days = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-08"])
    graph = graphwalk.build_zarr(
        pd.DataFrame({"a": [0, 0, 0], "b": [1, 2, 3], "t": days}), times=True, directed=True
    )
    how = {"temporal": True, "time_bias": "near-exponential", "num_walks": 50, "seed": 1}
    number = 86400 * 10 ** {"s": 0, "ms": 3, "us": 6, "ns": 9}[graph.time_unit]
    expected = graphwalk.random_walks(graph, [0], time_scale=number, **how).compute()
    assert len(np.unique(expected[:, 1])) > 1
    for scale in (timedelta(days=1), np.timedelta64(24, "h"), pd.Timedelta(days=1)):
        walks = graphwalk.random_walks(graph, [0], time_scale=scale, **how)
        np.testing.assert_array_equal(walks.compute(), expected)
    one = graphwalk.random_walks(build(), time_scale=1, **how).compute()
    np.testing.assert_array_equal(graphwalk.random_walks(build(), **how).compute(), one)
    for wrong in (0, -1.0, math.inf, math.nan, "x", timedelta(0)):
        with pytest.raises(InputError, match=r"time_scale=.* must be a finite number above 0"):
            graphwalk.random_walks(graph, time_scale=wrong, **how)
    with pytest.raises(InputError, match=r"time_scale= is a timedelta, and the times .* numbers"):
        graphwalk.random_walks(build(), time_scale=timedelta(1), **how)
    for bias in (None, "near"):
        with pytest.raises(InputError, match=r"time_scale=3 .* add time_bias='near-exponential'"):
            graphwalk.random_walks(graph, temporal=True, time_bias=bias, time_scale=3)


@pytest.mark.parametrize("time_bias", [None, "near", "near-exponential"])
def test_walks_backward_are_those_forward_in_negative_times(time_bias):
    graph = build()
    mirrored = build([(u, v, -t) for u, v, t in EDGES])
    how = {"temporal": True, "time_bias": time_bias, "num_walks": 50, "walk_length": 6, "seed": 5}
    forward = graphwalk.random_walks(mirrored, **how).compute()
    for partitions in (1, 3):
        walks, edges = graphwalk.random_walks(
            graph, **how, backward=True, partitions=partitions, return_edges=True
        )
        np.testing.assert_array_equal(walks.compute(), forward)
        later = np.diff(graph.edge_values(edges.compute()), axis=1)
        assert (later[~np.isnan(later)] < 0).all()
    for given, remedy in (({"backward": True}, "backward=True"), ({"time_bias": "far"}, "'far'")):
        with pytest.raises(InputError, match=f"{remedy} is for walks .* add temporal=True"):
            graphwalk.random_walks(graph, **given)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("window", [(3, 5), (None, 5), (5, None)])
def test_walks_in_a_window_of_time_are_those_on_its_edges(window, backward):
    graph = build()
    first, last = window[0] or -99, window[1] or 99
    rows = {u: [(v, t) for v, t in row if first <= t <= last] for u, row in rows_of(graph).items()}
    if backward:
        rows = {u: [(v, -t) for v, t in row] for u, row in rows.items()}
    how = {"temporal": True, "time_window": window, "backward": backward, "seed": 6}
    for start in range(6):
        walks = graphwalk.random_walks(graph, [start], num_walks=4000, walk_length=3, **how)
        chi2, critical = oracle.excess_of_walks(
            walks.compute(), oracle.temporal_walks(rows, start, 3)
        )
        assert chi2 < critical, f"from {start}"
    whole = graphwalk.random_walks(graph, num_walks=9, walk_length=5, **how).compute()
    parts = graphwalk.random_walks(graph, num_walks=9, walk_length=5, **how, partitions=3)
    np.testing.assert_array_equal(parts.compute(), whole)


def test_a_window_may_be_of_dates(tmp_path, capsys):
    edges = pd.DataFrame(
        {"a": [0, 0], "b": [1, 2], "t": pd.to_datetime(["2020-01-01", "2021-01-01"])}
    )
    graph = graphwalk.build_zarr(edges, tmp_path / "g.zarr", directed=True, times=True)
    for window in (("2020-06-01", None), (np.datetime64("2020-06-01"), "2022-01-01")):
        how = {"temporal": True, "time_window": window, "num_walks": 9, "walk_length": 1}
        assert set(graphwalk.random_walks(graph, [0], **how).compute()[:, 1]) == {2}
    out = tmp_path / "w.txt"
    main(["walk", graph.path, str(out), "--temporal", "--time-window=,2020-06-01", "--num-walks=5"])
    assert "0 2" not in out.read_text()
    capsys.readouterr()
    for window, said in (((5, 3), "first not after"), (3, "two times"), (("x", 3), "two times")):
        with pytest.raises(InputError, match=said):
            graphwalk.random_walks(graph, temporal=True, time_window=window)
    with pytest.raises(InputError, match=r"has dates, and the times of .* are numbers"):
        graphwalk.random_walks(build(), temporal=True, time_window=("2020-06-01", None))
    with pytest.raises(InputError, match="is for walks in the order of time"):
        graphwalk.random_walks(graph, time_window=(None, 3))


@pytest.mark.parametrize(
    "claimed",
    [
        [(u, v, t) for u, v, t in EDGES if (u, v, t) != (0, 1, 3)],
        [(u, v, 4 if (u, v, t) == (2, 3, 5) else t) for u, v, t in EDGES],
        sorted(set(EDGES)),
    ],
    ids=["an edge less", "another time", "parallel edges as one"],
)
def test_wrong_probabilities_are_noticed(claimed):
    walks = graphwalk.random_walks(
        build(), [0], num_walks=20_000, walk_length=LENGTH, temporal=True, seed=3
    ).compute()
    odds = oracle.temporal_walks(oracle.csr(claimed, directed=True, duplicates="keep", apart=True),
                                 0, LENGTH)  # fmt: skip
    try:
        chi2, critical = oracle.excess_of_walks(walks, odds)
    except AssertionError:
        return
    assert chi2 > critical


def a_large_one(directed=False, **how):
    """Return edges with long rows, and their graph; a pair of nodes has one edge at most."""
    rng = np.random.default_rng(0)
    pairs = np.unique(rng.integers(0, 150, 2500) * 1000 + (rng.integers(0, 300, 2500) ** 2) // 300)
    src, dst = pairs // 1000, pairs % 1000 + 200
    times = rng.integers(-300, 300, len(src))
    graph = graphwalk.build_zarr((src, dst, times), directed=directed, times=True, **how)
    return dict(
        zip(zip(src.tolist(), dst.tolist(), strict=True), times.tolist(), strict=True)
    ), graph


@pytest.mark.parametrize("partitions", [1, 4])
def test_times_ascend_along_every_walk(partitions):
    times, graph = a_large_one()
    walks = graphwalk.random_walks(
        graph, num_walks=40, walk_length=30, temporal=True, seed=2, partitions=partitions
    ).compute()
    for walk in walks.tolist():
        nodes = [node for node in walk if node >= 0]
        assert walk == nodes + [-1] * (31 - len(nodes))
        when = [times[min(a, b), max(a, b)] for a, b in itertools.pairwise(nodes)]
        assert all(a < b for a, b in itertools.pairwise(when))
        later = [t for ends, t in times.items() if nodes[-1] in ends and t > max([-400, *when])]
        assert not later or len(nodes) == 31, "it ended too early"
    assert (walks >= 0).sum(1).max() > 8


def test_rows_of_every_length_are_sorted_by_time_and_ties_keep_their_order():
    rng = np.random.default_rng(1)
    lengths = [0, 1, 2, 23, 24, 25, 26, 300, 0, 7]
    starts = np.r_[0, np.cumsum(lengths)].astype(np.uint32)
    times = rng.integers(0, 20, starts[-1]).astype(np.float64)
    nodes = np.arange(starts[-1], dtype=np.int32)
    was_times, was_nodes, places = times.copy(), nodes.copy(), np.arange(starts[-1])
    sort_by_time(starts, nodes, times, places)
    np.testing.assert_array_equal(places, nodes)
    for a, b in itertools.pairwise(starts.tolist()):
        order = np.argsort(was_times[a:b], kind="stable")
        np.testing.assert_array_equal(times[a:b], was_times[a:b][order])
        np.testing.assert_array_equal(nodes[a:b], was_nodes[a:b][order])


def test_kinds_of_walks_do_not_spoil_each_other():
    """A process keeps what it has loaded of a graph, in the order that one of them needs."""
    graph = graphwalk.set_node_types(a_large_one()[1], np.arange(499) % 3)
    how = {"num_walks": 3, "walk_length": 8, "seed": 2}
    kinds = [{}, {"temporal": True}, {"metapath": (1, 0)}, {"p": 3.0}]

    def walk(graph, kind):
        return graphwalk.random_walks(graph, **how, **kind).compute()

    fresh = [walk(graphwalk.open_zarr(graph.path), kind) for kind in kinds]
    for first, second in itertools.permutations(range(len(kinds)), 2):
        for number in (first, second):
            np.testing.assert_array_equal(walk(graph, kinds[number]), fresh[number])


def test_a_part_of_the_walks_is_the_part_of_the_whole():
    graph = a_large_one(directed=True)[1]
    how = {"num_walks": 4, "temporal": True, "seed": 7, "walk_length": 9}
    whole = graphwalk.random_walks(graph, **how, chunks=-1).compute()
    some = graphwalk.random_walks(graph, [80, 3], **how, chunks=3).compute()
    np.testing.assert_array_equal(some, np.r_[whole[320:324], whole[12:16]])
    longer = graphwalk.random_walks(graph, **how | {"walk_length": 20}, chunks=100).compute()
    np.testing.assert_array_equal(longer[:, :10], whole)


def test_more_walks_than_a_batch():
    graph = a_large_one()[1]
    how = {"num_walks": 6, "temporal": True, "seed": 7, "walk_length": 9}
    walks = graphwalk.random_walks(graph, **how, chunks=-1)
    spec, found = walks.plan.spec, np.empty(walks.shape, walks.dtype)
    numbered, key = starts_and_numbers(range(len(walks)), 6), np.uint64(seed_key(np.uint64(7)))
    starts = Starts(*numbered, key, in_flight=64)
    partition = resident_partition(graph._arrays, spec)
    walk_temporal(
        partition, spec, starts, interruption_of(spec), None, found, batch=50, log_size=300
    )
    np.testing.assert_array_equal(found, walks.compute())


def test_graphs_without_edges_and_walks_without_steps():
    graph = graphwalk.build_zarr(
        (np.empty(0, int), np.empty(0, int), np.empty(0)), num_nodes=3, times=True
    )
    assert graph.timed
    assert graph.validate().ok
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2, temporal=True)
    assert walks.compute().tolist() == [[0, -1, -1], [1, -1, -1], [2, -1, -1]]
    walks = graphwalk.random_walks(build(), num_walks=1, walk_length=0, temporal=True)
    assert walks.compute().tolist() == [[node] for node in range(6)]


@pytest.mark.parametrize(
    "also",
    [
        {"p": 2},
        {"q": 2},
        {"gamma": 0},
        {"restart_prob": 0.1},
        {"dead_end": "stay"},
        {"metapath": ["x"]},
    ],
    ids=str,
)
def test_what_does_not_go_with_temporal_is_refused(also):
    graph = graphwalk.set_node_types(build(directed=False), ["x"] * 6)
    with pytest.raises(InputError, match="temporal=True goes with first-order walks"):
        graphwalk.random_walks(graph, temporal=True, **also)


def test_walks_forward_in_time_need_times():
    graph = graphwalk.build_zarr([(0, 1, 2.0)])
    with pytest.raises(InputError, match=r"has no times; build it .* times=True"):
        graphwalk.random_walks(graph, temporal=True)
    with pytest.raises(InputError, match="temporal='yes' must be True or False"):
        graphwalk.random_walks(build(), temporal="yes")
    with pytest.raises(InputError, match="has no weights"):
        graphwalk.random_walks(build(), temporal=True, weighted=True)


def test_the_plan_says_what_they_are():
    plan = graphwalk.plan_walks(build(), temporal=True)
    assert "forward in time" in str(plan)
    assert ("walks", "forward in time") in plan.spec.table()


def test_walks_that_are_not_temporal_are_others(tmp_path):
    """A job is not resumed as another kind of walks."""
    graph = a_large_one()[1]

    def write(temporal):
        walks = graphwalk.random_walks(graph, temporal=temporal, num_walks=1, seed=1)
        graphwalk.write_walks(walks, tmp_path / "walks.zarr", resume=True)

    write(True)
    write(True)
    with pytest.raises(graphwalk.StoreExistsError):
        write(False)


# -- stores --------------------------------------------------------------------------------------


def test_edges_at_different_times_are_different():
    edges = [(0, 1, 5), (0, 1, 2), (0, 1, 5), (1, 0, 2)]
    assert rows_of(build(edges, duplicates="merge"))[0] == [(1, 2.0), (1, 5.0)]
    assert rows_of(build(edges, duplicates="keep"))[0] == [(1, 2.0), (1, 5.0), (1, 5.0)]
    merged = build(edges, duplicates="merge", directed=False)
    assert rows_of(merged)[1] == [(0, 2.0), (0, 5.0)]
    assert (merged.num_edges, merged.summary().merged_edges) == (2, 2)
    with pytest.raises(InputError, match="0 → 1 is there more than once at the same time"):
        build(edges, duplicates="error")
    assert build(edges[:2], duplicates="error").num_edges == 2


FORMS = {
    "tuple": lambda columns, _: tuple(columns),
    "int32": lambda columns, _: (*columns[:2], columns[2].astype(np.int32)),
    "float32": lambda columns, _: (*columns[:2], columns[2].astype(np.float32)),
    "pandas": lambda columns, _: pd.DataFrame(dict(zip("stw", columns, strict=True))),
    "arrow": lambda columns, _: pa.table(dict(zip("stw", columns, strict=True))),
    "csv": lambda columns, folder: write(columns, folder / "edges.csv", "to_csv"),
    "parquet": lambda columns, folder: write(columns, folder / "edges.parquet", "to_parquet"),
}


def write(columns, path, how):
    getattr(pd.DataFrame(dict(zip("stw", columns, strict=True))), how)(path, index=False)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_times_come_in_many_forms(form, tmp_path):
    columns = [np.array(column) for column in zip(*EDGES, strict=True)]
    named = None if form in ("tuple", "int32", "float32") else ("s", "t", "w")
    graph = graphwalk.build_zarr(
        FORMS[form](columns, tmp_path), columns=named, times=True, directed=True
    )
    assert rows_of(graph) == oracle.csr(EDGES, directed=True, apart=True)
    assert (graph.timed, graph.weighted) == (True, False)
    assert graph.read_times(0, graph.num_entries).dtype == np.float64


def test_rows_may_have_times():
    csr = graphwalk.CSR([0, 2, 4, 5], [1, 1, 0, 0, 2], [4.0, 1.0, 1.0, 4.0, 9.0])
    graph = graphwalk.build_zarr(csr, times=True)
    assert rows_of(graph) == {0: [(1, 1.0), (1, 4.0)], 1: [(0, 1.0), (0, 4.0)], 2: [(2, 9.0)]}
    assert graph.validate().ok
    csr = graphwalk.CSR([0, 2, 4], [1, 1, 0, 0], [4.0, 1.0, 1.0, 3.0])
    with pytest.raises(InputError, match=r"not symmetric \(1 → 0 is not\)"):
        graphwalk.build_zarr(csr, times=True)
    with pytest.raises(InputError, match="not symmetric"):
        graphwalk.build_zarr(graphwalk.CSR([0, 1, 2], [1, 0], [1.0, 2.0]), times=True)


@pytest.mark.parametrize("table", [lambda frame: frame, pa.Table.from_pandas])
def test_dates_are_times(table):
    dates = pd.DataFrame({"s": [0, 0], "t": [1, 1], "when": pd.to_datetime(["2024-05-02"] * 2)})
    how = {"columns": ("s", "t", "when"), "times": True}
    for unit, kept in (("s", "s"), ("ms", "ms"), ("us", "us"), ("ns", "us")):
        given = dates.assign(when=dates.when.astype(f"datetime64[{unit}]"))
        graph = graphwalk.build_zarr(table(given), **how)
        assert graph.time_unit == kept
        when = graph.rows(0, 1).times.astype(f"datetime64[{graph.time_unit}]")
        assert when == np.datetime64("2024-05-02")
    with pytest.raises(InputError, match="dates, which are times; pass times=True"):
        graphwalk.build_zarr(table(dates), columns=("s", "t", "when"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2**53, -(2**53), 2**63 - 1])
def test_times_that_are_none_are_refused(bad):
    with pytest.raises(InputError, match=r"edge 1 has the time .*below 2\*\*53"):
        graphwalk.build_zarr((np.array([0, 1]), np.array([1, 2]), np.array([1, bad])), times=True)


def test_times_that_are_large_are_kept():
    times = np.array([2**53 - 1, 2**53 - 2, 1 - 2**53])
    graph = graphwalk.build_zarr((np.zeros(3, int), np.ones(3, int), times), times=True)
    assert graph.rows(0, 1).times.astype(int).tolist() == sorted(times.tolist())


@pytest.mark.parametrize(
    "edges",
    [
        [(0, 1), (1, 2)],
        pd.DataFrame({"src": [0], "dst": [1], "weight": [3.0]}),
        dd.from_pandas(pd.DataFrame({"src": [0], "dst": [1], "weight": [3.0]}), npartitions=1),
        nx.Graph([(0, 1, {"weight": 3.0})]),
    ],
    ids=["pairs", "table", "dask", "networkx"],
)
def test_times_must_be_told(edges):
    with pytest.raises(InputError, match=r"nothing says what the times of .* are"):
        graphwalk.build_zarr(edges, times=True)


def test_stores_without_times_say_nothing_of_them(tmp_path):
    graph = graphwalk.build_zarr([(0, 1, 2.0)], tmp_path / "g")
    assert "timed" not in zarr.open_group(tmp_path / "g").attrs["graphwalk"]
    assert not graphwalk.open_zarr(tmp_path / "g").timed
    with pytest.raises(InputError, match="no times; build it with times=True"):
        graph.read_times(0, 1)
    with pytest.raises(InputError, match="has no times"):
        graph.rows(0, 1).row_times(0)


def test_a_store_with_times(tmp_path):
    build(store=tmp_path / "g")
    group = zarr.open_group(tmp_path / "g", mode="r")
    assert sorted(group.array_keys()) == ["neighbors", "offsets", "times"]
    assert (group.attrs["graphwalk"]["timed"], group.attrs["graphwalk"]["weighted"]) == (
        True,
        False,
    )
    assert (group["times"].dtype, np.isnan(group["times"].fill_value)) == (np.float64, True)
    graph = graphwalk.open_zarr(tmp_path / "g")
    assert "timed" in repr(graph)
    assert "times" in graph._repr_html_()
    times = nx.get_edge_attributes(graph.to_networkx(), "time")
    edges = [(u, v, t) for (u, v, _), t in times.items()]
    assert sorted(edges) == sorted(EDGES)


@pytest.mark.parametrize("chunk", [64, 1 << 22])
def test_damaged_times_are_noticed(tmp_path, chunk):
    edges = [(0, 1, float(t)) for t in range(40)]
    build_chunked(chunk, edges, tmp_path / "g", directed=True, times=True)
    as_format_1(tmp_path / "g")
    times = zarr.open_array(tmp_path / "g" / "times")
    assert graphwalk.open_zarr(tmp_path / "g").validate().ok

    def problem():
        (found,) = graphwalk.open_zarr(tmp_path / "g").validate().problems
        return found

    times[16] = 15
    assert graphwalk.open_zarr(tmp_path / "g").validate().facts["parallel entries"] == 1
    times[16] = 3
    assert "do not ascend, or times of parallel ones: 1; first in the row of node 0" in problem()
    times[16] = 2.0**53
    assert "times that are not finite, or not below 2**53" in str(
        graphwalk.open_zarr(tmp_path / "g").validate().problems
    )
    times[16] = 16
    next((tmp_path / "g" / "times" / "c").iterdir()).unlink()
    assert "array 'times'" in problem()


def test_ends_that_tell_different_times_are_noticed(tmp_path):
    build([(0, 1, 2), (1, 2, 3)], store=tmp_path / "g", directed=False)
    zarr.open_array(tmp_path / "g" / "times")[0] = 7
    reseal(tmp_path / "g")
    (found,) = graphwalk.open_zarr(tmp_path / "g").validate().problems
    assert "with the same weight, time or type" in found


def test_the_command(tmp_path, capsys):
    edges, store, walks = (str(tmp_path / name) for name in ("e.txt", "g.zarr", "w.npy"))
    (tmp_path / "e.txt").write_text("".join(f"{u} {v} {t}\n" for u, v, t in EDGES))
    main(["build", edges, store, "--columns", "0,1,2", "--times", "--directed"])
    assert "timed" in capsys.readouterr().out
    main(["info", store, "--json"])
    assert json.loads(capsys.readouterr().out)["timed"] is True
    main(["walk", store, walks, "--temporal", "--seed", "3", "--walk-length", "4"])
    made = graphwalk.random_walks(store, walk_length=4, temporal=True, seed=3).compute()
    np.testing.assert_array_equal(np.load(walks), made)
