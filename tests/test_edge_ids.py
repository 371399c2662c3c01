"""The input's own ids of edges: read from columns, merged, kept by builds and found by walks."""

from itertools import pairwise

import dask
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import graphwalk
from graphwalk.cli.main import main
from graphwalk.errors import InputError
from graphwalk.storage.build import pipeline
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.edges.open import open_source
from graphwalk.util.progress_bar import Progress

RNG = np.random.default_rng(5)
NODES, EDGES = 12, 200
TABLE = {
    "source": RNG.integers(0, NODES, EDGES),
    "target": RNG.integers(0, NODES, EDGES),
    "value": RNG.integers(1, 4, EDGES),
    "id": RNG.permutation(EDGES) + 2**53,  # which floats do not tell apart
}
KINDS = {"none": {}, "weights": {}, "times": {"times": True}, "types": {"edge_types": True}}


def expected(kind, directed, duplicates):
    """Return (source, target, value, id) of each entry, as the definition has them."""
    apart = kind in ("times", "types")
    entries = []
    for u, v, value, own in zip(*(TABLE[name].tolist() for name in TABLE), strict=True):
        both = [(u, v)] if directed or u == v else [(u, v), (v, u)]
        entries += [(*ends, value if kind != "none" else 0, own) for ends in both]
    if duplicates == "keep":  # ties in the order of the input
        return sorted(entries, key=lambda entry: entry[: 3 if apart else 2])
    groups = {}
    for entry in entries:
        groups.setdefault(entry[: 3 if apart else 2], []).append(entry)
    return [
        (
            *key[:2],
            key[2] if apart else sum(e[2] for e in groups[key]),
            min(e[3] for e in groups[key]),
        )
        for key in sorted(groups)
    ]


def stored(graph):
    """Return the same of a store."""
    values = graph._info.values
    found = np.zeros(graph.num_entries)
    if values is not None:
        found = graph.edge_values(np.arange(graph.num_entries))
    columns = (*graph.to_edge_index(), found.astype(int), graph.edge_ids.compute())
    return list(zip(*(column.tolist() for column in columns), strict=True))


def table_of(kind):
    return {name: TABLE[name] for name in TABLE if name != "value" or kind != "none"}


def columns_of(kind):
    return ["source", "target", *([] if kind == "none" else ["value"])]


CASES = [
    ("none", True, "merge"),
    ("none", False, "keep"),
    ("weights", False, "merge"),
    ("times", True, "keep"),
    ("types", False, "merge"),
]


@pytest.mark.parametrize(("kind", "directed", "duplicates"), CASES)
def test_entries_have_the_ids_of_their_edges(kind, directed, duplicates):
    how = {"columns": columns_of(kind), "edge_ids": "id", **KINDS[kind]}
    graph = graphwalk.build_zarr(table_of(kind), directed=directed, duplicates=duplicates, **how)
    assert stored(graph) == expected(kind, directed, duplicates)
    assert graph.validate().ok
    assert graphwalk.open_zarr(graph.path).edge_ids.dtype == np.int64
    plain = graphwalk.build_zarr(
        table_of(kind),
        **{"directed": directed, "duplicates": duplicates, **how, "edge_ids": None},
    )
    assert plain.edge_ids is None
    assert plain.digest == graph.digest


@pytest.mark.parametrize("kind", ["none", "times"])
def test_ids_do_not_depend_on_how_a_build_sorts(kind):
    def build(**sizes):
        source = open_source(
            {
                **table_of(kind),
                "source": TABLE["source"].astype(str),
                "target": TABLE["target"].astype(str),
            },
            columns=columns_of(kind),
            edge_ids="id",
            values="times" if kind == "times" else "weights",
        )
        options = BuildOptions(
            value_kind="times" if kind == "times" else "weights",
            duplicates="keep",
            further=("edge_ids",),
        )
        sizes = BuildSizes(1 << 26, 2, **sizes)
        graph = pipeline.build(source, None, options, sizes, Progress(False))
        return graph.digest, graph.edge_ids.compute().tolist()

    whole = build(spill=False)
    assert build(spill=True, batch_edges=16, run_edges=32, bucket_entries=40) == whole
    assert (
        build(spill=True, batch_edges=16, run_edges=64, bucket_entries=8, largest_bucket=8) == whole
    )


def as_parquet(path):
    pq.write_table(pa.table(TABLE), path / "edges.parquet", row_group_size=70)
    return path / "edges.parquet"


def as_csv(path):
    pd.DataFrame(TABLE).to_csv(path / "edges.csv", index=False)
    return path / "edges.csv"


def as_text(path):
    pd.DataFrame(TABLE).to_csv(path / "edges.txt", index=False, header=False, sep=" ")
    return path / "edges.txt"


def as_dask(_):
    import dask.dataframe as dd

    return dd.from_pandas(pd.DataFrame(TABLE), npartitions=3)


def as_stream(_):
    return iter(pa.table(TABLE).to_batches(70))


def as_folder(path):
    import pyarrow.feather

    pyarrow.feather.write_feather(pa.table(TABLE), path / "edges.feather")
    return path / "edges.feather"


FORMS = [as_parquet, as_csv, as_text, as_dask, as_stream, as_folder]


@pytest.mark.parametrize("form", FORMS)
def test_forms_with_columns_have_ids(form, tmp_path):
    columns, own = ((0, 1, 2), 3) if form is as_text else (columns_of("weights"), "id")
    graph = graphwalk.build_zarr(form(tmp_path), columns=columns, edge_ids=own)
    assert stored(graph) == expected("weights", False, "merge")


def test_the_column_of_ids_is_taken_for_nothing_else(tmp_path, recwarn):
    graph = graphwalk.build_zarr(
        {"src": [0, 1], "dst": [1, 2], "weight": [7, 5]}, edge_ids="weight"
    )
    assert not graph.weighted
    assert graph.edge_ids.compute().tolist() == [7, 7, 5, 5]
    (tmp_path / "e.txt").write_text("0 1 9\n1 2 8\n")
    graph = graphwalk.build_zarr(tmp_path / "e.txt", edge_ids=2, directed=True)
    assert graph.edge_ids.compute().tolist() == [9, 8]
    assert not recwarn.list
    with pytest.raises(InputError, match="nothing says what the times"):
        graphwalk.build_zarr(tmp_path / "e.txt", edge_ids=2, times=True)


def test_transposed_stores_and_subgraphs_keep_ids_and_updates_do_not():
    graph = graphwalk.build_zarr(
        TABLE, columns=columns_of("times"), times=True, edge_ids="id", directed=True
    )
    reverse = sorted((v, u, *rest) for u, v, *rest in stored(graph))
    assert sorted(stored(graph.transpose())) == reverse
    part = graph.subgraph(range(5, NODES))
    assert stored(part) == [
        (u - 5, v - 5, *rest) for u, v, *rest in stored(graph) if min(u, v) >= 5
    ]
    assert graph.update(add=([0], [1], [99])).edge_ids is None
    undirected = graphwalk.build_zarr(TABLE, columns=columns_of("none"), edge_ids="id")
    assert stored(undirected.subgraph(range(NODES))) == stored(undirected)
    both = undirected.edge_array_names, undirected.subgraph([0, 1]).edge_array_names
    assert both == (("edge_ids",),) * 2


def test_walks_find_their_edges_in_the_input():
    graph = graphwalk.build_zarr(
        TABLE, columns=columns_of("none"), edge_ids="id", duplicates="keep"
    )
    how = {"num_walks": 2, "walk_length": 6, "stop_prob": 0.2, "seed": 3, "return_edges": True}
    walks, edges = dask.compute(*graphwalk.random_walks(graph, **how))
    ids = graph.edge_values(edges, "edge_ids")
    assert ids.shape == edges.shape
    ends = {
        own: {u, v}
        for u, v, own in zip(*(TABLE[n].tolist() for n in ("source", "target", "id")), strict=True)
    }
    steps = 0
    for walk, row in zip(walks.tolist(), ids.tolist(), strict=True):
        for pair, own in zip(pairwise(walk), row, strict=True):
            assert own == -1 if -1 in pair else ends[own] == set(pair)
            steps += own >= 0
    assert steps > 50


def test_arrays_of_edges_are_read_by_name():
    graph = graphwalk.build_zarr([(0, 1), (1, 2)], directed=True)
    graph.set_edge_array("length", [[0.5, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(
        graph.edge_values([[1, -1]], "length"), [[[2.0, 3.0], [np.nan, np.nan]]]
    )
    graph.set_edge_array("kind", np.array([200, 3], np.uint8))
    found = graph.edge_values([0, -1], "kind")
    assert found.dtype == np.int16
    assert found.tolist() == [200, -1]
    graph.set_edge_array("edge_ids", [4, 2])
    assert graph.edge_ids.compute().tolist() == [4, 2]
    with pytest.raises(InputError, match="'lengths' of edges; it has 'edge_ids', 'kind', 'length'"):
        graph.edge_values([0], "lengths")
    with pytest.raises(InputError, match=r"edge_ids.*one integer each"):
        graph.set_edge_array("edge_ids", [0.5, 1.5])
    with pytest.raises(InputError, match="name an array of edges"):
        graph.edge_values([0])


WRONG = [
    (["a", "b"], "integers, not .*string; pass the codes that pandas.factorize"),
    ([1.5, 2.0], "ids of edges are integers, not"),
    ([1, None], "the edge id is missing"),
    ([1, -2], "row 1: -2 is no id of an edge"),
    (np.array([1, 2**63], np.uint64), "9223372036854775808 is no id"),
]


@pytest.mark.parametrize(("ids", "why"), WRONG)
def test_ids_that_are_none_are_refused(ids, why, tmp_path):
    with pytest.raises(InputError, match=why):
        graphwalk.build_zarr(
            {"src": [0, 1], "dst": [1, 2], "id": ids}, tmp_path / "g", edge_ids="id"
        )
    assert not (tmp_path / "g").exists()


def test_forms_without_columns_are_refused(tmp_path):
    for edges in (([0, 1], [1, 2]), np.array([[0, 1], [1, 2], [2, 0]]), [[1], [0]]):
        with pytest.raises(
            InputError, match=r"edge_ids= names a column.*columns source, target and"
        ):
            graphwalk.build_zarr(edges, edge_ids="id")
    with pytest.raises(InputError, match="has no column 'eid'; its columns are 'src', 'dst'"):
        graphwalk.build_zarr({"src": [0, 1], "dst": [1, 2]}, edge_ids="eid")
    with pytest.raises(InputError, match=r"edge_ids='src' names a column of .* that has the ends"):
        graphwalk.build_zarr({"src": [0, 1], "dst": [1, 2]}, edge_ids="src")
    (tmp_path / "e.csv").write_text("src,dst,id\n0,1,7\n1,2,x7\n")
    with pytest.raises(InputError, match=r"e\.csv, column 'id', line 3: 'x7' is no id of an edge"):
        graphwalk.build_zarr(tmp_path / "e.csv", edge_ids="id")
    (tmp_path / "e.csv").write_text(f"src,dst,id\n0,1,7\n1,2,{2**63}\n")
    with pytest.raises(InputError, match=f"line 3: '{2**63}' is no id of an edge"):
        graphwalk.build_zarr(tmp_path / "e.csv", edge_ids="id")


def test_the_command_line_keeps_ids(tmp_path, capsys):
    edges, store = str(as_csv(tmp_path)), str(tmp_path / "g.zarr")
    assert main(["build", edges, store, "--columns=source,target", "--edge-ids=id"]) == 0
    assert stored(graphwalk.open_zarr(store)) == expected("none", False, "merge")
    assert main(["build", edges, store, "--overwrite", "--edge-ids=eid"]) == 1
    assert "no column 'eid'" in capsys.readouterr().err
