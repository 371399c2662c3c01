"""Names of nodes: labels as a sequence, names of whole walks, and labels in place of nodes."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import graphwalk
from graphwalk import InputError


@pytest.fixture(scope="module")
def friends():
    return graphwalk.build_zarr([("Ada", "Grace"), ("Ada", "Alan")])


@pytest.fixture(scope="module")
def sparse():
    return graphwalk.build_zarr([(10**12, 5), (5, 7)])


@pytest.fixture(scope="module")
def plain():
    return graphwalk.build_zarr([(0, 1), (1, 2)])


def test_names_of_whole_walks_are_none_after_their_end():
    graph = graphwalk.build_zarr([("a", "b"), ("b", "c")], directed=True)
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1).compute()
    assert graph.names(walks).tolist() == [
        ["a", "b", "c", None],
        ["b", "c", None, None],
        ["c", None, None, None],
    ]


def test_names_without_labels_are_numbers(plain):
    assert plain.names([[0, 2], [1, -1]]).tolist() == [[0, 2], [1, None]]


def test_names_of_integer_labels(sparse):
    assert sparse.names([2, -1, 0]).tolist() == [10**12, None, 5]


@pytest.mark.parametrize(("nodes", "name"), [(0, "Ada"), (np.int32(2), "Grace"), (-1, None)])
def test_the_name_of_one_node_is_no_array(friends, nodes, name):
    assert friends.names(nodes) == name
    assert not isinstance(friends.names(nodes), np.ndarray)


@pytest.mark.parametrize("shape", [(0,), (0, 5), (3, 0)])
def test_names_of_no_nodes_are_none_at_all(friends, shape):
    assert friends.names(np.empty(shape, np.int64)).shape == shape


@pytest.mark.parametrize("nodes", [3, -2, [0, 3], [[-1, -5]], "Ada", [0.5], [None]])
def test_names_of_nodes_that_do_not_exist_are_refused(friends, nodes):
    with pytest.raises(InputError):
        friends.names(nodes)


@pytest.mark.parametrize("nodes", [-1, [0, -1], np.array([[0, 1], [2, -1]]), 3])
def test_labels_refuse_what_is_no_node_and_name_the_way(friends, nodes):
    with pytest.raises(InputError, match=r"graph.names\(nodes\)"):
        friends.labels[nodes]


def test_labels_are_a_sequence(friends):
    labels = friends.labels
    assert len(labels) == 3
    assert list(labels) == labels.tolist() == ["Ada", "Alan", "Grace"]
    assert labels[1] == "Alan"
    assert labels[1:].tolist() == ["Alan", "Grace"]
    assert labels[np.array([[2, 0]])].tolist() == [["Grace", "Ada"]]
    assert labels[[True, False, True]].tolist() == ["Ada", "Grace"]
    assert "Ada" in labels
    assert labels.index("Grace") == 2
    assert np.asarray(labels).tolist() == labels.tolist()
    assert pa.array(labels).to_pylist() == labels.tolist()
    assert repr(labels) == "<graphwalk.NodeLabels of 3 nodes: 'Ada', 'Alan', 'Grace'>"


def test_integer_labels_are_integers(sparse):
    assert sparse.labels.dtype == np.int64
    assert sparse.labels[2] == 10**12
    assert np.asarray(sparse.labels).dtype == np.int64
    assert np.asarray(sparse.labels, dtype=float).tolist() == [5.0, 7.0, 1e12]


def test_only_labels_that_are_asked_for_become_objects(monkeypatch):
    names = [f"node {i:04}" for i in range(5000)]
    graph = graphwalk.build_zarr((names[:-1], names[1:]))
    made = []
    take = type(graph._arrays.labels).take

    def counted(self, nodes):
        made.append(len(nodes))
        return take(self, nodes)

    monkeypatch.setattr(type(graph._arrays.labels), "take", counted)
    labels = graph.labels
    assert labels[3] == "node 0003"
    assert labels[4990:4992].tolist() == ["node 4990", "node 4991"]
    assert graph.names([7, -1]).tolist() == ["node 0007", None]
    assert sum(made) <= 6


def test_nodes_are_given_by_label_too(friends):
    assert friends.neighbors("Ada").tolist() == [1, 2]
    assert [row.tolist() for row in friends.neighbors(["Grace", "Ada"])] == [[0], [1, 2]]


def test_integers_are_numbers_of_nodes_whatever_the_labels(sparse):
    assert sparse.neighbors(0).tolist() == [1, 2]
    with pytest.raises(InputError, match="no node 5"):
        sparse.neighbors(5)


@pytest.mark.parametrize("nodes", ["Bob", ["Ada", "Bob"]])
def test_labels_that_no_node_has_are_named(friends, nodes):
    with pytest.raises(InputError, match="'Bob'"):
        friends.neighbors(nodes)


def test_labels_are_refused_where_there_are_none(plain):
    with pytest.raises(InputError, match="integers"):
        plain.neighbors("Ada")


@pytest.mark.parametrize(
    "start_nodes",
    [
        ["Grace", "Ada"],
        ("Grace", "Ada"),
        np.array(["Grace", "Ada"]),
        np.array(["Grace", "Ada"], object),
        pa.array(["Grace", "Ada"]),
        pd.Series(["Grace", "Ada"]),
        pl.Series(["Grace", "Ada"]),
    ],
)
def test_walks_start_at_labels(friends, start_nodes):
    walks = graphwalk.random_walks(friends, start_nodes, num_walks=1, walk_length=3, seed=1)
    numbers = graphwalk.random_walks(friends, [2, 0], num_walks=1, walk_length=3, seed=1)
    assert walks.compute().tolist() == numbers.compute().tolist()
    assert graphwalk.plan_walks(friends, start_nodes, num_walks=1).shape[0] == 2


def test_a_walk_starts_at_one_label(friends):
    walks = graphwalk.random_walks(friends, "Grace", num_walks=2, walk_length=1)
    assert walks.compute().tolist() == [[2, 0], [2, 0]]


@pytest.mark.parametrize(
    ("graph", "start_nodes", "message"),
    [
        ("friends", ["Bob"], "'Bob'"),
        ("friends", "Ada,Grace", "'Ada,Grace'"),
        ("friends", ["Ada", 1], "start_nodes= has object"),
        ("friends", ("Ada", None), "start_nodes= has object"),
        ("friends", [["Ada"]], "one dimension"),
        ("friends", [None], "start_nodes= has object"),
        ("friends", [0.0], "start_nodes= has float64"),
        ("friends", [3], r"start_nodes\[0\] is 3"),
        ("plain", ["Ada"], "no labels that are strings"),
        ("sparse", ["5"], "no labels that are strings"),
        ("sparse", [5], r"start_nodes\[0\] is 5"),
    ],
)
def test_start_nodes_that_do_not_exist_are_refused(request, graph, start_nodes, message):
    with pytest.raises(InputError, match=message):
        graphwalk.plan_walks(request.getfixturevalue(graph), start_nodes)
