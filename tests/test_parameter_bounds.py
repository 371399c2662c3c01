"""Parameters of the wrong kind or size: an error that says what is allowed."""

import numpy as np
import pytest

import graphwalk
from graphwalk.errors import InputError


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return graphwalk.build_zarr(
        np.array([[0, 1, 2], [1, 2, 0]]), tmp_path_factory.mktemp("g") / "g"
    )


MASKED = np.ma.array([0, 1], mask=[False, True])

WRONG = [
    *(("p", value) for value in (10**400, -(10**5000), True, np.True_, "1", b"1", [1.0], 1j)),
    *(("q", value) for value in (np.array([1.0]), np.nan, 1e-320, "inf")),
    *(("gamma", value) for value in (True, "0", 10**400)),
    *(("num_walks", value) for value in (2**62, 2**63, 10**5000, True, "3", 2.0, np.bool_(1))),
    *(("walk_length", value) for value in (2**32 - 1, 2**62, 10**5000, True, "3")),
    *(("seed", value) for value in (True, "1", -1, 10**5000)),
    *(("start_nodes", value) for value in (MASKED, [True, False], ["0"], [0.0], [2**63], [None])),
    *(("partitions", value) for value in (True, "2", 0)),
    *(("memory", value) for value in (True, 10**400, -5, np.inf, np.nan, "1" * 400)),
]


@pytest.mark.parametrize(
    ("name", "value"), WRONG, ids=[f"{name}-{at}" for at, (name, _) in enumerate(WRONG)]
)
def test_parameters_of_the_wrong_kind_or_size(name, value, graph):
    with pytest.raises(InputError, match=name) as caught:
        graphwalk.random_walks(graph, **{name: value})
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "how",
    [{"num_walks": 2**31}, {"num_walks": 2**40, "walk_length": 1}, {"walk_length": 2**32 - 2}],
)
def test_the_bounds_are_true(how, graph):
    walks = graphwalk.random_walks(graph, seed=1, **how)
    assert walks.shape == (3 * how.get("num_walks", 10), how.get("walk_length", 80) + 1)


@pytest.mark.parametrize("name", ["num_walks", "p"])
def test_numbers_of_numpy_are_numbers(name, graph):
    for value in (np.int64(2), np.uint8(2), np.array(2)):
        given = graphwalk.random_walks(graph, seed=1, **{name: value}).compute()
        plain = graphwalk.random_walks(graph, seed=1, **{name: 2}).compute()
        np.testing.assert_array_equal(given, plain)
