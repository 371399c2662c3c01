"""Scans have the same results on every executor, by any plan, and after a worker was killed."""

import os
import signal
import threading
import warnings
from dataclasses import replace
from functools import cache, partial
from importlib import import_module

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr
from plans import among_slow
from resealed import as_format_1
from schedulers import SCHEDULERS

import graphwalk
from graphwalk import InputError, StoreError, scheduler
from graphwalk.algorithms.analytics.node_array import compute_values
from graphwalk.algorithms.validation.check import validate
from graphwalk.scheduler.engine import scan
from graphwalk.scheduler.executors.remote_job import RemoteJob
from graphwalk.util.events import listening
from graphwalk.util.progress_bar import Progress

ANALYTICS = {
    "components": graphwalk.connected_components,
    "pagerank": partial(graphwalk.pagerank, tol=1e-3),  # a dozen passes
}
#: Analyses of which one plan is tried on each executor.
OTHERS = {
    "bfs": partial(graphwalk.bfs, sources=[0, 3], return_parents=True),
    "shortest paths": partial(graphwalk.shortest_paths, sources=[0, 3]),
    "label propagation": lambda graph, **how: graphwalk.label_propagation(
        graph, 2, transposed=transposed_of(graph), **how
    ),
    "communities": lambda graph, **how: graphwalk.communities(
        graph, max_iter=1, transposed=transposed_of(graph), **how
    ),
    "several": lambda graph, **how: graphwalk.analyze(
        graph, ["components", "label_propagation"], transposed=transposed_of(graph), **how
    )["label_propagation"],
    "betweenness": lambda graph, **how: graphwalk.betweenness_centrality(
        graph, 3, transposed=transposed_of(graph), **how
    ),
    "clustering": lambda graph, **how: graphwalk.clustering(
        graph, method="fagiolo", transposed=transposed_of(graph), **how
    ),
    "core numbers": lambda graph, **how: graphwalk.core_numbers(
        graph, transposed=transposed_of(graph), **how
    ),
    "strong components": graphwalk.strongly_connected_components,
    "hop distribution": partial(graphwalk.hop_distribution, registers=16),
}


@cache
def transposed_of(graph):
    """Return the transpose of a graph, made once."""
    return graph.transpose()


@cache
def graph_of(kind):
    """Return a graph of many components, with a hub whose row is in several partitions."""
    rng = np.random.default_rng(4)
    edges = np.concatenate(
        [rng.integers(0, 20_000, (2, 14_000)), [np.zeros(9000, int), np.arange(1, 18_001, 2)]], 1
    )
    return graphwalk.build_zarr(edges, num_nodes=20_000, directed=kind == "directed")


@cache
def expected(name, kind):
    with scheduler.use("threads", num_workers=1):
        analysis = (ANALYTICS | OTHERS)[name]
        return analysis(graph_of(kind), partitions=1).compute().tobytes()


def bits(array, **changes):
    """Return the bits of an analysis; by a plan with some changes, if they are given."""
    if not changes:
        return array.compute().tobytes()
    (task,) = dict(array.dask).values()
    algorithm, graph, plan, name = task.args
    with scheduler.executors.resources.current_executor().job() as job:
        plan = replace(plan, **changes)
        return compute_values(algorithm, graph, plan, name, job).tobytes()


@pytest.mark.parametrize(
    ("name", "partitions", "kind"),
    among_slow(
        [
            ("components", 1, "undirected"),
            ("components", 7, "undirected"),
            ("components", 3, "directed"),
            ("pagerank", 3, "undirected"),
            ("pagerank", 3, "directed"),
        ],
        [
            (name, *plan)
            for name in ANALYTICS
            for plan in (
                *((partitions, "undirected") for partitions in (1, 3, 7)),
                (3, "directed"),
            )
        ],
    ),
)
def test_the_bits_are_those_of_one_thread(session, name, partitions, kind):
    array = ANALYTICS[name](graph_of(kind), partitions=partitions)
    assert len(array.plan.partitions) == partitions
    apart = not session.executor.in_process
    have = session.executor.resources()
    assert array.plan.shares == min(have.machines, partitions)
    assert array.plan.threads == min(have.workers // have.machines, partitions)
    assert bits(array) == expected(name, kind)
    if apart and partitions == 3:
        assert array.plan.resident == (name == "pagerank")
        assert bits(array, shares=3, threads=1, resident=False) == expected(name, kind)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_other_analyses_have_the_bits_of_one_thread(session, name):
    array = OTHERS[name](graph_of("directed"), partitions=3)
    assert len(array.plan.partitions) >= 3
    assert bits(array) == expected(name, "directed")


def test_levels_are_pulled_where_partitions_stay(session):
    array = OTHERS["bfs"](graph_of("undirected"), partitions=3)
    assert array.plan.resident
    assert bits(array) == expected("bfs", "undirected")


def compute_while_a_worker_is_killed(name, once, monkeypatch):
    """Compute an analysis, of which the first task ends its process."""

    array = ANALYTICS[name](graph_of("undirected"), partitions=7)
    task = "visit_share" if array.plan.resident else "scan_share"

    def run_or_die(*args):
        if not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        # By name, where the worker has what it imports: nothing of this process is sent there.
        return getattr(import_module("graphwalk.scheduler.engine.scan"), task)(*args)

    monkeypatch.setattr(scan, task, run_or_die)
    assert bits(array) == expected(name, "undirected")
    assert once.exists()


def test_a_worker_that_is_killed_changes_no_bit(session, tmp_path, monkeypatch):
    if not session.executor.in_process:  # threads are not killed alone
        name = "components" if session.name == "ray" else "pagerank"
        compute_while_a_worker_is_killed(name, tmp_path / "killed", monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", ANALYTICS)
def test_a_worker_that_is_killed_changes_no_analysis(session, name, tmp_path, monkeypatch):
    if not session.executor.in_process:
        compute_while_a_worker_is_killed(name, tmp_path / "killed", monkeypatch)


@pytest.mark.parametrize("name", ANALYTICS)
def test_each_pass_visits_every_entry_once(session, name):
    graph, steps = graph_of("undirected"), {}

    def count(event):
        if event.kind == "scan":
            steps[event.wave] = steps.get(event.wave, 0) + event.steps

    with listening(count):
        ANALYTICS[name](graph, partitions=7).compute()
    assert set(steps.values()) == {graph.num_entries}
    assert (len(steps) == 1) == (name == "components")


def test_values_are_written_as_they_are_computed_anywhere(session, tmp_path):
    """Also several results at a time, of which each is computed by the workers."""
    graph = graph_of("undirected")
    results = {name: ANALYTICS[name](graph, partitions=3) for name in ("components", "pagerank")}
    path = graphwalk.write_nodes(results, tmp_path / "values.parquet")
    table = pq.read_table(path)
    assert table["node"].to_pylist() == list(range(graph.num_nodes))
    for name in results:
        assert table[name].to_numpy().tobytes() == expected(name, "undirected")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """Return a store of several chunks of entries, with a few faults."""
    path = tmp_path_factory.mktemp("stores") / "damaged"
    edges = np.random.default_rng(1).integers(0, 200_000, (2, 1_500_000))
    graphwalk.build_zarr(edges, path, directed=True, compressed=False)
    (path / "neighbors" / "c" / "1").unlink()
    as_format_1(path)  # so that the values are looked at
    neighbors = zarr.open_group(path, mode="r+")["neighbors"]
    neighbors[7:9] = [5, -3]
    return path


@cache
def report_of(path):
    with scheduler.use("threads", num_workers=1):
        return graphwalk.open_zarr(path).validate()


@pytest.mark.parametrize("partitions", [None, 2])
def test_a_validation_reports_the_same(session, damaged, partitions, capsys):
    arrays = graphwalk.open_zarr(damaged)._arrays
    report = validate(arrays, Progress(True), partitions)
    assert report == report_of(damaged)
    assert len(report.problems) == 3
    assert "check rows: 100%" in capsys.readouterr().err


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_validation_ends(session, damaged):
    arrays = graphwalk.open_zarr(damaged)._arrays

    def interrupt(_):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with listening(interrupt), pytest.raises(KeyboardInterrupt):
        validate(arrays, Progress(False), 2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("graphwalk")]
    assert validate(arrays, Progress(False)) == report_of(damaged)


def test_a_validation_of_a_graph_in_a_temporary_folder(session):
    assert graph_of("undirected").validate().ok


@pytest.mark.slow
@pytest.mark.parametrize("scheduler_name", SCHEDULERS)
@pytest.mark.parametrize("partitions", [1, 3, 7])
def test_the_bits_of_one_worker_are_the_same(scheduler_name, partitions, request):
    if scheduler_name == "ray":
        request.getfixturevalue("own_ray")
    with scheduler.use(scheduler_name, num_workers=1):
        for name, analysis in ANALYTICS.items():
            array = analysis(graph_of("undirected"), partitions=partitions)
            assert array.plan.shares == 1
            assert bits(array) == expected(name, "undirected")


def test_workers_link_shares_of_files(session, tmp_path, monkeypatch):
    """On all executors: integers, strings from some line on, more workers than row groups.

    Files are named by paths within a folder in which workers do not run.
    """
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    src, dst = rng.integers(0, 60_000, (2, 50_000))
    frame = pd.DataFrame({"a": src, "b": dst})
    names = frame.map("id{}".format)
    paths = [tmp_path / name for name in ("n.txt", "s.txt", "n.parquet", "s.parquet", "one.csv")]
    frame.to_csv(paths[0], sep=" ", index=False, header=False)
    frame.to_csv(paths[1], sep=" ", index=False, header=False)
    with paths[1].open("a") as file:
        file.write("7 seven\n")
    frame.to_parquet(paths[2], row_group_size=9000)
    names.to_parquet(paths[3], row_group_size=9000)
    names.head(1).to_csv(paths[4], index=False)
    apart = not session.executor.in_process
    for path in paths:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            table = graphwalk.connected_components(edges=path.name, memory="1 GiB")
            found = pa.table(table).to_pydict()
        assert any("seven" in str(each.message) for each in told) == (path.name == "s.txt")
        assert table.plan.apart == apart
        assert ("merged in a tree" in str(table.plan)) == apart
        with scheduler.use("threads"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert found == pa.table(graphwalk.connected_components(edges=path)).to_pydict()
    (tmp_path / "nothing.csv").write_text("source,target\n")
    with pytest.raises(InputError, match="no edges"):
        pa.table(graphwalk.connected_components(edges=tmp_path / "nothing.csv"))
    if apart:
        monkeypatch.setattr(RemoteJob, "machines_without", lambda *_: ["one"])
        with pytest.raises(StoreError, match="the file of edges is not seen on one"):
            pa.table(graphwalk.connected_components(edges="n.parquet"))
