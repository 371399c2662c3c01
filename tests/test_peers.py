"""The comparison with peers runs, says what it could not measure, and sees walks that are wrong."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import __main__ as recipe
from benchmarks.peers import exactness, report
from benchmarks.peers.exactness import distance, rows_of, small_graphs
from benchmarks.peers.graphs import lattice, write_graph
from benchmarks.peers.processes import interpreter_of, run_job
from benchmarks.peers.walk_jobs import as_array, what_is_wrong
from benchmarks.peers.walks import LENGTH, Settings, figures_of, measure_walks, select

HERE = (sys.executable,)


@pytest.fixture
def files(tmp_path):
    return write_graph("small", lattice(12), 144, tmp_path / "graph")


def test_a_graph_in_files_is_simple_and_the_same_in_every_form(tmp_path):
    edges = np.array([[3, 1, 1, 2, 0, 4], [1, 3, 1, 0, 2, 4]])
    files = write_graph("g", edges, 6, tmp_path)
    assert files.edges().T.tolist() == [[0, 2], [1, 3]]
    assert files.text().read_text() == "0\t2\n1\t3\n"
    indptr, indices = files.csr()
    assert indptr.tolist() == [0, 1, 2, 3, 4, 4, 4]
    assert indices.tolist() == [2, 3, 0, 1]


def test_graphwalk_is_measured_and_its_walks_are_right(files):
    records = list(measure_walks(files, Settings(HERE, rounds=1), ["graphwalk"]))
    for cores in {record["cores"] for record in records}:
        found = figures_of(select(records, cores=cores), "node2vec (2, .5)")
        assert found, records
        assert (found.wrong, found.walks, found.rounds) == ("", found.of, 1)
        told = records[0]["told"][1]
        assert told["steps"] == LENGTH * np.count_nonzero(np.diff(files.csr()[0]))
        assert found.rate > 0
        assert found.memory > 10
    text = report.walks_text(records, max(record["cores"] for record in records))
    assert "all nodes" in text
    head, _, row = report.summary(records, max(record["cores"] for record in records)).splitlines()
    assert "small, first order" in head
    assert "small, node2vec" in head
    assert row.startswith("| graphwalk ")
    assert "–" not in row
    assert "yes" in text


def test_a_peer_that_no_interpreter_has_is_listed_as_such(files):
    assert interpreter_of("no_such_peer", (*HERE, "/no/such/python"))[0] == ""
    assert interpreter_of("no_such_peer", HERE) == ("", "not installed")
    records = list(measure_walks(files, Settings((), rounds=2), ["torch-cluster"]))
    assert {record["failure"] for record in records} == {"not installed"}
    assert len(records) == len({record["cores"] for record in records}), "it was tried again"
    assert "not installed" in report.walks_text(records, 2)


def test_jobs_import_nothing_that_a_peer_may_not_bring():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('numba', 'zarr', 'dask', 'pyarrow')));"
        "import benchmarks.peers.walk_jobs, benchmarks.peers.build_jobs"
    )
    where = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=where, check=True)


def test_a_job_that_fails_or_takes_too_long_says_so():
    job = {"cores": [0]}
    assert "No module named" in run_job(sys.executable, "no_such_module", job, 60).failure
    late = run_job(sys.executable, "benchmarks.peers.walk_jobs", job, 0.01)
    assert "took more than" in late.failure
    large = run_job(sys.executable, "benchmarks.peers.walk_jobs", job, 60, memory=1)
    assert "of memory" in large.failure


def test_a_recipe_without_peers_writes_its_page(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    small = {"hub and leaves": small_graphs()["hub and leaves"]}
    monkeypatch.setattr(exactness, "small_graphs", lambda: small)
    monkeypatch.setattr(exactness, "NUM_WALKS", 200)
    where = ["--out", str(tmp_path), "--python", "/no/such/python"]
    recipe.main([*where, "--parts", "exactness", "--peers", "graphwalk", "DGL"])
    page = (tmp_path / "peers.md").read_text()
    measured = json.loads((tmp_path / "peers.json").read_text())["exactness"]
    assert {r["sampler"] for r in measured if "sampled" in r} == {"graphwalk"}
    assert all(r["sampled"] <= r["largest"] for r in measured if "sampled" in r)
    assert "/no/such/python" in page
    assert (tmp_path / "peers-exactness.png").stat().st_size > 1000
    # Others are measured later: what there is of graphwalk stays.
    recipe.main([*where, "--parts", "exactness", "--peers", "DGL", "GRAPE"])
    again = json.loads((tmp_path / "peers.json").read_text())["exactness"]
    assert [r for r in again if r["sampler"] == "graphwalk"] == [r for r in measured if "p" in r]
    assert {r["sampler"] for r in again} == {"graphwalk", "DGL", "GRAPE"}


def biased_walks(edges, p, q, length=20, num_walks=100):
    """Walks of a plain sampler, fair if `p` and `q` are."""
    rows, draw = rows_of(edges), random.Random(1)
    walks = []
    for start in list(range(len(rows))) * num_walks:
        walk = [start]
        while len(walk) <= length:
            row, near = rows[walk[-1]], set(rows[walk[-2]] if len(walk) > 1 else [])
            bias = [1 / p if v in walk[-2:-1] else 1 if v in near else 1 / q for v in row]
            walk.append(draw.choices(row, bias)[0])
        walks.append(walk)
    return np.array(walks)


@pytest.mark.parametrize("name", small_graphs())
def test_exactness_tells_a_wrong_sampler_from_a_right_one(name):
    edges = small_graphs()[name]
    walks = biased_walks(edges, 4, 0.25)
    right, wrong = distance(walks, edges, 4, 0.25), distance(walks, edges, 4, 0.3)
    assert right.sampled <= right.largest
    assert right.steps == walks[:, 1:].size
    assert wrong.sampled > wrong.largest


def test_exactness_counts_steps_that_are_no_edges():
    path = np.array([[0, 1], [1, 2]])
    found = distance(np.array([[0, 1, 2], [0, 2, 1]]), path, 1, 1)
    assert (found.impossible, found.steps) == (1, 3)


@pytest.mark.parametrize(
    ("walks", "complaint"),
    [
        ([[0, 1, 2]], ""),
        ([[0, 1, -1]], "steps"),
        ([[0, 1, 2, 1]], "steps"),
        ([[1, 0, 1]], "begin"),
        ([[0, 1, 7]], "exist"),
        ([[0, 2, 1]], "no edges"),
    ],
)
def test_walks_that_are_wrong_are_seen(walks, complaint):
    indptr, indices = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    array = as_array(walks, np.arange(len(walks)), 2)
    found = what_is_wrong(array, np.array([0]), 2, indptr, indices)
    assert complaint in found
    assert bool(found) == bool(complaint)


def test_figures_of_other_graphs_and_peers_stay(tmp_path):
    kept = [
        {"graph": "Debian 12", "sampler": "graphwalk"},
        {"graph": "R-MAT 2^18", "sampler": "NetworkX"},
    ]
    again = {"graph": "R-MAT 2^18", "sampler": "graphwalk"}
    given = ["--out", str(tmp_path), "--parts", "walks", "--graphs", "rmat", "--peers", "graphwalk"]
    arguments = recipe._arguments(given)
    about = recipe._before(arguments)
    recipe._write_figures(about | {"walks": [*kept, again]}, tmp_path)
    assert recipe._before(arguments) == about | {"walks": kept}
