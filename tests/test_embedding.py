"""Vectors of nodes, and the walks that they are learned from, read back from files."""

import re
import sys
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.output.read_walks import _read_text, read_walks
from graphwalk.algorithms.training.trainer_options import TrainerOptions, gensim_options
from graphwalk.cli import main

SUFFIXES = [".zarr", ".parquet", ".npy", ".txt", ".txt.gz", ".txt.zst"]
#: Two groups of nodes with edges within, and a single one between.
GROUP = 12


POSITIVE = ["dimensions", "window", "epochs", "workers"]


@pytest.fixture(scope="module")
def graph():
    inside = [(i, j) for i in range(GROUP) for j in range(i)]
    edges = np.array([*inside, *((i + GROUP, j + GROUP) for i, j in inside), (0, GROUP)])
    return graphwalk.build_zarr(edges.T)


@pytest.fixture(scope="module")
def walks(graph):
    return graphwalk.random_walks(graph, num_walks=30, walk_length=12, seed=1)


NAMES = [f"town {i}" for i in range(2 * GROUP)]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("labels", [None, NAMES, [100 - i for i in range(2 * GROUP)]])
def test_walks_are_read_as_they_were_written(suffix, labels, tmp_path):
    """Dead ends too: walks of one node, and of different lengths."""
    graph = graphwalk.build_zarr(([0, 1, 2, 3], [1, 2, 3, 4]), directed=True, num_nodes=6)
    walks = graphwalk.random_walks(graph, num_walks=2, walk_length=3, seed=1, chunks=5)
    path = graphwalk.write_walks(walks, tmp_path / f"walks{suffix}", labels=labels)
    found = [walk for lists in read_walks(path) for walk in lists.to_pylist()]
    shown = labels if labels and suffix not in (".zarr", ".npy") else range(2 * GROUP)
    assert found == [[shown[node] for node in walk if node >= 0] for walk in walks.compute()]


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz", ".txt.zst"])
def test_text_is_the_same_in_every_part(suffix, tmp_path):
    """Also where walks of one node alone follow each other, without a tab between them."""
    graph = graphwalk.build_zarr([(0, 1), (1, 0)], directed=True, num_nodes=5)
    walks = graphwalk.random_walks(graph, num_walks=2, walk_length=2, seed=1)
    labels = ["a", "b", "item 17", "17", "18"]
    path = graphwalk.write_walks(walks, tmp_path / f"walks{suffix}", labels=labels)
    found = [walk for lists in _read_text(str(path), None, 8) for walk in lists.to_pylist()]
    assert found[:4] == [list("aba"), list("aba"), list("bab"), list("bab")]
    assert found[4:] == [["item 17"]] * 2 + [["17"]] * 2 + [["18"]] * 2


def test_walks_that_are_not_there(walks, tmp_path):
    with pytest.raises(errors.StoreNotFoundError, match="there are no walks at"):
        list(read_walks(tmp_path / "walks.zarr"))
    graphwalk.write_walks(walks, tmp_path / "walks.zarr", share=(0, 2))
    with pytest.raises(errors.StoreNotFoundError, match=r"not finished.*resume=True"):
        list(read_walks(tmp_path / "walks.zarr"))
    (tmp_path / "other.npy").write_text("no array")
    with pytest.raises(errors.StoreError, match=r"other\.npy does not hold walks"):
        list(read_walks(tmp_path / "other.npy"))


def learn(walks, path, **options):
    return graphwalk.embed(walks, path, dimensions=8, epochs=5, workers=1, seed=3, **options)


@pytest.mark.parametrize("suffix", [".zarr", ".parquet", ".txt"])
def test_neighbours_are_near(suffix, walks, tmp_path):
    names = None if suffix == ".zarr" else NAMES
    path = graphwalk.write_walks(walks, tmp_path / f"walks{suffix}", labels=names)
    table = pq.read_table(learn(path, tmp_path / "vectors.parquet"))
    nodes = table["node"].to_pylist()
    assert nodes == sorted(names or range(2 * GROUP))
    vectors = np.array(table["vector"].to_pylist())
    assert vectors.shape == (2 * GROUP, 8)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    group = np.array([int(str(node).split()[-1]) for node in nodes]) // GROUP
    alike = vectors @ vectors.T
    same = group[:, None] == group
    np.fill_diagonal(alike, np.nan)
    assert np.nanmean(alike[same]) > np.nanmean(alike[~same]) + 0.3


def test_vectors_without_a_path_are_those_of_the_file(walks, tmp_path):
    how = {"dimensions": 8, "workers": 1, "seed": 3}
    table = pq.read_table(graphwalk.embed(walks, tmp_path / "vectors.parquet", **how))
    found = graphwalk.embed(walks, **how)
    assert found.nodes.to_pylist() == table["node"].to_pylist() == list(range(2 * GROUP))
    np.testing.assert_array_equal(found.vectors, np.stack(table["vector"].to_numpy()))
    frozen = graphwalk.embed(walks, **how, init=found, freeze=True)
    np.testing.assert_array_equal(frozen.vectors, found.vectors)


def test_text_is_that_of_word2vec(walks, tmp_path):
    from gensim.models import KeyedVectors

    graphwalk.write_walks(walks, tmp_path / "walks.parquet", labels=NAMES)
    learn(tmp_path / "walks.parquet", tmp_path / "vectors.txt")
    learn(tmp_path / "walks.parquet", tmp_path / "vectors.parquet")
    vectors = KeyedVectors.load_word2vec_format(tmp_path / "vectors.txt")
    table = pq.read_table(tmp_path / "vectors.parquet")
    assert vectors.index_to_key == [name.replace(" ", "_") for name in table["node"].to_pylist()]
    np.testing.assert_allclose(vectors.vectors, table["vector"].to_pylist(), rtol=1e-6)


def test_what_is_there_is_replaced_if_wished(walks, tmp_path):
    graphwalk.write_walks(walks, tmp_path / "walks.npy")
    learn_npy = partial(learn, tmp_path / "walks.npy", labels=False)
    target = tmp_path / "vectors.parquet"
    target.write_text("something")
    with pytest.raises(errors.StoreExistsError, match="overwrite=True"):
        learn_npy(target)
    assert target.read_text() == "something"
    learn_npy(target, overwrite=True)
    assert pq.read_table(target).num_rows == 2 * GROUP
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vectors.parquet", "walks.npy"]


def test_nothing_to_learn_from(graph, tmp_path):
    none = graphwalk.random_walks(graph, [], num_walks=1, walk_length=3, seed=1)
    graphwalk.write_walks(none, tmp_path / "walks.zarr")
    with pytest.raises(errors.InputError, match="no walk visits a node"):
        learn(tmp_path / "walks.zarr", tmp_path / "vectors.parquet")
    with pytest.raises(errors.InputError, match=r"\.parquet or \.txt"):
        learn(tmp_path / "walks.zarr", tmp_path / "vectors.csv")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        *[({name: 0}, f"{name}=0 must be an integer, at least 1") for name in POSITIVE],
        ({"sg": 2}, "sg=2 must be an integer from 0 to 1"),
        ({"sample": 1.5}, "sample=1.5 must be a number from 0 to 1"),
        ({"alpha": 0}, "alpha=0 must be a finite number above 0"),
        ({"ns_exponent": "x"}, "ns_exponent='x' must be a finite number"),
        ({"min_count": -1}, "min_count=-1 must be an integer, at least 0"),
        ({"negative": 0}, "negative=0 and hs=0 leave nothing to train; pass hs=1"),
        ({"freeze": True}, "freeze=True needs vectors; pass init="),
        ({"init": "vectors.txt"}, r"init= has no vectors.*\.parquet"),
        ({"init": {0: [1.0, 2.0]}}, r"init= has vectors of shape \(2,\), and dimensions=128"),
        *[({"seed": seed}, "must be an integer from 0 to 184") for seed in (-1, 2**64, 1.0, None)],
    ],
    ids=str,
)
def test_what_the_trainer_cannot_use(given, message, tmp_path):
    """It would crash, train nothing, or say so when all walks have been made."""
    with pytest.raises(errors.InputError, match=message):
        graphwalk.embed(tmp_path / "none.parquet", tmp_path / "vectors.parquet", **given)


def test_any_seed_of_walks_is_one_of_the_trainer(walks, tmp_path):
    seeds = [3, 2**32 - 1, 2**32 + 3, 2**64 - 1]
    assert [gensim_options(TrainerOptions(), seed)["seed"] for seed in seeds] == [3, seeds[1], 2, 0]
    options = {"dimensions": 4, "workers": 1, "seed": 2**64 - 1}
    assert graphwalk.embed(walks, tmp_path / "a.parquet", **options)


def test_options_reach_the_trainer(walks, tmp_path, monkeypatch):
    from gensim.models import Word2Vec

    given = {"sg": 0, "hs": 1, "negative": 0, "ns_exponent": 0.5, "sample": 0.0, "alpha": 0.05}
    seen = {}

    def spy(**how):
        seen.update(how)
        return Word2Vec(**how)

    monkeypatch.setattr("gensim.models.Word2Vec", spy)
    table = pq.read_table(learn(walks, tmp_path / "vectors.parquet", min_count=30, **given))
    assert given.items() <= seen.items()
    counts = np.bincount(walks.compute().ravel())
    assert table["node"].to_pylist() == np.flatnonzero(counts >= 30).tolist()
    with pytest.raises(errors.InputError, match="no node is visited min_count=100000 times"):
        learn(walks, tmp_path / "none.parquet", min_count=100_000)


@pytest.mark.parametrize("freeze", [False, True])
def test_vectors_continue_from_earlier_ones(graph, freeze, tmp_path):
    """Walks of one half move its vectors, or none that is known; the others are kept."""
    half = graphwalk.random_walks(graph, range(GROUP), walk_length=12, p=np.inf, seed=1)
    earlier = {str(node): np.full(8, node / 100) for node in range(5, 2 * GROUP + 1)}
    path = learn(half, tmp_path / "vectors.parquet", init=earlier, freeze=freeze)
    table = pq.read_table(path)
    visited = set(half.compute().ravel().tolist())
    assert table["node"].to_pylist() == sorted(visited | set(range(5, 2 * GROUP + 1)))
    for node, vector in zip(*table.to_pydict().values(), strict=True):
        if node >= 5:
            same = np.allclose(vector, node / 100)
            assert same == (freeze or node not in visited)
    again = pq.read_table(learn(half, tmp_path / "again.parquet", init=path, freeze=True))
    known = again["vector"].to_pylist()
    assert known == table["vector"].to_pylist()


def test_vectors_of_gensim_and_names_of_another_type(walks, tmp_path):
    from gensim.models import KeyedVectors

    trained = KeyedVectors(8)
    trained.add_vectors(["0", "x"], np.ones((2, 8), np.float32))
    with pytest.raises(errors.InputError, match=r"init= names nodes as string.*as int64"):
        learn(walks, tmp_path / "vectors.parquet", init=trained)
    path = learn(
        walks, tmp_path / "vectors.parquet", init=trained, labels=[*"0123456789", *NAMES[10:]]
    )
    nodes, vectors = pq.read_table(path).to_pydict().values()
    assert vectors[nodes.index("x")] == [1.0] * 8
    with pytest.raises(errors.StoreNotFoundError, match="there are no vectors at"):
        learn(walks, tmp_path / "b.parquet", init=tmp_path / "none.parquet")


def test_where_no_vectors_can_be(walks, tmp_path):
    path = graphwalk.write_walks(walks, tmp_path / "walks.parquet")
    with pytest.raises(errors.StoreExistsError, match="is a folder"):
        learn(walks, path, overwrite=True)
    assert graphwalk.WalkCorpus(path)
    for target in (tmp_path / "vectors.csv", "s3://bucket/vectors.csv"):
        with pytest.raises(errors.InputError, match=r"vectors are written as \.parquet or \.txt"):
            learn(walks, target)


def test_without_gensim(walks, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(errors.InputError, match=r"gensim.*pip install gensim"):
        learn(tmp_path / "walks.zarr", tmp_path / "vectors.parquet")


@pytest.mark.parametrize("labels", [NAMES, [100 - i for i in range(2 * GROUP)]])
def test_walks_that_are_not_written(labels, walks, tmp_path):
    """Vectors are those of the same walks in a file, by label too."""
    graphwalk.write_walks(walks, tmp_path / "walks.zarr")
    stored = pq.read_table(learn(tmp_path / "walks.zarr", tmp_path / "a.parquet", labels=labels))
    lazy = pq.read_table(learn(walks, tmp_path / "b.parquet", labels=labels))
    assert lazy.equals(stored)
    assert lazy["node"].to_pylist() == sorted(labels)
    plain = pq.read_table(learn(walks, tmp_path / "c.parquet"))
    assert plain["node"].to_pylist() == list(range(2 * GROUP))
    with pytest.raises(errors.InputError, match="labels"):
        learn(walks, tmp_path / "d.parquet", labels=labels[:3])


def test_a_graph_on_the_command_line(tmp_path, capsys):
    edges = [(NAMES[i], NAMES[j]) for i in range(GROUP) for j in range(i)]
    graph = graphwalk.build_zarr(edges, tmp_path / "graph.zarr")
    rules = {"num_walks": 5, "walk_length": 6, "p": 0.5, "q": 2.0, "seed": 4}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in rules.items()]
    trained = ["--dimensions=8", "--epochs=5", "--workers=1", "--quiet"]
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    assert main(["embed", graph.path, str(one), *options, *trained]) == 0
    walks = graphwalk.random_walks(graph, **rules)
    graphwalk.embed(walks, two, dimensions=8, epochs=5, seed=4, workers=1)
    assert pq.read_table(one).equals(pq.read_table(two))
    assert set(pq.read_table(one)["node"].to_pylist()) == set(NAMES[:GROUP])

    stored = tmp_path / "walks.zarr"
    graphwalk.write_walks(walks, stored)
    assert main(["embed", str(stored), str(one), "--p", "2"]) == 1
    assert "--p says how to walk" in capsys.readouterr().err
    assert main(["embed", str(stored), str(one), *trained, "--overwrite"]) == 0
    assert main(["embed", str(tmp_path / "no.zarr"), str(two), "--overwrite"]) == 1
    assert "no.zarr" in capsys.readouterr().err


def test_the_command(walks, tmp_path, capsys):
    graphwalk.write_walks(walks, tmp_path / "walks.txt")
    options = ["--dimensions", "4", "--epochs", "2", "--workers", "1", "--labels=none"]
    source, target = tmp_path / "walks.txt", tmp_path / "vectors.parquet"
    assert main(["embed", str(source), str(target), *options]) == 0
    told = capsys.readouterr().out
    assert "vectors of 4 dimensions" in told
    seed = re.search(r"seed (\d+)", told)[1]
    again = [*options, "--seed", seed, "--init", str(target), "--freeze", "--hs=1", "--negative=0"]
    assert main(["embed", str(source), str(tmp_path / "again.parquet"), *again]) == 0
    assert pq.read_table(target).equals(pq.read_table(tmp_path / "again.parquet"))
    capsys.readouterr()
    assert main(["embed", str(source), str(target), *options]) == 1
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["New York", "New_York", "Rome"], "'New York' and 'New_York' are one word"),
        (["New York", "New  York", "Rome"], "'New York' and 'New  York' are one word"),
        (["a\u00a0b", "a_b", "Rome"], r"'a\\xa0b' and 'a_b' are one word"),
        (["a b", " a b", "Rome"], "'a b' and ' a b' are one word"),
        (["x", "y\t", "y "], r"'y\\t' and 'y ' are one word"),
        (["x", "", "y"], "'' is none"),
        (["x", "  ", "y"], "'  ' is none"),
    ],
)
def test_labels_that_text_cannot_tell_apart_are_refused(labels, message, tmp_path):
    graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    walks = graphwalk.random_walks(graph, num_walks=2, walk_length=5, seed=1)
    with pytest.raises(errors.InputError, match=rf"{message}.*\.parquet"):
        learn(walks, tmp_path / "vectors.txt", labels=labels)
    table = pq.read_table(learn(walks, tmp_path / "vectors.parquet", labels=labels))
    assert table["node"].to_pylist() == sorted(labels)


@pytest.mark.parametrize("labels", [["New York", "New_Jersey", "x"], ["a_b", "a_c", "d e"]])
def test_labels_that_text_can_tell_apart_are_written(labels, tmp_path):
    graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    walks = graphwalk.random_walks(graph, num_walks=2, walk_length=5, seed=1)
    path = learn(walks, tmp_path / "vectors.txt", labels=labels)
    words = {line.split(" ")[0] for line in path.read_text().splitlines()[1:]}
    assert words == {label.replace(" ", "_") for label in labels}
