"""Processes that are forked or spawned, listeners that fail, and builds at once."""

import multiprocessing
import os
import threading
import traceback

import numpy as np
import pyarrow as pa
import pytest
from schedulers import SCHEDULERS

import graphwalk
from graphwalk.errors import SchedulerError
from graphwalk.util.events import Event, emit, listening
from graphwalk.util.malloc import plain_arrow_memory
from graphwalk.util.progress_bar import Progress

EDGES = np.random.default_rng(3).integers(60, size=(2, 400))
RULES = {"num_walks": 2, "walk_length": 6, "seed": 1}


def work(store, folder):
    """Compute, write, build and analyse; return what came of it."""
    walks = graphwalk.random_walks(store, **RULES, chunks=50)
    parts = graphwalk.random_walks(store, **RULES, partitions=3).compute()
    assert (walks.compute() == parts).all()
    written = graphwalk.write_walks(walks, f"{folder}/walks.npy", overwrite=True)
    assert (np.load(written) == parts).all()
    built = graphwalk.build_zarr([(f"n{u}", f"n{v}") for u, v in EDGES.T.tolist()])
    ranks = graphwalk.pagerank(store).compute()
    return parts.sum(), built.num_edges, float(ranks.sum())


def answer(connection, function, *arguments):
    try:
        connection.send(function(*arguments))
    except BaseException as error:
        traceback.print_exc()
        connection.send(repr(error))


def in_child(method, function, *arguments):
    """Call a function in a process of its own; return what it returns, or its error as text."""
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(theirs, function, *arguments), daemon=True)
    process.start()
    try:
        assert ours.poll(120), "the process hangs"
        return ours.recv()
    finally:
        process.kill()
        process.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_children_compute_on_threads_of_their_own(method, tmp_path):
    graphwalk.build_zarr(EDGES, tmp_path / "g")
    expected = work(str(tmp_path / "g"), tmp_path)
    assert in_child(method, work, str(tmp_path / "g"), tmp_path) == expected
    assert work(str(tmp_path / "g"), tmp_path) == expected


def use_of_a_copied_session(store):
    from graphwalk.scheduler.executors.session import _sessions

    assert _sessions._open == []
    try:
        graphwalk.random_walks(store, **RULES).compute()
    except SchedulerError as error:
        message = str(error)
    with graphwalk.scheduler.use("threads"):
        return message, int(graphwalk.random_walks(store, **RULES).compute().sum())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("session", SCHEDULERS[1:], indirect=True)
def test_a_child_cannot_use_the_session_of_its_parent(session, tmp_path):
    walks = graphwalk.random_walks(graphwalk.build_zarr(EDGES, tmp_path / "g"), **RULES)
    expected = int(walks.compute(scheduler="threads").sum())
    message, total = in_child("fork", use_of_a_copied_session, str(tmp_path / "g"))
    assert int(walks.compute().sum()) == expected
    assert "this process was forked" in message
    assert "call graphwalk.scheduler.use in this process" in message
    assert total == expected


# -- listeners ---------------------------------------------------------------------------------


def test_a_listener_that_fails_is_not_called_again(tmp_path):
    graph = graphwalk.build_zarr(EDGES, tmp_path / "g")
    walks = graphwalk.random_walks(graph, **RULES, partitions=3)
    expected, calls, events = walks.compute(), [], []

    def fail(event):
        calls.append(event)
        raise ZeroDivisionError("no report")

    with (
        pytest.warns(RuntimeWarning, match=r"has failed.*no report.*the job goes on"),
        listening(fail),
        listening(events.append),
    ):
        np.testing.assert_array_equal(walks.compute(), expected)
    assert len(calls) < len(events)
    emit(Event("walk", "", 0.0, 0.0))  # and none is left


def test_a_bar_that_fails_does_not_end_a_job(monkeypatch):
    monkeypatch.setattr("tqdm.tqdm.update", lambda *_: 1 / 0)
    with Progress(True).stage("a", 3, "things") as advance:
        with pytest.warns(RuntimeWarning, match="the job goes on"):
            advance(1)
        advance(1)  # in silence: a warning is an error of the tests


def test_builds_at_once_leave_the_memory_pool_of_arrow(tmp_path):
    before = pa.default_memory_pool().backend_name
    first, second = plain_arrow_memory(), plain_arrow_memory()
    first.__enter__()
    second.__enter__()
    assert pa.default_memory_pool().backend_name == "system"
    first.__exit__(None, None, None)
    assert pa.default_memory_pool().backend_name == "system"
    second.__exit__(None, None, None)
    assert pa.default_memory_pool().backend_name == before
    threads = [
        threading.Thread(target=graphwalk.build_zarr, args=(EDGES, tmp_path / str(number)))
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pa.default_memory_pool().backend_name == before
    assert len(os.listdir(tmp_path)) == 4  # noqa: PTH208
