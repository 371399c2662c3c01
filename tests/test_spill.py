"""Temporary files of a build: what is read back is what was written, or an error names the file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from edge_sources import Edges

from graphwalk.errors import StoreError
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.files.spill import AnonymousSpillFile, SpillFile, SpillFolder
from graphwalk.util.progress_bar import Progress

ARRAYS = [
    np.arange(1000),
    np.empty(0, np.int64),
    np.array([1.5, np.nan], np.float32),
    np.arange(7, dtype=np.uint8),
]


def test_pieces_are_read_back(tmp_path):
    file = SpillFile(str(tmp_path / "a"))
    pieces = [file.append(values) for values in ARRAYS]
    file.close()
    for piece, values in zip(pieces, ARRAYS, strict=True):
        read = piece.read()
        assert read.dtype == values.dtype
        np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize("position", [0, 3999, 7999])
def test_a_flipped_bit_is_found(tmp_path, position):
    file = SpillFile(str(tmp_path / "a"))
    piece = file.append(ARRAYS[0])
    file.close()
    data = bytearray((tmp_path / "a").read_bytes())
    data[position] ^= 4
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(StoreError, match=rf"{tmp_path}/a is damaged: bytes 0 to 8000.*build again"):
        piece.read()


def test_a_truncated_file_is_found(tmp_path):
    file = SpillFile(str(tmp_path / "a"))
    pieces = [file.append(values) for values in ARRAYS]
    file.close()
    os.truncate(tmp_path / "a", 8001)
    np.testing.assert_array_equal(pieces[0].read(), ARRAYS[0])
    with pytest.raises(StoreError, match="damaged: bytes 8000 to 8008"):
        pieces[2].read()


def test_a_missing_file_is_named(tmp_path):
    file = SpillFile(str(tmp_path / "a"))
    piece = file.append(ARRAYS[0])
    file.remove()
    with pytest.raises(StoreError, match=rf"{tmp_path}/a is not there.*all machines see"):
        piece.read()


def test_a_folder_closes_what_was_left_open(tmp_path):
    before = len(list(os.scandir("/proc/self/fd")))
    folder = SpillFolder(tmp_path)
    files = [folder.new(name) for name in "abcd"]
    for file in files[:3]:
        file.append(ARRAYS[0])
    assert len(list(os.scandir("/proc/self/fd"))) == before + 3
    files[1].remove()
    folder.close()
    assert len(list(os.scandir("/proc/self/fd"))) == before
    assert sorted(os.listdir(tmp_path)) == ["a", "c"]  # noqa: PTH208


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


FULL = {
    "run-[0-9]+": {},
    "edges": {"once": True},
    "encoded": {"scale": 10**9},
}


@pytest.mark.parametrize("file", FULL)
def test_disk_that_fills_up_with_temporary_files(small_disk, monkeypatch, file):
    monkeypatch.setattr("graphwalk.storage.build.edge_list.check_disk", lambda *_: None)
    how = dict(FULL[file])
    src, dst = np.random.default_rng(0).integers(0, 1000, (2, 600_000)) * how.pop("scale", 1)
    tuning = BuildSizes(1 << 20, 2, spill=True)
    with pytest.raises(StoreError, match=rf"cannot write {small_disk}/.*/{file}: No space.*free"):
        build(
            Edges(src, dst, **how), str(small_disk / "g"), BuildOptions(), tuning, Progress(False)
        )
    assert list(small_disk.iterdir()) == []


def test_disk_without_room_is_refused_before_the_long_stages(small_disk):
    src, dst = np.random.default_rng(0).integers(0, 1000, (2, 600_000))
    tuning = BuildSizes(1 << 20, 2, spill=True)
    with pytest.raises(StoreError, match=r"take 9\.2 MiB, and .* free; free space.*memory="):
        build(Edges(src, dst), str(small_disk / "g"), BuildOptions(), tuning, Progress(False))
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("mode", [0o555, 0o600])
def test_folder_that_may_not_be_written(mode):
    job = """
import os, sys
from graphwalk.errors import StoreError
from graphwalk.storage.build.api import build_zarr
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    build_zarr([(0, 1)], sys.argv[1])
except StoreError as error:
    print(error)
"""
    with TemporaryDirectory(prefix="graphwalk-test-") as folder:
        Path(folder).chmod(0o755)
        closed = Path(folder, "closed")
        closed.mkdir(mode=mode)
        command = [sys.executable, "-c", job, str(closed / "g")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.stdout.startswith(f"cannot write {closed}"), done.stderr
        assert "Permission denied; change the permissions" in done.stdout
        closed.chmod(0o755)
        assert list(closed.iterdir()) == []


def test_a_file_without_a_name(tmp_path):
    file, arrays = AnonymousSpillFile(tmp_path), [np.arange(9), np.ones(3, "i4"), np.empty(0)]
    places = [file.append(array) for array in arrays]
    assert list(tmp_path.iterdir()) == []
    for place, array in zip(places, arrays, strict=True):
        out = np.empty_like(array)
        file.read_into(out, *place)
        np.testing.assert_array_equal(out, array)
    start, checksum = places[0]
    with pytest.raises(StoreError, match=r"a temporary file in .*is damaged: bytes 0 to 72"):
        file.read_into(np.empty(9, int), start, checksum + 1)
    with pytest.raises(StoreError, match="damaged"):
        file.read_into(np.empty(50, int), start, checksum)


def test_no_folder_for_a_file_without_a_name(tmp_path):
    with pytest.raises(StoreError, match=f"{tmp_path}/none"):
        AnonymousSpillFile(tmp_path / "none")
