"""Walks by one peer, or by graphwalk; needs nothing but Python, NumPy and that package.

Run as ``python -m benchmarks.peers.walk_jobs SPEC``. Prints its results as one line of JSON
for the load and one for each kind of walk, so that results before a failure are kept. With
``spec["save"]`` it writes walks to files instead, for the check of exactness.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.graphs import GraphFiles
from benchmarks.peers.processes import forget_peak, peak_memory
from benchmarks.peers.samplers import SAMPLERS
from benchmarks.timing import wake_memory

if TYPE_CHECKING:
    from benchmarks.peers.loops import Prepare, Walk
    from benchmarks.peers.samplers import Sampler

#: Walks of the first, uncounted call, and walks at most that are checked step by step.
FIRST, CHECKED = 64, 1 << 14
#: Memory of this many times the walks, 8 bytes a node, is prepared before a measurement.
_WALKS = 2
#: After walking for so long, the rate is known well enough to choose a sample.
TRIAL_SECONDS = 0.3


def main() -> None:
    spec = json.loads(sys.argv[1])
    os.sched_setaffinity(0, spec["cores"])
    sampler = SAMPLERS[spec["sampler"]]
    module = importlib.import_module(sampler.module)
    files = GraphFiles("", Path(spec["graph"]))
    start = perf_counter()
    prepare = sampler.load(files, len(spec["cores"]))
    _tell({"load": perf_counter() - start, "versions": _versions(module)})
    if "save" in spec:
        _save(prepare, spec)
        return
    for kind, (p, q) in spec["kinds"].items():
        if sampler.second_order or p == q == 1:
            _tell({"kind": kind} | _measure(sampler, prepare, files, (p, q), spec))


def _tell(found: dict[str, Any]) -> None:
    print(json.dumps(found), flush=True)


def _measure(
    sampler: Sampler,
    prepare: Prepare,
    files: GraphFiles,
    bias: tuple[float, float],
    spec: dict[str, Any],
) -> dict[str, Any]:
    """Walk from all nodes that have neighbours, or from a sample if the time is short."""
    forget_peak()
    indptr, indices = files.csr()
    nodes = np.flatnonzero(np.diff(indptr))
    mixed = np.random.default_rng(0).permutation(nodes)
    start = perf_counter()
    walk = prepare(*bias)
    prepared = perf_counter()
    walk(mixed[:FIRST], spec["length"], 0)
    first = perf_counter()
    count = _affordable(walk, mixed, spec)
    starts = nodes if count == len(nodes) else np.sort(mixed[:count])
    before = peak_memory()
    wake_memory(_WALKS * 8 * len(starts) * (spec["length"] + 1))
    forget_peak()
    begin = perf_counter()
    walks = walk(starts, spec["length"], spec["seed"])
    seconds = perf_counter() - begin
    found = {
        "prepare": prepared - start,
        "first": first - prepared,
        "seconds": seconds,
        "walks": len(starts),
        "of": len(nodes),
        "steps": count_steps(walks),
        "memory": max(before, peak_memory()),
    }
    few = np.unique(np.linspace(0, len(walks) - 1, CHECKED).astype(np.int64))
    asked = None if sampler.own_starts else starts[few]
    some = as_array(walks, few, spec["length"])
    return found | {"wrong": what_is_wrong(some, asked, spec["length"], indptr, indices)}


def _affordable(walk: Walk, nodes: np.ndarray, spec: dict[str, Any]) -> int:
    """Return how many walks to make: all if that takes ``spec["full"]`` seconds at most.

    The fixed cost of a call is not counted.
    """
    count = min(FIRST, len(nodes))
    seconds = _seconds(walk, nodes[:count], spec)
    while count < len(nodes):
        fewer, before = count, seconds
        count = min((2 if before >= TRIAL_SECONDS else 8) * fewer, len(nodes))
        seconds = _seconds(walk, nodes[:count], spec)
        if seconds - before >= TRIAL_SECONDS:
            # Repeat: the first call may have included the start of workers.
            seconds = min(seconds, _seconds(walk, nodes[:count], spec))
            each = max(seconds - before, 0.0) / (count - fewer)
            if each * len(nodes) > spec["full"]:
                return max(1, min(len(nodes), int(spec["sample"] / each)))
            if each:
                break
    return len(nodes)


def _seconds(walk: Walk, starts: np.ndarray, spec: dict[str, Any]) -> float:
    start = perf_counter()
    walk(starts, spec["length"], 1)
    return perf_counter() - start


def _save(prepare: Prepare, spec: dict[str, Any]) -> None:
    """Write walks of each pair of p and q into ``spec["save"]``, for the caller to check."""
    starts = np.repeat(np.arange(spec["num_nodes"]), spec["num_walks"])
    for number, (p, q) in enumerate(spec["biases"]):
        walks = prepare(p, q)(starts, spec["length"], spec["seed"])
        every = np.arange(len(walks))
        np.save(f"{spec['save']}-{number}.npy", as_array(walks, every, spec["length"]))
        _tell({"saved": number})


def as_array(walks: Any, which: np.ndarray, length: int) -> np.ndarray:
    """Return the walks `which`, int64 of shape (which, length + 1), −1 after their ends.

    If a walk is longer than requested, the array has further columns.
    """
    if not isinstance(walks, list):
        return np.asarray(walks)[which].astype(np.int64)
    array = np.full((len(which), max(length + 1, *(len(walks[i]) for i in which))), -1)
    for row, walk in enumerate(which):
        array[row, : len(walks[walk])] = walks[walk]
    return array


def count_steps(walks: Any) -> int:
    """Return the steps of walks that are lists of lists, an array or a tensor."""
    if isinstance(walks, list):
        return sum(map(len, walks)) - len(walks)
    array = np.asarray(walks)
    if array.dtype.kind == "u":
        return int(array.size - len(array))
    return int(np.count_nonzero(array >= 0)) - len(array)


def what_is_wrong(
    walks: np.ndarray,
    starts: np.ndarray | None,
    length: int,
    indptr: np.ndarray,
    indices: np.ndarray,
) -> str:
    """Return what is wrong with walks on a graph without dead ends, or "".

    Walks must have `length` steps, begin at `starts` (None: anywhere), and follow edges.
    """
    if walks.shape[1] != length + 1 or (walks < 0).any():
        return f"not all have {length} steps"
    if starts is not None and not np.array_equal(walks[:, 0], starts):
        return "not all begin where they should"
    if walks.max() >= len(indptr) - 1:
        return "nodes that do not exist"
    share = 1 - are_edges(indptr, indices, walks[:, :-1].ravel(), walks[:, 1:].ravel()).mean()
    return f"{100 * share:.2g} % of steps are no edges" if share else ""


def are_edges(
    indptr: np.ndarray, indices: np.ndarray, src: np.ndarray, dst: np.ndarray
) -> np.ndarray:
    """Return whether each step is an edge, by binary searches of all rows at once."""
    low, end = indptr[src], indptr[src + 1]
    high = end.copy()
    while (low < high).any():
        middle = (low + high) // 2
        right = (low < high) & (indices[np.minimum(middle, len(indices) - 1)] < dst)
        low, high = np.where(right, middle + 1, low), np.where(right, high, middle)
    return (low < end) & (indices[np.minimum(low, len(indices) - 1)] == dst)


def _versions(module: Any) -> dict[str, str]:
    """Return the versions of Python, of the peer, and of its dependencies."""
    names = metadata.packages_distributions()
    found = {"Python": platform.python_version(), "numpy": np.__version__}
    for name in (module.__name__, "torch", "numba", "ray"):
        if name in sys.modules:
            package = names.get(name, [name])[0]
            try:
                found[package] = metadata.version(package)
            except metadata.PackageNotFoundError:
                found[package] = str(getattr(module, "__version__", "?"))
    return found


if __name__ == "__main__":
    main()
