"""Edges with weights in addition to their types or times: stores of them, and walks."""

import dask
import numpy as np
import oracle
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr

import graphwalk
from graphwalk.cli.main import main
from graphwalk.errors import InputError, StoreError
from graphwalk.storage.build import pipeline
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.progress_bar import Progress

RNG = np.random.default_rng(5)
NODES, EDGES = 12, 150
TABLE = {
    "source": RNG.integers(0, NODES, EDGES),
    "target": RNG.integers(0, NODES, EDGES),
    "value": RNG.integers(0, 3, EDGES),
    "strength": RNG.integers(0, 5, EDGES) + 0.5,
    "id": RNG.permutation(EDGES),
}
COLUMNS = ("source", "target", "value")
FLAGS = {"types": {"edge_types": True}, "times": {"times": True}}
NAMES = {"types": "edge_types", "times": "times"}


def table_of(rows, **more):
    return {name: column[rows] for name, column in TABLE.items()} | more


def build(kind="types", edges=None, **how):
    how = {"columns": COLUMNS, "weights": "strength", "directed": True, **FLAGS[kind], **how}
    return graphwalk.build_zarr(TABLE if edges is None else edges, **how)


def entries_of(graph):
    """Return (source, target, value, weight) of each entry of a store, in its order."""
    rows = graph.rows(0, graph.num_nodes)
    values = rows.times if graph.timed else rows.edge_types
    columns = *rows.to_edge_index(), values.astype(int), rows.weights
    return list(zip(*(column.tolist() for column in columns), strict=True))


def expected(table, directed=True, duplicates="merge"):
    """Return the same as the definition has it."""
    found = []
    for u, v, value, weight, *_ in zip(*(c.tolist() for c in table.values()), strict=True):
        ends = [(u, v)] if directed or u == v else [(u, v), (v, u)]
        found += [(*pair, value, weight) for pair in ends]
    if duplicates == "keep":
        return sorted(found, key=lambda entry: entry[:3])
    sums = {}
    for *key, weight in found:
        sums[*key,] = sums.get((*key,), 0) + weight
    return [(*key, sums[key]) for key in sorted(sums)]


# -- stores --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FLAGS)
@pytest.mark.parametrize(("directed", "duplicates"), [(True, "merge"), (False, "keep")])
def test_entries_have_both(kind, directed, duplicates, tmp_path):
    path = tmp_path / "g.zarr"
    how = {"directed": directed, "duplicates": duplicates, "store": path}
    graph = build(kind, edge_ids="id", **how)
    assert entries_of(graph) == expected(TABLE, directed, duplicates)
    assert graph.validate().ok
    again = graphwalk.open_zarr(path)
    assert again.weighted
    assert (again.timed, again.edge_type_names) == ((True, None), (False, (0, 1, 2)))[
        kind == "types"
    ]
    assert ", weighted, " in str(again)
    assert "of edges" in str(again) if kind == "types" else "timed" in str(again)
    assert again.summary().raw_bytes == 8 * (NODES + 1) + graph.num_entries * (
        8 + (1 if kind == "types" else 8)
    )
    names = set(zarr.open_group(path, mode="r").array_keys())
    assert names == {"offsets", "neighbors", NAMES[kind], "weights", "edge.edge_ids"}
    ids = graph.edge_ids.compute()
    assert {(TABLE["source"][i], TABLE["value"][i]) for i in np.argsort(TABLE["id"])[ids]} >= {
        (u, value) for u, _, value, _ in entries_of(graph) if directed
    }
    assert build(kind, weights=None, **how | {"store": None}).digest != graph.digest
    with pytest.raises(InputError, match=f"have {NAMES[kind]} and weights; pass name="):
        graph.edge_values([0])
    for name, column in ((NAMES[kind], 2), ("weights", 3)):
        assert graph.edge_values([3, -1], name)[0] == entries_of(graph)[3][column]


@pytest.mark.parametrize("kind", FLAGS)
def test_what_is_stored_does_not_depend_on_how_a_build_sorts(kind):
    value_kind = NAMES[kind]

    def made(**sizes):
        ends = {name: TABLE[name].astype(str) for name in ("source", "target")}
        source = open_source(
            TABLE | ends, columns=COLUMNS, weights="strength", edge_ids="id", values=value_kind
        )
        options = BuildOptions(value_kind=value_kind, further=("edge_ids", "weights"))
        sizes = BuildSizes(1 << 26, 2, **sizes)
        graph = pipeline.build(source, None, options, sizes, Progress(False))
        return graph.digest, graph.edge_ids.compute().tolist()

    small = {"spill": True, "batch_edges": 16, "run_edges": 64, "bucket_entries": 8}
    assert made(**small, largest_bucket=24) == made(spill=False)


def as_csv(path):
    pd.DataFrame(TABLE).to_csv(path / "edges.csv", index=False)
    return path / "edges.csv"


def as_parquet(path):
    pq.write_table(pa.table(TABLE), path / "edges.parquet", row_group_size=70)
    return path / "edges.parquet"


def as_stream(_):
    return iter(pa.table(TABLE).to_batches(70))


def as_graph(_):
    return build()


@pytest.mark.parametrize("form", [as_csv, as_parquet, as_stream, as_graph])
def test_tables_and_files_have_both(form, tmp_path):
    how = {"columns": ("source", "target", "type"), "weights": "weight"} if form is as_graph else {}
    assert entries_of(build(edges=form(tmp_path), **how)) == expected(TABLE)


def test_derived_stores_and_exports_carry_both():
    graph = build()
    entries = entries_of(graph)
    assert sorted(entries_of(graph.transpose())) == sorted((v, u, *m) for u, v, *m in entries)
    assert entries_of(graph.subgraph(range(4, NODES))) == [
        (u - 4, v - 4, *more) for u, v, *more in entries if min(u, v) >= 4
    ]
    frame = graph.to_pandas()
    assert list(frame.columns) == ["source", "target", "type", "weight"]
    assert list(frame.itertuples(index=False, name=None)) == entries
    told = [(u, v, d["type"], d["weight"]) for u, v, d in graph.to_networkx().edges(data=True)]
    assert sorted(told) == entries


@pytest.mark.parametrize("kind", FLAGS)
@pytest.mark.parametrize("duplicates", ["merge", "keep"])
@pytest.mark.parametrize("directed", [True, False])
def test_an_update_is_the_build_of_all_edges(kind, duplicates, directed):
    before, added = slice(0, 100), slice(100, EDGES)
    how = {"duplicates": duplicates, "directed": directed, "num_nodes": NODES}
    graph = build(kind, table_of(before), **how)
    lost = entries_of(graph)[7][:3]
    how = {"columns": COLUMNS, "weights": "strength", "duplicates": duplicates}
    after = graph.update(add=table_of(added), **how)
    assert entries_of(after) == expected(TABLE, directed, duplicates)
    assert after.validate().ok
    less = graph.update(remove=tuple([end] for end in lost))
    gone = {lost, (lost[1], lost[0], lost[2])} if not directed else {lost}
    assert entries_of(less) == [entry for entry in entries_of(graph) if entry[:3] not in gone]


def test_what_does_not_go_is_said(tmp_path):
    with pytest.raises(InputError, match=r"weights= names a column.*type \(or time\) and weig"):
        build(edges=([0], [1], [2]), columns=None)
    with pytest.raises(InputError, match="add times=True or edge_types=True, or name the columns"):
        graphwalk.build_zarr(TABLE, weights="strength")
    with pytest.raises(
        InputError, match="weights='value' names a column of dict of columns that has"
    ):
        build(weights="value")
    with pytest.raises(InputError, match="edge 1 has the weight -1; weights are finite"):
        build(edges=table_of(slice(0, 2), strength=np.array([1.0, -1.0])))
    with pytest.raises(InputError, match="node 3 have weight zero"):
        build(edges={"source": [3], "target": [1], "value": [0], "strength": [0.0]})
    with pytest.raises(InputError, match="3 → 1 is more than float32 holds"):
        build(edges={"source": [3, 3], "target": [1, 1], "value": [0, 0], "strength": [3e38, 3e38]})
    dates = np.array(["2020-01-01", "2020-01-02"], "M8[s]")
    with pytest.raises(InputError, match="has dates, and weights are numbers"):
        build(edges=table_of(slice(0, 2), strength=dates))
    (tmp_path / "e.csv").write_text("source,target,value,strength\n0,1,2,x\n")
    with pytest.raises(InputError, match="column 'strength': 'x' is no number; weights must be"):
        build(edges=tmp_path / "e.csv")
    with pytest.raises(InputError, match="name the column that has the weights of those to add"):
        build().update(add=([0], [1], [2]))
    with pytest.raises(InputError, match=r"which the edges of .* do not have; leave it out"):
        build(weights=None).update(add=TABLE, columns=COLUMNS, weights="strength")
    with pytest.raises(InputError, match="pass weighted=False, or time_bias='near-exponential'"):
        graphwalk.random_walks(build("times"), temporal=True, time_bias="near")
    with pytest.raises(InputError, match=r"with the same probability.*; pass weighted=False"):
        graphwalk.sample_neighbors(build("times", directed=False), [0], [2], times=[5.0])
    with pytest.warns(UserWarning, match="pass weights='weight' to read weights, too"):
        graphwalk.build_zarr(
            {"source": [0], "target": [1], "type": [0], "weight": [1.0]}, edge_types=True
        )


def test_damage_of_either_is_noticed(tmp_path):
    build(store=tmp_path / "g.zarr", directed=False)
    weights = zarr.open_array(tmp_path / "g.zarr" / "weights")
    weights[0] = weights[0] + 1
    graph = graphwalk.open_zarr(tmp_path / "g.zarr")
    assert not graph.validate().ok
    with pytest.raises(StoreError, match="weights"):
        graphwalk.random_walks(graph, metapath=[1], num_walks=1).compute()


# -- walks ---------------------------------------------------------------------------------------


def odds_along(entries, metapath, start, length, restart):
    """Return the probability of each walk along types of edges, by enumeration."""
    found = {}

    def go_on(walk, place, odds):
        if len(walk) > length:
            found[walk] = found.get(walk, 0) + odds
            return
        if restart:
            go_on((*walk, start), 0, odds * restart)
        wanted = metapath[place % len(metapath)]
        row = [(v, w) for u, v, kind, w in entries if u == walk[-1] and kind == wanted]
        total = sum(weight for _, weight in row)
        left = odds * (1 - restart)
        if not total:
            end = (*walk, *(-1,) * (length + 1 - len(walk)))
            found[end] = found.get(end, 0) + left
            return
        for v, weight in row:
            if weight:
                go_on((*walk, v), place + 1, left * weight / total)

    go_on((start,), 0, 1.0)
    return found


#: Parallel edges of several types, some of weight 0, and a type of which all edges of a node have.
SMALL = [
    *[(0, 1, 0, 3.0), (0, 2, 0, 1.0), (0, 1, 1, 5.0), (0, 3, 1, 0.0), (1, 0, 1, 2.0)],
    *[(1, 2, 1, 6.0), (1, 3, 0, 1.0), (2, 0, 1, 1.0), (2, 2, 0, 1.0), (3, 0, 0, 1.0)],
    *[(3, 1, 1, 0.0), (2, 3, 1, 0.5)],
]


def small_graph(kind):
    columns = map(np.array, zip(*SMALL, strict=True))
    return build(kind, dict(zip((*COLUMNS, "strength"), columns, strict=True)))


@pytest.mark.parametrize("partitions", [None, 3])
@pytest.mark.parametrize("restart", [0, 0.2])
def test_steps_choose_among_edges_of_the_type_by_weight(partitions, restart):
    graph = small_graph("types")
    how = {"metapath": [0, 1], "restart_prob": restart, "partitions": partitions}
    for start in (0, 1):
        walks = graphwalk.random_walks(
            graph, [start], num_walks=10_000, walk_length=3, seed=4, **how
        )
        odds = odds_along(SMALL, [0, 1], start, 3, restart)
        chi2, critical = oracle.excess_of_walks(walks.compute(), odds)
        assert chi2 < critical
    unweighted = [(u, v, kind, 1.0) for u, v, kind, _ in SMALL]
    walks = graphwalk.random_walks(
        graph, [0], num_walks=10_000, walk_length=2, seed=4, weighted=False, **how
    )
    chi2, critical = oracle.excess_of_walks(
        walks.compute(), odds_along(unweighted, [0, 1], 0, 2, restart)
    )
    assert chi2 < critical


@pytest.mark.parametrize("partitions", [None, 3])
@pytest.mark.parametrize("bias", [None, "near-exponential", "far-exponential"])
def test_steps_forward_in_time_choose_by_weight(bias, partitions):
    graph = build("times")
    rows = {node: [] for node in range(NODES)}
    for u, v, time, weight in expected(TABLE):
        rows[u].append((v, time, weight))
    for start in (0, 5):
        how = {"temporal": True, "time_bias": bias, "partitions": partitions}
        walks = graphwalk.random_walks(
            graph, [start], num_walks=20_000, walk_length=2, seed=4, **how
        )
        odds = oracle.temporal_walks(rows, start, 2, time_bias=bias)
        chi2, critical = oracle.excess_of_walks(walks.compute(), odds)
        assert chi2 < critical


def test_long_rows_keep_weights_at_their_edges():
    rng = np.random.default_rng(1)
    heads, weights = np.arange(1, 61), rng.integers(0, 9, 60) + 0.25
    table = {"source": np.zeros(60, int), "target": heads, "value": rng.permutation(60)}
    graph = build("times", table | {"strength": weights})
    walks = graphwalk.random_walks(
        graph, [0], temporal=True, num_walks=30_000, walk_length=1, seed=1
    ).compute()
    due = weights / weights.sum() * len(walks)
    found = np.bincount(walks[:, 1], minlength=61)[1:]
    assert ((found - due) ** 2 / due).sum() < 111  # of 59 degrees of freedom: p = 5e-5


def test_edges_of_weight_0_are_not_followed_in_time_either():
    graph = small_graph("times")
    weights = graph.read_weights(0, graph.num_entries)
    for how in ({}, {"backward": True}, {"time_bias": "far-exponential", "time_scale": 1e-3}):
        walks, edges = dask.compute(
            *graphwalk.random_walks(
                graph, temporal=True, return_edges=True, num_walks=200, walk_length=3, seed=2, **how
            )
        )
        assert (weights[edges[edges >= 0]] > 0).all()
        assert (walks[walks[:, 0] == 3][:, 1] == 0).all() or "backward" in how


def test_plans_count_both():
    rng = np.random.default_rng(0)
    columns = dict(zip(COLUMNS, rng.integers(0, 3000, (3, 400_000)), strict=True))
    columns["value"] %= 3
    graph = build(edges=columns | {"strength": np.ones(400_000)})
    how = {"walk_length": 5, "num_walks": 1, "seed": 0, "metapath": [0, 1]}
    both = graphwalk.plan_walks(graph, **how)
    types = graphwalk.plan_walks(graph, **how, weighted=False)
    layout = PartitionSpec.of(both.spec)
    assert layout.values == ("edge_types", "weights")
    table = layout.alias_dtype(graph._arrays).itemsize * graph.num_entries
    assert both.graph_bytes == types.graph_bytes + table
    assert both.peak_memory >= types.peak_memory + table + 4 * graph.num_entries - (1 << 20)


def test_the_commands_build_and_walk_by_both(tmp_path, capsys):
    edges, store, out = str(as_csv(tmp_path)), str(tmp_path / "g.zarr"), str(tmp_path / "w.npy")
    columns = ["--columns=source,target,value", "--edge-types", "--weights=strength"]
    assert main(["build", edges, store, *columns, "--directed"]) == 0
    assert "directed, weighted, 3 types of edges" in capsys.readouterr().out
    main(["info", store])
    assert "weighted, 3 types of edges" in capsys.readouterr().out
    options = ["--num-walks=2", "--walk-length=5", "--seed=3", "--metapath=1,0"]
    assert main(["walk", store, out, *options, "--quiet"]) == 0
    walks = graphwalk.random_walks(build(), num_walks=2, walk_length=5, seed=3, metapath=[1, 0])
    np.testing.assert_array_equal(np.load(out), walks.compute())
    new = str(tmp_path / "new.zarr")
    assert main(["update", store, new, f"--add={edges}", *columns[::2], "--quiet"]) == 0
    doubled = [(*entry[:3], 2 * entry[3]) for entry in expected(TABLE)]
    assert entries_of(graphwalk.open_zarr(new)) == doubled
