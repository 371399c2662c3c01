"""Builds that are killed, run out of disk, or are given what breaks: nothing half-made is left."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from edge_sources import Edges
from fault_builds import (
    SPILLING,
    in_process,
    run,
    run_until_call,
    run_until_rename,
    run_until_stage,
    sparse_edges,
)

from graphwalk.errors import InputError, StoreError, StoreNotFoundError
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.store.graph import open_zarr
from graphwalk.util.progress_bar import Progress


def store_bytes(path):
    root = Path(path)
    return {
        str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()
    }


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def open_files():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


# Killed

STAGES = {
    "survey": ("edges", "survey", 1),
    "survey of a stream": ("once", "survey", 5),
    "label": ("edges", "label", 3),
    "number": ("once", "number", 2),
    "bucket": ("edges", "bucket", 2),
    "write": ("edges", "write", 1),
    "write, later": ("edges", "write", 20),
    "write of rows": ("rows", "write", 3),
}
CALLS = {
    "labels": ("edges", "graphwalk.storage.build.edge_list:write_labels", 1),
    "run files": ("edges", "graphwalk.storage.files.spill:SpillFile.append_parts", 3),
    "chunks": ("edges", "graphwalk.storage.store.array_writer:ArrayWriter.finish", 2),
    "attributes": ("rows", "graphwalk.storage.build.pipeline:complete", 1),
    "rename": ("edges", "graphwalk.storage.files.publish:Target.publish", 1),
}
POINTS = {
    **{name: (run_until_stage, *point) for name, point in STAGES.items()},
    **{name: (run_until_call, *point) for name, point in CALLS.items()},
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """What each kind of source makes when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("stores")
    for kind in ("edges", "once", "rows"):
        run(kind, folder / kind)
    return {path.name: store_bytes(path) for path in folder.iterdir()}


@pytest.mark.parametrize("point", POINTS)
def test_killed_build_leaves_no_store_and_can_be_run_again(tmp_path, stores, point):
    until, kind, *where = POINTS[point]
    path = tmp_path / "g.zarr"
    assert in_process(until, kind, str(path), *where, False) == -signal.SIGKILL
    with pytest.raises(StoreNotFoundError, match=r"g\.zarr\.graphwalk-partial unfinished"):
        open_zarr(path)
    run(kind, path)
    assert store_bytes(path) == stores[kind]
    assert names(tmp_path) == ["g.zarr"]


@pytest.mark.parametrize("point", ["number", "write, later", "attributes", "rename"])
def test_killed_overwrite_keeps_the_old_store(tmp_path, stores, point):
    until, kind, *where = POINTS[point]
    path = tmp_path / "g.zarr"
    build(Edges([0], [1]), str(path), BuildOptions(), SPILLING, Progress(False))
    before = store_bytes(path)
    assert in_process(until, kind, str(path), *where, True) == -signal.SIGKILL
    assert store_bytes(path) == before
    assert open_zarr(path).num_edges == 1
    run(kind, path, overwrite=True)
    assert store_bytes(path) == stores[kind]
    assert names(tmp_path) == ["g.zarr"]


def test_overwrite_killed_between_its_renames_can_be_run_again(tmp_path, stores):
    path = tmp_path / "g.zarr"
    run("rows", path)
    before = store_bytes(path)
    killed = in_process(run_until_rename, "edges", str(path), 2)
    assert killed == -signal.SIGKILL
    with pytest.raises(StoreNotFoundError, match="run it again"):
        open_zarr(path)
    with pytest.raises(ZeroDivisionError):
        build(sparse_edges(on_batch=lambda *_: 1 / 0), str(path), *how())
    assert store_bytes(path) == before
    run("edges", path, overwrite=True)
    assert store_bytes(path) == stores["edges"]
    assert names(tmp_path) == ["g.zarr"]


# Sources that break


@pytest.mark.parametrize("error", [OSError("the network is gone"), KeyboardInterrupt(), SystemExit])
@pytest.mark.parametrize("passes", [1, 2])
def test_source_that_raises_leaves_nothing_behind(tmp_path, error, passes):
    def fail(number, start, columns):
        if (number, start) == (passes, 500):
            raise error

    before = open_files()
    with pytest.raises(type(error) if isinstance(error, BaseException) else error):
        build(sparse_edges(on_batch=fail), str(tmp_path / "a" / "g"), *how())
    assert names(tmp_path) == []
    assert open_files() == before


def how(**options):
    return BuildOptions(**options), SPILLING, Progress(False)


@pytest.mark.parametrize("once", [False, True])
def test_failed_builds_do_not_use_up_file_handles(tmp_path, once):
    def fail(number, start, columns):
        if start == 900:
            columns[2] = columns[2] - 1
        return columns

    before = open_files()
    for _ in range(5):
        with pytest.raises(InputError, match="edge 9"):
            build(sparse_edges(on_batch=fail, once=once), str(tmp_path / "g"), *how())
    assert open_files() == before


OTHERS = {
    "ids beyond all nodes": lambda src, dst: (src + 10**6, dst),
    "ids far beyond all nodes": lambda src, dst: (src + 2**62, dst),
    "other rows": lambda src, dst: (src // 2, dst * 1000),
    "fewer edges": lambda src, dst: (src[:-1], dst[:-1]),
    "strings": lambda src, dst: ([f"{v}" for v in src], [f"{v}" for v in dst]),
}


#: Ids that are sparse may be others in the second pass, which is the one that counts.
CHANGES = [(other, False) for other in OTHERS] + [("fewer edges", True), ("strings", True)]


@pytest.mark.parametrize("tuning", ["spilling", "in memory"])
@pytest.mark.parametrize(("other", "sparse"), CHANGES)
def test_source_that_changes_is_refused(tmp_path, other, tuning, sparse):
    def change(number, start, columns):
        if number == 1:
            return None
        ends = OTHERS[other](*columns[:2])
        return [*Edges(*ends)._columns[:2], None]

    src, dst = np.random.default_rng(1).integers(0, 500, (2, 2000)) * (10**6 if sparse else 1)
    options = BuildOptions()
    tuning = SPILLING if tuning == "spilling" else BuildSizes(1 << 30, 2)
    source = Edges(src, dst, on_batch=change)
    with pytest.raises(InputError, match="the edges changed while it was read"):
        build(source, str(tmp_path / "g"), options, tuning, Progress(False))
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [900, 1100])
def test_source_that_changes_its_length_before_it_is_numbered_is_refused(tmp_path, number):
    class Changing(Edges):
        def batches(self, size):
            self.num_edges = 1000 if self.passes < 1 else number
            return super().batches(size)

    ids = np.arange(2000) * 10**6
    source = Changing(ids[:1000], ids[1000:])
    source._columns = [np.tile(column, 2) for column in source._columns[:2]] + [None]
    tuning = BuildSizes(
        1 << 12, 2, batch_edges=100, bucket_entries=9, largest_bucket=99, spill=True
    )
    with pytest.raises(InputError, match="changed"):
        build(source, str(tmp_path / "g"), BuildOptions(), tuning, Progress(False))
    assert names(tmp_path) == []


# Damaged temporary files


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


DAMAGES = {"truncated": truncate, "flipped": flip, "removed": Path.unlink}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("stage", "file"),
    [("write", "run-4"), ("bucket", "encoded"), ("number", "encoded")],
)
def test_damaged_temporary_file_is_named(tmp_path, damage, stage, file):
    class Damaging(Progress):
        def stage(self, name, total, unit):
            if name == stage:
                found = list(tmp_path.rglob(file))
                DAMAGES[damage](found[0])
            return super().stage(name, total, unit)

    with pytest.raises(StoreError, match=rf"{file} is (damaged|not there)"):
        run("once", tmp_path / "g", progress=Damaging(False))
    assert names(tmp_path) == []


# Two at a time


def test_two_builds_to_one_path(tmp_path):
    refused = []

    def build_too(number, start, columns):
        if not refused:
            refused.append(None)
            with pytest.raises(StoreError, match="another job is writing") as caught:
                run("rows", tmp_path / "g")
            refused.append(caught.value)

    build(sparse_edges(on_batch=build_too), str(tmp_path / "g"), *how())
    assert len(refused) == 2
    assert open_zarr(tmp_path / "g").labels is not None
    assert names(tmp_path) == ["g"]
