"""Every scheduler computes the same walks, bit for bit, and is chosen in the same way."""

import dask
import dask.array as da
import numpy as np
import pytest

import graphwalk
from graphwalk.scheduler.tasks import resident_partition

KINDS = [
    {},
    {"weighted": False},
    {"p": 0.25, "q": 4.0},
    {"p": 4.0, "q": 0.5, "weighted": False},
    {"restart_prob": 0.2, "p": 2.0},
    {"dead_end": "restart"},
    {"dead_end": "stay", "q": 0.25},
]


@pytest.fixture(scope="module")
def graph():
    rng = np.random.default_rng(4)
    src, dst = rng.integers(300, size=(2, 3000))
    return graphwalk.build_zarr((src, dst, rng.random(3000)), directed=True, num_nodes=310)


@pytest.fixture(scope="module")
def on_ray():
    """Functions that compute within one Ray session, which is not in use between the tests."""
    with graphwalk.scheduler.use("ray", num_workers=2) as session:
        get = dask.config.get("scheduler")
        with dask.config.set(scheduler="threads"):
            yield lambda array: array.compute(scheduler=get)
    assert session.name == "ray"


def walks_of(graph, chunks="auto", **kind):
    return graphwalk.random_walks(graph, num_walks=3, walk_length=25, seed=9, chunks=chunks, **kind)


@pytest.mark.ray
@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("chunks", [100, "auto"])
def test_ray_walks_as_threads_do(graph, on_ray, kind, chunks):
    expected = walks_of(graph, **kind).compute()
    assert np.array_equal(on_ray(walks_of(graph, chunks, **kind)), expected)


@pytest.mark.ray
def test_dask_expressions_on_ray(graph, on_ray):
    walks = walks_of(graph, 77)
    expected = walks.compute()
    assert np.array_equal(on_ray(walks[100:300, ::2]), expected[100:300, ::2])
    assert np.array_equal(on_ray(da.unique(walks)), np.unique(expected))
    assert np.array_equal(on_ray(walks.rechunk((50, 5))), expected)
    # Through dask.compute rather than the array's own method, and with the block order as it is.
    (whole,) = dask.compute(walks, scheduler="sync")
    assert np.array_equal(whole, expected)


@pytest.mark.ray
def test_a_partition_is_loaded_once_and_read_without_a_copy(graph, on_ray):
    """Looks into the session: one reference serves two jobs, and its arrays are mapped."""
    on_ray(walks_of(graph, 100))
    session = on_ray.__closure__[0].cell_contents.__self__
    (reference,) = [r for key, r in session._partitions[graph].items() if key == (True, False)]
    on_ray(walks_of(graph, 50))
    assert session._partitions[graph][True, False] is reference

    @dask.delayed
    def owns_memory(partition):
        arrays = partition.row_starts, partition.neighbors, partition.alias_table
        return [bool(array.flags.owndata or array.flags.writeable) for array in arrays]

    load = dask.delayed(resident_partition)(graph, True, False)
    assert on_ray(owns_memory(load)) == [False, False, False]


@pytest.mark.ray
def test_a_failed_load_is_not_kept(graph, on_ray, tmp_path):
    store = tmp_path / "graph.zarr"
    broken = graphwalk.build_zarr(np.array([[0, 1, 2], [1, 2, 0]]), store)
    (chunk,) = [
        f for f in (store / "neighbors").rglob("*") if f.is_file() and f.name != "zarr.json"
    ]
    content = chunk.read_bytes()
    chunk.unlink()
    walks = graphwalk.random_walks(broken, num_walks=1, walk_length=3, seed=1)
    with pytest.raises(graphwalk.StoreError, match="neighbors"):
        on_ray(walks)
    chunk.write_bytes(content)
    assert np.array_equal(on_ray(walks), walks.compute())


@pytest.mark.parametrize(
    "settings", [{"num_workers": 1}, {"num_workers": 5}, {"scheduler": "sync"}]
)
@pytest.mark.parametrize("chunks", [1, 7, 1000, "10 KiB", (100, -1)])
def test_plans_do_not_change_walks(graph, settings, chunks):
    expected = walks_of(graph, p=2.0, q=0.5).compute()
    assert np.array_equal(walks_of(graph, chunks, p=2.0, q=0.5).compute(**settings), expected)


def test_a_session_is_a_context_and_a_plain_call():
    with dask.config.set(scheduler=None):
        session = graphwalk.scheduler.use("threads", num_workers=3)
        assert dask.config.get("num_workers") == 3
        with graphwalk.scheduler.use("threads", num_workers=1):
            assert dask.config.get("num_workers") == 1
        assert dask.config.get("num_workers") == 3
        session.close()
        session.close()
        assert dask.config.get("num_workers", None) is None
        assert "closed" in repr(session)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("slurm", {}, "'threads', 'ray'"),
        ("threads", {"address": "auto"}, "address"),
        ("threads", {"object_store_memory": 1}, "object_store_memory"),
        ("ray", {"num_workers": 0}, "num_workers"),
    ],
)
def test_wrong_choices_are_refused(name, options, message):
    with pytest.raises(graphwalk.InputError, match=message):
        graphwalk.scheduler.use(name, **options)


@pytest.mark.ray
def test_options_for_a_running_ray_are_refused(on_ray):
    with pytest.raises(graphwalk.SchedulerError, match="already initialised"):
        graphwalk.scheduler.use("ray", num_workers=7)
