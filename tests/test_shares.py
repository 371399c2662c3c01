"""One output that several processes write, each its share of the blocks."""

import fcntl
import json
import threading

import dask.array as da
import numpy as np
import pytest
from processes import barrier, start

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.output import resumable_job
from graphwalk.algorithms.output.write import write_walks
from graphwalk.algorithms.output.write_blocks import write_blocks
from graphwalk.storage.files import locks

SUFFIXES = [".zarr", ".parquet", ".npy", ".txt", ".txt.gz"]
RULES = {"num_walks": 3, "walk_length": 6, "q": 0.5, "seed": 7, "chunks": 50}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(3).integers(200, size=(2, 2000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


@pytest.fixture
def walks(graph):
    walks = graphwalk.random_walks(graph, **RULES)
    assert walks.numblocks[0] == 12
    return walks


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("parts", [1, 5, 12, 20])
def test_all_shares_are_one_whole(suffix, parts, walks, tmp_path):
    labels = [f"node {i}" for i in range(200)]
    whole, shares = tmp_path / "whole", tmp_path / "shares"
    expected = write_blocks(walks, whole / f"walks{suffix}", labels=labels)
    written = []
    for part in np.random.default_rng(parts).permutation(parts):
        assert not (shares / f"walks{suffix}").exists()
        written.append(
            write_blocks(walks, shares / f"walks{suffix}", labels=labels, share=(part, parts))
        )
    assert [share.whole for share in written] == [False] * (parts - 1) + [True]
    assert sum(share.walks for share in written) == expected.walks == 600
    assert sum(share.steps for share in written) == expected.steps
    assert files(shares) == files(whole)


@pytest.mark.parametrize("starts", [None, [5, 5, 9, 0, 120, 7, 7, 7]])
@pytest.mark.parametrize("how", [{"partitions": 4}, {"p": 4.0}, {"chunks": 7}])
def test_shares_of_any_walks(starts, how, graph, tmp_path):
    """Blocks end between the walks of a node too."""
    walks = graphwalk.random_walks(graph, starts, **RULES | how)
    for part in range(3):
        write_walks(walks, tmp_path / "walks.npy", share=(part, 3))
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), walks.compute())


def test_shares_of_an_array_made_of_walks(walks, tmp_path):
    some = walks[::2].rechunk((40, -1))
    for part in (2, 0, 1):
        write_walks(some, tmp_path / "walks.zarr", share=(part, 3))
    np.testing.assert_array_equal(da.from_zarr(tmp_path / "walks.zarr"), some.compute())


def test_no_more_is_walked_than_the_share(graph, monkeypatch, tmp_path):
    rows = []

    def walk(*args):
        block = really(*args)
        rows.append(len(block))
        return block

    from graphwalk.algorithms.walks import walked_blocks

    really = walked_blocks.walk_block
    monkeypatch.setattr(walked_blocks, "walk_block", walk)
    write_walks(graphwalk.random_walks(graph, **RULES), tmp_path / "w.zarr", share=(1, 4))
    assert rows == [50, 50, 50]


def test_a_share_that_was_written_is_not_written_again(walks, tmp_path, monkeypatch):
    numbers = []
    really = resumable_job.ResumableJob.write
    monkeypatch.setattr(
        resumable_job.ResumableJob,
        "write",
        lambda job, sink, block, nodes: (
            numbers.append(block.number) or really(job, sink, block, nodes)
        ),
    )
    first = write_blocks(walks, tmp_path / "walks.zarr", share=(1, 3))
    assert sorted(numbers) == [4, 5, 6, 7]
    assert write_blocks(walks, tmp_path / "walks.zarr", share=(1, 3)) == first
    assert len(numbers) == 4
    # A job that resumes the whole does the rest.
    assert write_blocks(walks, tmp_path / "walks.zarr", resume=True).walks == 600
    assert sorted(numbers) == list(range(12))
    assert write_blocks(walks, tmp_path / "walks.zarr", share=(2, 3)).whole
    assert len(numbers) == 12


def test_shares_of_different_numbers_go_together(walks, tmp_path):
    write_walks(walks, tmp_path / "walks.npy", share=(0, 2))
    assert not write_blocks(walks, tmp_path / "walks.npy", share=(1, 3)).whole
    assert write_blocks(walks, tmp_path / "walks.npy", share=(2, 3)).whole
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), walks.compute())


def write_shares(ready, store, target, locks, parts):
    """Write some shares in a process of its own, when the others are ready too."""

    def no_locks(*_):
        raise OSError(38, "Function not implemented")

    if not locks:
        fcntl.flock = no_locks
    walks = graphwalk.random_walks(store, **RULES)
    ready.wait()
    for part in parts:
        graphwalk.write_walks(walks, target, share=(part, 12))


@pytest.mark.parametrize(
    ("suffix", "locks"),
    [
        (".zarr", True),
        pytest.param(".txt", False, marks=pytest.mark.slow),
        pytest.param(".zarr", False, marks=pytest.mark.slow),
        pytest.param(".txt", True, marks=pytest.mark.slow),
    ],
)
def test_many_processes_at_once(suffix, locks, graph, walks, tmp_path):
    """All begin and end at about the same time, on a file system that has locks or none."""
    expected = write_walks(walks, tmp_path / f"whole{suffix}")
    target, ready = tmp_path / f"walks{suffix}", barrier(4)
    writers = [
        start(write_shares, ready, graph.path, target, locks, range(part, 12, 4))
        for part in range(4)
    ]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers].count(0) >= (4 if locks else 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"walks{suffix}", expected.name]
    if suffix == ".zarr":
        assert files(tmp_path / "walks.zarr") == files(expected)
    else:
        assert (tmp_path / "walks.txt").read_bytes() == expected.read_bytes()


def test_a_share_waits_for_a_whole_job(walks, tmp_path):
    target, ended = tmp_path / "walks.zarr", []
    partial = tmp_path / "walks.zarr.graphwalk-partial"
    partial.mkdir()

    def share():
        write_walks(walks, target, share=(0, 2))
        ended.append(True)

    with locks.held(partial):
        thread = threading.Thread(target=share)
        thread.start()
        thread.join(0.3)
        assert not ended
    thread.join(30)
    assert ended == [True]


def test_other_walks_are_not_shares_of_these(graph, walks, tmp_path):
    write_walks(walks, tmp_path / "walks.zarr", share=(0, 2))
    left = files(tmp_path)
    other = graphwalk.random_walks(graph, **RULES | {"seed": 8})
    with pytest.raises(errors.InputError, match="seed was 7, and is 8"):
        write_walks(other, tmp_path / "walks.zarr", share=(1, 2))
    assert files(tmp_path) == left


def test_the_first_to_begin_says_what_it_is_about(tmp_path):
    """Jobs that begin at the same time agree on one record."""
    from graphwalk.storage.files.folder import Folder

    folder, said = Folder(str(tmp_path)), []
    threads = [
        threading.Thread(target=lambda n=n: said.append(folder.settle("r", json.dumps(n).encode())))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(said)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


@pytest.mark.parametrize(
    ("share", "message"),
    [
        ((3, 3), "there are the shares 0 to 2 of 3"),
        ((-1, 3), "there are the shares 0 to 2"),
        ((0.5, 3), "two integers"),
        (3, "two integers"),
    ],
)
def test_shares_that_there_are_not(share, message, walks, tmp_path):
    with pytest.raises(errors.InputError, match=message):
        write_walks(walks, tmp_path / "walks.zarr", share=share)
    assert list(tmp_path.iterdir()) == []


def test_a_share_replaces_nothing(walks, tmp_path):
    with pytest.raises(errors.InputError, match="do not go together"):
        write_walks(walks, tmp_path / "walks.zarr", share=(0, 2), overwrite=True)
    (tmp_path / "walks.npy").touch()
    with pytest.raises(errors.StoreExistsError):
        write_walks(walks, tmp_path / "walks.npy", share=(0, 2))


def test_a_whole_that_cannot_be_made_is_made_later(walks, tmp_path, monkeypatch):
    write_walks(walks, tmp_path / "walks.zarr", share=(0, 2))
    with monkeypatch.context() as patched:
        patched.setattr("graphwalk.algorithms.output.zarr_sink.ZarrSink.close", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_walks(walks, tmp_path / "walks.zarr", share=(1, 2))
    assert not (tmp_path / "walks.zarr").exists()
    assert write_blocks(walks, tmp_path / "walks.zarr", share=(0, 2)).whole
    np.testing.assert_array_equal(da.from_zarr(tmp_path / "walks.zarr"), walks.compute())
