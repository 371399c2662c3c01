"""A plugin for pytest that runs NetworkX's own tests on the backend, and counts them by function.

What the backend does not have, NetworkX does itself: helpers that prepare a graph, and functions
that a test compares with. A function of the backend that refuses its arguments ends the test as an
expected failure, so that no test passes by NetworkX's own code.
"""

import json
import os
from collections import defaultdict
from functools import wraps
from pathlib import Path

import pytest

from graphwalk.networkx_backend import interface
from graphwalk.networkx_backend.info import FUNCTIONS

_called, _counts = set(), defaultdict(lambda: defaultdict(int))


def counted(name, function):
    """Return a function that notes that a test calls it."""

    @wraps(function)
    def call(*args, **kwargs):
        _called.add(name)
        try:
            return function(*args, **kwargs)
        except NotImplementedError as error:
            pytest.xfail(f"{name}: {error}")

    return call


def pytest_configure(config):
    for name in FUNCTIONS:
        setattr(interface, name, counted(name, getattr(interface, name)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" or report.outcome != "passed":
        outcome = "refused" if hasattr(report, "wasxfail") else report.outcome
        for name in _called:
            _counts[name][outcome] += 1
    if call.when == "call":
        _called.clear()
    return report


def pytest_sessionfinish():
    Path(os.environ["NETWORKX_COUNTS"]).write_text(json.dumps(_counts))
