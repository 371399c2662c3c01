"""What tests share, and in which order and in which process they run."""

import pytest

#: Files that take longest, which begin early so that no process waits for another at the end.
LONG = [
    "test_partitioned_walks",
    "test_walk_memory",
    "test_build_memory",
    "test_docs",
    "test_build_properties",
    "test_walk_distributions",
    "test_examples",
    "test_shares",
    "test_build_faults",
    "test_build",
]


def pytest_itemcollected(item):
    """Keep tests that share a server in one process, and those of a file."""
    item.add_marker(pytest.mark.xdist_group(_group(item)))


def pytest_collection_modifyitems(items):
    """Begin with the tests that take longest."""
    items.sort(key=_rank)


def _group(item):
    servers = [name for name in ("slurm", "ray") if item.get_closest_marker(name)]
    return servers[0] if servers else item.path.stem


def _rank(item):
    group = _group(item)
    order = ["slurm", "ray", *LONG]
    place = order.index(group) if group in order else len(order)
    return place, group == "ray" and "shared_ray" not in item.fixturenames


@pytest.fixture(scope="module")
def shared_ray():
    """Have a Ray of two workers run, which is started once for all tests that share it."""
    ray = pytest.importorskip("ray")
    from graphwalk.scheduler.executors.ray.session import RaySession

    if not ray.is_initialized():
        RaySession(None, 2, {})


@pytest.fixture(scope="module")
def own_ray():
    """Stop the Ray that tests share, for those that start one of their own."""
    pytest.importorskip("ray").shutdown()
