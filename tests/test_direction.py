"""Walks along in-edges and along both, through the stores that `transpose` makes."""

import numpy as np
import pytest
from scipy.stats import chisquare

import graphwalk
from graphwalk.cli.main import main
from graphwalk.errors import InputError

RNG = np.random.default_rng(8)
NODES = 30
ENDS = RNG.integers(0, NODES, (2, 150))
WEIGHTS = RNG.integers(1, 6, 150).astype(np.float32)
WALKS = {"num_walks": 3, "walk_length": 6, "seed": 4}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    table = {"src": ENDS[0], "dst": ENDS[1], "weight": WEIGHTS, "id": np.arange(150)}
    path = tmp_path_factory.mktemp("g")
    made = graphwalk.build_zarr(
        table, path / "g", directed=True, duplicates="keep", edge_ids="id", num_nodes=NODES
    )
    made.transpose(path / "in")
    made.transpose(path / "both", both_ways=True)
    return made


def sibling(graph, direction):
    return graph.path.removesuffix("g") + direction


@pytest.mark.parametrize("partitions", [None, 3])
@pytest.mark.parametrize("direction", ["in", "both"])
def test_steps_follow_edges_of_the_direction(graph, direction, partitions):
    how = {**WALKS, "partitions": partitions, "stop_prob": 0.1, "restart_prob": 0.2}
    given = {"direction": direction, "transposed": sibling(graph, direction), **how}
    walks, edges = graphwalk.random_walks(graph, return_edges=True, **given)
    walks, edges = walks.compute(), edges.compute()
    other = graphwalk.open_zarr(sibling(graph, direction))
    np.testing.assert_array_equal(walks, graphwalk.random_walks(other, **how).compute())
    plain = graphwalk.random_walks(graph, **given).compute()
    np.testing.assert_array_equal(walks, plain)
    ids = other.edge_values(edges, "edge_ids")
    there, here = walks[:, 1:][ids >= 0], walks[:, :-1][ids >= 0]
    found = ENDS[:, ids[ids >= 0]]
    forward = (found == [here, there]).all(axis=0)
    backward = (found == [there, here]).all(axis=0)
    assert (backward if direction == "in" else forward | backward).all()
    assert direction == "in" or 0.2 < forward.mean() < 0.8
    visits = graphwalk.visit_counts(graph, **given).compute()
    np.testing.assert_array_equal(visits, np.bincount(walks[walks >= 0], minlength=NODES))
    assert graphwalk.plan_walks(graph, **given).spec.direction == direction


@pytest.mark.parametrize("direction", ["in", "both"])
def test_edges_are_drawn_in_proportion_to_their_weights(graph, direction):
    start = int(np.argmax(np.bincount(ENDS[1]) + np.bincount(ENDS[0])))
    weights = np.zeros(NODES)
    np.add.at(weights, ENDS[0][ENDS[1] == start], WEIGHTS[ENDS[1] == start])
    if direction == "both":
        out = (ENDS[0] == start) & (ENDS[1] != start)  # of which a self-loop is one already
        np.add.at(weights, ENDS[1][out], WEIGHTS[out])
    walks = graphwalk.random_walks(
        graph,
        [start],
        num_walks=20_000,
        walk_length=1,
        seed=2,
        direction=direction,
        transposed=sibling(graph, direction),
    )
    found = np.bincount(walks.compute()[:, 1], minlength=NODES)
    assert (found > 0).tolist() == (weights > 0).tolist()
    share = weights[weights > 0] / weights.sum()
    assert chisquare(found[weights > 0], share * 20_000).pvalue > 1e-4


def test_undirected_graphs_have_no_directions():
    graph = graphwalk.build_zarr(ENDS, num_nodes=NODES)
    plain = graphwalk.random_walks(graph, **WALKS).compute()
    for direction in ("in", "both"):
        walks = graphwalk.random_walks(graph, direction=direction, **WALKS)
        np.testing.assert_array_equal(walks.compute(), plain)
    with pytest.raises(InputError, match="is undirected: its rows list all neighbours"):
        graphwalk.random_walks(graph, direction="in", transposed=graph)


def test_stores_of_the_wrong_kind_are_refused(graph):
    both = "Graph.transpose with both_ways=True makes as transposed="
    for direction, call in (("in", "Graph.transpose makes as transposed="), ("both", both)):
        with pytest.raises(InputError, match=f"direction='{direction}' needs in-n.*{call}"):
            graphwalk.random_walks(graph, direction=direction)
    for direction, other in (("in", "both"), ("both", "in"), ("in", "g")):
        with pytest.raises(
            InputError, match=r"is not the transpose of .* as it is now; make it by"
        ):
            graphwalk.random_walks(graph, direction=direction, transposed=sibling(graph, other))
    with pytest.raises(InputError, match=r"'out' follows out-edges.*direction='in'"):
        graphwalk.random_walks(graph, transposed=sibling(graph, "in"))
    with pytest.raises(InputError, match="is not the transpose"):  # which analyses need
        graphwalk.triangles(graph, transposed=sibling(graph, "both"))


def test_the_command_line_walks_against_edges(graph, tmp_path, capsys):
    for direction, options in (("in", []), ("both", ["--both-ways"])):
        store, out = str(tmp_path / direction), str(tmp_path / f"{direction}.npy")
        assert main(["transpose", graph.path, store, *options]) == 0
        assert (
            graphwalk.open_zarr(store).digest
            == graphwalk.open_zarr(sibling(graph, direction)).digest
        )
        how = [f"--direction={direction}", f"--transposed={store}", "--seed=4", "--walk-length=6"]
        assert main(["walk", graph.path, out, "--num-walks=3", *how]) == 0
        given = {"direction": direction, "transposed": store}
        np.testing.assert_array_equal(
            np.load(out), graphwalk.random_walks(graph, **given, **WALKS).compute()
        )
        assert main(["visits", graph.path, *how]) == 0
    assert main(["walk", graph.path, out, "--overwrite", "--direction=both"]) == 1
    assert "graphwalk transpose with --both-ways makes as --transposed" in capsys.readouterr().err
