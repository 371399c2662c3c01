"""Edges with types in the store, and what may be asked of walks along them."""

import json

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
from graphwalk import InputError, StoreError
from graphwalk.cli.main import main

#: Parallel edges of different types and of one, loops, and a node without edges of its own.
EDGES = [
    *[(0, 1, 3), (0, 1, 0), (0, 1, 0), (1, 0, 3), (0, 2, 254), (2, 1, 0), (1, 3, 3), (3, 3, 7)],
    *[(3, 3, 0), (3, 0, 254), (2, 0, 3), (1, 2, 7), (3, 4, 0)],
]


def build(edges=EDGES, store=None, **how):
    columns = tuple(map(np.array, zip(*edges, strict=True)))
    return graphwalk.build_zarr(columns, store, **{"directed": True, "edge_types": True} | how)


def rows_of(graph):
    rows = graph.rows(0, graph.num_nodes)
    return {
        node: list(zip(rows.row(node).tolist(), rows.row_edge_types(node).tolist(), strict=True))
        for node in range(graph.num_nodes)
    }


def walk(graph, **how):
    how = {"num_walks": 3, "walk_length": 8, "seed": 2} | how
    return graphwalk.random_walks(graph, **how).compute()


# -- walks ---------------------------------------------------------------------------------------


def test_each_step_follows_an_edge_of_the_type_in_either_direction():
    graph = build([(0, 1, 5), (1, 2, 6), (0, 2, 6), (3, 0, 6)], directed=False)
    how = {"num_walks": 1, "walk_length": 3}
    assert walk(graph, start_nodes=[3], metapath=[6, 5, 6], **how).tolist() == [[3, 0, 1, 2]]
    assert walk(graph, start_nodes=[3], metapath=[6, 5, 5], **how).tolist() == [[3, 0, 1, 0]]
    assert walk(graph, start_nodes=[2], metapath=[5], **how).tolist() == [[2, -1, -1, -1]]


def test_a_graph_of_both_types_must_be_told():
    graph = graphwalk.set_node_types(build(), [0, 3, 0, 3, 7])
    with pytest.raises(InputError, match=r"both nodes and edges of .* metapath_of='nodes' or"):
        walk(graph, metapath=[0])
    by_edge, by_node = (walk(graph, metapath=[0, 3], metapath_of=of) for of in ("edges", "nodes"))
    np.testing.assert_array_equal(by_edge, walk(build(), metapath=[0, 3]))
    np.testing.assert_array_equal(by_edge, walk(build(), metapath=["0", "3"], metapath_of="edges"))
    assert (by_edge != by_node).any()
    # A process keeps what it has loaded of a graph, in the order that one of them needs.
    for of, walks in (("edges", by_edge), ("nodes", by_node), ("edges", by_edge)):
        np.testing.assert_array_equal(walk(graph, metapath=[0, 3], metapath_of=of), walks)


def test_other_walks_take_edges_of_all_types():
    graph = build()
    starts = np.zeros(1, int)
    untyped = graphwalk.build_zarr(
        tuple(map(np.array, zip(*sorted(set(EDGES)), strict=True)))[:2],
        directed=True,
        duplicates="keep",
    )
    for kind in ({}, {"p": 2.0, "q": 0.5}, {"restart_prob": 0.2}):
        how = {"num_walks": 200} | kind
        np.testing.assert_array_equal(walk(graph, **how), walk(untyped, **how))
    walk(graph, metapath=[3], start_nodes=starts)  # and rows that were grouped do not spoil them
    np.testing.assert_array_equal(walk(graph), walk(untyped))


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"metapath": [5]}, r"names the type 5; the edges of .* are of 0, 3, 7, 254"),
        ({"metapath": []}, "is empty"),
        ({"metapath": [3], "p": 2}, "first-order"),
        ({"metapath": [3], "metapath_of": "nodes"}, r"needs types of nodes.*set_node_types"),
        ({"metapath": [3], "metapath_of": "both"}, "must be one of 'nodes', 'edges'"),
        ({"metapath_of": "edges"}, "needs metapath="),
        ({"temporal": True}, "has no times"),
        ({"weighted": True}, "has no weights"),
    ],
)
def test_metapaths_that_cannot_be_are_refused(how, complaint):
    with pytest.raises(InputError, match=complaint):
        walk(build(), **how)


def test_metapaths_need_types():
    graph = graphwalk.build_zarr([(0, 1)])
    with pytest.raises(InputError, match=r"gives types to nodes, or build it with edge_types=True"):
        walk(graph, metapath=[1])
    with pytest.raises(InputError, match=r"types of edges.* none; build it with edge_types=True"):
        walk(graphwalk.set_node_types(graph, [1, 1]), metapath=[1], metapath_of="edges")


def test_the_plan_says_whose_types_they_are():
    plan = graphwalk.plan_walks(build(), metapath=[3, 0])
    assert {("metapath", "3 → 0"), ("metapath_of", "edges")} <= {*plan.spec.table()}


def test_types_are_counted_while_they_are_read():
    """They are freed when rows are grouped, as the kinds of nodes are not."""
    rng = np.random.default_rng(0)
    src, dst, types = rng.integers(0, 1000, (3, 400_000))
    how = {"walk_length": 5, "num_walks": 1, "seed": 0}
    graph = graphwalk.build_zarr((src, dst, types % 3), edge_types=True, directed=True)
    typed = graphwalk.plan_walks(graph, metapath=[0, 1], **how)
    plain = graphwalk.plan_walks(graph, **how)
    assert typed.peak_memory >= plain.peak_memory + 0.9 * graph.num_entries
    assert typed.graph_bytes < plain.graph_bytes + graph.num_entries // 10


def test_walks_along_other_types_are_other_walks(tmp_path):
    """A job is not resumed as one along nodes, or on other types."""

    def write(graph, of):
        walks = graphwalk.random_walks(graph, metapath=[0, 3], metapath_of=of, num_walks=1, seed=1)
        graphwalk.write_walks(walks, tmp_path / "walks.zarr", resume=True)

    graph = graphwalk.set_node_types(build(), [0, 3, 0, 3, 7])
    write(graph, "edges")
    write(graph, "edges")
    write(graphwalk.set_node_types(graph, [3, 3, 0, 3, 7]), "edges")  # which are not asked
    with pytest.raises(graphwalk.StoreExistsError):
        write(graph, "nodes")
    with pytest.raises(graphwalk.StoreExistsError):
        write(build([*EDGES[:-1], (3, 4, 3)]), "edges")


# -- stores --------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicates", ["keep", "merge"])
@pytest.mark.parametrize("directed", [False, True])
def test_edges_of_different_types_are_different(directed, duplicates):
    graph = build(directed=directed, duplicates=duplicates)
    rows = oracle.csr(EDGES, directed=directed, duplicates=duplicates, apart=True)
    assert rows_of(graph) == rows
    assert graph.edge_type_names == (0, 3, 7, 254)
    assert graph.validate().ok
    with pytest.raises(InputError, match="0 → 1 is there more than once of the same type"):
        build(duplicates="error")


FORMS = {
    "uint8": lambda columns, _: (*columns[:2], columns[2].astype(np.uint8)),
    "float64": lambda columns, _: (*columns[:2], columns[2].astype(np.float64)),
    "pandas": lambda columns, _: pd.DataFrame(dict(zip("stw", columns, strict=True))),
    "arrow": lambda columns, _: pa.table(dict(zip("stw", columns, strict=True))),
    "pairs": lambda columns, _: list(zip(*(c.tolist() for c in columns), strict=True)),
    "csv": lambda columns, folder: write_csv(columns, folder / "edges.csv"),
}


def write_csv(columns, path):
    pd.DataFrame(dict(zip("stw", columns, strict=True))).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_types_come_in_many_forms(form, tmp_path):
    columns = [np.array(column) for column in zip(*EDGES, strict=True)]
    named = ("s", "t", "w") if form in ("pandas", "arrow", "csv") else None
    graph = graphwalk.build_zarr(
        FORMS[form](columns, tmp_path), columns=named, edge_types=True, directed=True
    )
    assert rows_of(graph) == oracle.csr(EDGES, directed=True, apart=True)
    assert (graph.timed, graph.weighted) == (False, False)


def test_rows_may_have_types():
    csr = graphwalk.CSR([0, 2, 4, 5], [1, 1, 0, 0, 2], [4, 1, 1, 4, 9])
    graph = graphwalk.build_zarr(csr, edge_types=True)
    assert rows_of(graph) == {0: [(1, 1), (1, 4)], 1: [(0, 1), (0, 4)], 2: [(2, 9)]}
    assert graph.validate().ok
    with pytest.raises(InputError, match=r"not symmetric \(1 → 0 is not\)"):
        graphwalk.build_zarr(graphwalk.CSR([0, 2, 4], [1, 1, 0, 0], [4, 1, 1, 3]), edge_types=True)


@pytest.mark.parametrize("bad", [-1, 255, 2.5, np.nan, np.inf, 2**60])
def test_types_that_are_none_are_refused(bad):
    with pytest.raises(InputError, match=r"edge 1 has the type .*; .* integers from 0 to 254"):
        build([(0, 1, 2), (1, 2, bad)])


def test_types_that_are_no_numbers_are_refused():
    with pytest.raises(InputError, match="times or types must be integers or floats"):
        build([("a", "b", "likes")])


def test_types_must_be_told():
    for edges in ([(0, 1)], pd.DataFrame({"src": [0], "dst": [1], "weight": [3]})):
        with pytest.raises(InputError, match=r"edge_types=True, but nothing says what the types"):
            graphwalk.build_zarr(edges, edge_types=True)
    with pytest.raises(InputError, match="times or types, not both"):
        build(times=True)


def test_graphs_without_edges(tmp_path):
    none = np.empty(0, int)
    graphwalk.build_zarr((none, none, none), tmp_path / "g", num_nodes=3, edge_types=True)
    graph = graphwalk.open_zarr(tmp_path / "g")
    assert graph.edge_type_names == ()
    assert graph.validate().ok
    with pytest.raises(InputError, match="are of none"):
        walk(graph, metapath=[0])


def test_a_store_with_types(tmp_path):
    build(store=tmp_path / "g")
    group = zarr.open_group(tmp_path / "g", mode="r")
    assert sorted(group.array_keys()) == ["edge_types", "neighbors", "offsets"]
    about = group.attrs["graphwalk"]
    assert (about["edge_types"], about["weighted"]) == ([0, 3, 7, 254], False)
    assert "timed" not in about
    assert (group["edge_types"].dtype, group["edge_types"].fill_value) == (np.uint8, 255)
    graph = graphwalk.open_zarr(tmp_path / "g")
    assert "4 types of edges" in repr(graph)
    assert "types of edges" in repr(graph.rows(0, 2))
    assert "edge_types" in graph._repr_html_()
    types = nx.get_edge_attributes(graph.to_networkx(), "type")
    assert sorted((u, v, t) for (u, v, _), t in types.items()) == sorted(set(EDGES))


def test_stores_without_types_say_nothing_of_them(tmp_path):
    graph = graphwalk.build_zarr([(0, 1, 2.0)], tmp_path / "g")
    assert "edge_types" not in zarr.open_group(tmp_path / "g").attrs["graphwalk"]
    assert graphwalk.open_zarr(tmp_path / "g").edge_type_names is None
    with pytest.raises(InputError, match="no types; build it with edge_types=True"):
        graph.read_edge_types(0, 1)
    with pytest.raises(InputError, match="have no types"):
        graph.rows(0, 1).row_edge_types(0)


def problems_of(path):
    return "; ".join(graphwalk.open_zarr(path).validate().problems)


@pytest.mark.parametrize("chunk", [64, 1 << 22])
def test_damaged_types_are_noticed(tmp_path, chunk):
    edges = np.array([(0, 1, t) for t in range(40)]).T
    build_chunked(chunk, tuple(edges), tmp_path / "g", directed=True, edge_types=True)
    as_format_1(tmp_path / "g")
    types = zarr.open_array(tmp_path / "g" / "edge_types")
    assert not problems_of(tmp_path / "g")
    types[16] = 15
    assert "attribute 'edge_types' is [0, 1, " in problems_of(tmp_path / "g")
    types[16] = 3
    assert "do not ascend, or types of parallel ones: 1; first" in problems_of(tmp_path / "g")
    types[16] = 255
    assert "types that are none, which are 0 to 254: 1" in problems_of(tmp_path / "g")
    with pytest.raises(StoreError, match=r"array 'edge_types' of .* is damaged: it has 255"):
        walk(graphwalk.open_zarr(tmp_path / "g"), metapath=[3])
    next((tmp_path / "g" / "edge_types" / "c").iterdir()).unlink()
    assert "array 'edge_types'" in problems_of(tmp_path / "g")
    with pytest.raises(StoreError, match="edge_types"):
        walk(graphwalk.open_zarr(tmp_path / "g"), metapath=[3])


def test_ends_that_tell_different_types_are_noticed(tmp_path):
    build([(0, 1, 2), (1, 2, 3)], tmp_path / "g", directed=False)
    zarr.open_array(tmp_path / "g" / "edge_types")[0] = 3
    reseal(tmp_path / "g")
    assert "with the same weight, time or type" in problems_of(tmp_path / "g")


@pytest.mark.parametrize("told", [[3, 2], [2, 255], [2, 2]])
def test_attributes_that_cannot_be_are_noticed(tmp_path, told):
    build([(0, 1, 2), (1, 2, 3)], tmp_path / "g")
    group = zarr.open_group(tmp_path / "g")
    group.attrs["graphwalk"] = group.attrs["graphwalk"] | {"edge_types": told}
    with pytest.raises(StoreError, match=r"the attribute 'edge_types' is \["):
        graphwalk.open_zarr(tmp_path / "g")


def test_the_command(tmp_path, capsys):
    edges, store, walks = (str(tmp_path / name) for name in ("e.txt", "g.zarr", "w.npy"))
    (tmp_path / "e.txt").write_text("".join(f"{u} {v} {t}\n" for u, v, t in EDGES))
    main(["build", edges, store, "--columns", "0,1,2", "--edge-types", "--directed"])
    assert "4 types of edges" in capsys.readouterr().out
    main(["info", store, "--json"])
    assert json.loads(capsys.readouterr().out)["edge_types"] == [0, 3, 7, 254]
    graphwalk.set_node_types(graphwalk.open_zarr(store), [0, 3, 0, 3, 7])
    options = ["--metapath", "0,3", "--metapath-of", "edges", "--seed", "3", "--walk-length", "4"]
    main(["walk", store, walks, *options])
    made = walk(store, metapath=[0, 3], metapath_of="edges", walk_length=4, num_walks=10, seed=3)
    np.testing.assert_array_equal(np.load(walks), made)
