"""Walks as a corpus for trainers of word vectors, from arrays and from files."""

import threading

import dask
import dask.array as da
import numpy as np
import pytest

import graphwalk
from graphwalk import errors

SUFFIXES = [".zarr", ".parquet", ".npy", ".txt", ".txt.gz", ".txt.zst"]
#: Paths with dead ends: walks end early, and those from "e f" at once.
EDGES = [("a", "b"), ("b", "c"), ("a", "d"), ("d", "a"), ("c", "e f")]


@pytest.fixture(scope="module")
def graph():
    return graphwalk.build_zarr(EDGES, directed=True)


@pytest.fixture(scope="module")
def walks(graph):
    return graphwalk.random_walks(graph, num_walks=6, walk_length=5, seed=3, chunks=7)


def sentences(walks, labels=None):
    """Return what a corpus must consist of, word by word."""
    return [
        [str(node if labels is None else labels[node]) for node in walk if node >= 0]
        for walk in np.asarray(walks).tolist()
    ]


def test_words_are_the_labels_of_the_graph_that_was_walked(graph, walks):
    corpus = graphwalk.WalkCorpus(walks)
    expected = sentences(walks, graph.labels)
    assert {len(walk) for walk in expected} > {1, 6}
    assert list(corpus) == expected
    assert list(corpus) == expected  # as often as one likes
    assert len(corpus) == 30


def test_words_are_ids_where_there_are_no_labels(walks):
    unlabelled = graphwalk.build_zarr([(0, 1), (1, 2)], num_nodes=4, directed=True)
    lazy = graphwalk.random_walks(unlabelled, num_walks=2, walk_length=3, seed=1)
    assert list(graphwalk.WalkCorpus(lazy)) == sentences(lazy)


def test_words_are_numbers_if_that_is_said(walks):
    assert list(graphwalk.WalkCorpus(walks, labels=False)) == sentences(walks)


def test_labels_of_ones_own(walks):
    for labels in (list("uvwxy"), [900, 800, 700, 600, 500]):
        assert list(graphwalk.WalkCorpus(walks, labels=labels)) == sentences(walks, labels)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("named", [False, True])
def test_files_are_read_as_they_were_written(suffix, named, graph, walks, tmp_path):
    labels = graph.labels if named else None
    path = graphwalk.write_walks(walks, tmp_path / f"walks{suffix}", labels=labels)
    numbers = suffix in (".zarr", ".npy") or not named
    corpus = graphwalk.WalkCorpus(path, labels=False if numbers else None)
    shown = None if numbers else labels
    assert list(corpus) == list(corpus) == sentences(walks, shown)
    assert hasattr(corpus, "__len__") == (".txt" not in suffix)
    if hasattr(corpus, "__len__"):
        assert len(corpus) == 30


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ids_in_files_are_given_names(suffix, graph, walks, tmp_path):
    path = graphwalk.write_walks(walks, tmp_path / f"walks{suffix}")
    corpus = graphwalk.WalkCorpus(path, labels=graph.labels)
    assert list(corpus) == sentences(walks, graph.labels)
    with pytest.raises(errors.InputError, match=r"there are 2 labels"):
        list(graphwalk.WalkCorpus(path, labels=["a", "b"]))


@pytest.mark.parametrize("suffix", [".zarr", ".parquet"])
def test_walks_at_a_url(suffix, graph, walks):
    url = f"memory://corpus/walks{suffix}"
    with dask.config.set(scheduler="threads"):  # the memory is that of this process
        graphwalk.write_walks(walks, url, overwrite=True)
    corpus = graphwalk.WalkCorpus(url, labels=graph.labels)
    assert list(corpus) == sentences(walks, graph.labels)
    assert len(corpus) == 30


def test_names_are_not_given_twice(graph, walks, tmp_path):
    path = graphwalk.write_walks(walks, tmp_path / "walks.parquet", labels=graph.labels)
    with pytest.raises(errors.InputError, match="remove labels="):
        list(graphwalk.WalkCorpus(path, labels=graph.labels))


def test_long_walks_and_many():
    """More words than are made at a time, in blocks that are cut in between."""
    ring = graphwalk.build_zarr([(i, (i + 1) % 40) for i in range(40)])
    walks = graphwalk.random_walks(ring, num_walks=60, walk_length=70, seed=1, chunks=1100)
    assert list(graphwalk.WalkCorpus(walks)) == sentences(walks)


def test_blocks_are_computed_as_they_are_asked_for():
    made, lock = [], threading.Lock()

    def make(block_id):
        with lock:
            made.append(block_id[0])
        return np.zeros((1, 3), np.int32)

    chunks = ((1,) * 60, (3,))
    walks = da.map_blocks(make, chunks=chunks, dtype=np.int32, meta=np.empty((0, 0), np.int32))
    corpus = graphwalk.WalkCorpus(walks, labels=False)
    assert made == []
    one_pass = iter(corpus)
    assert next(one_pass) == ["0", "0", "0"]
    assert len(made) < 40
    one_pass.close()
    assert sum(1 for _ in corpus) == 60


def test_what_holds_no_walks(tmp_path):
    with pytest.raises(errors.InputError, match="not a Dask array"):
        graphwalk.WalkCorpus(np.zeros((2, 3), int))
    with pytest.raises(errors.StoreNotFoundError, match="there are no walks"):
        graphwalk.WalkCorpus(tmp_path / "walks.zarr")


def test_a_chunk_that_got_lost_is_no_walk(walks, tmp_path):
    path = graphwalk.write_walks(walks, tmp_path / "walks.zarr")
    (path / "c" / "2" / "0").unlink()
    with pytest.raises(errors.StoreError, match="chunk 2 is missing"):
        list(graphwalk.WalkCorpus(path))


def trained(**sentences):
    from gensim.models import Word2Vec

    return Word2Vec(vector_size=4, epochs=2, seed=1, workers=1, min_count=0, **sentences)


def test_gensim_learns_from_it(graph, walks):
    model = trained(sentences=graphwalk.WalkCorpus(walks))
    assert set(model.wv.index_to_key) == set(graph.labels)
    words = sum(map(len, sentences(walks)))
    assert model.corpus_total_words == words
    assert model.corpus_count == 30


def test_gensim_learns_from_a_corpus_file(walks, tmp_path):
    path = graphwalk.write_walks(walks, tmp_path / "corpus.txt")
    by_file, by_words = trained(corpus_file=str(path)), trained(sentences=sentences(walks))
    assert by_file.wv.index_to_key == by_words.wv.index_to_key
    counts = [
        [model.wv.get_vecattr(word, "count") for word in by_file.wv.index_to_key]
        for model in (by_file, by_words)
    ]
    assert counts[0] == counts[1]
