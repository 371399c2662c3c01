"""The executors that tests run on."""

import pytest

SCHEDULERS = [
    "threads",
    pytest.param("ray", marks=pytest.mark.ray),
    pytest.param("distributed", marks=pytest.mark.distributed),
]
