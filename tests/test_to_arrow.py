"""Edges, walks and values of nodes as tables of Arrow that other libraries read batch by batch."""

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import graphwalk
from graphwalk import InputError
from graphwalk.storage.store import arrow_edges

EDGES = [("a", "c"), ("b", "c"), ("c", "d"), ("a", "a")]


@pytest.fixture(scope="module")
def graph():
    return graphwalk.build_zarr(EDGES, directed=True)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize(
    ("values", "options", "name"),
    [
        (None, {}, None),
        ([0.5, 2.0, 1.5, 3.0], {}, "weight"),
        ([5.0, -1.0, 7.0, 8.0], {"times": True}, "time"),
        ([3, 7, 3, 9], {"edge_types": True}, "type"),
    ],
)
def test_edges_come_back(values, options, name, directed):
    columns = [*map(list, zip(*EDGES, strict=True)), *([] if values is None else [values])]
    graph = graphwalk.build_zarr(tuple(columns), directed=directed, **options)
    table = pa.table(graphwalk.to_arrow(graph))
    assert table.column_names == ["source", "target", *filter(None, [name])]
    rows = sorted(zip(*columns, strict=True))
    assert sorted(tuple(row.values()) for row in table.to_pylist()) == rows
    again = graphwalk.build_zarr(graphwalk.to_arrow(graph), directed=directed, **options)
    assert again._arrays.info.identity == graph._arrays.info.identity
    direct = graphwalk.build_zarr(graph, directed=directed, **options)
    assert direct._arrays.info.identity == graph._arrays.info.identity


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_dates_come_back_as_dates(unit):
    dates = pa.array([1_577_836_800, 1, -7], pa.int64()).cast(pa.timestamp(unit))
    edges = pa.table({"source": [0, 1, 2], "target": [1, 2, 0], "time": dates})
    graph = graphwalk.build_zarr(edges, times=True, directed=True)
    assert pa.table(graph).equals(edges)
    again = graphwalk.build_zarr(graph, times=True, directed=True)
    assert (again.time_unit, again.rows(0, 3).times.tolist()) == (unit, [1_577_836_800, 1, -7])


def test_duckdb_and_polars_read_edges(graph):
    duckdb = pytest.importorskip("duckdb")
    edges = graphwalk.to_arrow(graph)
    for table in ("edges", "graph"):  # each is read as often as it is asked for
        found = duckdb.sql(f"select count(*) from {table} where target = 'c'").fetchall()
        assert found == [(2,)]
        ends = duckdb.sql(f"select min(source), max(target) from {table}").fetchall()
        assert ends == [("a", "d")]
    assert edges.schema.names == ["source", "target"]
    assert sorted(pl.DataFrame(edges).rows()) == sorted(EDGES)
    assert sorted(pl.DataFrame(graph).rows()) == sorted(EDGES)


def test_edges_are_read_some_rows_at_a_time():
    sources = np.arange(200_000)
    graph = graphwalk.build_zarr((sources, (sources + 1) % 200_000), directed=True)
    batches = list(arrow_edges.edges_as_arrow(graph._arrays, None, 1 << 18))
    assert len(batches) > 1
    table = pa.Table.from_batches(batches)
    assert table["source"].to_pylist() == list(range(200_000))


def test_walks(graph):
    duckdb = pytest.importorskip("duckdb")
    walks = graphwalk.random_walks(graph, num_walks=3, walk_length=4, seed=1, chunks=5)
    expected = [[n for n in walk if n is not None] for walk in graph.names(walks.compute())]
    for array in (walks, walks.persist(), walks.rechunk(3)):
        table = graphwalk.to_arrow(array)
        assert pa.table(table)["walk"].to_pylist() == expected
    part = graphwalk.to_arrow(walks[2:7])
    assert pl.DataFrame(part)["walk"].to_list() == expected[2:7]
    visits = duckdb.sql("select count(*) from (select unnest(walk) node from part)").fetchall()
    assert visits == [(sum(map(len, expected[2:7])),)]
    numbers = pa.table(graphwalk.to_arrow(walks, labels=False))
    assert numbers.schema.field("walk").type == pa.list_(pa.int32())


def test_walks_are_computed_as_they_are_read(graph):
    walks = graphwalk.random_walks(graph, num_walks=1000, walk_length=4, seed=1, chunks=50)
    batches = iter(graphwalk.to_arrow(walks))
    assert len(next(batches)) == 50
    batches.close()


def test_values_of_nodes(graph):
    ranks = graphwalk.pagerank(graph)
    table = pa.table(graphwalk.to_arrow(ranks))
    assert table["node"].to_pylist() == ["a", "b", "c", "d"]
    assert table["pagerank"].to_pylist() == ranks.compute().tolist()
    kept = ranks.persist()
    with pytest.raises(InputError, match=r"not known of which graph.*labels=.*labels=False"):
        graphwalk.to_arrow(kept)
    named = pa.table(graphwalk.to_arrow(kept, labels=graph.labels))
    assert named == table.rename_columns(["node", "value"])
    component = pa.table(graphwalk.to_arrow(graphwalk.connected_components(graph)))["component"]
    assert component.to_pylist() == ["a"] * 4
    assert pl.DataFrame(graphwalk.to_arrow(kept, labels=False))["node"].to_list() == [0, 1, 2, 3]


def test_what_has_no_table(graph):
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2, seed=1)
    with pytest.raises(InputError, match=r"labels=False"):
        graphwalk.to_arrow(walks + 0)
    with pytest.raises(InputError, match="not a Dask array"):
        graphwalk.to_arrow([1, 2])
    with pytest.raises(InputError, match=r"compute_chunk_sizes\(\)"):
        graphwalk.to_arrow(walks[walks[:, 1] >= 0])


def test_a_replaced_store_is_noticed(tmp_path):
    graph = graphwalk.build_zarr(EDGES, tmp_path / "g.zarr")
    edges = graphwalk.to_arrow(graph)
    graphwalk.build_zarr([("a", "b"), ("c", "d")], tmp_path / "g.zarr", overwrite=True)
    with pytest.raises(graphwalk.StoreError, match="was replaced"):
        list(edges)
