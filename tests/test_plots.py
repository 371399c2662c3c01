"""Plots show what numpy calculates from the whole arrays."""

import sys
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from small_chunks import build_chunked

import graphwalk
from graphwalk.errors import InputError, StoreError
from graphwalk.plotting import graphs_and_walks as plots
from graphwalk.storage.store.degree_counts import DegreeCounter

RNG = np.random.default_rng(12)
#: Some nodes have many neighbours, the last hundred none.
EDGES = (400 * RNG.random((2, 3000)) ** 3).astype(int)
WALKS = {"num_walks": 3, "walk_length": 6, "q": 0.5, "seed": 4, "chunks": 70}


@pytest.fixture(autouse=True)
def _figures():
    mpl.use("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "graph.zarr"
    return graphwalk.build_zarr(EDGES, path, num_nodes=500, directed=True)


def line(axes):
    (found,) = axes.lines
    return found.get_xdata(), found.get_ydata()


def parts_with_at_least(values):
    """Return each value above 0 that there is, and what part of all is at least as high."""
    at = np.unique(values[values > 0])
    return at, [np.mean(values >= least) for least in at]


def distinct(walks):
    return len(np.unique(walks[walks >= 0]))


def test_degrees(graph):
    axes = graphwalk.plot_degrees(graph)
    degrees, parts = parts_with_at_least(graph.degrees)
    assert len(degrees) > 20
    np.testing.assert_array_equal(line(axes)[0], degrees)
    np.testing.assert_allclose(line(axes)[1], parts)
    assert parts[0] < 1, "some nodes have no neighbours"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlabel() == "out-degree"


def test_degrees_are_counted_chunk_by_chunk(graph, tmp_path, monkeypatch):
    cut = build_chunked(512, EDGES, tmp_path / "cut.zarr", num_nodes=500, directed=True)
    arrays = type(cut._arrays)
    reads, read = [], arrays.read_offsets
    monkeypatch.setattr(
        arrays, "read_offsets", lambda self, a, b: reads.append((a, b)) or read(self, a, b)
    )
    degrees, counts = cut.degree_counts()
    assert reads == [(64 * k, min(64 * k + 64, 501)) for k in range(8)]
    expected = np.unique(graph.degrees, return_counts=True)
    np.testing.assert_array_equal(degrees, expected[0])
    np.testing.assert_array_equal(counts, expected[1])


def test_high_degrees_are_counted():
    counter, degrees = DegreeCounter(), np.array([0, 3, 3, 4095, 4096, 10**12, 4096])
    counter.add(degrees[:4])
    counter.add(degrees[4:])
    for found, expected in zip(
        counter.counts(), np.unique(degrees, return_counts=True), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_degrees_of_a_path_and_of_no_edges(graph):
    axes = graphwalk.plot_degrees(graph.path)
    np.testing.assert_array_equal(line(axes)[0], np.unique(graph.degrees)[1:])
    empty = graphwalk.build_zarr(np.empty((2, 0), int), num_nodes=3)
    axes = graphwalk.plot_degrees(empty)
    assert line(axes)[0].size == 0
    assert axes.get_xlabel() == "degree"
    axes.figure.savefig("/dev/null", format="png")


@pytest.mark.parametrize("chunks", [70, 1000])
def test_coverage_grows_with_each_walk(graph, chunks):
    walks = graphwalk.random_walks(graph, np.arange(90), **WALKS | {"chunks": chunks})
    axes = graphwalk.plot_coverage(walks)
    numbers, covered = line(axes)
    assert (numbers[0], numbers[-1], covered[0]) == (0, len(walks), 0)
    assert len(numbers) == 201
    result = walks.compute()
    assert covered.tolist() == [distinct(result[:number]) for number in numbers]
    assert axes.get_title() == f"{distinct(result)} of 500 nodes are visited"


@pytest.mark.parametrize(("origin", "of"), [(0, " of 500"), (1, "")])
def test_coverage_of_a_part_of_walks(graph, origin, of):
    part = graphwalk.random_walks(graph, **WALKS)[5:90]
    part = part + 0 if origin else part  # after which the graph is not known
    axes = graphwalk.plot_coverage(part)
    numbers, covered = line(axes)
    assert numbers.tolist() == list(range(86))
    assert covered[-1] == distinct(part.compute())
    assert axes.get_title() == f"{covered[-1]}{of} nodes are visited"


def test_no_walks_cover_nothing(graph):
    walks = graphwalk.random_walks(graph, np.empty(0, int), **WALKS)
    assert [data.tolist() for data in line(graphwalk.plot_coverage(walks))] == [[0], [0]]


def test_visits(graph):
    walks = graphwalk.random_walks(graph, np.arange(90), **WALKS)
    result = walks.compute()
    visits = np.bincount(result[result >= 0], minlength=500)
    counts, parts = parts_with_at_least(visits)
    axes = graphwalk.plot_visits(walks)
    np.testing.assert_array_equal(line(axes)[0], counts)
    np.testing.assert_allclose(line(axes)[1], parts)


def test_visits_of_a_part_of_walks(graph):
    part = graphwalk.random_walks(graph, **WALKS)[5:90]
    result = part.compute()
    visits = np.bincount(result[result >= 0], minlength=500)
    for walks, of in ((part, visits), (part + 0, visits[visits > 0])):
        counts, parts = parts_with_at_least(of)
        axes = graphwalk.plot_visits(walks)
        np.testing.assert_array_equal(line(axes)[0], counts)
        np.testing.assert_allclose(line(axes)[1], parts)


@pytest.mark.parametrize("of", ["degrees", "visits", "coverage"])
def test_where_and_how_can_be_chosen(graph, of):
    what = graph if of == "degrees" else graphwalk.random_walks(graph, [0, 1], **WALKS)
    plot = getattr(graphwalk, f"plot_{of}")
    _, (left, right) = plt.subplots(1, 2)
    assert plot(what, right, label="mine", color="red") is right
    assert right.lines[0].get_label() == "mine"
    assert not left.lines
    assert plot(what, ax=right) is right
    assert len(right.lines) == 2
    assert len(plt.get_fignums()) == 1
    assert plot(what).figure.number == 2


def test_without_matplotlib_nothing_is_walked(graph, monkeypatch):
    def walked(_):
        raise AssertionError("walks are computed")

    monkeypatch.setattr(plots, "iter_blocks", walked)
    walks = graphwalk.random_walks(graph, **WALKS)
    with pytest.raises(AssertionError, match="are computed"):
        graphwalk.plot_visits(walks)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for plot, what in (
        (graphwalk.plot_degrees, graph),
        (graphwalk.plot_visits, walks),
        (graphwalk.plot_coverage, walks),
    ):
        with pytest.raises(InputError, match="pip install matplotlib"):
            plot(what)


def test_what_is_no_walks_is_refused_without_a_figure(graph):
    for plot in (graphwalk.plot_visits, graphwalk.plot_coverage):
        with pytest.raises(InputError, match="not a Dask array"):
            plot(None)
    with pytest.raises(StoreError):
        graphwalk.plot_degrees(graph.path + "-elsewhere")
    assert plt.get_fignums() == []


def turned(points):
    """Return vectors that lie in a plane of five dimensions, and how far apart they are."""
    directions, _ = np.linalg.qr(RNG.standard_normal((5, 5)))
    return (points @ directions[:2]).astype(np.float32)


def test_vectors_in_the_plane_in_which_they_lie(tmp_path):
    points = RNG.standard_normal((200, 2)) * [9, 2]
    vectors = dict(zip(map(str, range(200)), turned(points), strict=True))
    groups = np.where(points[:, 0] > 4, "right", "other")
    axes = graphwalk.plot_embedding(vectors, groups=groups, names=["17"], s=3)
    assert [each.get_label() for each in axes.collections] == ["other", "right"]
    drawn = np.empty((200, 2))
    for each in axes.collections:
        drawn[groups == each.get_label()] = each.get_offsets()
    centred = points - points.mean(axis=0)
    distances, due = (((of[:, None] - of) ** 2).sum(axis=2) for of in (drawn, centred))
    np.testing.assert_allclose(distances, due, rtol=1e-3, atol=1e-3)
    assert np.var(drawn[:, 0]) > np.var(drawn[:, 1])
    assert [text.get_text() for text in axes.texts] == ["17"]
    np.testing.assert_allclose(axes.texts[0].xy, drawn[17])
    assert axes.get_xlabel().startswith("first component, ")
    again = graphwalk.plot_embedding(vectors, plt.figure().subplots())
    np.testing.assert_allclose(again.collections[0].get_offsets(), drawn)
    assert again.get_legend() is None
    assert not again.texts
    few = graphwalk.plot_embedding({"a": vectors["1"], "b": vectors["2"]}, plt.figure().subplots())
    assert [text.get_text() for text in few.texts] == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"names": ["c"]}, "names= has 'c'"),
        ({"groups": [1, 2, 3]}, r"groups= has shape \(3,\), and there are 2 vectors"),
        ({"method": "tsne"}, "one of 'pca', 'umap'"),
        ({"vectors": {"a": [1.0], "b": [2.0]}}, "vectors of one number"),
        ({"vectors": 7}, "vectors= has no vectors"),
    ],
)
def test_vectors_that_cannot_be_drawn(given, message):
    with pytest.raises(InputError, match=message):
        graphwalk.plot_embedding(**{"vectors": {"a": [1.0, 0], "b": [0, 1.0]}} | given)


def test_vectors_by_umap(monkeypatch):
    vectors = {"a": [1.0, 0], "b": [0, 1.0]}
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(InputError, match="pip install umap-learn"):
        graphwalk.plot_embedding(vectors, method="umap")

    class UMAP:  # what is called of the real one, which is not among what tests need
        def __init__(self, *, random_state):
            self.seed = random_state

        def fit_transform(self, vectors):
            return vectors[:, ::-1] * self.seed

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=UMAP))
    axes = graphwalk.plot_embedding(vectors, method="umap", seed=3)
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), [[0, 3], [3, 0]])
