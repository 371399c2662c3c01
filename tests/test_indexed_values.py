"""Values by node with an index of their own: it is used, or refused, but never ignored."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import graphwalk
from graphwalk import InputError
from graphwalk.algorithms.output.labelled_walks import as_labels


def friends():
    return graphwalk.build_zarr([("Ada", "Grace"), ("Ada", "Alan")])


def plain():
    return graphwalk.build_zarr([(0, 1), (1, 2)])


def sparse():
    return graphwalk.build_zarr([(10**12, 5), (5, 7)])


@pytest.mark.parametrize(
    ("graph", "types"),
    [
        (friends, ["a", "b", "c"]),
        (friends, pd.Series(["a", "b", "c"])),
        (friends, pl.Series(["a", "b", "c"])),
        (friends, pd.Series(["c", "a", "b"], index=["Grace", "Ada", "Alan"])),
        (friends, pd.Series({"Alan": "b", "Grace": "c", "Ada": "a"}, dtype="string")),
        (plain, pd.Series(["c", "a", "b"], index=[2, 0, 1])),
        (plain, pd.Series(["c", "b", "a"], index=range(2, -1, -1))),
        (sparse, pd.Series(["c", "a", "b"], index=[10**12, 5, 7])),
        (sparse, pd.Series(["c", "b", "a"], index=pd.Index([10**12, 7, 5], name="node"))),
    ],
)
def test_types_are_those_of_the_nodes_that_an_index_names(graph, types):
    assert graphwalk.set_node_types(graph(), types).node_types.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("graph", "index"),
    [
        (friends, ["Grace", "Ada", "Bob"]),
        (friends, ["Grace", "Ada", "Ada"]),
        (friends, [1, 2, 3]),
        (plain, [1, 2, 3]),
        (plain, [0, 0, 1]),
        (plain, ["a", "b", "c"]),
        (plain, pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"])),
        (sparse, [2, 0, 1]),
    ],
)
def test_types_are_refused_whose_index_names_other_nodes(graph, index):
    with pytest.raises(InputError, match=r"types= has an index.*names the nodes, but .*to_numpy"):
        graphwalk.set_node_types(graph(), pd.Series(["a", "b", "c"], index=index))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (pd.Series(["a", "b", "c"]), ["a", "b", "c"]),
        (pd.Series(["c", "a", "b"], index=[2, 0, 1]), ["a", "b", "c"]),
        (pd.Series([30, 10, 20], index=[2, 0, 1]), [10, 20, 30]),
        (pd.Series(["b", "a"], index=[1, 0], dtype="string"), ["a", "b"]),
        (pl.Series(["a", "b"]), ["a", "b"]),
        (np.array(["a", "b"]), ["a", "b"]),
    ],
)
def test_labels_are_those_of_the_nodes_that_an_index_names(labels, expected):
    assert as_labels(labels).to_pylist() == expected


@pytest.mark.parametrize("index", [[1, 2, 3], [0, 0, 1], ["a", "b", "c"], [0, 1, 5], [-1, 0, 1]])
def test_labels_are_refused_whose_index_names_other_nodes(index):
    labels = pd.Series(["x", "y", "z"], index=index)
    with pytest.raises(InputError, match=r"labels= has an index.*to_numpy"):
        as_labels(labels)


@pytest.mark.parametrize(
    "start_nodes",
    [
        pd.Series([5, 7], index=[0, 2]),
        pd.Series([1, 0], index=["Ada", "Alan"]),
        pd.Series([0, 1], index=[1, 0]),
    ],
)
def test_start_nodes_with_an_index_are_refused(start_nodes):
    with pytest.raises(InputError, match=r"start_nodes= is a Series.*index.*to_numpy"):
        graphwalk.random_walks(friends(), start_nodes)


@pytest.mark.parametrize("start_nodes", [pd.Series([2, 0]), pl.Series([2, 0]), np.uint8([2, 0])])
def test_start_nodes_without_an_index_are_taken(start_nodes):
    walks = graphwalk.random_walks(friends(), start_nodes, num_walks=1, walk_length=1)
    assert walks.compute()[:, 0].tolist() == [2, 0]


def test_values_of_analyses_are_those_of_the_nodes_that_an_index_names(tmp_path):
    graph = friends()
    ranks = pd.Series([0.3, 0.1, 0.2], index=["Grace", "Ada", "Alan"])
    path = graphwalk.write_nodes(ranks, tmp_path / "ranks.csv", graph=graph)
    assert path.read_text() == "node,value\nAda,0.1\nAlan,0.2\nGrace,0.3\n"
    groups = pd.Series([7, 7, 8], index=["Grace", "Ada", "Alan"])
    expected = graphwalk.modularity(graph, [7, 8, 7]).compute()
    assert graphwalk.modularity(graph, groups).compute() == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda g, nodes: graphwalk.bfs(g, nodes),
        lambda g, nodes: graphwalk.personalized_pagerank(g, nodes),
        lambda g, nodes: graphwalk.personalized_pagerank(g, nodes, "walks"),
        lambda g, nodes: graphwalk.similar_nodes(g, nodes),
        lambda g, nodes: g.subgraph(nodes),
    ],
)
def test_nodes_of_analyses_are_plain(call):
    for nodes in (pd.Series(["Ada", "Alan"], index=[1, 0]), np.ma.array(["Ada", "x"], mask=[0, 1])):
        with pytest.raises(InputError, match=r"(sources|nodes)= (is a Series|has masked items)"):
            call(friends(), nodes)
    with pytest.raises(InputError, match="not "):
        call(sparse(), [[5, 7], [7, 5]])
    with pytest.raises(InputError, match="is no array"):
        call(sparse(), [[5, 7], [7]])
