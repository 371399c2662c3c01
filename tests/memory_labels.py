"""Walks written by name, in a process of their own whose peak memory is read."""

import ctypes
import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from memory_walks import WORKERS
from processes import forget_peak, memory_of, report_of

import graphwalk
from graphwalk.algorithms.output.label_file import OutputLabels
from graphwalk.algorithms.output.write_blocks import with_room_for_names

WALKS = {"num_walks": 1, "seed": 1}


def edges(nodes, label_bytes, *, hubs):
    """Return the edges of a graph whose nodes have labels of about that many bytes."""
    rng = np.random.default_rng(3)
    filling = "x" * (label_bytes - 9)
    numbers = pc.utf8_lpad(pa.array(np.arange(nodes)).cast(pa.string()), 9, "0")
    labels = pc.binary_join_element_wise(filling, numbers, "").cast(pa.large_string())
    around = np.arange(nodes)
    some = (rng.random((2, nodes // 2)) ** (3 if hubs else 1) * nodes).astype(np.int64)
    src = np.concatenate([around, some[0]])
    dst = np.concatenate([(around + 1) % nodes, some[1]])
    return pa.table({"source": labels.take(pa.array(src)), "target": labels.take(pa.array(dst))})


def write(store, out, memory, length, before=False):
    """Write walks of a length in a process of its own, after another job if asked to.

    Returns the peak memory that was measured, and what the plan says.
    """
    return report_of(_measure, str(store), str(out), memory, length, before)


def _measure(store, out, memory, length, before):
    folder = Path(out).parent
    practice = folder / f"practice-{Path(out).name}"
    with dask.config.set(num_workers=WORKERS):
        tiny = graphwalk.build_zarr(
            edges(1000, 20, hubs=False), folder / "tiny-graph.zarr", overwrite=True
        )
        for partitions in (1, 2):  # on threads of their own, whose buffers are freed with them
            with ThreadPoolExecutor(WORKERS) as pool, dask.config.set(pool=pool):
                _write(tiny, practice, partitions=partitions)
        graph = graphwalk.open_zarr(store)
        if before:
            graphwalk.pagerank(graph).compute()
            graph.names([0, 1, 2])
        walks = graphwalk.random_walks(graph, memory=memory, walk_length=length, **WALKS)
        suffix = Path(out).suffix
        if suffix in (".parquet", ".txt", ".gz"):
            names = OutputLabels(graph.labels, text=suffix != ".parquet")
            projected = with_room_for_names(walks, names)[0].plan.peak_memory
            del names
        else:
            projected = walks.plan.peak_memory
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        start = forget_peak()
        graphwalk.write_walks(walks, out, labels=graph.labels, progress=False)
        return {"measured": memory_of("VmHWM") - start, "projected": projected}


def _write(graph, out, **how):
    walks = graphwalk.random_walks(graph, walk_length=10, **WALKS, **how)
    graphwalk.write_walks(walks, out, labels=graph.labels, overwrite=True, progress=False)
