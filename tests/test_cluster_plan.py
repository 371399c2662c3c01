"""Plans for clusters that are not there, and what the model expects of them."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

import graphwalk
from benchmarks.driver_simulation import (
    JOBS,
    WAVES,
    makespan,
    shortest_task,
    simulate,
    submitting_time,
)
from graphwalk.errors import InputError, MemoryBudgetError
from graphwalk.scheduler.engine.cluster_model import predict
from graphwalk.scheduler.engine.measured_speeds import DISK, SPEEDS, TASKS
from graphwalk.util.cluster import Cluster, parse_cluster

ROOT = Path(__file__).parents[1]
GIB = 1 << 30
SPEED = SPEEDS["first order"]
HOW = {"num_walks": 4, "walk_length": 80, "seed": 1}


@pytest.fixture(scope="module")
def graph():
    """A graph of 2.4 MB in memory, of which 4 MiB do not hold the walks too."""
    edges = np.random.default_rng(1).integers(20_000, size=(2, 300_000))
    return graphwalk.build_zarr(edges, num_nodes=20_000, progress=False)


def planned(graph, cluster, **how):
    return graphwalk.plan_walks(graph, **HOW | how, cluster=cluster)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64x16", Cluster(64, 16, 64 * GIB, 1.25e9)),
        ("1x2x3GiB", Cluster(1, 2, 3 * GIB, 1.25e9)),
        ("8X4@25Gb/s", Cluster(8, 4, 16 * GIB, 3.125e9)),
        ("8x4x500MB@2.5 gb/s", Cluster(8, 4, 500_000_000, 0.3125e9)),
    ],
)
def test_texts_of_clusters(text, expected):
    assert parse_cluster(text) == expected


@pytest.mark.parametrize(
    "text", ["64", "64x", "0x16", "64x0", "64x16x", "64x16x3parsecs", "64x16@10", "1x1@0Gb/s", 64]
)
def test_what_is_no_cluster_is_refused(graph, text):
    with pytest.raises(InputError, match=r"^cluster=.* such as '64x16' or '64x16x64GiB@25Gb/s'$"):
        planned(graph, text)


def test_one_machine_has_the_plan_that_it_would_make(graph):
    with graphwalk.scheduler.use("threads", num_workers=3):
        plan = graphwalk.plan_walks(graph, **HOW, memory="40 MiB")
    alone = planned(graph, "1x3", memory="40 MiB")
    assert alone.table()[: len(plan.table())] == plan.table()
    assert alone.forecast.read == plan.bytes_read
    assert alone.forecast.traffic == alone.forecast.moving == 0


def test_a_whole_graph_is_read_once_and_copied(graph):
    one, four = planned(graph, "1x2").forecast, planned(graph, "4x2@8Gb/s").forecast
    assert one.read == four.read == planned(graph, "4x2").graph_bytes
    assert four.traffic == 3 * four.read
    assert four.moving == pytest.approx(2 * four.read / 1e9)  # to one, and by both to two
    assert one.walking == pytest.approx(80_000 * 80 / SPEED.whole / 2)


def test_walkers_that_cannot_move_make_no_steps(graph):
    edges = np.random.default_rng(1).integers(20_000, size=(2, 300_000))
    sparse = graphwalk.build_zarr(edges, num_nodes=40_000, progress=False)
    plans = [planned(each, "1x2") for each in (graph, sparse)]
    assert plans[0].forecast.walking == plans[1].forecast.walking
    loops = planned(sparse, "1x2", dead_end="stay")
    assert loops.forecast.walking == 2 * plans[0].forecast.walking
    some = planned(sparse, "1x2", start_nodes=range(30_000))
    assert some.walkers == 30_000 * 4  # where they start is not looked up


def test_walks_that_end_by_chance_make_fewer_steps(graph):
    whole, some = (planned(graph, "1x2", stop_prob=stop).forecast for stop in (0.0, 0.1))
    steps = sum(0.9**made for made in range(80))
    assert some.walking == pytest.approx(whole.walking * steps / 80)


@pytest.fixture(scope="module")
def kept(graph):
    """Partitions that stay in the memory of two machines."""
    plan = planned(graph, "2x2", partitions=4)
    assert plan.resident
    assert plan.at_once
    return plan


def test_walkers_that_cross_and_steps_are_sent(kept):
    cluster = parse_cluster("2x2@8Gb/s")
    steps = 80_000 * 80
    half = predict(kept, cluster, crossing=0.5)
    # A walker and a step are 8 bytes each; half of them have to go to the other machine.
    assert half.traffic == steps * (0.5 * 8 + 8) / 2
    assert half.moving == half.traffic / 2 / 1e9
    assert half.walking == pytest.approx(steps / SPEED.moved / 4)
    # Of node2vec, 20 bytes go there with a proposal too, and come back if it is rejected.
    second = replace(kept, spec=replace(kept.spec, q=2.0))
    assert predict(second, cluster, crossing=0.5).traffic == steps * (0.5 * 2 * 20 + 8) / 2


def test_copies_of_a_graph_take_fewer_tasks_and_pieces():
    """Two walks from each node of the graph of full size, whose steps leave room for copies."""
    made = run_path(str(ROOT / "docs" / "draw_scaling.py"))
    one, more = (made["planned"](f"{machines}x16x64GiB", 2) for machines in (4, 16))
    assert (one.copies, more.copies) == (1, 4)
    assert len(one.partitions) == len(more.partitions) == 4
    assert more.batches_at_once == more.copies <= len(more.batch_groups)
    assert more.sizes.threads == 4
    for plan in (one, more):
        assert plan.peak_memory <= plan.resources.machines * plan.resources.memory
        assert plan.bytes_read == plan.graph_bytes * len(plan.batch_groups)
        # Each core has something to do: groups of all copies, in all partitions, with threads.
        groups = plan.copies * max(plan.batch_groups)
        assert groups * 4 * plan.sizes.threads >= plan.resources.workers
    assert "4 copies" in str(more)
    few = made["planned"]("64x16x64GiB", 1)
    assert few.forecast.scheduling < 60  # it took 470 seconds with partitions on all machines


def test_no_crossings_no_walkers_on_the_network(kept):
    cluster = parse_cluster("2x2")
    assert predict(kept, cluster, crossing=0.0).traffic == 80_000 * 80 * 8 / 2
    alone = replace(kept, resources=replace(kept.resources, machines=1))
    assert predict(alone, parse_cluster("1x4"), crossing=0.0).traffic == 0


def test_more_crossings_and_slower_networks_take_longer(kept):
    cluster = parse_cluster("2x2")
    crossings = [predict(kept, cluster, crossing=c / 4) for c in range(5)]
    for less, more in pairwise(crossings):
        assert less.traffic < more.traffic
        assert less.seconds <= more.seconds
    without_locality = predict(kept, cluster)
    ends = replace(kept, offsets=(0, 1, 1, 2, 2))  # two of the four have all entries
    assert predict(ends, cluster) == predict(ends, cluster, crossing=0.5)
    assert predict(kept, parse_cluster("2x2@1Gb/s")).seconds > without_locality.seconds


def test_threads_submit_no_tasks_and_dask_takes_longer_for_them_than_ray(kept):
    cluster = parse_cluster("1x4")
    alone = replace(kept, resources=replace(kept.resources, machines=1))
    found = [predict(alone, cluster, executor=name).scheduling for name in TASKS]
    assert found == sorted(found)
    assert found[0] == 0


def test_reading_again_is_bound_by_the_disk_or_by_cores(graph):
    plan = graphwalk.plan_walks(graph, **HOW, memory="11 MiB", partitions=3)
    assert not plan.resident
    steps = 80_000 * 80
    one = predict(plan, parse_cluster("1x1"), stored=0.0)
    read = one.read  # in some more waves than walkers take on average
    assert plan.bytes_read < read < 2 * plan.bytes_read
    many = predict(plan, parse_cluster("1x1000"))
    walking = steps / SPEED.again
    files = plan.result_bytes / DISK + (2 * 8 * steps / DISK if plan.spill else 0)
    assert one.writing == many.writing == pytest.approx(files)
    assert one.seconds == pytest.approx(walking + read / SPEED.reread + files)
    assert many.seconds == pytest.approx(read / DISK + files)
    packed = predict(plan, parse_cluster("1x1000"), stored=0.5)
    assert packed.reading == pytest.approx(many.reading / 2)


def test_more_machines_take_no_longer_to_walk(graph):
    plan = planned(graph, "16x2")
    assert [each.cluster.machines for each in plan.forecasts] == [1, 2, 4, 8, 16]
    walking = [each.walking for each in plan.forecasts]
    assert walking == sorted(walking, reverse=True)
    assert planned(graph, "12x2").forecast.cluster.machines == 12
    hours = {each.cluster.machines: each.machine_hours for each in plan.forecasts}
    worth = plan.worth_having.cluster.machines
    assert hours[worth] <= 2 * min(hours.values())
    assert all(hours[more] > 2 * min(hours.values()) for more in hours if more > worth)


def test_what_few_machines_do_not_hold_is_left_out():
    """One machine has no memory for a copy of a long row, and four hold the graph."""
    leaves = np.arange(1, 1_000_000)
    hub = graphwalk.build_zarr((np.zeros_like(leaves), leaves), progress=False)
    how = {"start_nodes": [0, 1], "memory": "16 MiB"}
    with pytest.raises(MemoryBudgetError):
        planned(hub, "1x1", **how)
    plan = planned(hub, "4x1", **how)
    assert plan.resident
    assert 1 not in [each.cluster.machines for each in plan.forecasts]


@pytest.mark.parametrize("machines", [2, 8, 64])
@pytest.mark.parametrize("memory", [4, 8, 11, 16, 24, 40])
def test_each_machine_has_the_memory_of_its_plan_or_enough_is_named(graph, machines, memory):
    """A graph as small as this has fewer partitions than machines, which hold them unevenly."""
    how = {"cluster": f"{machines}x2", "chunks": 1000, "num_walks": 20}
    try:
        plan = planned(graph, **how, memory=f"{memory} MiB")
    except MemoryBudgetError as error:
        enough = re.search(r"pass memory='(.+?)'", str(error))[1]
        plan = planned(graph, **how, memory=enough)
    if plan.at_once:
        held = len(plan.partitions) * plan.copies
        machines = min(machines, held)
        walkers = plan.peak_memory - plan.copies * plan.graph_bytes
        parts = -(-held // machines) * plan.largest_partition
        assert parts + walkers / machines <= plan.resources.memory
    else:
        assert plan.peak_memory <= plan.resources.memory


def test_a_plan_prints_what_is_expected(graph):
    table = dict(planned(graph, "4x2").table())
    assert table["cluster"] == "4 machines of 2 cores and 8.0 GiB each, network of 10 Gb/s"
    assert table["predicted"].endswith(" machine hours")
    assert table["traffic"].endswith(" bytes a step")
    assert "machine" in table["worth having"]


def test_the_page_has_what_the_model_makes_now():
    """After a change of the constants, run docs/draw_scaling.py and put its tables there."""
    made = run_path(str(ROOT / "docs" / "draw_scaling.py"))
    page = (ROOT / "docs" / "scaling.md").read_text()
    assert made["table"](10) in page
    assert made["table"](1) in page
    assert made["shortest"]() in page
    assert made["full_size"]() in page


@pytest.mark.parametrize("job", JOBS)
def test_a_simulation_is_ideal_where_tasks_cost_nothing_to_submit(job):
    assert makespan(job, 64, 2.0) == pytest.approx(2.0 * WAVES)
    assert makespan(job, 64, 2.0, 0.001) > makespan(job, 64, 2.0)


def test_tasks_that_are_short_take_what_submitting_takes():
    assert simulate(1, [(10, 1.0)], 4, 0.0, 0.5) == 5.0
    assert (
        simulate(1, [(4, 1.0)], 4, 3.0, 0.5) == 2.0 + 3.0
    )  # the last begins when all are submitted
    assert simulate(2, [(1, 1.0)] * 2, 2, 3.0, 1.0) == 9.0  # one after the other, and a task later
    cost = submitting_time("walks", 32, 0.1, makespan("walks", 32, 0.1, 0.02))
    assert cost == pytest.approx(0.02)
    least = shortest_task("walks between partitions", 64, 0.01, 0.8)
    how = "walks between partitions", 64, least
    assert makespan(*how) / makespan(*how, 0.01) == pytest.approx(0.8)
