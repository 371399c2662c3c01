"""Which columns of a table are used, and what is wrong with them."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from reading import read

from graphwalk.errors import InputError
from graphwalk.storage.edges.choose import choose_columns as choose
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.edges.options import ReadOptions


def choose_columns(names, columns, table):
    return choose(names, ReadOptions(columns), table).columns


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], [0, 1]),
        (["a", "b", "c"], [0, 1]),
        (["a", "b", "weight"], [0, 1, 2]),
        (["weight", "a", "b"], [1, 2, 0]),
        (["id", "target", "source"], [2, 1]),
        (["To", "FROM", "Weight"], [1, 0, 2]),
        (["dst", "x", "src", "weight"], [2, 0, 3]),
        ([0, 1], [0, 1]),
    ],
)
def test_default_columns(names, expected):
    assert choose_columns(names, None, "table") == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [(("b", "a"), [1, 0]), (["a", "weight"], [0, 2]), (("a", "b", "weight"), [0, 1, 2])],
)
def test_named_columns(columns, expected):
    assert choose_columns(["a", "b", "weight"], columns, "table") == expected


def load_all(source, size=1000):
    return [load() for load in source.batches(size)]


def test_numbered_columns_by_number_or_text():
    assert choose_columns([0, 1, 2], (2, 0), "table") == [2, 0]
    assert choose_columns([0, 1, 2], ("2", "0"), "table") == [2, 0]


@pytest.mark.parametrize(
    ("names", "columns", "message"),
    [
        (["a", "b"], ("a", "c"), "table has no column 'c'; its columns are 'a', 'b'"),
        (["a", "b", "b"], ("a", "b"), "2 columns 'b'"),
        (["a", "b"], ("a",), "two or three"),
        (["a", "b"], "ab", "two or three"),
        (["a", "b"], 2, "two or three"),
        (["a"], None, "one column only, 'a'"),
        (["a", "weight"], None, "no names among them"),
        (["a", "b", "weight", "Weight"], None, "several are named as weights"),
        (["id", "source", "neighbour"], None, "'source' is one end of edges without another"),
        (["src", "source", "dst"], None, r"several pairs.*columns=\('src', 'dst'\)"),
        ([], None, "has no columns"),
    ],
)
def test_columns_that_cannot_be_chosen(names, columns, message):
    with pytest.raises(InputError, match=message):
        choose_columns(names, columns, "table")


def test_two_named_columns_leave_weights_out():
    table = pa.table({"a": [0], "b": [1], "weight": [0.5]})
    assert open_source(table).weighted
    assert not open_source(table, columns=("a", "b")).weighted
    assert open_source(table, columns=("a", "b", "weight")).weighted


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, None, 2], "column 'b', row 1: the id is missing"),
        (["x", None, "y"], "column 'b', row 1: the id is missing"),
        ([0.0, 1.0, 2.0], r"column 'b': ids are (double|float64).*\.astype\(np\.int64\)"),
        ([True, False, True], "column 'b': ids are bool"),
        ([b"x", b"y", b"z"], "column 'b': ids are binary"),
        (["x", "y", "z"], "sources are integers and targets are strings"),
        ([[1], [2], [3]], "column 'b': ids are list"),
    ],
)
def test_ids_that_cannot_be_used(values, message, tmp_path):
    first = ["x", "y", "z"] if isinstance(values[0], str) else [0, 1, 2]
    table = pa.table({"a": first if None in values else [0, 1, 2], "b": values})
    pq.write_table(table, tmp_path / "edges.parquet")
    for edges in (table, table.to_pandas(), tmp_path / "edges.parquet"):
        with pytest.raises(InputError, match=message):
            load_all(open_source(edges))


def test_fractions_are_no_ids():
    table = pa.table({"a": [0, 1], "b": [0, 1.5]})
    for edges in (table, table.to_pandas()):
        with pytest.raises(InputError, match=r"column 'b', row 1: 1\.5 is no id"):
            open_source(edges)


def test_mixed_objects_in_pandas():
    frame = pd.DataFrame({"a": [0, 1], "b": [2, "x"]})
    with pytest.raises(InputError, match="pandas DataFrame, column 'b', row 1: 'x' is a str"):
        open_source(frame)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (["x", "y"], "column 'weight': its values are"),
        ([True, False], "column 'weight': its values are bool"),
        ([1.0, None], "column 'weight', row 1: the weight is missing"),
    ],
)
def test_weights_that_cannot_be_used(weights, message, tmp_path):
    table = pa.table({"a": [0, 1], "b": [1, 2], "weight": weights})
    pq.write_table(table, tmp_path / "edges.parquet")
    for edges in (table, table.to_pandas(), tmp_path / "edges.parquet"):
        with pytest.raises(InputError, match=message):
            load_all(open_source(edges))


def test_weights_of_any_number_type():
    for values in ([1, 2], [Decimal("1"), Decimal("2")], np.array([1, 2], "f2")):
        (batch,) = load_all(open_source(pa.table({"a": [0, 1], "b": [1, 2], "weight": values})))
        assert batch.weight.dtype == np.float64
        assert batch.weight.tolist() == [1.0, 2.0]


def test_what_is_no_table():
    for edges in (pa.chunked_array([[1, 2]]), pa.array([1, 2])):
        with pytest.raises(InputError, match="is no table of edges"):
            open_source(edges)


# Parquet files


def test_parquet_names_the_part_and_its_row(tmp_path):
    pq.write_table(pa.table({"a": [0], "b": [1]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"a": [0, 1, 2, None], "b": [1] * 4}), tmp_path / "1.parquet")
    with pytest.raises(InputError, match=r"1\.parquet, column 'a', row 3"):
        load_all(open_source(tmp_path), 2)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"a": ["x"], "b": ["y"]}, "use one type"),
        ({"a": [0], "c": [1]}, r"1\.parquet has no column 'b'"),
    ],
)
def test_parts_that_differ(second, message, tmp_path):
    pq.write_table(pa.table({"a": [0], "b": [1]}), tmp_path / "0.parquet")
    pq.write_table(pa.table(second), tmp_path / "1.parquet")
    with pytest.raises(InputError, match=message):
        open_source(tmp_path)


PART_FORMS = ["parquet", "feather", "orc", "hive", "data set", "frames", "tables", "polars", "csv"]
MORE_PARTS = [
    ("weight", "weights", {}),
    ("score", "weights", {}),
    ("time", "times", {"values": "times"}),
    ("kind", "types", {"values": "edge_types"}),
    ("time", None, {}),
    ("note", None, {}),
    ("id", "", {}),
]


def in_parts(folder, form, first, second):
    """Return two parts in one of the forms in which edges come in parts."""
    parts = [pd.DataFrame(first), pd.DataFrame(second)]
    tables = [pa.Table.from_pandas(part, preserve_index=False) for part in parts]
    in_memory = {"tables": tables, "polars": list(map(pl.from_pandas, parts))}
    if form == "frames":
        return (part for part in parts)
    if form in in_memory:
        return in_memory[form]
    for i, (part, table) in enumerate(zip(parts, tables, strict=True)):
        inner = folder / (f"year={i}" if form == "hive" else "")
        inner.mkdir(exist_ok=True)
        path = str(inner / str(i))
        if form == "csv":
            part.to_csv(f"{path}.csv", index=False)
        elif form == "feather":
            pyarrow.feather.write_feather(table, f"{path}.feather")
        elif form == "orc":
            pyarrow.orc.write_table(table, f"{path}.orc")
        else:
            pq.write_table(table, f"{path}.parquet")
    if form == "data set":
        return pyarrow.dataset.dataset(str(folder))
    return folder if form in ("parquet", "hive") else folder / f"*.{form}"


@pytest.mark.parametrize("form", PART_FORMS)
@pytest.mark.parametrize(("column", "kind", "options"), MORE_PARTS)
def test_columns_that_only_later_parts_have(column, kind, options, form, tmp_path):
    first = {"source": [0, 1], "target": [1, 2]}
    second = {"source": [2, 3], "target": [3, 4], column: [5, 6]}
    expected = [(0, 1), (1, 2), (2, 3), (3, 4)]
    if kind:
        with pytest.raises(InputError, match="some files have weights|" + kind):
            read(in_parts(tmp_path, form, first, second), **options)
    if options:
        return
    named = {"columns": ("source", "target")}
    assert read(in_parts(tmp_path, form, first, second), **named) == (expected, [])
    if kind:
        return
    found, warned = read(in_parts(tmp_path, form, first, second))
    assert found == expected
    assert [column in text for text in warned] == [True] * (kind is None)


def test_later_parts_that_have_the_same_columns_in_another_order(tmp_path):
    first = {"source": [0], "target": [1], "weight": [5]}
    second = {"weight": [6], "target": [2], "id": [0], "source": [1]}
    for form in PART_FORMS:
        folder = tmp_path / form
        folder.mkdir()
        edges = in_parts(folder, form, first, second)
        assert read(edges) == ([(0, 1, 5.0), (1, 2, 6.0)], [])


def test_parquet_is_decoded_lazily(tmp_path):
    table = pa.table({"a": np.arange(1000), "b": np.arange(1000)})
    pq.write_table(table, tmp_path / "edges.parquet", row_group_size=10)
    source = open_source(tmp_path / "edges.parquet")
    assert len(next(source.batches(10))().src) == 10


def test_parquet_files_that_are_none(tmp_path):
    (tmp_path / "edges.parquet").write_text("source,target\n0,1\n")
    with pytest.raises(InputError, match=r"edges\.parquet is no Parquet file"):
        open_source(tmp_path / "edges.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"without \*\.parquet files"):
        open_source(tmp_path / "empty")


def test_damaged_parquet(tmp_path):
    path = tmp_path / "edges.parquet"
    table = pa.table({"a": np.arange(10000), "b": np.arange(10000)})
    pq.write_table(table, path, use_dictionary=False, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[100:2000] = b"\xff" * 1900
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"edges\.parquet is damaged"):
        load_all(open_source(path))
