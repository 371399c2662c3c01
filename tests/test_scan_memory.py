"""What scans take at their peak is what the plan says, in this process and in workers."""

import gc
import os
import threading
from contextlib import contextmanager
from functools import partial

import memory_walks
import numpy as np
import pytest
from processes import forget_peak, memory_of, report_of

import graphwalk
from graphwalk import scheduler

MIB = 1 << 20
ANALYTICS = {
    "components": graphwalk.connected_components,
    "pagerank": partial(graphwalk.pagerank, tol=0.1),  # a few passes
}
#: Analyses whose memory is measured with the slow tests.
OTHERS = {
    "parents": partial(graphwalk.bfs, sources=0, return_parents=True),
    "shortest paths": partial(graphwalk.shortest_paths, sources=0),
    "label propagation": partial(graphwalk.label_propagation, max_iter=2),
    "betweenness": partial(graphwalk.betweenness_centrality, k=1),
    "communities": partial(graphwalk.communities, max_iter=1),
    "triangles": graphwalk.triangles,
    "core numbers": graphwalk.core_numbers,
    "hop distribution": partial(graphwalk.hop_distribution, registers=16),
    "assortativity": graphwalk.degree_assortativity,
}

#: What a process may take more than the plan says: a tenth, and this for what no plan knows.
ASIDE = 50 * MIB


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Build a skewed graph, whose longest row is in several partitions."""
    path = tmp_path_factory.mktemp("graphs") / "skewed.zarr"
    memory_walks.build(path, "skewed", 1 << 22, 6_000_000, False)
    return path


def run(*args):
    """Compute in a process of its own; return what it reports."""
    report = report_of(_measure, *args)
    assert "error" not in report, report["error"]
    return report


def _measure(path, name, scheduler_name, options, how):
    graph, analysis = graphwalk.open_zarr(path), (ANALYTICS | OTHERS)[name]
    warm = graphwalk.build_zarr(np.arange(2000).reshape(2, 1000), progress=False)
    with scheduler.use(scheduler_name, **options) as session:
        for _ in range(2):  # workers load what they run
            analysis(warm, partitions=2).compute()
        array = analysis(graph, **how)
        workers = _workers(session)
        gc.collect()
        pids = (os.getpid(), *workers)
        # Pages of Ray's object store are mapped by all that have read them, also freed ones.
        with _sampled(pids) if scheduler_name == "ray" else _peaks(pids) as taken:
            array.compute()
    here = taken.pop(os.getpid())
    plan = array.plan
    return {
        "here": here,
        "workers": list(taken.values()),
        "projected": plan.peak_memory,
        "partitions": len(plan.partitions),
        "shares": plan.shares,
        "resident": plan.resident,
    }


def _workers(session):
    """Return the process ids of workers, those that tasks have found."""
    if session.executor.in_process:
        return set()
    with session.executor.job() as job:
        return {job.result(ref) for ref in [job.submit(os.getpid) for _ in range(8)]}


@contextmanager
def _peaks(pids):
    """Yield what processes take more, at their peaks, when the block has ended."""
    taken, before = {}, {pid: forget_peak(pid) for pid in pids}
    yield taken
    taken |= {pid: memory_of("VmHWM", pid) - start for pid, start in before.items()}


@contextmanager
def _sampled(pids):
    """Yield what processes take more of memory of their own, as far as samples tell."""
    before = {pid: memory_of("RssAnon", pid) for pid in pids}
    taken, ended = dict.fromkeys(pids, 0), threading.Event()

    def sample():
        while not ended.wait(0.01):
            for pid, start in before.items():
                taken[pid] = max(taken[pid], memory_of("RssAnon", pid) - start)

    thread = threading.Thread(target=sample)
    thread.start()
    yield taken
    ended.set()
    thread.join()


def check(report):
    most = 1.1 * report["projected"] + ASIDE
    assert max(report["here"], *report["workers"], 0) <= most, report


@pytest.mark.parametrize("name", ANALYTICS)
def test_the_peak_is_what_the_plan_says(store, name):
    check(run(store, name, "threads", {"num_workers": 2}, {"memory": "1 GiB"}))


@pytest.mark.slow
@pytest.mark.timeout(900)  # communities build several stores
@pytest.mark.parametrize("name", OTHERS)
def test_the_peak_of_other_analyses(store, name):
    check(run(store, name, "threads", {"num_workers": 2}, {"memory": "1 GiB"}))


@pytest.mark.slow
@pytest.mark.distributed
@pytest.mark.parametrize("name", ANALYTICS)
def test_the_peak_on_distributed(store, name):
    how = {"num_workers": 1, "n_workers": 2}
    check(run(store, name, "distributed", how, {"memory": "1 GiB"}))


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.parametrize("name", ANALYTICS)
def test_the_peak_on_ray(store, name):
    check(run(store, name, "ray", {"num_workers": 2}, {"memory": "1 GiB"}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ANALYTICS)
def test_partitions_that_do_not_stay(store, name):
    report = run(store, name, "threads", {"num_workers": 2}, {"memory": "190 MiB"})
    assert not report["resident"]
    check(report)
