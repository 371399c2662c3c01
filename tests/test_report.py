"""Reports of runs and pictures of plans."""

import sys
import time

import numpy as np
import pytest

import graphwalk
from graphwalk import errors, scheduler
from graphwalk.plotting import plans_and_runs as plots
from graphwalk.util.events import Event, listening

RULES = {"num_walks": 20, "walk_length": 9, "q": 0.5, "seed": 1}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(8).integers(400, size=(2, 3000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


def headings(path):
    text = path.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.count("<svg") == text.count("<h2>")
    return [part.partition("<")[0] for part in text.split("<h2>")[1:]]


def test_a_report_of_waves(graph, tmp_path):
    walks = graphwalk.random_walks(graph, **RULES, partitions=4)
    with graphwalk.performance_report(tmp_path / "run.html"):
        walks.compute()
    assert headings(tmp_path / "run.html") == [
        "What each worker did",
        "Time by kind of work",
        "Wave by wave",
        "Partition by partition",
    ]
    text = (tmp_path / "run.html").read_text("utf-8")
    assert "<th>steps</th><td>72,000, " in text
    assert f"<th>partitions</th><td>{len(walks.plan.partitions)} that" in text


def test_a_report_of_one_partition(graph, tmp_path):
    walks = graphwalk.random_walks(graph.path, **RULES)
    with graphwalk.performance_report(tmp_path / "run.html"):
        graphwalk.write_walks(walks, tmp_path / "walks.npy")
    assert headings(tmp_path / "run.html") == ["What each worker did", "Time by kind of work"]
    text = (tmp_path / "run.html").read_text("utf-8")
    assert "<th>steps</th><td>72,000, " in text
    assert "<th>written</th><td>312.5 KiB" in text


@pytest.mark.ray
@pytest.mark.parametrize("partitions", [1, 4])
def test_a_report_of_ray(shared_ray, partitions, graph, tmp_path):
    walks = graphwalk.random_walks(graph, **RULES, partitions=partitions, chunks=2000)
    begun = time.time()
    with scheduler.use("ray") as session:
        with graphwalk.performance_report(tmp_path / "run.html"):
            graphwalk.write_walks(walks, tmp_path / "walks.zarr")
        travels = {"start", "advance", "join"} if partitions > 1 else set()
        for _ in range(10):  # workers report what they did once a second
            kinds = {task.kind for task in session._ray.tasks_since(begun)}
            if kinds == {"read", "write"} | travels:
                break
        else:
            pytest.fail(f"the tasks are told to be of the kinds {kinds}")
    assert headings(tmp_path / "run.html")[:2] == ["What each worker did", "Time by kind of work"]


def test_what_happened_before_an_error_is_reported(tmp_path):
    with pytest.raises(ZeroDivisionError), graphwalk.performance_report(tmp_path / "run.html"):
        _ = 1 / 0
    assert headings(tmp_path / "run.html") == []


def test_where_no_report_can_be_written(tmp_path):
    with (
        pytest.raises(errors.StoreError, match=r"cannot write .*run.html"),
        graphwalk.performance_report(tmp_path / "nowhere" / "run.html"),
    ):
        pass


def test_the_pictures_show_what_was_told():
    events = [
        Event("read", "w", 10.0, 1.0, partition=0, wave=0, size=3 << 20, worker="a"),
        Event("advance", "w", 11.0, 2.0, 0, 0, walkers=7, steps=5_000_000, ended=3, worker="b"),
        Event("read", "w", 11.0, 0.5, partition=1, wave=1, size=1 << 20, worker="a"),
        Event("advance", "w", 13.0, 1.0, 1, 1, walkers=4, steps=2_000_000, ended=4, worker="b"),
    ]
    figures = dict(plots.run_figures(events, events))
    left, steps, size = figures["Wave by wave"].axes
    assert left.lines[0].get_ydata().tolist() == [7, 4]
    assert [bar.get_height() for bar in steps.patches] == [5, 2]
    assert [bar.get_height() for bar in size.patches] == [3, 1]
    kinds = figures["Time by kind of work"].axes[0]
    assert [bar.get_width() for bar in kinds.patches] == [1.5, 3.0]
    assert len(figures["What each worker did"].axes[0].collections) == 2


@pytest.mark.parametrize("partitions", [1, 5])
def test_a_plan_is_drawn(partitions, graph, tmp_path):
    plan = graphwalk.plan_walks(graph, **RULES, partitions=partitions)
    sizes, memory, _ = graphwalk.plot_plan(plan, tmp_path / "plan.png").axes
    assert len(sizes.patches) == len(plan.partitions)
    assert sum(bar.get_height() for bar in sizes.patches) == pytest.approx(plan.graph_bytes / 2**20)
    assert sum(bar.get_height() for bar in memory.patches) == pytest.approx(
        plan.peak_memory / 2**20
    )
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_nothing_is_walked(graph, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    heard = []
    with (
        listening(heard.append),
        pytest.raises(errors.InputError, match="pip install matplotlib"),
        graphwalk.performance_report(tmp_path / "run.html"),
    ):
        graphwalk.random_walks(graph, **RULES).compute()
    assert heard == []
    with pytest.raises(errors.InputError, match="pip install matplotlib"):
        graphwalk.plot_plan(graphwalk.plan_walks(graph, **RULES))
