"""Stores that are tampered with in every way, then opened, read, walked and validated.

Whatever was done to a store: what is read of it is right, or there is an error of graphwalk's own.
There is no other exception, crash or hang, and no allocation beyond a bound.
"""

import json
import os
import resource
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import zarr
from chunked_graphs import build
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from resealed import reseal

import graphwalk
from graphwalk.errors import GraphwalkError

#: Bytes that reading a store of a few KB may take, whatever the store says.
MOST_BYTES = 256 << 20

N = 60

#: What edges have, what nodes are called, whether nodes have types; and how the graph is walked.
STORES = {
    "plain": ({}, {"p": 0.5, "q": 2.0}),
    "weighted": ({"values": "weights"}, {"weighted": True}),
    "edge types": ({"values": "edge_types"}, {"metapath": [0, 1], "metapath_of": "edges"}),
    "times": ({"values": "times"}, {"temporal": True}),
    "node types": ({"types": True}, {"metapath": [0, 1]}),
    "numbers": ({"values": "weights", "labels": "int64"}, {"weighted": True}),
    "names": ({"labels": "string"}, {}),
}
KINDS = [(name, compressed) for name in STORES for compressed in (True, False)]

_FOLDER = tempfile.TemporaryDirectory(prefix="graphwalk-tampering-")


@cache
def sound(kind, seed):
    """Return a store of that kind; another seed gives another build of the same sizes."""
    (name, compressed), place = kind, Path(_FOLDER.name, f"{kind}-{seed}")
    options = {"types": False} | STORES[name][0]
    build(place, seed, compressed=compressed, nodes=N, chunk_bytes=128, **options)
    return place


def reads(kind):
    """Return what is read of a store of that kind."""
    how = {"num_walks": 1, "walk_length": 6, "seed": 1} | STORES[kind[0]][1]
    return {
        "rows": lambda graph: np.concatenate(graph.neighbors(np.arange(N))),
        "walks": lambda graph: graphwalk.random_walks(graph, **how).compute(),
        "partitions": lambda graph: graphwalk.random_walks(graph, partitions=3, **how).compute(),
        "labels": lambda graph: np.array([] if graph.labels is None else graph.labels.tolist()),
        "ranks": lambda graph: graphwalk.pagerank(graph, tol=0.1).compute(),
    }


@cache
def right(kind, seed, name):
    """Return what a read of a sound store gives."""
    return reads(kind)[name](graphwalk.open_zarr(sound(kind, seed)))


@contextmanager
def bounded():
    """Let this process allocate no more than `MOST_BYTES` in addition to what it has."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (now,) = (int(line.split()[1]) << 10 for line in lines if line.startswith("VmData"))
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (now + MOST_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


# How stores are tampered with: each function gets the store, another build of it, and what draws.


class Draw:
    """Draws what is tampered with."""

    def __init__(self, data):
        self._data = data

    def below(self, stop):
        return self._data.draw(st.integers(0, max(0, stop - 1)))

    def of(self, items):
        return items[self.below(len(items))]

    def file(self, store):
        return self.of(sorted(path for path in store.rglob("*") if path.is_file()))

    def chunk(self, store):
        return self.of(sorted(path for path in store.glob("*/c/*") if path.is_file()))


def flip(store, _, draw):
    path = draw.file(store)
    content = bytearray(path.read_bytes())
    if content:
        content[draw.below(len(content))] ^= 1 << draw.below(8)
        path.write_bytes(content)


def truncate(store, _, draw):
    path = draw.file(store)
    path.write_bytes(path.read_bytes()[: draw.below(path.stat().st_size)])


def delete(store, _, draw):
    draw.file(store).unlink()


def zero(store, _, draw):
    path = draw.file(store)
    path.write_bytes(bytes(path.stat().st_size))


def extend(store, _, draw):
    path = draw.file(store)
    content = path.read_bytes()
    path.write_bytes(content + draw.of([b"\0", b"x" * 100, content[-4:], content]))


def exchange(first, second):
    contents = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(contents)


def swap_chunks(store, _, draw):
    first = draw.chunk(store)
    exchange(first, draw.of(sorted(path for path in first.parent.iterdir() if path.is_file())))


def swap_files(store, _, draw):
    exchange(draw.file(store), draw.file(store))


def copy_file(store, other, draw):
    path = draw.file(other)
    target = store / path.relative_to(other)
    with suppress(OSError):  # a folder or a pipe may be there
        if not target.is_fifo():
            shutil.copy(path, target)


def copy_array(store, other, draw):
    array = draw.of(sorted(path for path in other.iterdir() if path.is_dir()))
    shutil.rmtree(store / array.name, ignore_errors=True)
    shutil.copytree(array, store / array.name)


def replace(store, other, draw):
    shutil.move(store, store.with_name("old"))
    shutil.copytree(other, store)
    shutil.rmtree(store.with_name("old"))


#: Values that attributes and metadata get.
VALUES = [None, True, False, 0, 1, 2, -1, 61, 59, 300, 1.5, 2**31, 10**12, 2**63, "", "x", "int64",
          "string", "float32", [], [0], [10**12], ["a", "b"], {}, {"names": ["a"], "digest": "x"},
          "0" * 64]  # fmt: skip


def edit(path, draw):
    """Change or delete a value anywhere in a JSON document."""
    if not path.is_file():
        return  # a pipe or an endless device was put there
    try:
        document = json.loads(path.read_text())
        about = document
        while True:
            key = draw.of(sorted(about) if isinstance(about, dict) else range(len(about)))
            if not isinstance(about[key], dict | list) or not about[key] or not draw.below(4):
                break
            about = about[key]
    except (OSError, ValueError, TypeError):
        return  # it was tampered with before
    if draw.below(4):
        about[key] = draw.of(VALUES)
    else:
        del about[key]
    path.write_text(json.dumps(document))


def edit_attributes(store, _, draw):
    edit(store / "zarr.json", draw)


def edit_metadata(store, _, draw):
    edit(draw.of(sorted(store.glob("*/zarr.json")) or [store / "zarr.json"]), draw)


def has_devices(store):
    return any(path.exists() and not (path.is_file() or path.is_dir()) for path in store.rglob("*"))


def change_values(store, _, draw):
    """Change elements by Zarr, which makes checksums right."""
    if has_devices(store):
        return  # Zarr would wait for a pipe
    array = draw.of(sorted(path.parent.name for path in store.glob("*/zarr.json")) or ["offsets"])
    place, value = draw.below(10**6), draw.of([0, 1, -1, 7, 254, 2**31 - 1])
    with suppress(Exception):  # it was tampered with before
        found = zarr.open_group(store, mode="r+")[array]
        place %= found.shape[0]
        found[place : place + 1] = np.array([value]).astype(found.dtype)


def change_and_seal(store, other, draw):
    """Change elements, and make the manifest right too: the store is another one then."""
    change_values(store, other, draw)
    if not has_devices(store):
        with suppress(Exception):
            reseal(store)


def other_kinds(store, _, draw):
    """Put a folder, a pipe or a link in the place of a file."""
    path = draw.file(store)
    path.unlink()
    draw.of([path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero")])()


TAMPERINGS = [
    *(flip, truncate, delete, zero, extend, swap_chunks, swap_files, copy_file, copy_array),
    *(replace, edit_attributes, edit_metadata, change_values, change_and_seal, other_kinds),
]

COUNTS: Counter[str] = Counter()


class Tampered(RuleBasedStateMachine):
    """A store, a graph that was opened from it at some moment, and copies of what is right."""

    @initialize(kind=st.sampled_from(KINDS), how=st.sampled_from(TAMPERINGS), data=st.data())
    def start(self, kind, how, data):
        self.folder = tempfile.TemporaryDirectory(dir=_FOLDER.name)
        self.store, self.kind = Path(self.folder.name, "store"), kind
        self.known, self.graph = True, None
        shutil.copytree(sound(kind, 1), self.store)
        for name in reads(kind):
            right(kind, 1, name), right(kind, 2, name)
        if data.draw(st.booleans()):
            self.open()
        self.tamper(how, data)

    @rule(how=st.sampled_from(TAMPERINGS), data=st.data())
    def tamper(self, how, data):
        if not self.store.exists() or not any(self.store.rglob("*")):
            return
        COUNTS[how.__name__] += 1
        self.known = self.known and how is not change_and_seal
        with suppress(FileNotFoundError, IndexError):  # nothing is left of that kind
            how(self.store, sound(self.kind, 2), Draw(data))

    @rule()
    def open(self):
        self.graph = None
        with bounded(), suppress(GraphwalkError):
            self.graph = graphwalk.open_zarr(self.store)

    @rule(name=st.sampled_from(["rows", "walks", "partitions", "labels", "ranks"]))
    def read(self, name):
        if self.graph is not None:
            with suppress(GraphwalkError):
                self.found(name)

    def found(self, name):
        """Check what is read, if it is no error."""
        with bounded():
            found = reads(self.kind)[name](self.graph)
        if self.known:
            rights = [right(self.kind, seed, name) for seed in (1, 2)]
            assert any(np.array_equal(found, one) for one in rights), name
        elif name in ("walks", "partitions"):
            assert ((found >= -1) & (found < N)).all()

    def teardown(self):
        try:
            self.open()
            for name in reads(self.kind):
                self.read(name)
            if self.graph is None:
                return
            sound = False
            with bounded(), suppress(GraphwalkError):
                sound = self.graph.validate().ok
            for name in reads(self.kind) if sound else ():
                self.found(name)  # without an error
        finally:
            self.folder.cleanup()


def run(cases):
    COUNTS.clear()
    run_state_machine_as_test(
        Tampered,
        settings=settings(
            max_examples=cases,
            stateful_step_count=3,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # a failing case is not made smaller, which takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(300)
def test_tampered_stores(capsys):
    run(80)
    with capsys.disabled():
        print(f"\ntampered with, times: {dict(COUNTS.most_common())}")
    assert sum(COUNTS.values()) >= 80
    assert len(COUNTS) >= len(TAMPERINGS) - 3, "80 cases need not be of all kinds, but of most"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_tampered_stores(capsys):
    run(2000)
    with capsys.disabled():
        print(f"\ntampered with, times: {dict(COUNTS.most_common())}")
    assert min(COUNTS[how.__name__] for how in TAMPERINGS) >= 50
