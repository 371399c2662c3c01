"""Whatever the edges, their form and the tuning: the same bytes, and the rows of the oracle."""

import hashlib
from dataclasses import replace
from itertools import cycle, pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import oracle
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from edge_sources import Edges, Rows
from hypothesis import given, settings
from hypothesis import strategies as st
from plans import among_slow

from graphwalk import scheduler
from graphwalk.errors import InputError
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.store.format import VALUE_TYPES
from graphwalk.util.executor import in_use
from graphwalk.util.progress_bar import Progress

AMPLE = BuildSizes(1 << 30, 2)


def digest(path):
    """A hash of every file's name and bytes."""
    total = hashlib.sha256()
    for file in sorted(Path(path).rglob("*")):
        if file.is_file():
            total.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode())
            total.update(file.read_bytes())
    return total.hexdigest()


def rows_of(graph):
    """The graph's rows in the oracle's form."""
    rows = graph.rows(0, graph.num_nodes)
    values = (rows.weights, rows.times, rows.edge_types)
    values = next((v for v in values if v is not None), np.ones(graph.num_entries))
    entries = list(zip(rows.neighbors.tolist(), values.tolist(), strict=True))
    return {node: entries[a:b] for node, (a, b) in enumerate(pairwise(rows.offsets.tolist()))}


def as_stored(rows, value_kind):
    dtype = VALUE_TYPES[value_kind].type
    return {node: [(v, float(dtype(w))) for v, w in row] for node, row in rows.items()}


IDS = {
    "dense": st.integers(0, 30),
    "sparse": st.sampled_from([0, 5, 2**31 - 1, 2**31, 2**32 + 1, 10**15, 2**63 - 1]),
    "strings": st.text(max_size=3) | st.sampled_from(["node 1", "node 10", "node é", "\0", ""]),
}
WEIGHTS = st.floats(0.001, 1e6) | st.sampled_from([0.5, 1.0, 2.0**-120])


@st.composite
def edge_lists(draw, kind):
    """(src, dst[, weight]) columns, with hubs and parallel edges, as few nodes bring them about."""
    nodes = IDS[kind]
    pairs = draw(st.lists(st.tuples(nodes, nodes), min_size=1, max_size=60))
    hub = draw(nodes)
    pairs += [(hub, v) for _, v in pairs[: draw(st.integers(0, 60))]]
    columns = [list(column) for column in zip(*pairs, strict=True)]
    if draw(st.booleans()):
        columns.append(draw(st.lists(WEIGHTS, min_size=len(pairs), max_size=len(pairs))))
    return columns


tunings = st.builds(
    BuildSizes,
    st.sampled_from([1 << 8, 1 << 12, 1 << 16, 1 << 30]),
    threads=st.integers(1, 3),
    batch_edges=st.integers(1, 50),
    run_edges=st.none() | st.integers(1, 100),
    bucket_entries=st.none() | st.integers(1, 40),
    largest_bucket=st.sampled_from([None, 250, 300]),
    spill=st.none() | st.booleans(),
)
options = st.builds(
    BuildOptions,
    directed=st.booleans(),
    duplicates=st.sampled_from(["merge", "keep"]),
    drop_loops=st.booleans(),
    value_kind=st.sampled_from(["weights", "times", "edge_types"]),
)


def fitting(columns, chosen):
    """The columns, with types of edges for weights if that is what they are to be."""
    src, dst, *weights = columns
    if chosen.value_kind == "edge_types":
        weights = [[int(w) % 3 * 127.0 for w in column] for column in weights]
    return [src, dst, *weights]


def expected_rows(columns, chosen, ids):
    number = {label: node for node, label in enumerate(ids)}
    src, dst, *weights = columns
    ends = ([number[v] for v in ends] for ends in (src, dst))
    return oracle.csr(
        zip(*ends, *weights, strict=True),
        len(ids),
        directed=chosen.directed,
        duplicates=chosen.duplicates,
        self_loops="drop" if chosen.drop_loops else "keep",
        apart=chosen.value_kind != "weights" and bool(weights),
    )


def build_all(folder, chosen, sources):
    """Build from each (source, tuning); return the graph, once its bytes are found to be one."""
    digests = set()
    for number, (source, tuning) in enumerate(sources):
        graph = build(source, f"{folder}/{number}", chosen, tuning, Progress(False))
        digests.add(digest(f"{folder}/{number}"))
    assert len(digests) == 1
    return graph


def with_room(tuning):
    """The same tuning, with room for one edge that is listed 120 times, both ways."""
    return replace(tuning, largest_bucket=tuning.largest_bucket or 250)


@pytest.mark.parametrize("kind", IDS)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_bytes_do_not_depend_on_tuning_and_rows_are_the_oracles(kind, data):
    columns = data.draw(edge_lists(kind))
    chosen = replace(
        data.draw(options),
        num_nodes=31 if kind == "dense" else None,
        relabel=True if kind == "sparse" else "auto",
    )
    columns = fitting(columns, chosen)
    tuning = with_room(data.draw(tunings))
    source = Edges(*columns, once=data.draw(st.booleans()))
    with TemporaryDirectory() as folder:
        graph = build_all(folder, chosen, [(Edges(*columns), AMPLE), (source, tuning)])
        ids = list(range(31))
        if kind != "dense":
            ids = sorted({*columns[0], *columns[1]}, key=str.encode if kind == "strings" else None)
            assert graph.labels.tolist() == ids
        assert rows_of(graph) == as_stored(expected_rows(columns, chosen, ids), chosen.value_kind)


@settings(deadline=None, max_examples=20)
@given(columns=edge_lists("dense"), tuning=tunings, chosen=options, known=st.booleans())
def test_grouped_rows_make_the_same_bytes_as_edges(columns, tuning, chosen, known):
    chosen = replace(chosen, directed=True, num_nodes=31)
    columns = fitting(columns, chosen)
    rows, weights = [[] for _ in range(31)], [[] for _ in range(31)]
    for u, v, *weight in zip(*columns, strict=True):
        rows[u].append(v)
        weights[u].extend(weight)
    grouped = Rows(rows, weights if len(columns) > 2 else None, num_nodes=31 if known else None)
    with TemporaryDirectory() as folder:
        build_all(folder, chosen, [(grouped, tuning), (Edges(*columns), AMPLE)])


def test_nested_cuts_of_a_bucket_do_not_overwrite_each_other(tmp_path):
    """A hub's row is cut, and its first part again, before the other parts are read."""
    rng = np.random.default_rng(0)
    low, high = rng.integers(0, 200, 2000), rng.integers(0, 1 << 20, 2000)
    dst = rng.permutation(np.concatenate([low, high]))
    columns = np.zeros_like(dst), dst, rng.random(len(dst))
    chosen = BuildOptions(num_nodes=1 << 20, duplicates="keep", directed=True)
    cut = BuildSizes(1 << 30, 2, batch_edges=90, run_edges=300, largest_bucket=40, spill=True)
    build_all(tmp_path, chosen, [(Edges(*columns), AMPLE), (Edges(*columns), cut)])


def as_file(write, name, **how):
    def make(table, folder):
        write(table, f"{folder}/{name}", **how)
        return f"{folder}/{name}"

    return make


def write_csv(table, path):
    pa.csv.write_csv(table, path)


def write_snap(table, path):
    with Path(path).open("w") as file:
        file.write("# edges\n")
        for row in zip(*columns_of(table), strict=True):
            file.write("\t".join(map(str, row)) + "\n")


def columns_of(table):
    return [column.to_pylist() for column in table.columns]


def as_parts(table, folder):
    half = len(table) // 2
    Path(folder, "parts").mkdir()
    for number, part in enumerate((table[:half], table[half:])):
        pq.write_table(part, f"{folder}/parts/{number}.parquet", row_group_size=7)
    return f"{folder}/parts"


def numpy_columns(table):
    return tuple(column.to_numpy() for column in table.columns)


FORMS = {
    "arrays": lambda table, _: numpy_columns(table),
    "table": lambda table, _: table,
    "pandas": lambda table, _: table.to_pandas(),
    "pairs": lambda table, _: list(zip(*columns_of(table), strict=True)),
    "stream": lambda table, _: pa.RecordBatchReader.from_batches(
        table.schema, table.to_batches(max_chunksize=5)
    ),
    "batches": lambda table, _: (numpy_columns(table[i : i + 9]) for i in range(0, len(table), 9)),
    "parquet": as_file(pq.write_table, "e.parquet", row_group_size=11),
    "folder": as_parts,
    "csv": as_file(write_csv, "e.csv"),
    "text": as_file(write_snap, "e.txt"),
}


@pytest.mark.parametrize(
    ("form", "kind"),
    among_slow(
        # Each form with two kinds of ids, of which one has names.
        [
            *product(FORMS, ["strings"]),
            *zip(FORMS, cycle(["dense", "sparse"]), strict=False),
        ],
        [*product(FORMS, ["dense", "sparse", "strings"])],
    ),
)
@settings(deadline=None, max_examples=3)
@given(data=st.data())
def test_bytes_do_not_depend_on_the_form(form, kind, data):
    chosen = replace(data.draw(options), relabel=True)
    columns = fitting(data.draw(edge_lists(kind)), chosen)
    if kind == "strings":
        columns[:2] = [[f"node-{ord((v + '!')[0])}" for v in ends] for ends in columns[:2]]
    table = pa.table(dict(zip(("src", "dst", "weight"), columns, strict=False)))
    tuning = with_room(data.draw(tunings))
    with TemporaryDirectory() as folder:
        named = list(range(len(columns))) if form == "text" else None
        source = open_source(FORMS[form](table, folder), columns=named)
        sources = [(Edges(*columns), AMPLE), (source, tuning)]
        build_all(folder, chosen, sources)


@pytest.fixture(scope="module")
def session(shared_ray):
    with scheduler.use("ray") as session:
        yield session


@pytest.mark.ray
@pytest.mark.parametrize(
    ("value_kind", "directed"),
    among_slow(
        [(None, True), ("weights", False)],
        [(None, True), ("weights", False), ("times", False), ("edge_types", False)],
    ),
)
def test_ray_makes_the_same_bytes(session, tmp_path, value_kind, directed):
    rng = np.random.default_rng(3)
    src, dst = rng.zipf(1.3, (2, 5000)) % 900 * 10**11
    values = rng.integers(0, 9, 5000) if value_kind == "edge_types" else rng.random(5000)
    columns = (src, dst, values) if value_kind else (src, dst)
    chosen = BuildOptions(directed=directed, value_kind=value_kind or "weights")
    spilling = BuildSizes(1 << 30, 2, 300, 700, bucket_entries=200, largest_bucket=2000, spill=True)
    with scheduler.use("threads"):
        build(Edges(*columns), str(tmp_path / "threads"), chosen, AMPLE, Progress(False))
    assert in_use.executor is session.executor
    build(Edges(*columns), str(tmp_path / "ray"), chosen, spilling, Progress(False))
    assert digest(tmp_path / "ray") == digest(tmp_path / "threads")


@pytest.mark.ray
def test_errors_from_ray_name_nodes(session, tmp_path):
    edges = Edges(["a", "b", "b"], ["b", "c", "a"])
    spilling = BuildSizes(1 << 30, 2, spill=True)
    with pytest.raises(InputError, match="'a' → 'b' is there more than once"):
        build(
            edges,
            str(tmp_path / "g"),
            BuildOptions(duplicates="error"),
            spilling,
            Progress(False),
        )
    assert list(tmp_path.iterdir()) == []
