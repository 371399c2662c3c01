"""Nodes without names, replaced stores, words, and names on the way out, as reports have them.

Each is written down again in a few lines; what is cited is where such a case was met.
"""

import os
import re
import shlex
import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import graphwalk
from graphwalk import InputError, StoreError
from graphwalk.cli import main
from graphwalk.units import parse_size

# -1 as an index

CHAIN = [("a", "b"), ("b", "c")]
ONCE = {"num_walks": 1, "walk_length": 3, "seed": 1}

#: Where it was met, edges, how to build, and the names of the walks of all nodes.
ENDED = [
    ("PecanPy #17: zeros after dead ends", CHAIN, {}, ["abc", "bc", "c"]),
    ("node2vec #88: a root 0 that is no node", [(1, 2)], {"relabel": True}, [[1, 2], [2]]),
    ("SNAP #161: a vector for node 0", [(1, 2)], {}, [[0], [1, 2], [2]]),
    ("torch-cluster #81: isolated nodes jump", [(1, 2)], {"num_nodes": 4}, [[0], [1, 2], [2], [3]]),
    ("CSRGraph #6: numbers beyond all nodes", [(2**40, 7)], {}, [[7], [2**40, 7]]),
    ("names that look like numbers", [("-1", "0")], {}, [["-1", "0"], ["0"]]),
    ("the last node is the first by name", [("z", "a")], {}, ["a", "za"]),
]


@pytest.mark.parametrize(("where", "edges", "options", "expected"), ENDED)
def test_walks_that_ended_name_no_node_after_their_end(where, edges, options, expected):
    graph = graphwalk.build_zarr(edges, directed=True, **options)
    walks = graphwalk.random_walks(graph, **ONCE)
    found = graph.names(walks.compute()).tolist()
    assert [[name for name in walk if name is not None] for walk in found] == [
        list(walk) for walk in expected
    ]
    words = [list(map(str, walk)) for walk in expected]
    assert list(graphwalk.WalkCorpus(walks)) == words
    table = pa.table(graphwalk.to_arrow(walks))
    assert table["walk"].to_pylist() == [list(walk) for walk in expected]


#: Where it was met, and what takes a node.
NEGATIVE = [
    ("pandas' codes of missing values", lambda graph: graph.labels[pd.Categorical([None]).codes]),
    ("NumPy's last item", lambda graph: graph.labels[-1]),
    ("rows of DGL", lambda graph: graph.neighbors(-1)),
    ("several rows", lambda graph: graph.neighbors([0, -1])),
    ("a slice of rows", lambda graph: graph.rows(-1, 2)),
    ("one row of a slice", lambda graph: graph.rows(0, 3).row(-1)),
    ("start nodes that were not found", lambda graph: graphwalk.random_walks(graph, [-1])),
    ("MetaPath2Vec #9928: beyond all nodes", lambda graph: graph.names(30)),
    ("names of more than the padding", lambda graph: graph.names([0, -2])),
    ("labels of a part of the nodes", lambda graph: graphwalk.to_arrow(graph, labels=["x"])),
]


@pytest.mark.parametrize(("where", "use"), NEGATIVE)
def test_what_is_no_node_is_refused(where, use):
    graph = graphwalk.build_zarr(CHAIN, directed=True)
    with pytest.raises(InputError):
        use(graph)


# A store that changes under lazy results

N = 300


def ring(path, step=1, nodes=N, **options):
    sources = np.arange(nodes)
    columns = [sources, (sources + step) % nodes, *options.pop("values", [])]
    return graphwalk.build_zarr(tuple(columns), path, directed=True, overwrite=True, **options)


def removed_and_made_again(path):
    shutil.rmtree(path)
    ring(path, 7)


def of_the_same_age(path):
    about = path / "zarr.json"
    before = about.stat()
    ring(path, 7)
    os.utime(about, ns=(before.st_atime_ns, before.st_mtime_ns))


def moved_here(path):
    ring(path.with_name("other.zarr"), 7)
    shutil.rmtree(path)
    path.with_name("other.zarr").rename(path)


#: Where it was met, what happens to the store, and whether it is the same graph still.
CHANGES = [
    ("Velox #7512: made again at the path", removed_and_made_again, False),
    ("ClickHouse #114262: of the same time", of_the_same_age, False),
    ("polars #16119: written over", lambda path: ring(path, 7), False),
    ("Zarr #1414: grown", lambda path: ring(path, nodes=2 * N), False),
    ("Zarr #1414: shrunk", lambda path: ring(path, nodes=N // 2), False),
    ("another store put there", moved_here, False),
    ("only its weights differ", lambda path: ring(path, values=[np.ones(N)]), False),
    ("xarray #6743: other chunks", lambda path: ring(path, compressed=False), True),
    ("polars #7199: read and written back", lambda path: copied(path), True),
]
USES = {
    "compute": lambda walks: walks.compute(),
    "a slice": lambda walks: walks[3:9].compute(),
    "blocks": lambda walks: np.concatenate(list(graphwalk.iter_blocks(walks))),
    "files": lambda walks: np.load(graphwalk.write_walks(walks, "w.npy")),
    "corpus": lambda walks: np.array([*map(np.int32, graphwalk.WalkCorpus(walks))]),
}


def copied(path):
    graph = graphwalk.open_zarr(path)
    graphwalk.build_zarr(graph, path, directed=True, overwrite=True)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(("where", "change", "same"), CHANGES)
def test_stores_that_changed_are_noticed(where, change, same, use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    walks = graphwalk.random_walks(ring(tmp_path / "g.zarr"), **ONCE, chunks=100)
    change(tmp_path / "g.zarr")
    if same:
        found = USES[use](walks)
        assert (found[:, 1] == (found[:, 0] + 1) % N).all()
        return
    with pytest.raises(StoreError, match="was replaced by another graph"):
        USES[use](walks)
    assert not (tmp_path / "w.npy").exists()


# Words

#: Where it was met, a size, and how many bytes it is.
SIZES = [
    ("drmaa #84", "4G", 4 * 2**30),
    ("clustermq #137", "128M", 2**27),
    ("Yorc #446", "1.5T", 3 * 2**39),
    ("dask-jobqueue #252, of bytes", "24GB", 24 * 10**9),
    ("dask-jobqueue #252, of Slurm", "24G", 24 * 2**30),
    ("dask-cloudprovider #27", "1024 MiB", 2**30),
    ("distributed #1615", "5000MB", 5 * 10**9),
    ("Kubernetes", "4Gi", 4 * 2**30),
    ("distributed #498: a share", "0.5 of it", None),
    ("dstack #4016: a range", "..4GB", None),
    ("no limit", "inf", None),
    ("a unit alone", "GB", None),
]


@pytest.mark.parametrize(("where", "size", "expected"), SIZES)
def test_sizes(where, size, expected):
    if expected is not None:
        assert parse_size(size) == expected
        return
    with pytest.raises(InputError, match="is not a size; write it as"):
        parse_size(size)


#: Where it was met, edges, and what is said of nodes.
COUNTS = [
    ("graphlib #13: sinks have no out-edges", CHAIN, True, "1 without out-neighbours, 0 isolated"),
    ("graphlib #102: of undirected graphs", CHAIN, False, "3, of which 0 isolated"),
    ("libpysal #322: outside of all rows", [(0, 1), (0, 2)], True, "2 without out-neighbours, 0 i"),
    ("NetworkX #518: in-edges count", [(1, 0), (2, 0)], True, "1 without out-neighbours, 0 isol"),
    ("nat #389: isolated", [(0, 5), (0, 5)], True, "5 without out-neighbours, 4 isolated"),
    ("a loop alone", [("a", "a"), ("b", "c")], True, "1 without out-neighbours, 0 isolated"),
]


@pytest.mark.parametrize(("where", "edges", "directed", "text"), COUNTS)
def test_isolated_nodes_and_those_without_out_neighbours(where, edges, directed, text):
    graph = graphwalk.build_zarr(edges, directed=directed, relabel="a" in str(edges))
    assert text in str(graph.summary())


#: Where it was met, names, and the words of word2vec's text, if it can hold them.
WORDS = [
    ("nodevectors #23", ["Leonardo da Vinci", "Raphael"], ["Leonardo_da_Vinci", "Raphael"]),
    ("Gensim #2795", ["hello", "my name"], ["hello", "my_name"]),
    ("Wikipedia2Vec", ["United States", "United_States"], None),
    ("no-break spaces", ["a\u00a0b", "a b"], None),
    ("Gensim #388", ["\u3000", "a"], None),
    ("numbers", ["007", "7"], ["007", "7"]),
]


@pytest.mark.parametrize(("where", "names", "words"), WORDS)
def test_names_in_the_text_of_word2vec(where, names, words, tmp_path):
    graph = graphwalk.build_zarr([tuple(names)])
    walks = graphwalk.random_walks(graph, **ONCE)
    how = {"dimensions": 2, "epochs": 1, "workers": 1}
    if words is None:
        with pytest.raises(InputError, match=r"\.parquet"):
            graphwalk.embed(walks, tmp_path / "v.txt", **how)
        return
    path = graphwalk.embed(walks, tmp_path / "v.txt", **how)
    assert {line.split(" ")[0] for line in path.read_text().splitlines()[1:]} == set(words)


#: Where it was met, content, name of the file, and further options.
COMMANDS = [
    ("Excel: several marks", "a;b;0,5\nb;c;0,7\n", "x.txt", ""),
    ("Freebase: triples", "/m/1\t/p\t/m/2\n/m/2\t/q\t/m/3\n/m/3\t/p\t/m/4\n", "x.tsv", ""),
    ("MovieLens: no known names", "userId,movieId,rating\n1,2,5\n2,3,4\n", "x.csv", ""),
    ("a first line of names", "ann,bob\ncid,dan\n", "x.csv", ""),
    ("weights without a header", "1 2 0.5\n2 3 0.7\n", "x.txt", ""),
    ("times under another name", "u,v,weight,time\n1,2,3,4\n2,3,4,5\n", "x.csv", ""),
    ("parallel edges", "1 2\n1 2\n", "x.txt", "--duplicates=error"),
    ("a header that comes again", "u,v\n1,2\nu,v\n", "x.csv", ""),
    ("an unknown suffix", "1 2\n2 3\n", "x.graph", ""),
    ("no such column", "u,v\n1,2\n", "x.csv", "--columns=x,y"),
    ("names with commas", '"user, first","item, first",rating\n1,2,5\n2,3,4\n', "x.csv", ""),
    ("times that are nowhere", "1 2\n2 3\n", "x.txt", "--times"),
]
FLAG = re.compile(
    r"--(?:no-)?[a-z][a-z-]*(?:='[^']*'|=\S+?(?=[ )]*(?:[;.]? |,? or |, and |\n|$)))?"
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("where", "content", "name", "options"), COMMANDS)
def test_commands_name_options_that_work(where, content, name, options, tmp_path, capsys):
    """What is named with a value is followed: then the file is read, or another option named."""
    (tmp_path / name).write_text(content)
    build = ["build", str(tmp_path / name), str(tmp_path / "g.zarr"), "--overwrite", "--quiet"]
    given = options.split()
    for _ in range(3):
        code = main([*build, *given])
        said = capsys.readouterr().err
        plain = FLAG.sub("", said)
        assert not re.search(r"\b(columns|times|duplicates|overwrite)=", plain), said
        if code == 0:
            return
        named = [flag for found in FLAG.findall(said) for flag in shlex.split(found)]
        if "leave out" in said:
            given = [flag for flag in given if flag not in named]
            continue
        firsts = {flag.partition("=")[0].replace("--no-", "--"): flag for flag in named[::-1]}
        kept = [one for one in given if one.partition("=")[0] not in firsts]
        given = [*kept, *firsts.values()]
    raise AssertionError((given, said))


# Names on the way out

#: Where it was met, names of a chain of nodes.
NAMES = [
    ("VERSE #15: which vector is whose", ["10", "2", "33", "4"]),
    ("GraphStorm #49: numbers within", [10**12, 7, 10**9, 8]),
    ("markov_clustering #8: OTUs", ["OTU85", "OTU58", "OTU95", "OTU9"]),
    ("NetworKit #106: ids with gaps", [5, 900, 2, 700]),
    ("umlauts and other letters", ["Zoë", "Ärger", "été", "张三"]),
    ("zip codes", ["02139", "2139", "10001", "00001"]),
    ("names with blanks", ["New York", "Rome", "Los Angeles", "Oslo"]),
]


def words(corpus):
    return {word for walk in corpus for word in walk}


def vectors(walks, path):
    how = {"dimensions": 2, "epochs": 1, "workers": 1}
    return pq.read_table(graphwalk.embed(walks, path, **how))["node"].to_pylist()


def column(values, name):
    return pa.table(graphwalk.to_arrow(values))[name].to_pylist()


#: Each gives the names of all nodes, of a graph, of walks on it, or of a file that is written.
WAYS = {
    "corpus": lambda _, walks: words(graphwalk.WalkCorpus(walks)),
    "vectors": lambda _, walks: vectors(walks, "v.parquet"),
    "persisted": lambda _, walks: words(graphwalk.WalkCorpus(walks.persist()[::-1])),
    "Zarr": lambda _, walks: words(graphwalk.WalkCorpus(graphwalk.write_walks(walks, "w.zarr"))),
    "Arrow": lambda graph, _: column(graph, "source") + column(graph, "target"),
    "values": lambda graph, _: column(graphwalk.pagerank(graph), "node"),
    "NetworkX": lambda graph, _: graph.to_networkx(),
    "a copy": lambda graph, _: graphwalk.build_zarr(graph).labels,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("where", "names"), NAMES)
def test_names_come_out_as_they_went_in(where, names, way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    edges = list(zip(names, [*names[1:], names[0]], strict=True))
    graph = graphwalk.build_zarr(edges, relabel=True)
    walks = graphwalk.random_walks(graph, **ONCE)
    assert set(map(str, WAYS[way](graph, walks))) == set(map(str, names))
    steps = {frozenset(step) for walk in graph.names(walks.compute()) for step in pairwise(walk)}
    assert steps <= set(map(frozenset, edges))
