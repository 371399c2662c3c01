"""Updated stores: a graph without some edges and with others, as a build of the final ones."""

import itertools
import json

import numpy as np
import pytest
from chunked_graphs import build
from hypothesis import given, settings
from hypothesis import strategies as st

import graphwalk
from graphwalk import InputError, MemoryBudgetError

NODES = 6
KINDS = {None: [()], "weights": [0.5, 1, 2.25], "times": [-1, 3, 7.5], "edge_types": [0, 2]}


def stored(graph, *, labels=True):
    """Return all that the arrays and the attributes of a store hold."""
    arrays, info = graph._arrays, graph._arrays.info
    values = info.values and arrays.read_values(info.values, 0, graph.num_entries).tolist()
    names = graph.labels.tolist() if labels and graph.labels is not None else None
    about = info.digest, info.statistics.degree_quantiles, info.statistics.self_loops
    more = graph.num_nodes, graph.num_edges, info.isolated_nodes, info.edge_types
    neighbors = arrays.read_neighbors(0, graph.num_entries).tolist()
    offsets = arrays.read_offsets(0, graph.num_nodes + 1).tolist()
    return offsets, neighbors, values, names, about, more


def columns(edges, kind):
    """Return edges as `build_zarr` takes them."""
    columns = [np.array([edge[i] for edge in edges], np.int64) for i in range(2)]
    return (*columns, np.array([edge[2] for edge in edges], float)) if kind else tuple(columns)


def ends(edge, directed):
    return edge[:2] if directed else tuple(sorted(edge[:2]))


def final(old, removed, added, kind, directed, by_value):
    """Return the edges that are left of the old ones, and those that were added."""
    apart = kind in ("times", "edge_types") and by_value

    def key(edge):
        return (ends(edge, directed), edge[2] if apart else None)

    gone = {key(edge) for edge in removed}
    return [edge for edge in old if key(edge) not in gone] + added


def check(old, removed, added, kind, directed, duplicates, by_value, loops):
    """Compare with a build of the final edges: nodes are numbers, so that all is the same."""
    values = KINDS[kind]
    old, removed, added = (
        [(*edge[:2], values[edge[2] % len(values)]) for edge in edges]
        for edges in (old, removed, added)
    )
    how = {"directed": directed, "duplicates": duplicates}
    how |= {kind: True} if kind in ("times", "edge_types") else {}
    most = max(NODES - 1, *(node for edge in old for node in edge[:2]), 0)
    graph = graphwalk.build_zarr(columns(old, kind), num_nodes=most + 1, **how)
    lost = columns(removed, kind if by_value else None)
    how_ = {"missing": "ignore", "duplicates": duplicates, "self_loops": loops}
    new = graph.update(add=columns(added, kind), remove=lost, **how_)
    kept = [edge for edge in added if loops == "keep" or edge[0] != edge[1]]
    left = final(old, removed, kept, kind, directed, by_value)
    nodes = max([most, *(node for edge in added for node in edge[:2])]) + 1
    due = graphwalk.build_zarr(columns(left, kind), num_nodes=nodes, **how)
    assert stored(new) == stored(due)
    by_value = by_value and kind in ("times", "edge_types")
    there = {(ends(edge, directed), edge[2] if by_value else 0) for edge in old}
    touched = {node for edge in kept for node in edge[:2]}
    for edge in removed:
        if (ends(edge, directed), edge[2] if by_value else 0) in there:
            touched.update(edge[:2])
    assert new.touched_nodes.tolist() == sorted(touched)
    return graph, new


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_a_build_of_the_final_edges_is(kind, directed):
    """Bit for bit, with parallel edges, self-loops, isolated and new nodes."""
    rng = np.random.default_rng([directed, *map(ord, str(kind))])

    def draw(nodes, edges):
        return [tuple(edge) for edge in rng.integers(0, (nodes, nodes, 3), (edges, 3)).tolist()]

    for duplicates, by_value, loops in (("merge", True, "keep"), ("keep", False, "drop")):
        changes = draw(22, 40), draw(25, 40)
        how = duplicates, by_value, loops
        graph, new = check(draw(20, 150), *changes, kind, directed, *how)
        assert new.validate().ok
        assert new.updated_from == graph.digest


EDGES = st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(0, 2))
MORE = st.tuples(st.integers(0, NODES + 2), st.integers(0, NODES + 2), st.integers(0, 2))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=200, deadline=None)
@given(
    old=st.lists(EDGES, max_size=12),
    removed=st.lists(EDGES, max_size=5),
    added=st.lists(MORE, max_size=6),
    kind=st.sampled_from(list(KINDS)),
    directed=st.booleans(),
    duplicates=st.sampled_from(["merge", "keep"]),
    by_value=st.booleans(),
    loops=st.sampled_from(["keep", "drop"]),
)
def test_any_change_of_any_graph(old, removed, added, kind, directed, duplicates, by_value, loops):
    check(old, removed, added, kind, directed, duplicates, by_value, loops)


@pytest.mark.parametrize("memory", ["4 GiB", "2 MiB"])
@pytest.mark.parametrize("directed", [False, True])
def test_rows_that_go_over_chunks(tmp_path, directed, memory):
    """Chunks of 32 entries, hubs of hundreds, and new nodes; each row is merged as a whole."""
    build(tmp_path / "old", 5, nodes=60, chunk_bytes=128, values="weights", types=False)
    graph = graphwalk.open_zarr(tmp_path / "old")
    if graph.directed != directed:
        edges = graph.to_pandas()
        graph = graphwalk.build_zarr(edges, directed=directed, num_nodes=graph.num_nodes)
    rng = np.random.default_rng(3)
    hub = np.full(80, 7), np.arange(80), rng.integers(1, 9, 80) / 4
    gone = graph.to_pandas().sample(30, random_state=1)
    how = {"duplicates": "keep"}
    new = graph.update(tmp_path / "new", add=hub, remove=gone, memory=memory, **how)
    pairs = {ends(edge, directed) for edge in gone[["source", "target"]].itertuples(index=False)}
    edges = list(graph.to_pandas().itertuples(index=False))
    left = [tuple(edge) for edge in edges if ends(tuple(edge), directed) not in pairs]
    both = columns([*left, *zip(*hub, strict=True)], "weights")
    due = graphwalk.build_zarr(both, directed=directed, num_nodes=80, **how)
    assert stored(new) == stored(due)
    assert new.validate().ok


@pytest.mark.parametrize("kind", ["string", "int64"])
def test_labels_go_on(tmp_path, kind):
    """Nodes keep their numbers; new labels follow, and are found in every run."""
    name = str if kind == "string" else lambda letter: 1000 * ord(letter)

    def named(*pairs):
        return [tuple(map(name, pair)) for pair in pairs]

    old = graphwalk.build_zarr(named("bd", "df", "fh"), tmp_path / "0")
    first = old.update(tmp_path / "1", add=named("ab", "ce"), remove=named("db"))
    second = first.update(tmp_path / "2", add=named("iz", "aa"), remove=named("hf"))
    third = graphwalk.open_zarr(tmp_path / "2").update(tmp_path / "3", add=named("gb"))
    letters = "bdfhaceizg"
    assert third.labels.tolist() == [name(letter) for letter in letters]
    assert third._arrays.info.label_runs == (4, 9)
    assert third.label_kind == kind
    assert third.updated_from == second.digest
    assert second.updated_from == first.digest
    assert [third.index_of(name(letter)) for letter in letters] == list(range(10))
    assert third.index_of([name(letter) for letter in "zab"]).tolist() == [8, 4, 0]
    with pytest.raises(InputError, match="no node"):
        third.index_of(name("k"))
    edges = {tuple(sorted(edge)) for edge in third.to_pandas().itertuples(index=False)}
    assert edges == {tuple(sorted(edge)) for edge in named("df", "ab", "ce", "iz", "aa", "gb")}
    assert third.names(third.touched_nodes).tolist() == [name("b"), name("g")]
    for graph in (first, second, third):
        assert graph.validate().ok
    part = third.subgraph([8, 0, 4, 9, 1])
    assert part.labels.tolist() == [name(letter) for letter in "bdazg"]
    assert part.index_of([name("g"), name("a")]).tolist() == [4, 2]
    assert part.validate().ok
    # Where new labels come after all others, all is as a build has it, the numbering too.
    more = old.update(add=named("iz"))
    same = graphwalk.build_zarr(named("bd", "df", "fh", "iz"))
    assert stored(more) == stored(same)
    assert more._arrays.info.label_digest == same._arrays.info.label_digest


def test_labels_of_runs_are_checked(tmp_path):
    """Two runs may not have a label in common, and each ascends."""
    from resealed import reseal

    graph = graphwalk.build_zarr([(500, 700), (700, 900)], tmp_path / "graph")
    graph.update(tmp_path / "new", add=[(100, 600), (600, 700)])
    for runs, wrong in ([2], "does not ascend"), ([4], "does not ascend"):
        document = json.loads((tmp_path / "new" / "zarr.json").read_text())
        document["attributes"]["graphwalk"]["label_runs"] = runs
        (tmp_path / "new" / "zarr.json").write_text(json.dumps(document))
        reseal(tmp_path / "new")
        found = graphwalk.open_zarr(tmp_path / "new").validate()
        assert any(wrong in problem for problem in found.problems)


def test_times_types_of_nodes_and_listed_nodes():
    dates = np.array(["2024-01-01", "2024-01-05"], "datetime64[s]")
    graph = graphwalk.build_zarr(([0, 1], [1, 2], dates), times=True, directed=True)
    graph = graphwalk.set_node_types(graph, ["b", "a", "a"])
    new = graph.update(add=([2], [0], dates[:1]), remove=([0], [1], dates[:1]))
    assert new.time_unit == graph.time_unit
    assert new.node_types.tolist() == ["b", "a", "a"]
    assert new.to_pandas()["time"].tolist() == graph.to_pandas()["time"].tolist()[::-1]
    with pytest.warns(UserWarning, match="no types"):
        assert graph.update(add=([2], [3], dates[:1])).type_names is None
    with pytest.raises(InputError, match="count 's'"):
        graph.update(add=([2], [0], dates[:1].astype("datetime64[us]")))
    import networkx as nx

    more = nx.DiGraph([("a", "b")])
    more.add_node("alone")
    old = graphwalk.build_zarr([("a", "c")], directed=True)
    assert old.update(add=more).labels.tolist() == ["a", "c", "alone", "b"]


def test_weights_are_replaced_and_nothing_changes():
    graph = graphwalk.build_zarr(([0, 1], [1, 2], [2.0, 3.0]))
    new = graph.update(add=([1], [0], [0.5]), remove=[(0, 1)])
    assert new.to_pandas()["weight"].tolist() == [0.5, 3.0]
    assert new.touched_nodes.tolist() == [0, 1]
    none = np.empty((2, 0), np.int64)
    same = new.update(remove=none)
    assert stored(same) == stored(new)
    assert (graph.touched_nodes, same.touched_nodes.tolist()) == (None, [])


def test_other_forms_of_edges(tmp_path):
    """What `build_zarr` reads, with its options."""
    (tmp_path / "new.csv").write_text("a;b;since\n7;8;2\n")
    names = graphwalk.build_zarr([("7", "x")])
    new = names.update(add=tmp_path / "new.csv", columns=["a", "b"], sep=";")
    assert new.labels.tolist() == ["7", "x", "8"]
    assert new.update(add=graphwalk.build_zarr([("x", "8")])).num_edges == 3


PARALLEL = {"duplicates": "keep"}
REFUSED = [
    ([(0, 1)], {}, {}, "nothing to do"),
    ([(0, 1)], {}, {"remove": [(0, 0)]}, r"0 → 0, which is not in .*missing='ignore'"),
    ([(0, 1)], {}, {"remove": [(0, 1), (9, 1)]}, r"9 → 1 \(.*edge 1\), which is not in"),
    ([("a", "b")], {}, {"remove": [("a", "x")]}, "'a' → 'x', which is not in"),
    ([("a", "b")], {}, {"remove": [("b", "b")]}, "'b' → 'b', which is not in"),
    ([(0, 1)], {}, {"add": [(1, 0)], "duplicates": "error"}, "0 → 1 is there already"),
    ([(0, 1), (1, 0)], PARALLEL, {"add": [(1, 0)]}, "more than once.*duplicates='keep'"),
    ([(0, 1)], {}, {"add": [(0, 10**9)]}, "build_zarr with relabel=True"),
    ([(0, 1)], {}, {"add": [("a", "b")]}, "ids are strings, and the nodes of .* integers"),
    ([("a", "b")], {}, {"add": [(0, 1)]}, "ids are integers, and the labels of .* strings"),
    ([(0, 1)], {}, {"add": [(0, 1, 2.0)]}, "third column"),
    ([(0, 1, 2.0)], {}, {"add": [(0, 1)]}, "has no weights, and"),
    ([(0, 1, 2.0)], {}, {"add": [(2, 3, 0.0)]}, "all edges of node 2 have weight zero"),
    ([(0, 1, 3e38)], {}, {"add": [(0, 1, 3e38)]}, "more than float32 holds"),
    ([(0, 1, 2.0)], {}, {"add": [(1, 2, 1e300)]}, "1 → 2 .*more than float32 holds"),
    ([(0, 1)], {}, {"add": [[1], [0]]}, "is an adjacency list"),
    ([(0, 1)], {}, {"add": [(0, 1)], "missing": "no"}, "missing"),
    ([(0, 1)], {"directed": True}, {"add": graphwalk.build_zarr([(0, 1)])}, "is undirected and"),
]


@pytest.mark.parametrize(("edges", "how", "changes", "words"), REFUSED)
def test_what_is_refused(tmp_path, edges, how, changes, words):
    graph = graphwalk.build_zarr(edges, tmp_path / "graph", **how)
    with pytest.raises(InputError, match=words):
        graph.update(tmp_path / "new", **changes)
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]


def test_places_and_memory_that_are_refused(tmp_path):
    graph = graphwalk.build_zarr([(0, 1)], tmp_path / "graph")
    with pytest.raises(InputError, match="the graph itself"):
        graph.update(tmp_path / "graph", add=[(1, 2)], overwrite=True)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "graph")
    with pytest.raises(InputError, match="the graph itself"):
        graph.update(link, add=[(1, 2)], overwrite=True)
    with pytest.raises(graphwalk.StoreExistsError, match="overwrite=True"):
        graph.update(tmp_path / "graph" / "neighbors", add=[(1, 2)])
    many = np.arange(9000), np.arange(9000) + 1
    with pytest.raises(MemoryBudgetError, match="update in several steps"):
        graph.update(add=many, memory="4 MiB")
    hub = graphwalk.build_zarr((np.zeros(20000, np.int64), np.arange(20000)))
    with pytest.raises(MemoryBudgetError, match=r"pass memory='\d+ MiB' or more") as refused:
        hub.update(add=[(1, 2)], memory="1 MiB")
    enough = str(refused.value).split("memory='")[1].split("'")[0]
    assert hub.update(add=[(1, 2)], memory=enough).num_edges == hub.num_edges + 1


def test_growing_by_steps_is_growing_at_once():
    rng = np.random.default_rng(4)
    edges = rng.integers(0, 40, (2, 300))
    graph = graphwalk.build_zarr(edges[:, :100], num_nodes=40)
    for a, b in itertools.pairwise((100, 101, 180, 300)):
        graph = graph.update(add=edges[:, a:b])
    assert stored(graph) == stored(graphwalk.build_zarr(edges, num_nodes=40))


@pytest.mark.parametrize("more", [0, 2], ids=["same nodes", "new nodes"])
def test_arrays_of_nodes_follow_and_what_does_not_is_named(more):
    graph = graphwalk.build_zarr(np.array([[0, 1, 2], [1, 2, 3]]))
    graph.set_node_array("year", np.arange(4.0))
    graph.set_node_array("place", np.arange(8).reshape(4, 2))
    graph.set_edge_array("cost", np.arange(6))
    with pytest.warns(UserWarning, match="'cost'.*Graph.set_edge_array") as said:
        other = graph.update(add=[(0, 3 + more)])
    assert other.edge_array_names == ()
    assert any("'place', 'year'" in str(each.message) for each in said) == bool(more)
    assert other.node_array_names == (() if more else graph.node_array_names)
    for name in other.node_array_names:
        assert (other.node_array(name).compute() == graph.node_array(name).compute()).all()
    assert other.validate().ok
