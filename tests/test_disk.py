"""A disk that is full, and folders that may not be written: a clear message and no litter."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dask
import numpy as np
import pytest

from graphwalk.errors import GraphwalkError, StoreError, StoreExistsError
from graphwalk.storage.build.api import build_zarr
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.files.tree import empty_folder

BIG = np.random.default_rng(2).integers(2**20, size=(2, 2**20))
SMALL = np.array([[0, 1], [1, 2]])

#: Prints what listing and emptying a folder takes at most, in bytes; other threads take none.
LISTING = """
import sys, tracemalloc
from graphwalk.storage.files.tree import empty_folder, files_below

tracemalloc.start()
assert sum(1 for _ in files_below(sys.argv[1])) == 10_003
print(tracemalloc.get_traced_memory()[1])
empty_folder(sys.argv[1], but="kept")
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    size = ["-t", "tmpfs", "-o", "size=4m", "tmpfs"]
    if mount is None or subprocess.run([mount, *size, folder], capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here (only root may)")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("compressed", [True, False])
def test_full_disk(small_disk, compressed):
    with pytest.raises(StoreError, match=rf"cannot write {small_disk}/a.*No space left.*free"):
        build_zarr(BIG, small_disk / "a" / "g", compressed=compressed)
    assert files(small_disk) == []


def test_full_disk_keeps_the_old_store(small_disk):
    build_zarr(SMALL, small_disk / "g")
    before = files(small_disk)
    with pytest.raises(StoreError, match="No space left"):
        build_zarr(BIG, small_disk / "g", overwrite=True)
    assert files(small_disk) == before


def test_full_disk_below_a_temporary_store(small_disk):
    with (
        dask.config.set({"temporary-directory": str(small_disk)}),
        pytest.raises(StoreError, match="No space left"),
    ):
        build_zarr(BIG)
    assert files(small_disk) == []


def test_files_that_may_not_grow(tmp_path):
    job = f"""
import numpy as np, resource, signal
from graphwalk.storage.build.api import build_zarr
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
edges = np.random.default_rng(2).integers(2**18, size=(2, 2**18))
resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, 2**18))
try:
    build_zarr(edges, {str(tmp_path / "g")!r})
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", job], capture_output=True, text=True, check=True)
    where = f"{tmp_path}/g.graphwalk-partial/store"
    assert done.stdout.startswith(f"StoreError cannot write {where}: File too large")
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", ["mkdir", "rename"])
def test_forbidden(tmp_path, monkeypatch, name):
    def refuse(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, name, refuse)
    with pytest.raises(StoreError, match=rf"cannot write {tmp_path}.*denied; change the perm"):
        build_zarr(SMALL, tmp_path / "g")
    monkeypatch.undo()
    assert files(tmp_path) == []


@pytest.mark.parametrize("suffix", ["", "/deep/er"])
def test_a_file_in_the_way(tmp_path, suffix):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=rf"cannot write {tmp_path}/file"):
        build_zarr(SMALL, tmp_path / f"file/g{suffix}")
    assert files(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that refuses")
def test_a_file_system_that_refuses():
    with pytest.raises(StoreError, match="cannot write /proc/"):
        build_zarr(SMALL, "/proc/graphs/g")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free space"),
        (errno.EDQUOT, "free space"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "can be written"),
        (errno.EMFILE, "ulimit"),
        (errno.EIO, "another path"),
    ],
)
def test_remedies(number, remedy):
    message = rf"cannot write /a/b: {os.strerror(number)}; .*{remedy}"
    with pytest.raises(StoreError, match=message) as info, disk_errors("/a/b"):
        raise OSError(number, os.strerror(number))
    assert isinstance(info.value.__cause__, OSError)


def test_errors_of_ours_stay_as_they_are():
    with pytest.raises(StoreExistsError, match=r"^here$"), disk_errors("/a/b"):
        raise StoreExistsError("here")
    with pytest.raises(ZeroDivisionError), disk_errors("/a/b"):
        1 / 0  # noqa: B018
    with pytest.raises(GraphwalkError), disk_errors(Path("/a/b")):
        raise OSError("no number")


def test_many_files_are_never_listed_at_once(tmp_path):
    kept, deep = tmp_path / "kept", tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for path in (kept, deep / "file", *(tmp_path / str(number) for number in range(10_000))):
        path.touch()
    (tmp_path / "link").symlink_to(tmp_path.parent)
    command = [sys.executable, "-c", LISTING, str(tmp_path)]
    listed, emptied = map(int, subprocess.check_output(command, timeout=60).split())
    assert listed < 200_000
    assert emptied < 1_500_000
    assert list(tmp_path.iterdir()) == [kept]
    empty_folder(tmp_path / "not there")
