"""What is left of a session on Ray, and what says so."""

import numpy as np
import pytest

import graphwalk
from graphwalk import scheduler
from graphwalk.errors import SchedulerError


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(8).integers(20_000, size=(2, 200_000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


@pytest.mark.ray
def test_ray_that_was_shut_down_says_so(graph, own_ray):
    import ray

    with scheduler.use("ray", num_workers=1):
        walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2)
        ray.shutdown()
        with pytest.raises(SchedulerError, match=r"shut down while it was in use.*use\('ray'\)"):
            walks.compute()


@pytest.mark.ray
def test_walks_persisted_on_ray_say_so_elsewhere(graph, shared_ray):
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=2, seed=1, chunks=5000)
    with scheduler.use("ray"):
        held = walks.persist()
        np.testing.assert_array_equal(held.compute(), walks.compute(scheduler="threads"))
        np.testing.assert_array_equal(held[:7].sum(axis=1).compute(), held.compute()[:7].sum(1))
    for part in (held, held[:7], held.sum(axis=1)):
        with pytest.raises(SchedulerError, match="persisted on Ray"):
            part.compute()
