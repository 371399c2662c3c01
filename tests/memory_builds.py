"""Builds of edges far larger than their budget, run in a process whose peak memory is read."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from processes import memory_of, report_of

from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.edges.protocol import EdgeBatch, RowBatch
from graphwalk.util.progress_bar import Progress


class Generated:
    """Edges that are made up batch by batch, the same ones each time."""

    name = "generated edges"
    directed = None
    nodes = None

    def __init__(self, num_edges, make, *, weighted=False, once=False, num_nodes=None, ids=False):
        self.num_edges = num_edges
        self.weighted = weighted
        self.once = once
        self.num_nodes = num_nodes
        self._make, self._ids = make, ids

    def batches(self, size):
        for start in range(0, self.num_edges, size):
            yield lambda start=start: self._load(start, min(size, self.num_edges - start))

    def _load(self, start, count):
        rng = np.random.default_rng(start)
        src, dst = self._make(rng, count)
        weight = rng.random(count) if self.weighted else None
        ids = {"edge_ids": np.arange(start, start + count)} if self._ids else {}
        return EdgeBatch(src, dst, weight, str, ids)


def dense(rng, count):
    return rng.integers(0, 1 << 22, (2, count))


def sparse(rng, count):
    return rng.integers(0, 1 << 24, (2, count)) * 10**10


def few_sparse(rng, count):
    return rng.integers(0, 1 << 16, (2, count)) * 10**10


def strings(rng, count):
    numbers = (pa.array(ids).cast(pa.string()) for ids in rng.integers(0, 1 << 22, (2, count)))
    return [
        pc.binary_join_element_wise("node", ids, "-").cast(pa.large_string()) for ids in numbers
    ]


def star(num_edges):
    """Return what makes edges between one node and about as many others as there are edges."""
    others = 1 << min(26, num_edges.bit_length())
    return lambda rng, count: (np.zeros(count, np.int64), rng.integers(0, others, count))


class GeneratedRows:
    """Rows of an adjacency list that are made up on the fly."""

    name = "generated rows"
    directed = None
    weighted = False

    def __init__(self, num_entries):
        self.num_nodes = num_entries // 64

    def rows(self, size):
        step = max(1, size // 64)
        for start in range(0, self.num_nodes, step):
            yield lambda start=start: self._load(start, min(step, self.num_nodes - start))

    def _load(self, start, count):
        neighbors = np.random.default_rng(start).integers(0, self.num_nodes, 64 * count)
        return RowBatch(np.full(count, 64, np.int64), neighbors, None, start)


def row_iterable(num_rows):
    for start in range(0, num_rows, 1 << 10):
        count = min(1 << 10, num_rows - start)
        yield from np.random.default_rng(start).integers(0, num_rows, (count, 64))


def make_text(path, count):
    edges = np.random.default_rng(1).integers(0, 1 << 20, (2, 1 << 16))
    block = "".join(f"{u} {v}\n" for u, v in edges.T.tolist())
    with Path(path).open("w") as file:
        for _ in range(-(-count // (1 << 16))):
            file.write(block)


def make_npy(path, count):
    edges = np.lib.format.open_memmap(path, "w+", np.int64, (2, count))
    for start in range(0, count, 1 << 20):
        part = edges[:, start : start + (1 << 20)]
        part[:] = dense(np.random.default_rng(start), part.shape[1])
    edges.flush()


def make_parquet(path, count):
    """Write edges of three to a node, with ids of 900 bytes."""
    nodes = count // 3
    labels = pc.binary_join_element_wise(
        "x" * 890, pc.utf8_lpad(pa.array(range(nodes)).cast(pa.string()), 10, "0"), ""
    )
    ends = np.random.default_rng(1).integers(0, nodes, (2, count))
    columns = [labels.cast(pa.large_string()).take(pa.array(end)) for end in ends]
    pq.write_table(pa.table(columns, ["source", "target"]), path, compression="zstd")


#: What makes a source of a number of edges, and whether the graph is directed.
SOURCES = {
    "generated": lambda count, _: Generated(count, dense),
    "weighted": lambda count, _: Generated(count, dense, weighted=True),
    "timed": lambda count, _: Generated(count, dense, weighted=True),
    "edge ids": lambda count, _: Generated(count, dense, weighted=True, once=True, ids=True),
    "stream": lambda count, _: Generated(count, dense, weighted=True, once=True),
    "few sparse ids": lambda count, _: Generated(count, few_sparse),
    "sparse ids": lambda count, _: Generated(count, sparse),
    "sparse ids, stream": lambda count, _: Generated(count, sparse, once=True),
    "strings": lambda count, _: Generated(count, strings, once=True),
    "star": lambda count, _: Generated(count, star(count)),
    "weighted star": lambda count, _: Generated(count, star(count), weighted=True),
    "rows": lambda count, _: GeneratedRows(count),
    "row iterable": lambda count, _: open_source(row_iterable(count // 64)),
    "text": lambda _, path: open_source(path),
    "long ids": lambda _, path: open_source(path),
    "npy": lambda _, path: open_source(np.load(path, mmap_mode="r")),
}


def peak(kind, count, budget, folder, file=None):
    """Build in a process of its own; return what that process takes at its peak, in bytes."""
    report = report_of(_measure, kind, count, budget, folder, file)
    assert "error" not in report, report["error"]
    return report["peak"]


def _measure(kind, count, budget, folder, file):
    source = SOURCES[kind](count, file)
    value_kind = {"timed": "times"}.get(kind, "weights")
    options = BuildOptions(
        directed="row" in kind,
        drop_loops=True,
        value_kind=value_kind,
        further=("edge_ids",) if kind == "edge ids" else (),
    )
    build(source, f"{folder}/g.zarr", options, BuildSizes(budget, 2), Progress(False))
    return {"peak": memory_of("VmHWM")}
