"""Edges that are not in memory: NumPy files, Zarr, Dask, and iterables of all kinds."""

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest
import zarr
from test_sources import DST, NAMES, SRC, WEIGHT, check, pairs, read, triples

from graphwalk.errors import InputError
from graphwalk.storage.edges.lazy_arrays import FileArray, from_memmap
from graphwalk.storage.edges.open import open_source

EDGES = np.array([SRC, DST])


def memmap(folder, array, name="edges.npy"):
    np.save(folder / name, array)
    return np.load(folder / name, mmap_mode="r")


def zarr_array(folder, array, chunks):
    return zarr.create_array(
        str(folder / f"{len(list(folder.iterdir()))}.zarr"), data=array, chunks=chunks
    )


def unknown_lengths(array):
    whole = da.from_array(array, chunks=2)
    return whole[whole >= 0]


def batches(*columns):
    for i in range(0, 5, 2):
        yield tuple(np.array(column[i : i + 2]) for column in columns)


FORMS = {
    "memmap": lambda folder: memmap(folder, EDGES),
    "memmap of pairs": lambda folder: memmap(folder, EDGES.T.copy()),
    "memmap in Fortran order": lambda folder: memmap(folder, EDGES.T),
    "part of a memmap": lambda folder: memmap(folder, np.vstack([[SRC], EDGES]))[1:],
    "memmap columns": lambda folder: (memmap(folder, EDGES[0]), memmap(folder, EDGES[1], "b.npy")),
    "memmap and list": lambda folder: (memmap(folder, EDGES[0]), DST),
    "big-endian memmap": lambda folder: memmap(folder, EDGES.astype(">i4")),
    "npy": lambda folder: memmap(folder, EDGES).filename,
    "Zarr (2, E)": lambda folder: zarr_array(folder, EDGES, (2, 2)),
    "Zarr (E, 2)": lambda folder: zarr_array(folder, EDGES.T, (3, 1)),
    "Zarr columns": lambda folder: tuple(zarr_array(folder, part, 2) for part in EDGES),
    "Dask (2, E)": lambda _: da.from_array(EDGES, chunks=(1, 2)),
    "Dask (E, 2)": lambda _: da.from_array(EDGES.T, chunks=(2, 1)),
    "Dask columns": lambda _: (da.from_array(SRC, chunks=2), da.from_array(DST, chunks=3)),
    "Dask and NumPy": lambda _: (da.from_array(SRC, chunks=2), EDGES[1]),
    "unknown lengths": lambda _: tuple(map(unknown_lengths, EDGES)),
    "Dask frame": lambda _: dd.from_pandas(pd.DataFrame(pairs()), npartitions=2),
    "generator of edges": lambda _: iter(pairs()),
    "generator of columns": lambda _: batches(SRC, DST),
    "generator of arrays": lambda _: (np.array(batch) for batch in batches(SRC, DST)),
    "generator of frames": lambda _: (
        pd.DataFrame(zip(*b, strict=True)) for b in batches(SRC, DST)
    ),
    "list of columns": lambda _: list(batches(SRC, DST)),
    "record batches": lambda _: iter(table(EDGES).to_batches(2)),
    "reader": lambda _: table(EDGES).to_reader(2),
    "polars": lambda _: pl.DataFrame({"src": SRC, "dst": DST}),
    "generator of polars": lambda _: pl.DataFrame({"a": SRC, "b": DST}).iter_slices(2),
    "data set": lambda _: pyarrow.dataset.dataset(table(EDGES)),
    "npz of edges": lambda folder: npz(folder, edge_index=EDGES),
    "npz of columns": lambda folder: npz(folder, src=SRC, dst=DST),
    "npz of rows": lambda folder: npz(folder, indptr=[0, 2, 3, 4, 5], indices=DST),
    "generator of rows": lambda _: iter([np.array([1, 2]), [2], np.array([2]), [0]]),
}
WEIGHTED = {
    "memmap columns": lambda folder: (memmap(folder, EDGES[0]), DST, np.array(WEIGHT)),
    "Zarr columns": lambda folder: (
        *(zarr_array(folder, part, 2) for part in EDGES),
        zarr_array(folder, np.array(WEIGHT, np.float32), 3),
    ),
    "Dask columns": lambda _: tuple(da.from_array(part, chunks=2) for part in (SRC, DST, WEIGHT)),
    "Dask frame": lambda _: dd.from_pandas(pd.DataFrame(triples()), npartitions=2),
    "generator of edges": lambda _: iter(triples()),
    "generator of columns": lambda _: batches(SRC, DST, WEIGHT),
}
WEIGHTED["Dask frame"] = lambda _: dd.from_pandas(
    pd.DataFrame(triples(), columns=["src", "dst", "weight"]), npartitions=2
)


def table(edges):
    return pa.table({"src": edges[0], "dst": edges[1]})


def npz(folder, **arrays):
    np.savez(folder / "edges.npz", **arrays)
    return folder / "edges.npz"


@pytest.fixture(params=[1000, 7, 2, 1], ids="{}-edge batches".format)
def batch_edges(request):
    return request.param


@pytest.mark.parametrize("form", FORMS)
def test_every_stream_yields_the_same_edges(form, batch_edges, tmp_path):
    check(open_source(FORMS[form](tmp_path)), pairs(), batch_edges)


@pytest.mark.parametrize("form", WEIGHTED)
def test_every_weighted_stream_yields_the_same_edges(form, batch_edges, tmp_path):
    source = open_source(WEIGHTED[form](tmp_path))
    assert source.weighted
    check(source, triples(), batch_edges)


def test_strings_stream_too():
    named = pairs(NAMES)
    assert read(open_source(iter(named))) == named


def test_a_memmap_is_read_by_its_file(tmp_path):
    array = memmap(tmp_path, EDGES)
    assert isinstance(from_memmap(array), FileArray)
    changed = np.load(tmp_path / "edges.npy", mmap_mode="c")  # changes stay in memory
    changed[0, 0] = 3
    assert read(open_source(changed))[0] == (3, 1)


def test_a_file_that_was_cut_off(tmp_path):
    source = open_source(memmap(tmp_path, EDGES))
    data = (tmp_path / "edges.npy").read_bytes()
    (tmp_path / "edges.npy").write_bytes(data[:-8])
    with pytest.raises(InputError, match=r"edges\.npy ends early"):
        read(source)


def test_zarr_is_read_by_whole_chunks(tmp_path):
    source = open_source(zarr_array(tmp_path, np.zeros((2, 100), int), (2, 8)))
    assert [len(load().src) for load in source.batches(20)] == [16] * 6 + [4]


def test_rows_come_in_batches_of_about_their_size():
    lengths = np.random.default_rng(1).integers(0, 40, 5000)
    source = open_source(np.arange(length) for length in lengths)
    assert source.num_nodes is None
    sizes = [len(load().neighbors) for load in source.rows(1000)]
    assert sum(sizes) == lengths.sum()
    assert max(sizes[1:]) < 1500


def test_long_rows_are_not_taken_up_by_the_thousand():
    drawn = []

    def rows():
        for i in range(200):
            drawn.append(i)
            yield np.zeros(1 if i < 100 else 5000, int)

    batches = open_source(rows()).rows(5000)
    assert len(next(batches)().neighbors) <= 5000
    assert len(drawn) < 20
    assert max(len(load().neighbors) for load in batches) <= 5000


def test_pairs_are_no_rows():
    with pytest.raises(InputError, match="could be edges or rows"):
        open_source(list(edge) for edge in pairs())
    assert open_source(iter([[0, 1], [1, 2], [0]])).num_nodes is None


def test_a_data_set_is_read_by_its_columns():
    data = pyarrow.dataset.dataset(pa.table({"a": SRC, "x": ["text"] * 5, "b": DST}))
    assert read(open_source(data, columns=("b", "a"))) == [(v, u) for u, v in pairs()]


def test_an_error_of_the_iterator_is_raised_as_it_is():
    def edges():
        yield 0, 1
        raise RuntimeError("the cat bit the cable")

    with pytest.raises(RuntimeError, match="the cat"):
        read(open_source(edges()))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (np.zeros((3, 4)), r"shape \(3, 4\) is no list of edges"),
        (np.zeros((2, 4)), "ids are float64"),
        (np.zeros(4, int), r"shape \(4,\)"),
    ],
)
def test_arrays_elsewhere_that_cannot_be_used(edges, message, tmp_path):
    for form in (
        memmap(tmp_path, edges),
        zarr_array(tmp_path, edges, edges.shape),
        da.from_array(edges),
    ):
        with pytest.raises(InputError, match=message):
            open_source(form)


def test_columns_of_unequal_length(tmp_path):
    for form in (
        (memmap(tmp_path, np.arange(3)), np.arange(4)),
        (da.from_array(np.arange(3)), np.arange(4)),
    ):
        with pytest.raises(InputError, match=r"length|shapes"):
            open_source(form)


def test_a_lazy_frame_has_no_rows():
    with pytest.raises(InputError, match=r"\.collect\(\)"):
        open_source(pl.LazyFrame({"a": SRC, "b": DST}))


def test_items_that_differ():
    items = [(np.array([0]), np.array([1])), (np.array([0]), np.array([1]), np.array([0.5]))]
    with pytest.raises(InputError, match="some items have weights"):
        read(open_source(iter(items)))


@pytest.mark.parametrize("name", ["edges.npz", "edges.npy"])
def test_numpy_files_that_are_none(name, tmp_path):
    (tmp_path / name).write_text("0 1")
    with pytest.raises(InputError, match="cannot be read"):
        open_source(tmp_path / name)


def test_an_npz_of_other_things(tmp_path):
    with pytest.raises(InputError, match="has the arrays a; it takes edge_index"):
        open_source(npz(tmp_path, a=SRC))
