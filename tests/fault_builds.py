"""Builds that run in a process of their own, where they are killed, or run out of something."""

import importlib
import os
import signal
from contextlib import contextmanager

import numpy as np
from edge_sources import Edges, Rows
from processes import context, start

from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.files import publish
from graphwalk.util.progress_bar import Progress

#: Everything spills, and each stage has several steps.
SPILLING = BuildSizes(
    1 << 22, 2, batch_edges=100, run_edges=200, bucket_entries=50, largest_bucket=150, spill=True
)


def in_process(function, *arguments):
    """Call a function in a process of its own; return what it returns, or its exit code."""
    ours, theirs = context.Pipe(duplex=False)
    process = start(_call, theirs, function, arguments)
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        answer = None
    process.join()
    if isinstance(answer, BaseException):
        raise answer
    return answer if process.exitcode == 0 else process.exitcode


def _call(connection, function, arguments):
    try:
        answer = function(*arguments)
    except Exception as error:
        answer = error
    connection.send(answer)


def sparse_edges(count=1000, **how):
    """Weighted edges that have to be read twice and numbered."""
    rng = np.random.default_rng(7)
    src, dst = rng.zipf(1.3, (2, count)) % 300 * 10**12
    return Edges(src, dst, rng.random(count), **how)


def symmetric_rows(count=300):
    rng = np.random.default_rng(8)
    matrix = rng.random((count, count)) < 0.05
    matrix |= matrix.T
    return Rows([np.flatnonzero(row) for row in matrix])


SOURCES = {"edges": sparse_edges, "once": lambda: sparse_edges(once=True), "rows": symmetric_rows}


def run(kind, path, tuning=SPILLING, progress=None, **how):
    """Build one of the `SOURCES`."""
    progress = Progress(False) if progress is None else progress
    return build(SOURCES[kind](), str(path), BuildOptions(), tuning, progress, **how)


class _FatalProgress(Progress):
    def __init__(self, stage, call):
        super().__init__(False)
        self._stage = stage
        self._call = call

    @contextmanager
    def stage(self, name, *_):
        calls = 0

        def advance(_):
            nonlocal calls
            calls += 1
            if (name, calls) == (self._stage, self._call):
                die()

        yield advance


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def run_until_stage(kind, path, stage, call, overwrite):
    """Build until a stage has advanced `call` times, and end the process there."""
    run(kind, path, progress=_FatalProgress(stage, call), overwrite=overwrite)


def run_until_call(kind, path, name, call, overwrite):
    """Build until a function is called for the so-manieth time, and die there."""
    module, _, attribute = name.partition(":")
    owner = importlib.import_module(module)
    *path_, attribute = attribute.split(".")
    for part in path_:
        owner = getattr(owner, part)
    function = getattr(owner, attribute)
    calls = 0

    def fatal(*arguments, **how):
        nonlocal calls
        calls += 1
        if calls == call:
            die()
        return function(*arguments, **how)

    setattr(owner, attribute, fatal)
    run(kind, path, overwrite=overwrite)


def run_until_rename(kind, path, call):
    """Build in place of a store where it cannot be exchanged in one step; die before a rename."""
    publish._exchange = lambda *_: False
    run_until_call(kind, path, "pathlib:Path.rename", call, True)
