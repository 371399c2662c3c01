"""Values of nodes in files: every format, labels, and what is refused."""

import dask.array as da
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import zarr

import graphwalk
from graphwalk import InputError, StoreExistsError

EDGES = [("a,b", 'say "x"'), ('say "x"', "tab\tbed"), ("Évora", "line\nend"), ("own", "own")]
LABELS = sorted({label for edge in EDGES for label in edge}, key=str.encode)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return graphwalk.build_zarr(EDGES, tmp_path_factory.mktemp("graph") / "labelled.zarr")


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pydict()
    delimiter = "," if path.suffix == ".csv" else "\t"
    return pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
    ).to_pydict()


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".tsv", ".txt"])
def test_tables_have_labels(graph, tmp_path, suffix):
    components, ranks = graphwalk.connected_components(graph), graphwalk.pagerank(graph)
    path = graphwalk.write_nodes(components, tmp_path / f"one{suffix}")
    smallest = [LABELS[node] for node in components.compute()]
    assert read(path) == {"node": LABELS, "component": smallest}
    both = {"rank": ranks, "group": components, "odd": np.arange(graph.num_nodes) % 2}
    path = graphwalk.write_nodes(both, tmp_path / f"all{suffix}")
    found = read(path)
    assert found == {
        "node": LABELS,
        "rank": ranks.compute().tolist(),  # the shortest text of a float is that float again
        "group": smallest,
        "odd": both["odd"].tolist(),
    }
    assert not list(tmp_path.glob("*partial*"))


def test_arrays_are_by_number(graph, tmp_path):
    ranks = graphwalk.pagerank(graph)
    array = graphwalk.write_nodes(ranks, tmp_path / "r.npy")
    np.testing.assert_array_equal(np.load(array), ranks.compute())
    store = graphwalk.write_nodes(ranks.compute(), tmp_path / "r.zarr")
    np.testing.assert_array_equal(zarr.open_array(store)[:], ranks.compute())
    graphwalk.write_nodes(graphwalk.connected_components(graph), store, overwrite=True)
    assert zarr.open_array(store).dtype == np.int32


def test_nodes_without_labels_and_arrays_of_several_blocks(tmp_path):
    graph = graphwalk.build_zarr([(0, 1), (3, 4)])
    path = graphwalk.write_nodes(graphwalk.connected_components(graph), tmp_path / "c.parquet")
    assert read(path) == {"node": [0, 1, 2, 3, 4], "component": [0, 0, 2, 3, 3]}
    blocks = da.from_array(np.arange(5) / 2, chunks=2)
    path = graphwalk.write_nodes({"half": blocks}, tmp_path / "h.parquet", graph=graph)
    assert read(path)["half"] == [0, 0.5, 1, 1.5, 2]


def test_what_is_there_is_replaced_only_if_asked(graph, tmp_path):
    ranks = graphwalk.pagerank(graph)
    for name in ("ranks.csv", "ranks.zarr"):
        path = graphwalk.write_nodes(ranks, tmp_path / name)
        with pytest.raises(StoreExistsError, match="overwrite=True"):
            graphwalk.write_nodes(ranks, path)
        graphwalk.write_nodes(ranks, path, overwrite=True)
    graphwalk.build_zarr([(0, 1)], tmp_path / "graph.zarr")
    for name in ("graph.zarr", "x.csv"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "file").touch()
        with pytest.raises(StoreExistsError, match="remove it yourself"):
            graphwalk.write_nodes(ranks, tmp_path / name, overwrite=True)


def test_a_url(graph):
    url = "memory://ranks/r.parquet"
    ranks = graphwalk.pagerank(graph)
    assert graphwalk.write_nodes(ranks, url) == url
    with pytest.raises(StoreExistsError):
        graphwalk.write_nodes(ranks, url)
    import fsspec

    with fsspec.open(url) as file:
        assert pq.read_table(file)["node"].to_pylist() == LABELS


@pytest.mark.parametrize(
    ("values", "name", "message"),
    [
        (lambda g: graphwalk.pagerank(g), "r.xml", "suffix chooses the format"),
        (lambda g: graphwalk.pagerank(g).compute(), "r.csv", "pass the graph by graph="),
        (lambda _: np.zeros((2, 3)), "r.csv", r"shape \(num_nodes,\)"),
        (lambda _: np.array(["x"] * 5), "r.csv", "array of numbers"),
        (lambda _: {}, "r.csv", "no values"),
        (lambda _: {"a": np.zeros(2), "b": np.zeros(3)}, "r.csv", "a: 2, b: 3"),
        (lambda _: {"a": np.zeros(2), "b": np.zeros(2)}, "r.npy", "to .parquet"),
        (lambda g: {"a": graphwalk.pagerank(g)[:2], "b": [1, 2]}, "r.csv", "not known"),
        (lambda g: {"node": graphwalk.pagerank(g)}, "r.csv", "cannot be called 'node'"),
        (lambda g: {1: graphwalk.pagerank(g)}, "r.parquet", "cannot be called 1"),
        (lambda _: [[1], [1, 2]], "r.csv", "values= is no array"),
        (lambda _: np.zeros(6, np.longdouble), "r.zarr", "array of numbers"),
        (lambda _: np.ma.array(range(6), mask=[1] + 5 * [0]), "r.npy", "masked.*filled"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(graph, tmp_path, values, name, message):
    with pytest.raises(InputError, match=message):
        graphwalk.write_nodes(values(graph), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_names_of_columns_are_quoted_and_numbers_have_any_byte_order(graph, tmp_path):
    name, values = 'a,"b"\n', np.arange(6).astype(">i4")
    for file in ("r.csv", "r.tsv", "r.parquet"):
        path = graphwalk.write_nodes({name: values}, tmp_path / file, graph=graph)
        assert read(path) == {"node": LABELS, name: values.tolist()}


@pytest.mark.parametrize("name", ["r.csv", "r.npy"])
def test_values_of_another_graph_are_refused(graph, tmp_path, name):
    with pytest.raises(InputError, match=r"2 values, and .* has 6 nodes"):
        graphwalk.write_nodes(np.zeros(2), tmp_path / name, graph=graph)
    assert not list(tmp_path.iterdir())


def test_values_of_several_graphs_are_not_mixed(graph, tmp_path):
    other = graphwalk.build_zarr([(i, i + 1) for i in range(5)])
    both = {"a": graphwalk.pagerank(graph), "b": graphwalk.pagerank(other)}
    with pytest.raises(InputError, match="of different graphs"):
        graphwalk.write_nodes(both, tmp_path / "r.csv")
    with pytest.raises(InputError, match=r"the values are of .*, and not of"):
        graphwalk.write_nodes(both["a"], tmp_path / "r.csv", graph=other)
    assert not list(tmp_path.iterdir())
