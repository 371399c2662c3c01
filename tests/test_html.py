"""What notebooks show of graphs, plans and walks: sound HTML that says what is so."""

import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from small_chunks import build_chunked

import graphwalk
from graphwalk.storage.store import chunk_files, graph_html
from graphwalk.storage.store.validation_result import Validation
from graphwalk.units import format_size
from graphwalk.util.html_table import html_table

RNG = np.random.default_rng(5)
EDGES = RNG.integers(300, size=(2, 2000))
WALKS = {"num_walks": 2, "walk_length": 7, "p": 4, "q": 0.25, "seed": 11, "chunks": 100}


class Page(HTMLParser):
    """Checks that tags are balanced; collects the tags, and the texts of the cells of rows."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.rows, self._within = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self._within.append([])
            self.rows.append(self._within[-1])
        elif tag in ("td", "th"):
            self._within[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "tr":
            self._within.pop()

    def handle_data(self, data):
        if self.open[-1] in ("td", "th"):
            self._within[-1][-1] += data

    @property
    def facts(self):
        return {row[0]: row[1] if len(row) == 2 else row[1:] for row in self.rows if len(row) > 1}

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture
def graph(tmp_path):
    return graphwalk.build_zarr(EDGES, tmp_path / "graph.zarr", num_nodes=310)


def test_a_table_escapes_what_it_shows():
    text = html_table([("<b>", "a & b", "'\"")], header=("x", "y", "<z>"))
    assert Page(text).rows == [["x", "y", "<z>"], ["<b>", "a & b", "'\""]]
    assert Page(text).count("b") == Page(text).count("z") == 0


def test_a_graph_says_what_it_is(graph):
    facts = Page(graph._repr_html_()).facts
    assert facts["nodes"] == f"310, of which {(graph.degrees == 0).sum()} isolated"
    assert facts["edges"] == f"{graph.num_edges:,}, stored as {graph.num_entries:,} entries"
    assert facts["degrees"] == f"up to {graph.degrees.max()}"
    assert facts["in memory"] == format_size(8 * 311 + 4 * graph.num_entries)
    assert (facts["directed"], facts["weighted"], facts["labels"]) == ("no", "no", "none")
    assert facts["path"] == graph.path
    assert facts["offsets"] == ["311 int64", format_size(8 * 311), f"1 of {format_size(8 * 311)}"]
    assert "weights" not in facts


def test_a_graph_with_all_there_can_be():
    names = np.array([f"node {i}" for i in range(300)])
    edges = (*names[EDGES], RNG.random(EDGES.shape[1]))
    graph = graphwalk.build_zarr(edges, directed=True)
    facts = Page(graph._repr_html_()).facts
    assert (facts["directed"], facts["weighted"], facts["labels"]) == ("yes", "yes", "strings")
    assert facts["path"] == f"{graph.path}, temporary"
    assert facts["weights"][0] == f"{graph.num_entries:,} float32"
    assert "types of nodes" not in facts
    graph = graphwalk.set_node_types(graph, np.arange(graph.num_nodes) % 3)
    typed = Page(graph._repr_html_()).facts
    assert typed["types of nodes"] == "0, 1, 2"
    assert typed["node_types"][0] == f"{graph.num_nodes:,} uint8"
    assert facts["nodes"].startswith(f"{graph.num_nodes}, of which")


def test_a_picture_is_cut_as_the_store_is(tmp_path):
    graph = build_chunked(512, EDGES[:, :200], tmp_path / "cut.zarr", num_nodes=300)
    assert graph._arrays.chunk_length("offsets") == 64
    page = Page(graph._repr_html_())
    offsets, neighbors = -(-301 // 64), -(-graph.num_entries // 128)
    assert page.facts["offsets"][-1] == f"{offsets} of 512 B"
    assert page.facts["neighbors"][-1] == f"{neighbors} of 512 B"
    assert page.count("rect") == 2
    assert page.count("line") == 2 + (offsets - 1) + (neighbors - 1)
    widths = [float(of["width"]) for tag, of in page.tags if tag == "rect"]
    assert widths[0] / widths[1] == pytest.approx(8 * 301 / (4 * graph.num_entries), rel=0.01)


def test_of_many_chunks_some_are_drawn():
    for chunk_count in (1, 2, 40, 41, 1000, 123_456):
        array = graph_html._Array("x", np.dtype(np.int32), chunk_count * 10 - 3, 10)
        cuts = graph_html._cuts(array)
        assert len(cuts) == chunk_count - 1 if chunk_count <= 40 else 10 < len(cuts) < 41
        assert all(0 < cut < 1 for cut in cuts)
        assert all(abs(cut * array.length % 10) < 1e-6 for cut in cuts[:3])


def test_colours_are_those_around(graph):
    text = graph._repr_html_()
    colours = re.findall(r'(?:fill|stroke)="([^"]*)"', text)
    assert set(colours) == {"currentColor", "none"}
    for html in (text, graphwalk.plan_walks(graph, **WALKS)._repr_html_()):
        assert "background" not in html
        assert "color:" not in html


def test_paths_are_escaped(tmp_path):
    graph = graphwalk.build_zarr(EDGES, tmp_path / "<b>&amp;.zarr")
    walks = graphwalk.random_walks(graph, **WALKS)
    assert Page(graph._repr_html_()).facts["path"] == graph.path
    assert Page(walks._repr_html_()).facts["partitions"] == f"1 of {graph.path}"
    assert "<b>" not in graph._repr_html_() + walks._repr_html_()


def test_labels_and_types_are_escaped(tmp_path):
    graph = graphwalk.build_zarr([("<b>", "</td>"), ("&amp;", "<b>")], tmp_path / "g.zarr")
    graphwalk.set_node_types(graph, ["<i>"] * graph.num_nodes)
    graph = graphwalk.open_zarr(graph.path)
    shown = graph._repr_html_() + graph.summary()._repr_html_() + graph.validate()._repr_html_()
    walks = graphwalk.random_walks(graph, metapath=["<i>"], walk_length=3, seed=1)
    shown += walks._repr_html_() + walks.plan._repr_html_()
    assert not {"b", "i"} & {tag for tag, _ in Page(shown).tags}


def test_a_validation_is_shown_as_a_table(tmp_path):
    graph = graphwalk.build_zarr(EDGES, tmp_path / "<b>.zarr")
    found = graph.validate()
    assert repr(found) == f"<graphwalk.Validation {graph.path!r}, sound>"
    facts = Page(found._repr_html_()).facts
    assert facts["store"] == graph.path
    assert facts["entries"] == f"{graph.num_entries:,}"
    assert "problem" not in facts
    damaged = Validation(graph.path, ("<i>x</i>",), 21, ("labels",), {"nodes": 1000})
    assert repr(damaged).endswith(", problems: 21>")
    page = Page(damaged._repr_html_())
    assert page.count("i") == 0
    assert page.facts == {
        "store": graph.path,
        "nodes": "1,000",
        "problem": "<i>x</i>",
        "problems in all": "21",
        "not checked": "labels",
    }


def test_rows_and_corpora_say_what_they_are(tmp_path):
    graph = graphwalk.build_zarr(EDGES)
    assert repr(graph.rows(0, 9)).startswith("<graphwalk.RowSlice: nodes 0 to 9, ")
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2, seed=1)
    number = f"{len(walks):,} walks"
    assert repr(graphwalk.WalkCorpus(walks)) == f"<graphwalk.WalkCorpus: {number}>"
    path = graphwalk.write_walks(walks, tmp_path / "w.npy")
    corpus = graphwalk.WalkCorpus(path, labels=False)
    assert repr(corpus) == f"<graphwalk.WalkCorpus: {number} in {str(path)!r}>"


def test_completion_shows_what_is_public_and_documented(graph):
    shown = [name for name in dir(graph) if not name.startswith("_")]
    assert {"num_nodes", "rows", "neighbors", "validate"} <= set(shown)
    undocumented = [name for name in shown if not getattr(type(graph), name).__doc__]
    assert undocumented == []


def test_nothing_is_read_of_arrays(graph, monkeypatch):
    def read(*_):
        raise AssertionError("a chunk is read")

    monkeypatch.setattr(chunk_files.ChunkFiles, "read", read)
    with pytest.raises(AssertionError, match="a chunk is read"):
        _ = graph.degrees
    Page(graph._repr_html_())


def test_a_graph_without_edges():
    graph = graphwalk.build_zarr(np.empty((2, 0), int), num_nodes=3)
    page = Page(graph._repr_html_())
    assert page.facts["nodes"] == "3, of which 3 isolated"
    assert page.facts["neighbors"][:2] == ["0 int32", "0 B"]


def test_a_store_that_is_gone_is_named_and_not_raised(graph):
    again = graphwalk.open_zarr(graph.path)
    (again._arrays.group.store.root / "offsets" / "zarr.json").unlink()
    page = Page(again._repr_html_())
    assert page.facts["nodes"].startswith("310")
    assert "array 'offsets' of" in page.facts["arrays"]
    assert page.count("svg") == 0


def test_a_plan_and_a_summary_are_their_tables(graph):
    plan = graphwalk.plan_walks(graph, **WALKS, partitions=3)
    assert Page(plan._repr_html_()).facts == dict(plan.table())
    summary = graph.summary()
    assert Page(summary._repr_html_()).facts == dict(summary.table())
    assert all(text in str(summary) for line in summary.table() for text in line)


def test_walks_say_which_they_are(graph):
    walks = graphwalk.random_walks(graph, **WALKS, restart_prob=0.25)
    page = Page(walks._repr_html_())
    facts = {name.strip(): value for name, value in page.facts.items()}
    assert facts["walks"] == "node2vec"
    shown = {"num_walks": "2", "walk_length": "7", "p": "4", "q": "0.25", "weighted": "False"}
    assert facts.items() >= shown.items()
    assert facts.items() >= {"restart_prob": "0.25", "dead_end": "stop", "seed": "11"}.items()
    assert [text.strip() for text in facts["Shape"]] == ["(620, 8)", "(100, 8)"]
    assert page.count("svg") == 1
    plain = Page(graphwalk.random_walks(graph, seed=2)._repr_html_()).facts
    assert plain["walks"] == "first order"
    assert "restart_prob" not in plain


def test_values_of_nodes_are_shown_with_their_plan(graph):
    ranks = graphwalk.pagerank(graph)
    facts = Page(ranks._repr_html_()).facts
    assert facts.items() >= dict(ranks.plan.table()).items()
    assert facts["algorithm"] == "PageRank"


def test_walks_without_jinja(graph, monkeypatch):
    monkeypatch.setattr(sys.modules["dask.array.core"], "ARRAY_TEMPLATE", None)
    page = Page(graphwalk.random_walks(graph, **WALKS)._repr_html_())
    assert page.facts["seed"] == "11"
    assert page.tags[0][0] == "pre"


def test_no_walks_are_shown_too(graph):
    walks = graphwalk.random_walks(graph, np.empty(0, int), **WALKS)
    assert Page(walks._repr_html_()).facts["seed"] == "11"
