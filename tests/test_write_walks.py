"""Walks in files: what is computed is what is read back, and nothing else is ever there."""

import fcntl
import functools
import gzip
import json
import pickle
import shutil
import threading
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr
from leftovers import leave

from graphwalk import errors, scheduler
from graphwalk.algorithms.output import formats
from graphwalk.algorithms.output import sink as sink_module
from graphwalk.algorithms.output import write_blocks as write_module
from graphwalk.algorithms.output.write import write_walks
from graphwalk.algorithms.output.write_blocks import write_blocks
from graphwalk.storage.files import partial_folder as partial_module
from graphwalk.storage.files.partial_folder import partial_folder, writing
from graphwalk.storage.store.label_table import NODE_BYTES, SLICE_BYTES

SUFFIXES = [".zarr", ".parquet", ".npy", ".txt", ".txt.gz", ".txt.zst"]
TOWNS = np.array(["Aarhus", "Bad Ems", "Çeşme", "Dún Laoghaire", "Évora"], dtype=object)


@pytest.fixture
def expected():
    rng = np.random.default_rng(1)
    walks = rng.integers(0, len(TOWNS), (10, 6), dtype=np.int32)
    ends = rng.integers(1, 7, 10)
    walks[np.arange(6) >= ends[:, None]] = -1
    return walks


@pytest.fixture
def walks(expected):
    return da.from_array(expected, chunks=(4, 6))


def trimmed(walks):
    return [row[row >= 0].tolist() for row in walks]


def as_text(walks, separator=" "):
    return "".join(separator.join(map(str, walk)) + "\n" for walk in walks)


def read(path):
    """Return what a file holds: an array, or one list a walk (of strings where it is text)."""
    match path.name.partition(".")[2]:
        case "zarr":
            return zarr.open_array(path, mode="r")[:]
        case "npy":
            return np.load(path)
        case "parquet":
            return pq.read_table(path).column("walk").to_pylist()
        case "txt":
            return [line.split() for line in path.read_text().splitlines()]
        case "txt.gz" | "txt.zst":
            return [line.split() for line in unpacked(path).decode().splitlines()]


def unpacked(path):
    """Return the text of a compressed file; each block is a member, or frame, of its own."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with pa.input_stream(path) as file:
        return file.read()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# -- every format ------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".zarr", ".npy"])
def test_arrays_are_written_as_they_are(suffix, walks, expected, tmp_path):
    path = write_walks(walks, tmp_path / f"walks{suffix}", labels=TOWNS)
    found = read(path)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_parquet_holds_lists_without_padding(dtype, walks, expected, tmp_path):
    path = write_walks(walks.astype(dtype), tmp_path / "walks.parquet")
    assert read(path) == trimmed(expected)
    schema = pq.read_schema(path / "part-00000.parquet")
    assert schema.names == ["walk_id", "start", "walk"]
    assert schema.field("walk").type.value_type == pa.from_numpy_dtype(dtype)
    about, *parts = names(path)
    assert about == "_graphwalk.parquet"
    assert parts == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert [pq.read_metadata(path / name).num_rows for name in parts] == [4, 4, 2]
    assert pl.read_parquet(path)["walk"].to_list() == trimmed(expected)


def test_text_is_one_walk_a_line(walks, expected, tmp_path):
    text = as_text(trimmed(expected))
    assert write_walks(walks, tmp_path / "walks.txt").read_text() == text
    for suffix in (".txt.gz", ".txt.zst"):
        assert unpacked(write_walks(walks, tmp_path / f"walks{suffix}")).decode() == text


@pytest.mark.parametrize(("suffix", "begin"), [(".gz", b"\x1f\x8b"), (".zst", b"\x28\xb5\x2f\xfd")])
def test_a_compressed_file_of_no_walks_is_one(suffix, begin, tmp_path):
    none = da.empty((0, 3), dtype=np.int32)
    assert write_walks(none, tmp_path / f"walks.txt{suffix}").read_bytes().startswith(begin)


def test_numbers_of_every_length_as_text(tmp_path):
    powers = [10**digits + more for digits in range(19) for more in (-1, 0)]
    labels = np.array([0, *powers, 2**63 - 1, -(2**63), -1, -10, -99, -100, -1234567])
    nodes = np.arange(len(labels)).reshape(1, -1)
    path = write_walks(da.from_array(nodes), tmp_path / "walks.txt", labels=labels)
    assert path.read_text() == " ".join(map(str, labels)) + "\n"


def test_parquet_says_which_walk_a_row_is(walks, expected, tmp_path):
    path = write_walks(walks, tmp_path / "walks.parquet", labels=TOWNS)
    rows = pq.read_table(path).select(["walk_id", "start"]).to_pylist()
    assert rows == [
        {"walk_id": number, "start": TOWNS[start]} for number, start in enumerate(expected[:, 0])
    ]
    path = write_walks(da.full((2, 3), -1, dtype=int), tmp_path / "none.parquet")
    assert pq.read_table(path)["start"].to_pylist() == [None, None]


@pytest.mark.parametrize("kind", [object, str, np.dtypes.StringDType(), "arrow", "chunked", "list"])
def test_strings_take_the_place_of_ids(kind, walks, expected, tmp_path):
    labels = {
        "arrow": lambda: pa.array(TOWNS),
        "chunked": lambda: pa.chunked_array([TOWNS[:2], TOWNS[2:]]),
        "list": TOWNS.tolist,
    }.get(kind, lambda: TOWNS.astype(kind))()
    named = [[TOWNS[node] for node in walk] for walk in trimmed(expected)]
    path = write_walks(walks, tmp_path / "walks.parquet", labels=labels)
    assert read(path) == named
    assert pq.read_schema(path / "part-00000.parquet").field("walk").type.value_type == pa.string()
    text = write_walks(walks, tmp_path / "walks.txt", labels=labels)
    assert text.read_text() == as_text(named, "\t")


def test_integers_take_the_place_of_ids(walks, expected, tmp_path):
    labels = np.array([2**40, 5, 7, 11, -13])
    named = [[int(labels[node]) for node in walk] for walk in trimmed(expected)]
    assert read(write_walks(walks, tmp_path / "walks.parquet", labels=labels)) == named
    text = write_walks(walks, tmp_path / "walks.txt", labels=labels)
    assert text.read_text() == as_text(named)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_blocks_may_be_cut_any_way(suffix, expected, tmp_path):
    whole = read(write_walks(da.from_array(expected, chunks=-1), tmp_path / f"a{suffix}"))
    for number, chunks in enumerate([(1, 6), (3, 2), ((2, 5, 3), (1, 5)), ((1, 9), 6)]):
        cut = da.from_array(expected, chunks=chunks)
        np.testing.assert_equal(read(write_walks(cut, tmp_path / f"b{number}{suffix}")), whole)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_slice_of_walks_is_written(suffix, walks, expected, tmp_path):
    found = read(write_walks(walks[3:9], tmp_path / f"walks{suffix}"))
    again = read(write_walks(da.from_array(expected[3:9]), tmp_path / f"again{suffix}"))
    assert len(found) == 6
    np.testing.assert_equal(found, again)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("shape", [(0, 6), (3, 1)])
def test_few_walks_and_short_ones(suffix, shape, tmp_path):
    path = write_walks(da.zeros(shape, dtype=np.int32), tmp_path / f"walks{suffix}")
    assert len(read(path)) == shape[0]
    assert write_blocks(da.zeros(shape, dtype=np.int32), tmp_path / f"b{suffix}")[1:3] == (
        shape[0],
        0,
    )


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz", ".parquet"])
def test_large_blocks_are_turned_into_text_piece_by_piece(suffix, expected, tmp_path):
    many = np.tile(expected, (18_000, 1))
    assert many.size > 2 * (SLICE_BYTES // NODE_BYTES)
    small, large = (da.from_array(many, chunks=(rows, 6)) for rows in (10_000, -1))
    at_once = read(write_walks(small, tmp_path / f"a{suffix}", labels=TOWNS))
    assert read(write_walks(large, tmp_path / f"b{suffix}", labels=TOWNS)) == at_once


def test_the_array_in_a_zarr_store_is_described(walks, tmp_path):
    path = write_walks(walks, tmp_path / "walks.zarr")
    described = json.loads((path / "zarr.json").read_text())
    assert described["zarr_format"] == 3
    assert described["dimension_names"] == ["walk", "step"]
    assert described["fill_value"] == -1
    assert described["chunk_grid"]["configuration"]["chunk_shape"] == [4, 6]
    assert [codec["name"] for codec in described["codecs"]] == ["bytes", "blosc", "crc32c"]


def test_walks_of_nothing_but_padding_still_have_a_chunk(tmp_path):
    path = write_walks(da.full((4, 3), -1, chunks=(2, 3)), tmp_path / "walks.zarr")
    assert len([file for file in path.rglob("*") if file.is_file()]) == 3


def test_gzip_holds_no_time_of_day(walks, tmp_path):
    first = write_walks(walks, tmp_path / "a.txt.gz").read_bytes()
    assert first[4:8] == bytes(4)
    assert write_walks(walks, tmp_path / "b.txt.gz").read_bytes() == first


def test_what_is_returned(walks, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert write_walks(walks, "walks.npy") == tmp_path / "walks.npy"
    written = write_blocks(walks, "walks.TXT")
    assert written.path == tmp_path / "walks.TXT"
    assert (written.walks, written.steps) == (10, sum(map(len, trimmed(expected))) - 10)


# -- tasks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_block_is_computed_once_and_dropped_when_written(suffix, tmp_path):
    """At no time do more blocks exist than threads compute."""
    alive, most, made, lock = set(), [0], [], threading.Lock()

    class Block(np.ndarray):
        def __del__(self):
            alive.discard(id(self))

    def make(block_id):
        with lock:
            block = np.full((5, 3), block_id[0], np.int32).view(Block)
            alive.add(id(block))
            made.append(block_id)
            most[0] = max(most[0], len(alive))
        return block

    source = da.map_blocks(make, chunks=((5,) * 20, (3,)), dtype=np.int32, meta=np.empty((0, 0)))
    with dask.config.set(scheduler="threads", num_workers=2):
        write_walks(source, tmp_path / f"walks{suffix}")
    assert len(made) == 20
    assert most[0] <= 2


def test_sinks_travel_to_other_processes(expected, tmp_path):
    shape = sink_module.Shape(10, 6, 5, 2, expected.dtype)
    for suffix, make in formats.SINKS.items():
        sink = make(str(tmp_path / "made"), shape, None)
        sizes = [0, 0]
        for number in (1, 0, 1):  # a task that is run again writes the same once more
            sink.open()  # as does a job that is resumed
            block = sink_module.WalkBlock(number, 5 * number, expected[5 * number : 5 * number + 5])
            sizes[number] = pickle.loads(pickle.dumps(sink)).write(block)
        Path(sink.close(sizes, {})).rename(tmp_path / f"walks{suffix}")
        shutil.rmtree(tmp_path / "made", ignore_errors=True)
    for suffix in SUFFIXES:
        assert len(read(tmp_path / f"walks{suffix}")) == 10
    np.testing.assert_array_equal(read(tmp_path / "walks.zarr"), expected)
    np.testing.assert_array_equal(read(tmp_path / "walks.npy"), expected)


def test_progress_counts_the_walks(walks, tmp_path, capsys):
    write_walks(walks, tmp_path / "a.npy")
    assert capsys.readouterr().err == ""
    write_walks(walks, tmp_path / "b.npy", progress=True)
    assert "10.0/10.0" in capsys.readouterr().err


@pytest.mark.ray
def test_processes_of_ray_write_the_same(shared_ray, walks, tmp_path, capsys):
    folders = tmp_path / "threads", tmp_path / "ray"
    for suffix in SUFFIXES:
        write_walks(walks, folders[0] / f"walks{suffix}", labels=TOWNS)
    with scheduler.use("ray"):
        for suffix in SUFFIXES:
            write_walks(walks, folders[1] / f"walks{suffix}", labels=TOWNS, progress=True)
            assert "10.0/10.0" in capsys.readouterr().err
        with pytest.raises(errors.InputError, match="2 labels"):
            write_walks(walks, folders[1] / "fails.txt", labels=TOWNS[:2])
    assert_same_files(*folders)


def assert_same_files(first, second):
    files = [
        sorted(path for path in folder.rglob("*") if path.is_file()) for folder in (first, second)
    ]
    for a, b in zip(*files, strict=True):
        assert a.relative_to(first) == b.relative_to(second)
        assert a.read_bytes() == b.read_bytes()


# -- what is there already ---------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_walks_are_not_replaced_unasked(suffix, walks, tmp_path):
    path = write_walks(walks, tmp_path / f"walks{suffix}")
    before = read(path)
    with pytest.raises(errors.StoreExistsError, match="overwrite=True"):
        write_walks(walks[:3], path)
    np.testing.assert_equal(read(path), before)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_walks_are_replaced_when_asked(suffix, walks, tmp_path):
    path = write_walks(walks, tmp_path / f"walks{suffix}")
    write_walks(walks[:3], path, overwrite=True)
    assert len(read(path)) == 3
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_walks_stay_when_those_to_replace_them_fail(suffix, walks, tmp_path):
    path = write_walks(walks, tmp_path / f"walks{suffix}")
    before = read(path)
    with pytest.raises(ZeroDivisionError):
        write_walks(failing(walks), path, overwrite=True)
    np.testing.assert_equal(read(path), before)
    assert names(tmp_path) == [path.name]


def test_walks_of_a_symbolic_link_are_replaced_where_they_lie(walks, tmp_path):
    (tmp_path / "disk").mkdir()
    path = write_walks(walks, tmp_path / "disk" / "walks.zarr")
    link = tmp_path / "walks.zarr"
    link.symlink_to(path)
    write_walks(walks[:2], link, overwrite=True)
    assert link.is_symlink()
    assert len(read(path)) == 2


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_something_else_is_never_replaced(suffix, walks, tmp_path):
    path = tmp_path / f"graph{suffix}"
    if suffix == ".zarr":
        zarr.create_group(path)
    else:
        path.mkdir()
        (path / "thesis.tex").touch()
    before = names(path)
    with pytest.raises(errors.StoreExistsError, match="holds no walks"):
        write_walks(walks, path, overwrite=True)
    assert names(path) == before
    assert names(tmp_path) == [path.name]


def test_what_a_killed_job_left_is_cleared(walks, expected, tmp_path):
    leave(tmp_path / "walks.parquet", "walks/part-00009.parquet")
    assert read(write_walks(walks, tmp_path / "walks.parquet")) == trimmed(expected)
    assert names(tmp_path) == ["walks.parquet"]


def test_two_jobs_do_not_write_one_target(walks, tmp_path):
    target = tmp_path / "walks.npy"
    with partial_folder(target) as folder:
        with pytest.raises(errors.StoreError, match="another job"):
            write_walks(walks, target)
        assert folder.is_dir()
    write_walks(walks, target)


# -- failures leave nothing --------------------------------------------------------------------


def failing(walks, after=1, error=ZeroDivisionError):
    def fail(block, block_id):
        if block_id[0] >= after:
            raise error
        return block

    return walks.map_blocks(fail, dtype=walks.dtype, meta=np.empty((0, 0), walks.dtype))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_nothing_is_left_of_a_failed_job(suffix, error, walks, tmp_path):
    with pytest.raises(error):
        write_walks(failing(walks, error=error), tmp_path / "new" / f"walks{suffix}", labels=TOWNS)
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_task_that_outlives_its_job_leaves_nothing_either(suffix, tmp_path, monkeypatch):
    """One thread fails while another computes a block, which it would write afterwards."""
    job_ended, task_ended, outcome = threading.Event(), threading.Event(), []

    def make(block_id):
        if block_id[0] == 0:
            raise ZeroDivisionError
        job_ended.wait(30)
        return np.zeros((1, 2), np.int32)

    @functools.wraps(write_module._write_block)
    def write(*args, **kwargs):
        try:
            outcome.append(write_block(*args, **kwargs))
        except errors.StoreError as error:
            outcome.append(error)
        finally:
            task_ended.set()

    write_block = write_module._write_block
    monkeypatch.setattr(write_module, "_write_block", write)
    source = da.map_blocks(make, chunks=((1, 1), (2,)), dtype=np.int32, meta=np.empty((0, 0)))
    with (
        dask.config.set(scheduler="threads", num_workers=2),
        pytest.raises(ZeroDivisionError),
    ):
        write_walks(source, tmp_path / f"walks{suffix}")
    job_ended.set()
    assert task_ended.wait(30)
    assert isinstance(outcome[0], errors.StoreError)
    assert names(tmp_path) == []


def test_removal_waits_for_those_who_write(tmp_path, monkeypatch):
    """A writer inside the folder is let finish; one that comes later is turned away."""
    entered, removal_waits, order = threading.Event(), threading.Event(), []

    def lock(file, folder, kind):
        if kind == fcntl.LOCK_EX:
            removal_waits.set()
        fcntl.flock(file, kind)

    def write(folder):
        with writing(folder):
            entered.set()
            removal_waits.wait(30)
            (folder / "file").touch()
            order.append("written")

    monkeypatch.setattr(partial_module, "lock_file", lock)
    with partial_folder(tmp_path / "walks") as folder:
        writer = threading.Thread(target=write, args=(folder,))
        writer.start()
        entered.wait(30)
    order.append("removed")
    writer.join()
    assert order == ["written", "removed"]
    assert names(tmp_path) == []
    with pytest.raises(errors.StoreError, match="all machines"), writing(folder):
        order.append("never")


def test_an_error_of_the_writer_is_its_own(tmp_path):
    with (
        partial_folder(tmp_path / "walks") as folder,
        pytest.raises(FileNotFoundError, match="no such thing"),
        writing(folder),
    ):
        raise FileNotFoundError("no such thing")


def test_a_full_disk_leaves_nothing(walks, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "walks.npy")

    monkeypatch.setattr(formats.SINKS[".npy"], "write", full)
    with pytest.raises(errors.StoreError, match="No space left"):
        write_walks(walks, tmp_path / "new" / "walks.npy")
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made(walks, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.StoreError, match=r"cannot write .*File exists"):
        write_walks(walks, tmp_path / "file" / "walks.npy")


# -- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["walks.csv", "walks", ".txt", "walks.zarr.zip", "walks.gz"])
def test_an_unknown_suffix_is_told_the_known_ones(name, walks, tmp_path):
    with pytest.raises(errors.InputError) as caught:
        write_walks(walks, tmp_path / name)
    assert name in str(caught.value)
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 2), int), "ndarray"),
        (da.zeros((2, 2)), "float64"),
        (da.zeros(2, dtype=int), r"shape \(2,\)"),
        (da.zeros((2, 2, 2), dtype=int), r"shape \(2, 2, 2\)"),
        (da.zeros((4, 2), dtype=int)[da.zeros(4) > 0], "nan"),
        (da.zeros((2, 2), dtype=np.uint8), "uint8"),
    ],
)
def test_what_are_no_walks(bad, message, tmp_path):
    with pytest.raises(errors.InputError, match=message):
        write_walks(bad, tmp_path / "walks.npy")


def test_one_file_at_a_url_is_refused(walks):
    with pytest.raises(errors.InputError, match="URL"):
        write_walks(walks, "s3://bucket/walks.npy")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (TOWNS[:2], "2 labels"),
        (np.array([1.5, 2.5, 3.5, 4.5, 5.5]), "double"),
        (np.array(["a", None, "c", "d", "e"], dtype=object), r"labels\[1\] is missing"),
        (np.array(["a", 2, "c", "d", "e"], dtype=object), "integers or strings"),
        (np.zeros((5, 2), int), "integers or strings"),
        ([["a"], ["b"], ["c"], ["d"], ["e"]], "list"),
    ],
)
@pytest.mark.parametrize("suffix", [".parquet", ".txt"])
def test_labels_that_do_not_fit(suffix, labels, message, walks, tmp_path):
    with pytest.raises(errors.InputError, match=message):
        write_walks(walks, tmp_path / f"walks{suffix}", labels=labels)
    assert names(tmp_path) == []


@pytest.mark.parametrize("label", ["tab\tbed", "line\nend", "return\rr"])
def test_a_label_that_breaks_a_line_is_for_parquet(label, walks, tmp_path):
    labels = ["a", "b", label, "c", "d"]
    with pytest.raises(errors.InputError, match="Parquet") as caught:
        write_walks(walks, tmp_path / "walks.txt", labels=labels)
    assert repr(label) in str(caught.value)
    found = read(write_walks(walks, tmp_path / "walks.parquet", labels=labels))
    assert label in {name for walk in found for name in walk}


def test_a_block_too_large_for_a_chunk_is_refused_at_once(tmp_path):
    huge = da.zeros((2**25, 81), dtype=np.int32, chunks=(2**25, 81))
    with pytest.raises(errors.InputError, match="chunks"):
        write_walks(huge, tmp_path / "walks.zarr")
    assert names(tmp_path) == []
