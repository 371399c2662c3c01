"""Nodes without out-neighbours, and those without any: what a build counts of them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resealed import as_format_1

import graphwalk
from graphwalk.cli import main


def counts(graph):
    summary = graph.summary()
    return summary.sinks, summary.isolated_nodes


@pytest.mark.parametrize(
    ("edges", "options", "expected"),
    [
        ([(0, 1), (1, 2)], {"directed": True}, (1, 0)),
        ([(0, 1), (1, 2)], {"directed": True, "num_nodes": 6}, (4, 3)),
        ([(0, 1), (1, 2)], {"num_nodes": 6}, (3, 3)),
        ([(0, 5)], {"directed": True, "relabel": False}, (5, 4)),
        ([("a", "b"), ("a", "c")], {"directed": True}, (2, 0)),
        ([(10**9, 7), (10**9, 8)], {"directed": True}, (2, 0)),
        ([("a", "a"), ("b", "c")], {"directed": True, "self_loops": "drop"}, (2, 1)),
        ([("a", "a"), ("b", "c")], {"self_loops": "drop"}, (1, 1)),
        ([("a", "a"), ("b", "c")], {"directed": True}, (1, 0)),
        ([(0, 0), (1, 0)], {"directed": True, "num_nodes": 3}, (1, 1)),
        ([(0, 0), (1, 0)], {"directed": True, "self_loops": "drop"}, (1, 0)),
        ([np.array([1]), np.array([], int), np.array([], int)], {"directed": True}, (2, 1)),
        (iter([np.array([9]), *[np.array([], int)] * 9]), {"directed": True}, (9, 8)),
        (graphwalk.CSR([0, 1, 1, 1], [2]), {"directed": True}, (2, 1)),
        ([np.array([1]), np.array([0]), np.array([], int)], {}, (1, 1)),
    ],
)
def test_sinks_and_isolated_nodes(edges, options, expected):
    assert counts(graphwalk.build_zarr(edges, **options)) == expected


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1), st.booleans())
def test_counts_are_those_of_the_definition(edges, directed):
    pairs = np.array(edges)
    graph = graphwalk.build_zarr((pairs[:, 0], pairs[:, 1]), directed=directed, num_nodes=50)
    out = set(pairs[:, 0].tolist()) | (set() if directed else set(pairs[:, 1].tolist()))
    assert counts(graph) == (50 - len(out), 50 - len(set(pairs.ravel().tolist())))


def test_what_is_said_of_them(tmp_path, capsys):
    store = tmp_path / "g.zarr"
    graph = graphwalk.build_zarr([(0, 1), (1, 2)], store, directed=True, num_nodes=5)
    text = "5, of which 3 without out-neighbours, 2 isolated"
    assert text in str(graph.summary())
    assert text in graph._repr_html_()
    assert "of which 2 isolated" in str(graphwalk.build_zarr([(0, 1)], num_nodes=4).summary())
    assert main(["info", str(store)]) == 0
    assert "5; 3 nodes without out-neighbours" in capsys.readouterr().out


def test_a_store_of_an_early_version_says_what_it_knows(tmp_path):
    store = tmp_path / "g.zarr"
    graphwalk.build_zarr([(0, 1), (1, 2)], store, directed=True, num_nodes=5)
    as_format_1(store)
    metadata = json.loads((store / "zarr.json").read_text())
    del metadata["attributes"]["graphwalk"]["unconnected_nodes"]
    (store / "zarr.json").write_text(json.dumps(metadata))
    graph = graphwalk.open_zarr(store)
    assert counts(graph) == (3, None)
    assert "5, of which 3 without out-neighbours\n" in str(graph.summary())
