"""What is told about walks under way adds up, on whichever scheduler computes them."""

import threading

import numpy as np
import pytest

import graphwalk
from graphwalk import scheduler
from graphwalk.util.events import Event, Work, emit, listening

RULES = {"num_walks": 20, "walk_length": 9, "q": 0.5, "seed": 1}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(8).integers(400, size=(2, 3000))
    path = tmp_path_factory.mktemp("graph") / "graph.zarr"
    return graphwalk.build_zarr(edges, path, directed=True)


def check(events, walks, found):
    """Events account for all steps, all walkers, and reading of every partition."""
    ours = [event for event in events if event.job == walks.name]
    assert {event.kind for event in ours} <= {"start", "read", "advance", "fetch"}
    assert sum(event.steps for event in ours) == (found >= 0).sum() - len(found)
    assert sum(event.ended for event in ours) == len(found)
    sizes = {event.partition: event.size for event in ours if event.size}
    assert sum(sizes.values()) == 4 * walks_entries(walks) + 8 * 400
    waves = sorted({event.wave for event in ours if event.walkers})
    assert waves == list(range(len(waves)))
    assert all(event.seconds >= 0 for event in ours)


def walks_entries(walks):
    return walks.plan.offsets[-1]


def test_events_add_up_on_threads(graph):
    walks, events = graphwalk.random_walks(graph, **RULES, partitions=4), []
    with listening(events.append):
        found = walks.compute()
    check(events, walks, found)
    events.clear()
    walks.compute()
    assert events == []


@pytest.mark.ray
def test_events_add_up_on_ray(shared_ray, graph, capsys):
    walks, events = graphwalk.random_walks(graph, **RULES, partitions=4), []
    with scheduler.use("ray"), listening(events.append):
        found = walks.compute(progress=True)
    check(events, walks, found)
    assert " 0 walkers left" in capsys.readouterr().err


def test_a_bar_tells_of_waves(graph, capsys):
    walks = graphwalk.random_walks(graph, **RULES, partitions=4)
    steps = (walks.compute(progress=True) >= 0).sum() - len(walks)
    line = capsys.readouterr().err.splitlines()[-1].split("\r")[-1]
    assert f"{steps / 1e3:.1f}k/{steps / 1e3:.1f}k" in line
    assert " 0 walkers left" in line
    assert "KiB read" in line


def test_a_bar_tells_of_steps(graph, capsys):
    graphwalk.random_walks(graph, **RULES).compute(progress=True)
    assert "72.0k/72.0k" in capsys.readouterr().err


@pytest.mark.parametrize("partitions", [1, 4])
def test_without_a_terminal_there_is_no_bar(partitions, graph, capsys, tmp_path):
    walks = graphwalk.random_walks(graph, **RULES, partitions=partitions)
    walks.compute()
    graphwalk.write_walks(walks, tmp_path / "walks.npy")
    assert capsys.readouterr().err == ""


def test_writing_shows_the_same_bar(graph, capsys, tmp_path):
    walks = graphwalk.random_walks(graph, **RULES, partitions=4)
    graphwalk.write_walks(walks, tmp_path / "walks.npy", progress=True)
    assert " 0 walkers left" in capsys.readouterr().err


def test_long_work_is_told_of_before_its_end():
    events, place = [], {"partition": 3, "wave": 1}
    with listening(events.append), Work("advance", "walks", period=0, **place) as work:
        work.add(walkers=5)
        work.add(steps=70)
    assert [(event.walkers, event.steps) for event in events] == [(5, 0), (0, 70), (0, 0)]
    assert {(event.kind, event.partition, event.wave) for event in events} == {("advance", 3, 1)}


def test_nobody_is_told_after_they_left():
    heard, event = [], Event("read", "walks", 0.0, 0.0)
    with listening(heard.append):
        threads = [threading.Thread(target=emit, args=(event,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    emit(event)
    assert heard == [event] * 5
