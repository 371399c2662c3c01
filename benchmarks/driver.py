"""Measure the process that submits tasks, on clusters of many workers whose tasks only sleep.

    python -m benchmarks.driver --workers 16 32 64

The tasks are submitted by what submits those of walks in memory, of walks between partitions, of
walks whose partitions are read again, and of a pass of PageRank; machines have 16 workers and a
partition each. A task between partitions takes the place of four workers; those of PageRank and of
walks that read again take that of all workers of a machine. Beyond the workers that there are, a
simulation takes the time that it takes to submit a task from the run with 32. Figures are
makespans; the ratio is the ideal one to them.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

import graphwalk
from benchmarks.driver_simulation import (
    AIMS,
    CORES,
    PIECE,
    THREADS,
    WAVES,
    groups,
    makespan,
    partitions,
    shares,
    shortest_task,
    submitting_time,
)
from benchmarks.table import Row, machine, print_table
from graphwalk.scheduler.engine.measured_speeds import TASKS
from graphwalk.scheduler.engine.partition_sweep import PartitionSweep
from graphwalk.scheduler.engine.remote_queues import RemoteQueues, move_walkers
from graphwalk.scheduler.engine.scan import Scanner
from graphwalk.scheduler.engine.walk_out_of_core import OutOfCoreWalk
from graphwalk.scheduler.engine.walker_group import WalkerGroup
from graphwalk.scheduler.engine.walker_sizes import WalkerSizes
from graphwalk.scheduler.executors.resources import current_executor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.util.executor import Job

#: How clusters of single cores are started on this machine; tasks that sleep need no core.
CLUSTERS: dict[str, Callable[[int], dict[str, Any]]] = {
    "threads": lambda workers: {"num_workers": workers},
    "ray": lambda workers: {"num_workers": workers, "object_store_memory": 2 << 30},
    "distributed": lambda workers: {"num_workers": workers},
}
#: Seconds of tasks before anything is measured, and rounds of each measurement.
WARM, ROUNDS = 2.0, 2
#: Reports in a wave of what a worker does.
REPORTS = 4
#: The most workers of the run from which the time to submit a task is taken.
CALIBRATED = 32


def main() -> None:
    """Print the costs of tasks, and the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.driver", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.2, 1.0])
    parser.add_argument("--schedulers", nargs="+", default=["ray", "distributed"])
    args = parser.parse_args()
    print(f"graphwalk {graphwalk.__version__}, {machine()}")
    with tempfile.TemporaryDirectory() as folder:
        path = np.arange(1 << 12)
        graph = graphwalk.build_zarr((path[:-1], path[1:]), Path(folder, "g.zarr"), progress=False)
        for name in args.schedulers:
            measured: dict[tuple[str, int, float], float] = {}
            for workers in args.workers:
                options = CLUSTERS["ray"](workers) if name == "ray" else {"n_workers": workers}
                more = {} if name == "ray" else {"num_workers": 1, "dashboard_address": None}
                with graphwalk.scheduler.use(name, **options, **more):
                    _run("walks", graph, workers, WARM)  # starts all workers, which import
                    if workers == args.workers[0]:
                        print(f"{name}: {_costs(graph)}", flush=True)
                    for job in JOBS:
                        for seconds in args.seconds:
                            took = min(_run(job, graph, workers, seconds) for _ in range(ROUNDS))
                            measured[job, workers, seconds] = took
                            print(f"{name}, {workers} workers: {job}, {took:.2f} s", flush=True)
            print_table(f"{name}, seconds", _rows(measured, name))


def _run(job: str, graph: graphwalk.Graph, workers: int, seconds: float) -> float:
    start = time.perf_counter()
    JOBS[job](graph, workers, seconds)
    return time.perf_counter() - start


def _in_memory(_graph: graphwalk.Graph, workers: int, seconds: float) -> None:
    """Make blocks of walks in a graph of one partition, as `write_walks` does."""
    with current_executor().job() as job:
        for _ in job.map(_sleep, [seconds] * (WAVES * workers), ordered=False):
            pass


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


class SleepingQueues(RemoteQueues):
    """Queues whose walkers are not moved; there are as many of them in each wave but the last."""

    def __init__(self, group: WalkerGroup, job: Job, seconds: float, size: int) -> None:
        super().__init__(group, job, None)
        self._how, self._last = (seconds, size), False

    def begin(self, event: Any, rows: Any) -> Callable[[], None]:
        """Begin a task that sleeps."""
        self._last = event.kind != "start" and event.wave == WAVES - 1
        return super().begin(event, rows)

    def submit(self, function: Callable[..., Any], *args: Any, name: str, **how: Any) -> Any:
        """Submit what sleeps in place of a function, with the same arguments."""
        sleep = _sleep_and_send if function is move_walkers else _no_rows
        return super().submit(sleep, self._how, self._last, *args, name=name, **how)


def _sleep_and_send(
    group: WalkerGroup, how: tuple[float, int], last: bool, _out: None, kind: str, *_: Any
) -> list[Any]:
    """Sleep; return what `move_walkers` returns."""
    seconds, size = how
    time.sleep(0 if kind == "start" else seconds)
    parts = group.num_partitions
    account = np.array([*[0 if last else 1] * parts, 0, 1, time.time_ns(), 1], np.int64)
    return [account, np.empty(0, np.int64), *(np.zeros(size, np.uint8) for _ in range(parts))]


def _no_rows(*_: Any) -> int:
    return 0


def _between_partitions(
    graph: graphwalk.Graph,
    workers: int,
    seconds: float,
    parts: int | None = None,
    size: int = PIECE,
) -> None:
    """Walk groups that are in all partitions at the same time."""
    parts = parts or partitions(workers)
    spec, bounds = (
        graphwalk.plan_walks(graph, seed=1).spec,
        np.linspace(0, graph.num_nodes, parts + 1),
    )
    group = WalkerGroup(
        *(graph._arrays, spec, range(1), bounds.astype(np.int64), np.zeros(parts + 1, np.int64)),
        sizes=WalkerSizes(threads=THREADS),
    )
    sweep = PartitionSweep(parts, resident=True, ahead=False, at_once=True)
    with current_executor().job() as job, ThreadPoolExecutor(groups(workers)) as threads:

        def walk(_: int) -> None:
            walk = OutOfCoreWalk(group, SleepingQueues(group, job, seconds, size))
            walk.start()
            sweep.run(walk)

        list(threads.map(walk, range(groups(workers))))


def _read_again(_graph: graphwalk.Graph, workers: int, seconds: float) -> None:
    """Follow batches that walk in one process each, and report what they do."""

    def follow(_: int) -> None:
        with current_executor().job() as job:
            for _ in job.stream(_report, seconds):
                pass

    threads = [threading.Thread(target=follow, args=(k,)) for k in range(shares(workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _report(seconds: float) -> Iterator[Any]:
    for _ in range(WAVES * REPORTS):
        time.sleep(seconds / REPORTS)
        yield ["an event"] * 4, []
    return []


class _Sleep:
    """A program of a scan that sleeps."""

    here = False

    def __init__(self, seconds: float) -> None:
        self._seconds, self.values = seconds, np.zeros(1 << 17)

    def new_result(self) -> Any:
        return np.zeros(1 << 17)

    def read(self, _graph: Any, _part: Any) -> None:
        return None

    def visit(self, _result: Any, _rows: Any) -> None:
        time.sleep(self._seconds)

    def merge(self, _result: Any, _other: Any) -> None:
        return None


def _pagerank(graph: graphwalk.Graph, workers: int, seconds: float) -> None:
    """Pass over shares of a graph, whose results are added up."""
    parts = tuple(SimpleNamespace(entries=range(k, k + 1)) for k in range(workers))
    tasks = {"shares": shares(workers), "threads": min(workers, CORES)}
    plan: Any = SimpleNamespace(partitions=parts, resident=False, **tasks)
    with current_executor().job() as job:
        scanner = Scanner(graph._arrays, plan, job)
        for _ in range(WAVES):
            scanner.scan(_Sleep(seconds), None)


JOBS: dict[str, Callable[[graphwalk.Graph, int, float], None]] = {
    "walks": _in_memory,
    "walks between partitions": _between_partitions,
    "walks that read again": _read_again,
    "PageRank": _pagerank,
}


def _costs(graph: graphwalk.Graph) -> str:
    """Return the CPU seconds of this process for a task, a piece and a byte of a small piece."""

    def each(parts: int, size: int) -> float:
        start = time.process_time()
        _between_partitions(graph, 16, 0.0, parts, size)
        return (time.process_time() - start) / (groups(16) * parts * (WAVES + 1))

    few, many, filled, large = each(4, 16), each(16, 16), each(16, 50_000), each(16, 150_000)
    small = max(0.0, (many - few) / 12)
    return (
        f"{1e3 * (few - 4 * small):.2f} ms a task, {1e6 * small:.0f} µs a small piece, "
        f"{1e9 * (filled - many) / 16 / 50_000:.2f} ns a byte of it, "
        f"{1e6 * (small + (large - many) / 16):.0f} µs a large piece"
    )


def _rows(measured: dict[tuple[str, int, float], float], name: str) -> list[Row]:
    """Compare what was measured with the ideal and with the simulation, and go on with that."""
    rows = []
    for job in JOBS:
        workers, seconds = max(
            (workers, -seconds)
            for other, workers, seconds in measured
            if other == job and workers <= CALIBRATED
        )
        cost = submitting_time(job, workers, -seconds, measured[job, workers, -seconds])
        at = workers
        for (other, workers, seconds), took in measured.items():
            if other == job:
                expected = makespan(job, workers, seconds, _scaled(cost, name, job, workers, at))
                what = f"{job}, {workers} workers, tasks of {seconds:g} s"
                against = f"simulated {expected:.2f} ({expected / took - 1:+.0%})"
                ideal = makespan(job, workers, seconds)
                rows.append(Row(what, f"{took:.2f}", against, ideal / took, ""))
        for workers, aim in AIMS.items():
            each = _scaled(cost, name, job, workers, at)
            least = shortest_task(job, workers, each, aim)
            took, ideal = makespan(job, workers, least, each), makespan(job, workers, least)
            what = f"{job}, {workers} workers, simulated: tasks of {least:.2g} s or more"
            against = f"ideal {ideal:.2f}; {1e3 * each:.1f} ms a task"
            rows.append(Row(what, f"{took:.2f}", against, ideal / took, f">= {aim}"))
    return rows


def _scaled(cost: float, name: str, job: str, workers: int, at: int) -> float:
    """Return what a task costs with the pieces of more workers than it was found with."""
    if job != "walks between partitions":
        return cost
    one = TASKS[name]
    return cost * one.of(partitions(workers), PIECE) / one.of(partitions(at), PIECE)


if __name__ == "__main__":
    main()
