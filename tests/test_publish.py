"""Files of users: what appears, what was there, links, and names that graphwalk needs itself."""

import errno
import os
import shutil
import threading
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from leftovers import leave

import graphwalk
from graphwalk.errors import StoreError, StoreExistsError
from graphwalk.storage.files import publish
from graphwalk.storage.files.locks import held, made_folders
from graphwalk.storage.files.partial_folder import partial_folder, partial_path, shared_folder
from graphwalk.storage.files.publish import Replaceable, Target, write_file

EDGES = np.array([[0, 1, 2], [1, 2, 0]])
WALKS = np.arange(40, dtype=np.int32).reshape(10, 4)
SUFFIXES = [".zarr", ".parquet", ".npy", ".txt", ".txt.gz"]


class Appears:
    """Edges or walks which, when they are computed, make something appear at a path."""

    def __init__(self, make):
        self._make = make

    def edges(self):
        for number in range(4096):  # some are looked at before the build begins
            if number == 4000:
                self._make()
            yield tuple(EDGES[:, number % 3].tolist())

    def walks(self):
        def block(block_id):
            if block_id[0] == 4:
                self._make()
            return WALKS[2 * block_id[0] : 2 * block_id[0] + 2]

        return da.map_blocks(block, chunks=((2,) * 5, (4,)), dtype=np.int32, meta=np.empty((0, 0)))


def build(path, appears=None, **how):
    edges = appears.edges() if appears else EDGES
    return graphwalk.build_zarr(edges, path, **how)


def write(path, appears=None, **how):
    walks = appears.walks() if appears else da.from_array(WALKS, chunks=(2, 4))
    return graphwalk.write_walks(walks, path, **how)


WRITERS = [pytest.param(build, "graph", id="build")] + [
    pytest.param(write, f"walks{suffix}", id=suffix) for suffix in SUFFIXES
]
IS_FOLDER = {"graph", "walks.zarr", "walks.parquet"}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def content(path):
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return {str(file.relative_to(path)): file.read_bytes() for file in files}
    return path.read_bytes()


# -- what appears while a job works ------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_what_appears_is_not_replaced(writer, name, kind, tmp_path):
    path, elsewhere = tmp_path / name, tmp_path / "thesis"
    elsewhere.write_text("all of it")

    def make():
        if kind == "file":
            path.write_text("mine")
        elif kind == "link":
            path.symlink_to(elsewhere)
        else:
            path.mkdir()
            (path / "chapter").write_text("mine")

    with pytest.raises(StoreExistsError, match=rf"{path} exists already; pass overwrite=True"):
        writer(path, Appears(make))
    assert names(tmp_path) == sorted([name, "thesis"])
    assert elsewhere.read_text() == "all of it"
    assert path.is_symlink() if kind == "link" else "mine" in str(content(path))


@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_a_folder_that_appears_is_not_overwritten_either(writer, name, tmp_path):
    path = tmp_path / name

    def make():
        path.mkdir()
        (path / "chapter").touch()

    with pytest.raises(StoreExistsError, match=r"exists and .*, so overwrite=True does not"):
        writer(path, Appears(make), overwrite=True)
    assert names(path) == ["chapter"]
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_the_old_one_can_be_read_until_the_new_one_is_there(writer, name, tmp_path):
    path = tmp_path / name
    old = content(Path(getattr(writer(path), "path", path)))
    seen = []
    writer(path, Appears(lambda: seen.append(content(path))), overwrite=True)
    assert seen == [old]
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", ["walks.zarr", "walks.npy", "walks.txt"])
def test_a_job_that_may_be_resumed_is_kept_when_its_place_is_taken(name, tmp_path):
    graph = graphwalk.build_zarr(EDGES, tmp_path / "graph")
    walks = graphwalk.random_walks(graph, num_walks=4, walk_length=3, seed=1, chunks=4)
    path, really = tmp_path / name, Target.publish

    def publish_late(target, finished):
        path.touch()
        really(target, finished)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Target, "publish", publish_late)
        with pytest.raises(StoreExistsError):
            graphwalk.write_walks(walks, path, resume=True)
    assert path.read_bytes() == b""
    path.unlink()
    graphwalk.write_walks(walks, path, resume=True)
    assert names(tmp_path) == ["graph", name]


# -- names that graphwalk needs itself ---------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling"])
@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_a_partial_folder_of_others_is_left_alone(writer, name, kind, tmp_path):
    taken, mine = partial_path(tmp_path / name), tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis").touch()
    if kind == "file":
        taken.touch()
    elif kind == "folder":
        taken.mkdir()
        (taken / "thesis").touch()
    else:
        taken.symlink_to(mine if kind == "link" else tmp_path / "nothing")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreExistsError, match=rf"{taken} was not made by graphwalk.*rename it"):
        writer(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_other_names_are_of_no_matter(writer, name, tmp_path):
    """Earlier versions emptied these two, whatever they were."""
    for other in (f"{name}.partial", f"{name}.partial-replaced"):
        (tmp_path / other).mkdir()
        (tmp_path / other / "thesis").touch()
    writer(tmp_path / name)
    writer(tmp_path / name, overwrite=True)
    assert len(list(tmp_path.rglob("thesis"))) == 2


def test_links_within_a_partial_folder_are_not_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis").touch()
    target = tmp_path / "target"
    folder = leave(target)
    (folder / "link").symlink_to(tmp_path / "mine")
    with partial_folder(target):
        assert not (folder / "link").is_symlink()
    assert names(tmp_path) == ["mine"]
    assert names(tmp_path / "mine") == ["thesis"]


# -- what may be replaced ----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_are_replaced(suffix, tmp_path):
    """As other writers do: a foreign Parquet file is replaced by a folder, too."""
    path = tmp_path / f"walks{suffix}"
    path.write_text("foreign")
    write(path, overwrite=True)
    assert path.is_dir() == (suffix in (".zarr", ".parquet"))
    assert names(tmp_path) == [path.name]


def test_a_store_does_not_replace_a_file(tmp_path):
    (tmp_path / "edges.csv").write_text("0,1\n")
    with pytest.raises(StoreExistsError, match="is no graphwalk store"):
        build(tmp_path / "edges.csv", overwrite=True)


def test_folders_without_a_mark_are_not_replaced(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq
    import zarr

    zarr.save_array(tmp_path / "a.zarr", WALKS)
    (tmp_path / "b.parquet").mkdir()
    pq.write_table(pa.table({"walk": [1]}), tmp_path / "b.parquet" / "part-00000.parquet")
    (tmp_path / "c.parquet").mkdir()
    (tmp_path / "c.parquet" / "_graphwalk.parquet").write_text("not Parquet")
    for name in ("a.zarr", "b.parquet", "c.parquet"):
        before = content(tmp_path / name)
        with pytest.raises(StoreExistsError, match="holds no walks"):
            write(tmp_path / name, overwrite=True)
        assert content(tmp_path / name) == before


# -- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_a_link_stays_and_what_it_leads_to_is_replaced(writer, name, tmp_path):
    (tmp_path / "disk").mkdir()
    end, link = tmp_path / "disk" / f"real-{name}", tmp_path / name
    writer(end)
    link.symlink_to(end)
    with pytest.raises(StoreExistsError, match="exists already"):
        writer(link)
    before = end.stat().st_ino
    writer(link, overwrite=True)
    assert link.readlink() == end
    assert end.stat().st_ino != before
    assert (names(tmp_path), names(tmp_path / "disk")) == (sorted(["disk", name]), [end.name])


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_links_to_nothing_and_to_other_kinds(writer, name, overwrite, tmp_path):
    link, end = tmp_path / name, tmp_path / "thesis.tex"
    link.symlink_to(end)
    with pytest.raises(StoreExistsError, match=rf"is a link to {end}, which does not exist"):
        writer(link, overwrite=overwrite)
    assert names(tmp_path) == [name]
    end.write_text("all of it")
    with pytest.raises(StoreExistsError):
        writer(link, overwrite=overwrite)
    assert end.read_text() == "all of it"
    assert link.is_symlink()


# -- file systems ------------------------------------------------------------------------------


@pytest.fixture
def simple_files(monkeypatch):
    """A file system that has no hard links and cannot exchange."""

    link = os.link

    def refuse(old, new):
        if "graphwalk-partial/store" in str(old):  # Zarr's own
            return link(old, new)
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(publish, "_exchange", lambda *_: False)


@pytest.mark.usefixtures("simple_files")
@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_simple_file_systems(writer, name, tmp_path):
    path = tmp_path / name
    writer(path)
    with pytest.raises(StoreExistsError):
        writer(path)
    writer(path, overwrite=True)
    path.rename(tmp_path / "before")
    with pytest.raises(StoreExistsError):
        writer(path, Appears(lambda: path.write_text("mine")))
    assert path.read_text() == "mine"
    assert names(tmp_path) == ["before", name]


@pytest.mark.usefixtures("simple_files")
@pytest.mark.parametrize(("writer", "name"), [WRITERS[0], WRITERS[1], WRITERS[2]])
def test_what_a_job_was_about_to_replace_is_restored(writer, name, tmp_path, monkeypatch):
    path = tmp_path / name
    writer(path)
    before, really = content(path), Path.rename

    def killed_after_the_first(old, new):
        if old == path:
            really(old, new)
        raise SystemExit  # and, as after a kill, nothing is put back

    monkeypatch.setattr(Path, "rename", killed_after_the_first)
    monkeypatch.setattr("graphwalk.storage.files.partial_folder.remove", lambda _: None)
    with pytest.raises(SystemExit):
        writer(path, overwrite=True)
    monkeypatch.undo()
    assert not path.exists()
    with pytest.raises(ZeroDivisionError):
        writer(path, Appears(lambda: 1 / 0))
    assert content(path) == before
    assert names(tmp_path) == [name]


def test_a_parent_that_vanishes(tmp_path):
    for writer, name in ((build, "graph"), (write, "walks.npy"), (write, "walks.zarr")):
        (tmp_path / "folder").mkdir()
        vanish = Appears(lambda: (tmp_path / "folder").rename(tmp_path / "moved"))
        with pytest.raises(StoreError, match=rf"{tmp_path}/folder"):
            writer(tmp_path / "folder" / name, vanish)
        assert names(tmp_path) == ["moved"]
        shutil.rmtree(tmp_path / "moved")


def test_a_parent_that_is_made_again_while_it_is_written_to(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()

    def fail():
        folder.rename(tmp_path / "moved")
        folder.mkdir()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), made_folders(folder):
        fail()
    assert names(tmp_path) == ["moved"]


def test_a_folder_that_another_job_has_made_again_is_not_its_own(tmp_path, monkeypatch):
    folder, opened = tmp_path / "folder", os.open
    folder.mkdir()

    def remade(path, flags, *more):
        file = opened(path, flags, *more)
        if path == folder:
            folder.rename(tmp_path / "old")  # so that the number of the first is not free
            folder.mkdir()
        return file

    monkeypatch.setattr(os, "open", remade)
    lock = held(folder)
    with pytest.raises(StoreError, match="another job has just finished"):
        lock.__enter__()


def test_a_folder_is_looked_into_under_its_lock(tmp_path):
    """Another job is making it, or removing it, until the lock is released."""
    target, entered = tmp_path / "walks.zarr", []
    folder = partial_path(target)
    folder.mkdir()
    (folder / "part").touch()

    def share():
        with shared_folder(target):
            entered.append(sorted(path.name for path in folder.iterdir()))

    with held(folder):
        thread = threading.Thread(target=share)
        thread.start()
        thread.join(0.2)  # it waits for the lock; looking earlier would find no mark
        (folder / "graphwalk-partial.lock").touch()
    thread.join()
    assert entered == [["graphwalk-partial.lock", "part"]]


@pytest.mark.parametrize(("writer", "name"), WRITERS)
def test_of_two_writers_one_is_told_of_the_other(writer, name, tmp_path):
    path, begun, go = tmp_path / name, threading.Event(), threading.Event()

    def wait():
        begun.set()
        go.wait(60)

    first = threading.Thread(target=lambda: writer(path, Appears(wait)))
    first.start()
    assert begun.wait(60)
    with pytest.raises(StoreError, match="another job is writing"):
        writer(path)
    go.set()
    first.join()
    assert names(tmp_path) == [name]


# -- changes of a store ------------------------------------------------------------------------


def test_types_of_nodes_stay_when_others_cannot_be_written(tmp_path, monkeypatch):
    graph = graphwalk.set_node_types(build(tmp_path / "g"), ["a", "b", "b"])
    before = content(tmp_path / "g")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("graphwalk.storage.store.array_writer.ArrayWriter.finish", full)
        with pytest.raises(StoreError, match=r"No space left.*free space"):
            graphwalk.set_node_types(graph, ["c", "c", "c"])
    assert content(tmp_path / "g") == before
    with (
        held(leave(tmp_path / "g" / "node_types")),
        pytest.raises(StoreError, match="another job is writing"),
    ):
        graphwalk.set_node_types(graph, ["c", "c", "c"])
    graphwalk.set_node_types(graph, ["c", "c", "c"])
    assert graphwalk.open_zarr(tmp_path / "g").type_names == ("c",)
    assert names(tmp_path / "g") == ["neighbors", "node_types", "offsets", "zarr.json"]


def test_types_are_not_written_into_another_graph(tmp_path):
    graph = build(tmp_path / "g")
    graphwalk.build_zarr(EDGES[:, :2], tmp_path / "g", overwrite=True)
    before = (tmp_path / "g" / "zarr.json").read_bytes()
    with pytest.raises(StoreError, match="was replaced by another graph"):
        graphwalk.set_node_types(graph, ["c", "c", "c"])
    assert (tmp_path / "g" / "zarr.json").read_bytes() == before


# -- small files -------------------------------------------------------------------------------


def test_a_report_replaces_files_only(tmp_path):
    path = tmp_path / "report.html"
    write_file(str(path), b"old", overwrite=False)
    with pytest.raises(StoreExistsError, match="exists already"):
        write_file(str(path), b"new", overwrite=False)
    write_file(str(path), b"new", overwrite=True)
    assert path.read_bytes() == b"new"
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "folder.html" / "thesis").touch()
    with pytest.raises(StoreExistsError, match="is no file"):
        write_file(str(tmp_path / "folder.html"), b"new", overwrite=True)
    assert names(tmp_path) == ["folder.html", "report.html"]


def test_nothing_but_files_is_replaced_by_files(tmp_path):
    os.mkfifo(tmp_path / "walks.npy")
    with pytest.raises(StoreExistsError, match="holds no walks"):
        write(tmp_path / "walks.npy", overwrite=True)
    target = Target(str(tmp_path / "x"), Replaceable(True, "", lambda _: False))
    target.check_free()
