"""Walks run in a process of their own, whose peak memory is read, or limited."""

import ctypes
import gc
import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import dask
import numpy as np
from numba.core import event
from plans import read_again
from processes import forget_peak, memory_of, report_of

import graphwalk

WORKERS = 2


def edges_of(kind, nodes, count, values):
    """Return edges that are uniform, or of nodes the more likely the lower their number is."""
    rng = np.random.default_rng(7)
    ends = [rng.random(count, np.float32) for _ in range(2)]
    if kind == "skewed":
        ends = [end**3 for end in ends]
    columns = [np.minimum((end * nodes).astype(np.int64), nodes - 1) for end in ends]
    if values == "edge_types":
        return (*columns, rng.integers(0, 3, count, np.uint8))
    return (*columns, rng.random(count, np.float32) + 0.1) if values else tuple(columns)


def build(path, kind, nodes, count, values):
    """Build a graph of such edges, and return it."""
    graph = graphwalk.build_zarr(
        edges_of(kind, nodes, count, values),
        path,
        num_nodes=nodes,
        times=values == "times",
        edge_types=values == "edge_types",
        compressed=False,
        progress=False,
    )
    return graphwalk.set_node_types(graph, np.arange(nodes, dtype=np.uint8) % 3)


def run(path, how, budget, consume="iter", limit=None):
    """Walk in a process of its own; return what it took as a dict, see `_measure`."""
    return report_of(_measure, str(path), how, budget, consume, limit)


def _measure(path, how, budget, consume, limit):
    with dask.config.set(num_workers=WORKERS):
        graph = graphwalk.open_zarr(path)
        plan = graphwalk.plan_walks(graph, seed=1, memory=budget, **how)
        _warm_up(graph, how, min(2, len(plan.partitions)), consume)
        walks = graphwalk.random_walks(graph, seed=1, memory=budget, **how)
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        before = forget_peak()
        if limit is not None:
            threading.stack_size(1 << 20)  # the limit counts all of a stack, used or not
            most = memory_of("VmData") + limit
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        with event.install_recorder("numba:compile") as compiled:
            result = _consume(walks, consume)
        batches = len(plan.batch_groups)
        if len(plan.partitions) > 1 and not plan.spill:
            # Walkers write their steps there; the plan has memory for those of two batches.
            result -= result * min(batches, 2) // batches
        peak = memory_of("VmHWM")
    return {
        "measured": peak - before - result,
        "compiled": len(compiled.buffer),
        "projected": plan.peak_memory,
        "budget": plan.resources.memory,
        "partitions": len(plan.partitions),
        "batches": batches,
        "ahead": plan.ahead,
        "spill": plan.spill,
        "result": plan.result_bytes,
        "graph": plan.graph_bytes,
        "largest": plan.largest_partition,
    }


def _consume(walks, consume):
    """Compute the walks; return the bytes of the result that is in memory at the end."""
    if consume == "compute":
        return walks.compute().nbytes
    for block in graphwalk.iter_blocks(walks):
        assert block[:, 0].min() >= 0
    return 0


def _warm_up(graph, how, partitions, consume):
    """Load what such walks run, on threads of their own, whose buffers are freed with them."""
    nodes = 1000
    tiny = build(None, "uniform", nodes, 5000, graph._info.values)
    few = how | {"num_walks": 1, "walk_length": 4}
    few.pop("start_nodes", None)
    with ThreadPoolExecutor(WORKERS) as pool, dask.config.set(pool=pool):
        walks = graphwalk.random_walks(tiny, seed=1, partitions=partitions, **few)
        _consume(walks, consume)
        if partitions > 1:
            _consume(read_again(walks, ahead=True, spill=True), consume)


def peak_of_blocks(store, blocks, target, partitions=1):
    """Make walks of one row to a block in a process of its own; return what more it takes.

    In several partitions, these are read again and again, and steps wait in files.
    """
    report = report_of(_measure_blocks, store, blocks, target, partitions)
    assert "error" not in report, report["error"]
    return report["measured"]


def _measure_blocks(store, blocks, target, partitions):
    graph = graphwalk.open_zarr(store)
    how = {"start_nodes": [1], "walk_length": 3, "seed": 1, "chunks": 1, "partitions": partitions}

    def use(number):
        walks = graphwalk.random_walks(graph, num_walks=number, **how)
        _use_blocks(
            walks if partitions == 1 else read_again(walks, ahead=False, spill=True), target
        )

    use(100)
    before = memory_of("VmHWM")
    use(blocks)
    return {"measured": memory_of("VmHWM") - before}


def _use_blocks(walks, target):
    if target:
        graphwalk.write_walks(walks, target, overwrite=True, progress=False)
    else:
        assert sum(len(block) for block in graphwalk.iter_blocks(walks)) == len(walks)
