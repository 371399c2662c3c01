"""What tests share, and in which order and in which process they run."""

import gc
import os
import re
import signal
from contextlib import ExitStack, nullcontext
from functools import cache
from pathlib import Path

import pytest
from compile_once import compile_once, first_alone
from schedulers import SCHEDULERS

#: A test on Ray, by a word of its name or of its file's.
ON_RAY = re.compile(r"(?<![a-z])ray(?![a-z])")

#: A test on Dask distributed, by its parameter.
ON_DISTRIBUTED = re.compile(r"[-\[]distributed[-\]]|test_distributed")

#: A test that starts processes which import and compile, and so waits for them.
ON_CLUSTER = re.compile(r"(?<![a-z])(ray|distributed|processes|cancel|partitioned)(?![a-z])")

#: Groups of tests that take longest: they begin early, so that no process waits at the end. Those
#: on Ray begin when the kernels are compiled: each of Ray's workers would compile them as well.
LONG = [
    "test_slurm",
    "test_partitioned_walks",
    "test_walk_memory",
    "test_build_memory",
    "test_docs",
    "test_machines",
    "ray",
    "test_ray_faults",
    "distributed",
    "test_build_properties",
    "test_walk_distributions",
    "test_examples",
    "test_build_faults",
    "test_build",
    "test_site",
    "test_tampering",
]

#: Files whose tests run in one process though some are on Ray or distributed: these start one of
#: their own, or take as long as all others on it.
TOGETHER = {"test_machines", "test_ray_faults", "test_scan_memory", "test_slurm"}


def pytest_configure(config):
    if "PYTEST_XDIST_WORKER" in os.environ:
        compile_once()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Have one process compile the tests, whose bytecode the others then find.

    Python's garbage collector rests meanwhile, and never looks through what is collected here: to
    do so again and again took half of the time.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(0)  # it stays enabled, which Dask looks at when it is imported
    try:
        with first_alone() if "PYTEST_XDIST_WORKER" in os.environ else nullcontext():
            return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*thresholds)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep tests of a file in one process, and those that share a Ray or a cluster of Dask."""
    from xdist.scheduler import LoadFileScheduling

    class LoadGroups(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return _group(nodeid)

    return LoadGroups(config, log)


def pytest_collection_modifyitems(items):
    """Begin with the tests that take longest; those on a cluster have more time than others."""
    items.sort(key=_rank)
    for item in items:
        # Else each process of pytest-xdist would find tests of other names.
        assert " at 0x" not in item.nodeid, f"{item.nodeid}: name its parameters by ids="
        if not item.get_closest_marker("timeout") and ON_CLUSTER.search(item.nodeid):
            item.add_marker(pytest.mark.timeout(300))


def _group(nodeid):
    """Return "ray" or "distributed" for a test that shares one, else the name of its file."""
    file = Path(nodeid.partition("::")[0]).stem
    if file in TOGETHER:
        return file
    if ON_RAY.search(nodeid):
        return "ray"
    return "distributed" if ON_DISTRIBUTED.search(nodeid) else file


def _rank(item):
    group = _group(item.nodeid)
    place = LONG.index(group) if group in LONG else len(LONG)
    return place, "shared_ray" not in item.fixturenames


#: Stops what the tests of a group share.
_SHARED = ExitStack()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """Stop what a group shares before another begins, whose tests may count files and threads."""
    if nextitem is None or _group(nextitem.nodeid) != _group(item.nodeid):
        _SHARED.close()


@pytest.fixture(scope="module")
def shared_ray():
    """Have a Ray of two workers run, which is started once for all tests that share it."""
    ray = pytest.importorskip("ray")
    from graphwalk.scheduler.executors.ray.executor import RayExecutor

    if not ray.is_initialized():
        _SHARED.callback(RayExecutor(None, 2, {}).close)


@pytest.fixture(scope="module")
def shared_cluster():
    """Return the address of two workers of Dask distributed, which are started once."""
    pytest.importorskip("distributed")
    return _cluster()


@cache
def _cluster():
    from graphwalk.scheduler.executors.distributed.executor import DistributedExecutor

    executor = DistributedExecutor(None, 1, {"n_workers": 2})
    _SHARED.callback(executor.close)
    _SHARED.callback(_cluster.cache_clear)
    return executor.client.scheduler.address


@pytest.fixture(params=SCHEDULERS)
def session(request):
    """Have two workers run: threads, or those of the Ray or the cluster that tests share.

    It ends with the test: another test of the file may run when what is shared has stopped.
    """
    from graphwalk import scheduler

    how = {"num_workers": 2}
    if request.param == "ray":
        request.getfixturevalue("shared_ray")
        how = {}
    if request.param == "distributed":
        how = {"address": request.getfixturevalue("shared_cluster")}
    with scheduler.use(request.param, **how) as session:
        yield session


@pytest.fixture(scope="module")
def own_ray():
    """Stop the Ray that tests share, for those that start one of their own."""
    pytest.importorskip("ray").shutdown()


@pytest.fixture
def interruptible():
    """Have this process notice interrupts, which one of several test processes ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
