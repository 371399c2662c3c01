"""Components of a file of pairs of strings, compared with what else one would write.

    python -m benchmarks.pairs --pairs 10_000_000

Each way runs in a process of its own; CPU time and peak memory are those of the process.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers.processes import peak_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
SCHEMA = pa.schema([("source", pa.string()), ("target", pa.string())])
BATCH = 1 << 20


def names(ids: np.ndarray) -> pa.Array:
    """Return ids of 20 bytes that look random."""
    mixed = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    digits = mixed.byteswap().view(np.uint8).reshape(-1, 8)
    text = np.empty((len(ids), 20), np.uint8)
    text[:, :4] = np.frombuffer(b"doc-", np.uint8)
    text[:, 4::2], text[:, 5::2] = HEX[digits >> 4], HEX[digits & 15]
    offsets = np.arange(len(ids) + 1, dtype=np.int32) * 20
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(text))


def make(path: Path, pairs: int) -> None:
    """Write pairs of near duplicates: most are close by, others link far ones."""
    rng = np.random.default_rng(1)
    nodes = pairs * 4 // 5
    with pq.ParquetWriter(path, SCHEMA, use_dictionary=False) as writer:
        for start in range(0, pairs, BATCH):
            number = min(BATCH, pairs - start)
            first = rng.integers(0, nodes, number)
            near = np.minimum(first + rng.geometric(0.3, number), nodes - 1)
            far = rng.integers(0, nodes // 3, number)
            second = np.where(rng.random(number) < 0.7, near, far)
            writer.write_table(pa.table([names(first), names(second)], schema=SCHEMA))


def graphwalk(path: str, out: str, memory: str) -> None:
    import graphwalk

    found = graphwalk.connected_components(edges=path, memory=memory)
    graphwalk.write_nodes(found, out, overwrite=True)


def pyarrow(path: str, out: str, _memory: str) -> None:
    table = pq.read_table(path)
    pairs = len(table)
    both = pa.chunked_array([*table["source"].chunks, *table["target"].chunks]).dictionary_encode()
    del table
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in both.chunks])
    nodes = both.chunk(both.num_chunks - 1).dictionary
    labels = by_scipy(codes[:pairs], codes[pairs:], len(nodes))
    pq.write_table(pa.table({"node": nodes, "component": labels}), out)


def polars(path: str, out: str, _memory: str) -> None:
    import polars as pl

    frame = pl.read_parquet(path)
    nodes = pl.concat([frame["source"], frame["target"].alias("source")]).unique()
    numbers = pl.DataFrame({"id": nodes}).with_row_index("n")
    ends = [
        frame.join(numbers, left_on=end, right_on="id", how="left", maintain_order="left")["n"]
        for end in ("source", "target")
    ]
    labels = by_scipy(*(end.to_numpy() for end in ends), len(nodes))
    pl.DataFrame({"node": nodes, "component": labels}).write_parquet(out)


def networkx(path: str, out: str, _memory: str) -> None:
    import networkx as nx

    graph = nx.Graph()
    graph.add_edges_from(tuples(path))
    found = [(node, n) for n, some in enumerate(nx.connected_components(graph)) for node in some]
    nodes, labels = zip(*found, strict=True)
    pq.write_table(pa.table({"node": nodes, "component": labels}), out)


def igraph(path: str, out: str, _memory: str) -> None:
    import igraph

    graph = igraph.Graph.TupleList(tuples(path))
    labels = graph.connected_components().membership
    pq.write_table(pa.table({"node": graph.vs["name"], "component": labels}), out)


def tuples(path: str) -> Iterator[tuple[str, str]]:
    table = pq.read_table(path)
    return zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True)


def duckdb(path: str, out: str, _memory: str) -> None:
    import duckdb

    # A node has the least label of its neighbours, round by round.
    duckdb.sql(f"""
        copy (
            with recursive
                pairs as (from read_parquet('{path}')),
                ends as (from pairs union all select target, source from pairs),
                found(node, component) using key (node) as (
                    select distinct source, source from ends
                    union
                    select old.node, min(new.component)
                    from recurring.found old
                    join ends on ends.source = old.node
                    join found new on new.node = ends.target
                    where new.component < old.component
                    group by old.node
                )
            from found
        ) to '{out}' (format parquet)
    """)


def by_scipy(src: np.ndarray, dst: np.ndarray, nodes: int) -> np.ndarray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    matrix = coo_array((np.ones(len(src), np.int8), (src, dst)), shape=(nodes, nodes))
    return connected_components(matrix, directed=False)[1]


WAYS = {"graphwalk": graphwalk, "pyarrow": pyarrow, "polars": polars}
#: Ways for fewer pairs: they hold Python objects, or read all pairs once for each step of a path.
SLOWER = {"networkx": networkx, "igraph": igraph, "duckdb": duckdb}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10_000_000)
    parser.add_argument("--memory", default="1 GiB", help="for graphwalk")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=[*WAYS, *SLOWER])
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        start = time.perf_counter()
        (WAYS | SLOWER)[args.run[0]](*args.run[1:], args.memory)
        peak = peak_memory() >> 20
        seconds = time.perf_counter() - start
        print(
            f"{args.run[0]:<10} {seconds:7.1f} s  {time.process_time():7.1f} s CPU  {peak:6,} MiB"
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "pairs.parquet"), Path(folder, "out.parquet")
        make(path, args.pairs)
        for way in args.ways:
            command = [sys.executable, "-m", "benchmarks.pairs", "--memory", args.memory]
            subprocess.run([*command, "--run", way, str(path), str(out)], check=True)


if __name__ == "__main__":
    main()
