"""Ray makes the same walks as threads, from partitions that it loads once and does not copy."""

import contextlib
import gc
import os
import re
import signal
import sys
import threading
import time
from functools import cache, partial
from importlib import import_module
from itertools import product
from math import inf
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
from plans import among_slow, compiled, in_copies, read_again, walks_in_small_groups

import graphwalk
from graphwalk import scheduler
from graphwalk.errors import InputError, SchedulerError, StoreError
from graphwalk.scheduler.engine import remote_queues, walk_batch
from graphwalk.scheduler.executors.ray.job import strategy
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.cancel import CancelledError

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.ray

KINDS = {
    "first order": {"weighted": False},
    "weighted": {},
    "node2vec": {"weighted": False, "p": 4, "q": 0.25},
    "weighted node2vec": {"p": 0.5, "q": 2},
    "restart": {"restart_prob": 0.2, "dead_end": "restart"},
    "node2vec stay": {"p": 2, "q": 0.5, "restart_prob": 0.1, "dead_end": "stay"},
    "metapath": {"metapath": [2, 0, 1, 0]},
    "metapath of edges": {"metapath": [2, 0, 1, 0], "metapath_of": "edges"},
    "temporal": {"temporal": True, "time_bias": "near-exponential", "time_scale": 0.5},
    "from edges": {"temporal": True, "start_edges": range(5000)},
    "until": {"until": range(0, 3000, 50), "weighted": False},
    "no way back": {"p": inf, "q": 2, "restart_prob": 0.1, "stop_prob": 0.05},
    "node2vec+": {"p": 2, "q": 0.5, "gamma": 0},
    # A step takes many tasks.
    "node2vec+ (5e4, 5e4)": {"p": 5e4, "q": 5e4, "gamma": 1, "walk_length": 2}
    | {"start_nodes": range(500)},
}


@pytest.fixture(scope="module")
def session(shared_ray):
    with scheduler.use("ray") as session:
        yield session


@cache
def make_graph(values, directed=True):
    src, dst = np.random.default_rng(2).integers(0, 5000, (2, 100_000))
    third = np.random.default_rng(3).exponential(size=len(src))
    third = np.floor(third % 3) if values == "edge_types" else third
    graph = graphwalk.build_zarr(
        (src % 4900, dst, third),
        directed=directed,
        num_nodes=5000,
        times=values == "times",
        edge_types=values == "edge_types",
    )
    return graphwalk.set_node_types(graph, np.arange(5000) % 3)


@pytest.fixture(scope="module")
def graph():
    return make_graph("weights")


def walks_of(graph, make=graphwalk.random_walks, **how):
    if how.get("temporal"):
        graph = make_graph("times")
    if how.get("metapath_of"):
        graph = make_graph("edge_types")
    if "gamma" in how:
        graph = make_graph("weights", directed=False)
    return make(graph, **{"num_walks": 2, "walk_length": 6, "seed": 5} | how)


#: Each kind is among the quick tests either in one partition or in several.
IN_ONE = ["metapath", "from edges", "until", "no way back", "node2vec+"]
IN_SEVERAL = [
    *("weighted", "node2vec", "restart", "node2vec stay", "temporal", "metapath of edges"),
    "node2vec+ (5e4, 5e4)",
]
IN_BOTH = ["first order", "weighted node2vec"]


def test_each_kind_is_among_the_quick_tests():
    assert sorted([*IN_ONE, *IN_SEVERAL, *IN_BOTH]) == sorted(KINDS)


@pytest.mark.parametrize(
    ("kind", "chunks"),
    among_slow(
        [*product([*IN_ONE, *IN_BOTH], [2500]), ("first order", "auto")],
        [*product(KINDS, [2500, "auto"])],
    ),
)
def test_walks_are_those_of_threads(session, graph, kind, chunks):
    walks = walks_of(graph, chunks=chunks, **KINDS[kind])
    expected = walks.compute(scheduler="threads")  # first: each of Ray's workers would compile
    np.testing.assert_array_equal(walks.compute(), expected)


@pytest.mark.parametrize("kind", among_slow([*IN_SEVERAL, *IN_BOTH], KINDS))
def test_walks_in_partitions_are_those_of_threads_in_one(session, graph, kind):
    whole = walks_of(graph, **KINDS[kind]).compute(scheduler="threads")
    how = {"chunks": len(whole) // 4, "partitions": 3}
    walks = walks_of(graph, walks_in_small_groups, **how, **KINDS[kind])
    assert len(walks.plan.partitions) > 2
    assert len(walks.plan.group_blocks) > 1
    np.testing.assert_array_equal(compiled(walks).compute(), whole)


def test_batches_walk_at_a_time_in_copies_of_the_graph(session, graph, tmp_path):
    one = walks_of(graph, num_walks=1, chunks=1700, partitions=2, **KINDS["first order"])
    walks, whole = in_copies(one, 2, threads=2), one.compute(scheduler="threads")
    assert len(walks.plan.batch_groups) > 2
    np.testing.assert_array_equal(walks.compute(), whole)
    graphwalk.write_walks(walks, tmp_path / "walks.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), whole)


@pytest.mark.parametrize(
    "kind", among_slow(["first order"], ["first order", "weighted node2vec", "temporal"])
)
def test_slices_and_persisted_walks_in_partitions(session, graph, kind):
    """Dask optimises their graphs, which must not hide the tasks from Ray."""
    whole = walks_of(graph, **KINDS[kind]).compute(scheduler="threads")
    walks = walks_of(graph, walks_in_small_groups, chunks=2500, partitions=3, **KINDS[kind])
    np.testing.assert_array_equal(compiled(walks)[:3000].compute(), whole[:3000])
    np.testing.assert_array_equal(walks.persist().sum(axis=1).compute(), whole.sum(axis=1))


@pytest.mark.parametrize(
    ("kind", "partitions"),
    among_slow(
        [("weighted", 2), ("first order", 16)],
        [*product(["first order", "weighted", "node2vec"], [2, 7, 16])],
    ),
)
def test_the_number_of_partitions_changes_nothing(session, graph, kind, partitions):
    how = {"walk_length": 3, **KINDS[kind]}
    whole = walks_of(graph, **how).compute(scheduler="threads")
    walks = walks_of(graph, partitions=partitions, chunks=3300, **how)
    assert partitions <= len(walks.plan.partitions) <= partitions + 2
    np.testing.assert_array_equal(walks.compute(), whole)


def test_a_worker_that_is_killed_changes_nothing(session, graph, tmp_path, monkeypatch):
    """The first task of each kind that advances walkers ends its process; Ray runs it again."""
    whole = walks_of(graph, p=2, q=0.5).compute(scheduler="threads")
    once = tmp_path / "killed"

    def move_or_die(group, out, kind, *rest):
        if kind == "advance":
            with contextlib.suppress(FileExistsError):
                once.touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)
        # By name, where the worker has what it imports: nothing of this process is sent there.
        return import_module("graphwalk.scheduler.engine.remote_queues").move_walkers(
            group, out, kind, *rest
        )

    monkeypatch.setattr(remote_queues, "move_walkers", move_or_die)
    walks = walks_of(graph, walks_in_small_groups, p=2, q=0.5, partitions=3, chunks=2500)
    np.testing.assert_array_equal(walks.compute(), whole)
    assert once.exists()


def test_partitions_that_do_not_stay(session, tmp_path):
    """The budget on Ray is that of the object store: partitions are read again each wave."""
    rng = np.random.default_rng(3)
    nodes, edges = 100_000, 3_000_000
    graph = graphwalk.build_zarr(
        (rng.integers(0, nodes, edges), rng.integers(0, nodes, edges)), tmp_path / "graph.zarr"
    )
    how = {"num_walks": 1, "walk_length": 6}
    whole = walks_of(graph, **how).compute(scheduler="threads")
    walks = walks_of(graph, memory="40 MiB", partitions=4, **how)
    assert len(walks.plan.partitions) >= 4
    np.testing.assert_array_equal(walks.compute(), whole)
    few = walks_of(graph, start_nodes=[1, 2], memory="36 MiB", partitions=4, **how)
    np.testing.assert_array_equal(few.compute(), few.compute(scheduler="threads"))


@pytest.mark.parametrize("spill", [pytest.param(False, marks=pytest.mark.slow), True])
def test_blocks_of_partitions_that_do_not_stay(session, graph, spill, tmp_path):
    walks = walks_of(graph, chunks=700, partitions=3, p=2, q=0.5)
    reread, whole = read_again(walks, ahead=True, spill=spill), walks.compute(scheduler="threads")
    np.testing.assert_array_equal(np.concatenate(list(graphwalk.iter_blocks(reread))), whole)
    np.testing.assert_array_equal(reread[700:2600].compute(), whole[700:2600])
    graphwalk.write_walks(reread, tmp_path / "walks.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), whole)


def test_few_blocks_of_a_batch_are_made_ahead(session, graph, tmp_path, monkeypatch):
    """They stay in a file of the process that has walked them until they are asked for."""

    def walk_noting(*args):
        there = import_module("graphwalk.scheduler.engine.walk_batch").walk_there
        blocks = yield from there(*args)

        def noting(number, block):
            (tmp_path / str(number)).touch()
            return block()

        return [partial(noting, number, block) for number, block in enumerate(blocks)]

    monkeypatch.setattr(walk_batch, "walk_there", walk_noting)
    walks = walks_of(graph, chunks=250, partitions=3)
    assert walks.numblocks[0] == 40
    with contextlib.closing(
        graphwalk.iter_blocks(read_again(walks, ahead=False, spill=True))
    ) as all_:
        for number in range(5):
            next(all_)
            assert len(list(tmp_path.iterdir())) <= number + 5


@pytest.mark.slow  # as on Dask distributed, and as tasks of the test above
def test_a_process_that_is_killed_while_a_batch_walks_in_it(session, graph, tmp_path, monkeypatch):
    once = tmp_path / "killed"

    def walk_or_die(*args):
        yield [], []
        if not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        there = import_module("graphwalk.scheduler.engine.walk_batch").walk_there
        return (yield from there(*args))

    walks = walks_of(graph, chunks=2500, partitions=3)
    expected = walks.compute(scheduler="threads")
    monkeypatch.setattr(walk_batch, "walk_there", walk_or_die)
    np.testing.assert_array_equal(read_again(walks, ahead=False).compute(), expected)
    assert once.exists()


def test_what_waits_for_a_cancelled_job_ends(session):
    """As threads that follow streams, for which the end of the job waits."""
    with session.executor.job() as job:
        never = job.submit(time.sleep, 3600)
        threading.Timer(0.1, job.token.cancel).start()
        with pytest.raises(CancelledError):
            job.result(never)


def test_the_plan_is_for_the_cluster_and_refuses_before_it_runs(session, graph):
    store = ray.nodes()[0]["Resources"]["object_store_memory"]
    plan = walks_of(graph).plan
    assert plan.resources.workers == 2
    assert store / 4 < plan.resources.memory <= store
    submitted = len(ray.timeline())
    with pytest.raises(graphwalk.MemoryBudgetError, match=r"pass memory='.* or more"):
        walks_of(graph, memory="64 KiB")
    assert len(ray.timeline()) == submitted


def test_some_start_nodes_and_slices(session, graph):
    walks = walks_of(graph, start_nodes=[9, 4, 9], p=4, chunks=2)
    np.testing.assert_array_equal(walks.compute(), walks.compute(scheduler="threads"))
    part = walks[1:5, 3:]
    np.testing.assert_array_equal(part.compute(), part.compute(scheduler="threads"))


def test_persisted_walks_and_expressions(session, graph):
    walks = walks_of(graph, chunks=2500)
    expected = walks.compute(scheduler="threads")
    np.testing.assert_array_equal(walks.persist().compute(), expected)
    np.testing.assert_array_equal(da.unique(walks).compute(), np.unique(expected))
    both = dask.compute(walks.max(), (walks == -1).sum())
    assert both == (expected.max(), (expected == -1).sum())


def resident(session, graph):
    """Return what the session keeps of a graph: references by what is laid out."""
    kept = session.executor.kept._entries
    return {layout: ref for (known, layout), (ref, _) in kept.items() if known == id(graph._arrays)}


def test_a_partition_is_loaded_once_a_session(session):
    graph = graphwalk.build_zarr(np.random.default_rng(1).integers(0, 100, (2, 1000)))
    assert resident(session, graph) == {}
    walks_of(graph, chunks=50).compute()
    first = resident(session, graph)
    walks_of(graph, chunks=20, seed=6, restart_prob=0.5).compute()
    assert resident(session, graph) == first
    walks_of(graph, p=2, chunks=50).compute()
    second = PartitionSpec(second_order=True)
    assert resident(session, graph).keys() == {PartitionSpec(), second}
    # What is laid out for walks of another kind stays only where the plan has room for both.
    least = walks_of(graph, chunks=50).plan.peak_memory
    session.executor.kept.drop((id(graph._arrays), PartitionSpec()))
    walks_of(graph, chunks=50, memory=least).compute()
    assert resident(session, graph).keys() == {PartitionSpec()}


def test_a_graph_makes_room_for_a_later_job_in_partitions(session, graph):
    walks_of(graph, chunks=2500).compute()
    assert resident(session, graph)
    walks = walks_of(graph, chunks=2500, partitions=3)
    walks_of(graph, chunks=2500, partitions=3, memory=walks.plan.peak_memory).compute()
    assert not resident(session, graph)


def test_a_partition_goes_with_its_graph(session):
    graph = graphwalk.build_zarr(np.random.default_rng(1).integers(0, 100, (2, 1000)))
    walks_of(graph).compute()
    number = id(graph._arrays)
    assert any(known == number for known, _ in session.executor.kept._entries)
    del graph
    gc.collect()
    assert not any(known == number for known, _ in session.executor.kept._entries)


def test_tasks_read_the_partition_where_it_lies(session, graph):
    walks_of(graph, p=2, weighted=True).compute()

    @ray.remote
    def look(partition):
        names = "row_starts", "neighbors", "alias_table", "edge_filter"
        arrays = [getattr(partition, name) for name in names]
        return [(a.flags.owndata, a.flags.writeable) for a in arrays]

    reference = resident(session, graph)[PartitionSpec(weighted=True, second_order=True)]
    assert ray.get(look.remote(reference)) == [(False, False)] * 4


def test_a_damaged_store_is_told_as_on_threads(session, tmp_path):
    graph = graphwalk.build_zarr(np.array([[0, 1, 2], [1, 2, 0]]), tmp_path / "store")
    for chunk in (tmp_path / "store" / "neighbors" / "c").iterdir():
        chunk.unlink()
    with pytest.raises(StoreError, match="neighbors"):
        walks_of(graph).compute()


@pytest.mark.parametrize("how", [{}, {"partitions": 2}])
def test_a_store_that_was_replaced_is_told_as_on_threads(session, tmp_path, how):
    sources = np.arange(200)
    graph = graphwalk.build_zarr((sources, (sources + 1) % 200), tmp_path / "g", directed=True)
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=9, seed=1, **how)
    graphwalk.build_zarr(
        (sources, (sources + 7) % 200), tmp_path / "g", directed=True, overwrite=True
    )
    with pytest.raises(StoreError, match="was replaced by another graph"):
        walks.compute()


def test_a_partition_that_failed_to_load_is_not_kept(session, tmp_path):
    graph = graphwalk.build_zarr(np.array([[0, 1, 2], [1, 2, 0]]), tmp_path / "store")
    (chunk,) = (tmp_path / "store" / "neighbors" / "c").iterdir()
    content = chunk.read_bytes()
    chunk.unlink()
    with pytest.raises(StoreError, match="neighbors"):
        walks_of(graph).compute()
    chunk.write_bytes(content)
    expected = walks_of(graph).compute(scheduler="threads")
    np.testing.assert_array_equal(walks_of(graph).compute(), expected)


def test_a_temporary_store_is_loaded_where_it_lies(session):
    here = ray.get_runtime_context().get_node_id()
    assert strategy("here").node_id == here
    assert strategy("any") == "DEFAULT"


def test_within_use_another_scheduler_can_be_used(session, graph):
    of_ray = dask.config.get("scheduler")
    with scheduler.use("threads", num_workers=1):
        assert dask.config.get("scheduler") == dask.threaded.get
        with scheduler.use("ray"):
            assert dask.config.get("scheduler") not in (dask.threaded.get, of_ray)
        assert dask.config.get("scheduler") == dask.threaded.get
    assert dask.config.get("scheduler") == of_ray
    assert ray.is_initialized(), "a session that did not start Ray does not stop it"


@pytest.mark.parametrize("how", [{"address": "auto"}, {"num_workers": 3}, {"log_to_driver": True}])
def test_a_running_ray_takes_no_options(session, how):
    with pytest.raises(SchedulerError, match="already initialised"):
        scheduler.use("ray", **how)


@pytest.mark.parametrize(
    ("arguments", "how", "complaint"),
    [
        (["dask"], {}, "'dask' is not known"),
        (["threads"], {"address": "auto"}, "address="),
        (["threads"], {"object_store_memory": 10**9}, "object_store_memory="),
        (["threads"], {"num_workers": 0}, "num_workers=0"),
        (["ray"], {"num_workers": -1}, "num_workers=-1"),
    ],
)
def test_what_no_scheduler_takes_is_refused(arguments, how, complaint):
    before = dask.config.get("scheduler", None)
    with pytest.raises(InputError, match=complaint):
        scheduler.use(*arguments, **how)
    assert dask.config.get("scheduler", None) == before


def test_workers_are_for_a_ray_started_here(session, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(SchedulerError, match="num_workers=2 is for a Ray started here"):
        scheduler.use("ray", "10.0.0.1:6379", num_workers=2)


def test_an_address_where_nothing_is_says_so(session, monkeypatch):
    def refuse(**settings):
        raise ConnectionError("no answer")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(SchedulerError, match=r"127\.0\.0\.1:1.*refused.*ray start"):
        scheduler.use("ray", "127.0.0.1:1")  # Ray itself would try for minutes
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(SchedulerError, match=r"auto.*no answer.*ray start"):
        scheduler.use("ray", "auto")


def test_the_same_use_twice_is_one_session(session):
    again = scheduler.use("ray")
    assert again is session
    with again:
        pass
    assert dask.config.get("scheduler") == session.executor.get


def test_a_pair_of_versions_that_does_not_work_says_so(session, monkeypatch):
    from dask.task_spec import Task

    owner = next(kind for kind in Task.__mro__ if "block_fusion" in vars(kind))
    with monkeypatch.context() as patched:
        patched.delattr(owner, "block_fusion")
        with pytest.raises(SchedulerError, match=r"Ray \S+ and Dask \S+ do not work together"):
            scheduler.use("ray", log_to_driver=False)
    monkeypatch.setitem(sys.modules, "ray.util.dask", None)
    with pytest.raises(SchedulerError, match=r"together \(.*ray.util.dask.*newest"):
        scheduler.use("ray", log_to_driver=False)


def test_the_versions_here_are_listed_as_working():
    """A change of versions takes a run of these tests, and a new line in the table."""
    page = Path(__file__).parents[1] / "docs" / "running-on-ray.md"
    rows = re.findall(r"^\| (\d[\d.]*) \| (\d[\d.]*) \|", page.read_text(), re.MULTILINE)
    listed = [tuple(map(version_of, row)) for row in rows]
    here = version_of(ray.__version__), version_of(dask.__version__)
    assert len(listed) >= 4
    newest = tuple(map(max, zip(*listed, strict=True)))
    assert here in listed or any(ours > theirs for ours, theirs in zip(here, newest, strict=True))


def version_of(text):
    return tuple(int(part) for part in text.split(".")[:3])
