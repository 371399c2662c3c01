"""What to ask a Slurm cluster for, decided without one."""

import os
import subprocess
from dataclasses import replace

import numpy as np
import pytest

import graphwalk
from graphwalk.cli import main
from graphwalk.errors import MemoryBudgetError, SchedulerError
from graphwalk.scheduler.engine.planner import plan_job
from graphwalk.scheduler.slurm import slurm_partition
from graphwalk.scheduler.slurm.batch_script import batch_script
from graphwalk.scheduler.slurm.sizing import choose
from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition, find_partition
from graphwalk.util.executor import Resources

MIB = 1 << 20
NODES = 300_000
MANY = 80_000 * NODES


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(1).integers(NODES, size=(2, 10_000_000))
    store = tmp_path_factory.mktemp("graph") / "graph.zarr"
    return graphwalk.build_zarr(edges, store, num_nodes=NODES, progress=False)


@pytest.fixture(scope="module")
def rules(graph):
    return graphwalk.plan_walks(graph, seed=1, walk_length=80).spec


def machines(memory, nodes=8, cpus=2, minutes=None):
    return SlurmPartition("long", nodes, cpus, memory * MIB, minutes)


def chosen(graph, rules, *args, num_walks=NODES, **options):
    return choose(graph, rules, num_walks, machines(*args), **options)


def test_a_graph_that_fits_and_is_walked_soon(graph, rules):
    choice = chosen(graph, rules, 8000)
    assert (choice.mode, choice.nodes, choice.minutes) == ("node", 1, 15)
    assert len(choice.plan.partitions) == 1
    assert choice.plan.peak_memory < choice.memory < 8000 * MIB


def test_a_graph_that_fits_and_takes_long(graph, rules):
    choice = chosen(graph, rules, 8000, num_walks=MANY)
    assert (choice.mode, choice.nodes) == ("array", 8)
    assert chosen(graph, rules, 8000, num_walks=MANY, mode="node").minutes > choice.minutes


def test_a_graph_that_several_machines_hold(graph, rules):
    choice = chosen(graph, rules, 110, num_walks=1000)
    assert choice.mode == "ray"
    assert 2 <= choice.nodes <= 8
    assert choice.plan.resident
    assert len(choice.plan.partitions) > 1


def test_a_graph_that_no_machines_hold(graph, rules):
    choice = chosen(graph, rules, 110, 2, num_walks=1000)
    assert (choice.mode, choice.nodes) == ("node", 1)
    assert not choice.plan.resident
    assert choice.memory == 110 * MIB
    with pytest.raises(MemoryBudgetError, match=r"of 110\.0 MiB, and there are 2.*node"):
        chosen(graph, rules, 110, 2, num_walks=1000, mode="ray")


def test_what_is_asked_for_is_kept_to(graph, rules):
    assert chosen(graph, rules, 8000, mode="ray", nodes=3).nodes == 3
    assert chosen(graph, rules, 8000, mode="array", nodes=5).nodes == 5
    limited = choose(graph, rules, MANY, machines(8000, minutes=10), mode="node")
    assert limited.minutes == 10


def test_walkers_that_cannot_move_take_no_time(rules):
    lonely = graphwalk.build_zarr([(0, 1)], num_nodes=NODES, progress=False)
    job = lonely, replace(rules, num_walks=MANY // NODES), MANY, machines(8000)
    some, all_move = (choose(*job, mode="node", every_node=every) for every in (True, False))
    assert some.plan.walkers == 2 * MANY // NODES
    assert some.minutes < all_move.minutes


@pytest.mark.parametrize("walks", [NODES, 20 * NODES])
def test_walkers_on_several_machines_are_within_their_memory(graph, rules, walks):
    """In batches, if all of them together with the graph are not."""
    job = graph._arrays, rules, walks, "auto"
    plan = plan_job(*job, Resources(400 * MIB, workers=4, machines=2, hosts=2))
    if len(plan.partitions) == 1:
        plan = plan_job(*job, Resources(60 * MIB, workers=4, machines=4, hosts=4))
    assert plan.peak_memory <= plan.resources.machines * plan.resources.memory
    assert f"on each of {plan.resources.machines} machines" in str(plan)
    assert (len(plan.batch_groups) > 1) == (walks > NODES)


def test_words_that_the_shell_would_take_apart(graph, rules):
    choice = chosen(graph, rules, 8000)
    script = batch_script(choice, "my graph.zarr", "walks.txt", ["--start-nodes=a b,$c"])
    for line in ("store='my graph.zarr'", "output=walks.txt", "walks=('--start-nodes=a b,$c')"):
        assert line in script.splitlines()


# -- what Slurm says ---------------------------------------------------------------------------

SAID = """\
short|short*|4|32|128000|1:00:00
long|long|2|64+|256000+|7-00:00:00
long|long|10|48|192000|7-00:00:00
endless|endless|1|8|16000|infinite
"""


@pytest.fixture
def sinfo(monkeypatch):
    def run(command, **_):
        return subprocess.CompletedProcess(command, 0, SAID, "")

    monkeypatch.setattr(slurm_partition.subprocess, "run", run)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, SlurmPartition(None, 4, 32, 128000 * MIB, 60)),
        ("long", SlurmPartition("long", 12, 48, 192000 * MIB, 7 * 24 * 60)),
        ("endless", SlurmPartition("endless", 1, 8, 16000 * MIB, None)),
    ],
)
def test_partitions(sinfo, name, expected):
    assert find_partition(name) == expected


def test_a_partition_that_there_is_not(sinfo):
    with pytest.raises(SchedulerError, match=r"no partition 'other'.*endless, long, short"):
        find_partition("other")


def test_no_slurm(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SchedulerError, match="--nodes, --cpus and --mem"):
        find_partition(None)


def test_outside_of_slurm(monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith("SLURM")]:
        monkeypatch.delenv(name)
    assert main(["with-ray", "--", "true"]) == 1
    assert "this is not a job of Slurm" in capsys.readouterr().err
    assert main(["with-ray"]) == 1
    assert "add it behind --" in capsys.readouterr().err
