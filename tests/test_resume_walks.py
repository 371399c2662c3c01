"""Jobs that were cut short: resumed, they end as if nothing had happened."""

import signal
from shutil import copyfileobj

import dask.array as da
import numpy as np
import pytest
from processes import run_script

import graphwalk
from graphwalk import errors
from graphwalk.algorithms.output import resumable_job
from graphwalk.algorithms.output.write import write_walks
from graphwalk.algorithms.output.write_blocks import write_blocks
from graphwalk.scheduler.engine import walk_out_of_core

SUFFIXES = [".zarr", ".parquet", ".npy", ".txt", ".txt.gz"]
RULES = {"num_walks": 2, "walk_length": 6, "q": 0.5, "seed": 7, "chunks": 50}
BLOCKS = 12


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(3).integers(300, size=(2, 2000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


@pytest.fixture
def walks(graph):
    return graphwalk.random_walks(graph, **RULES)


@pytest.fixture
def written(monkeypatch):
    """Collect the numbers of the blocks that are written."""
    numbers = []

    def write(job, sink, block, nodes):
        numbers.append(block.number)
        return really(job, sink, block, nodes)

    really = resumable_job.ResumableJob.write
    monkeypatch.setattr(resumable_job.ResumableJob, "write", write)
    return numbers


def kill_after(blocks, graph, path, rules=RULES, **options):
    """Write walks in another process, which is killed when `blocks` blocks are written."""
    script = f"""
        import os, signal, threading
        import graphwalk
        from graphwalk.algorithms.output import resumable_job

        left, lock, really = [{blocks}], threading.Lock(), resumable_job.ResumableJob.write

        def write(*args):
            with lock:
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return really(*args)

        resumable_job.ResumableJob.write = write
        walks = graphwalk.random_walks({graph.path!r}, **{rules!r})
        graphwalk.write_walks(walks, {str(path)!r}, **{options!r})
    """
    assert run_script(script) == -signal.SIGKILL


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_killed_job_is_resumed(suffix, graph, walks, written, tmp_path):
    labels = [f"node {i}" for i in range(300)]
    whole, part = tmp_path / "whole", tmp_path / "part"
    expected = write_blocks(walks, whole / f"walks{suffix}", labels=labels)
    written.clear()
    kill_after(5, graph, part / f"walks{suffix}", labels=labels, resume=True)
    assert not (part / f"walks{suffix}").exists()
    found = write_blocks(walks, part / f"walks{suffix}", labels=labels, resume=True)
    assert found[1:] == expected[1:]
    assert len(written) == BLOCKS - 5
    assert files(part) == files(whole)


def test_what_any_killed_job_left_can_be_resumed(graph, walks, written, tmp_path):
    kill_after(4, graph, tmp_path / "walks.npy")
    write_walks(walks, tmp_path / "walks.npy", resume=True)
    assert len(written) == BLOCKS - 4
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), walks.compute())


def test_another_plan_resumes_the_job(graph, walks, written, tmp_path):
    """The rest may be walked in another way: with less memory, say."""
    kill_after(5, graph, tmp_path / "walks.zarr", rules=RULES | {"partitions": 3})
    again = graphwalk.random_walks(graph, **RULES, partitions=7)
    write_walks(again, tmp_path / "walks.zarr", resume=True)
    assert len(written) == BLOCKS - 5
    np.testing.assert_array_equal(da.from_zarr(tmp_path / "walks.zarr"), walks.compute())


@pytest.mark.parametrize("how", [{"partitions": 1}, {"partitions": 5}])
def test_blocks_of_another_size_do_not_matter(how, graph, walks, written, tmp_path):
    """With chunks="auto" they depend on memory, of which another machine has more."""
    kill_after(5, graph, tmp_path / "walks.zarr")
    again = graphwalk.random_walks(graph, **RULES | {"chunks": 70}, **how)
    write_walks(again, tmp_path / "walks.zarr", resume=True)
    assert len(written) == BLOCKS - 5
    np.testing.assert_array_equal(da.from_zarr(tmp_path / "walks.zarr"), walks.compute())


def test_a_failed_job_is_resumed(walks, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("graphwalk.algorithms.output.zarr_sink.sync", full)
        with pytest.raises(errors.StoreError, match="No space left"):
            write_walks(walks, tmp_path / "walks.zarr", resume=True)
    assert (tmp_path / "walks.zarr.graphwalk-partial").is_dir()
    write_walks(walks, tmp_path / "walks.zarr", resume=True)
    np.testing.assert_array_equal(da.from_zarr(tmp_path / "walks.zarr"), walks.compute())
    assert [path.name for path in tmp_path.iterdir()] == ["walks.zarr"]


def test_a_job_killed_at_its_very_end(graph, walks, written, tmp_path):
    kill_after(BLOCKS - 1, graph, tmp_path / "walks.txt")
    write_walks(walks, tmp_path / "walks.txt", resume=True)
    assert len(written) == 1
    expected = write_walks(walks, tmp_path / "whole.txt")
    assert (tmp_path / "walks.txt").read_bytes() == expected.read_bytes()


def test_parts_of_text_that_are_joined_already(walks, tmp_path, monkeypatch):
    """The job dies while the parts are made one file."""
    expected = write_walks(walks, tmp_path / "whole.txt").read_bytes()
    copies = []

    def fail_later(source, target, size):
        copies.append(source.name)
        if len(copies) == 3:
            target.write(source.read(10))
            raise OSError(5, "Input/output error")
        copyfileobj(source, target, size)

    with monkeypatch.context() as patched:
        patched.setattr("graphwalk.algorithms.output.text_sink.shutil.copyfileobj", fail_later)
        with pytest.raises(errors.StoreError, match="Input/output"):
            write_walks(walks, tmp_path / "walks.txt", resume=True)
    assert write_walks(walks, tmp_path / "walks.txt", resume=True).read_bytes() == expected


@pytest.mark.parametrize(
    ("suffix", "name"),
    [(".zarr", "c/3/0.{}.partial"), (".parquet", ".part-00003.parquet.{}")],
)
def test_what_was_half_written_does_not_stay(suffix, name, graph, walks, tmp_path):
    """Of a process that is killed while it writes a block, which another writes again."""
    expected = write_walks(walks, tmp_path / f"whole{suffix}")
    kill_after(5, graph, tmp_path / f"walks{suffix}")
    half = (
        tmp_path
        / f"walks{suffix}.graphwalk-partial"
        / "walks"
        / name.format("0123456789abcdef" * 2)
    )
    half.parent.mkdir(exist_ok=True)
    half.touch()
    write_walks(walks, tmp_path / f"walks{suffix}", resume=True)
    assert files(tmp_path / f"walks{suffix}") == files(expected)


def test_without_resume_it_begins_anew(graph, walks, written, tmp_path):
    kill_after(5, graph, tmp_path / "walks.zarr")
    write_walks(walks, tmp_path / "walks.zarr")
    assert sorted(written) == list(range(BLOCKS))


@pytest.mark.parametrize("suffix", [".zarr", ".parquet"])
def test_a_finished_job_is_not_done_again(suffix, graph, walks, written, tmp_path):
    first = write_blocks(walks, tmp_path / f"walks{suffix}", resume=True)
    written.clear()
    assert write_blocks(walks, tmp_path / f"walks{suffix}", resume=True) == first
    assert written == []
    other = graphwalk.random_walks(graph, **RULES | {"seed": 8})
    with pytest.raises(errors.StoreExistsError, match="overwrite=True"):
        write_walks(other, tmp_path / f"walks{suffix}", resume=True)
    write_walks(other, tmp_path / f"walks{suffix}", resume=True, overwrite=True)
    assert len(written) == BLOCKS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 8}, "seed was 7, and is 8"),
        ({"q": 2.0}, "q was 0.5, and is 2.0"),
        ({"start_nodes": [1, 2]}, "start_nodes was .*shape was"),
    ],
)
def test_other_walks_do_not_go_on_with_it(change, message, graph, tmp_path):
    kill_after(2, graph, tmp_path / "walks.zarr")
    left = files(tmp_path)
    with pytest.raises(errors.InputError, match=message):
        write_walks(
            graphwalk.random_walks(graph, **RULES | change), tmp_path / "walks.zarr", resume=True
        )
    assert files(tmp_path) == left


def test_another_graph_is_other_walks(graph, tmp_path):
    kill_after(2, graph, tmp_path / "walks.zarr")
    other = graphwalk.build_zarr(np.random.default_rng(4).integers(300, size=(2, 2000)))
    with pytest.raises(errors.InputError, match="the graph is another one"):
        write_walks(graphwalk.random_walks(other, **RULES), tmp_path / "walks.zarr", resume=True)


def test_other_labels_are_other_walks(graph, walks, tmp_path):
    labels = list(range(300))
    kill_after(2, graph, tmp_path / "walks.txt", labels=labels)
    with pytest.raises(errors.InputError, match="labels was"):
        write_walks(walks, tmp_path / "walks.txt", labels=labels[::-1], resume=True)


def test_a_graph_that_cannot_be_told_from_others(graph, tmp_path):
    import zarr

    older = zarr.open_group(graph.path, mode="r+")
    digest = older.attrs["graphwalk"]
    try:
        kept = {k: v for k, v in digest.items() if k not in ("digest", "manifest", "seal")}
        older.attrs["graphwalk"] = kept | {"format": 1}
        walks = graphwalk.random_walks(graph.path, **RULES)
        write_walks(walks, tmp_path / "a.npy")
        with pytest.raises(errors.InputError, match="early version"):
            write_walks(walks, tmp_path / "b.npy", resume=True)
    finally:
        older.attrs["graphwalk"] = digest


def test_slices_and_other_arrays_are_resumed_too(walks, written, tmp_path, monkeypatch):
    some = walks[100:400]
    with monkeypatch.context() as patched:
        patched.setattr("graphwalk.algorithms.output.npy_sink.NpySink.close", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_walks(some, tmp_path / "walks.npy", resume=True)
    written.clear()
    write_walks(walks[100:400], tmp_path / "walks.npy", resume=True)
    assert written == []
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), walks.compute()[100:400])


@pytest.mark.parametrize("first", [0, 170, 550])
def test_no_more_walk_than_are_wanted(first, graph, monkeypatch):
    """Groups of walkers whose blocks are not wanted do not walk."""
    shapes = []

    def walk(group, *args):
        shapes.append(group.shape[0])
        return really(group, *args)

    walks = graphwalk.random_walks(graph, **RULES, partitions=5)
    expected = walks.compute()
    really = walk_out_of_core.walk_group
    monkeypatch.setattr("graphwalk.scheduler.engine.walk_batch.walk_group", walk)
    np.testing.assert_array_equal(walks[first : first + 40].compute(), expected[first : first + 40])
    assert sum(shapes) <= 100
