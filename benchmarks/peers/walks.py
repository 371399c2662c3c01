"""The comparison of walks: rounds of all peers on a graph, each in a new process."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.peers import processes
from benchmarks.peers.samplers import SAMPLERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.peers.graphs import GraphFiles

KINDS = {"first order": (1.0, 1.0), "node2vec (2, .5)": (2.0, 0.5)}
LENGTH = 80
#: Seconds: a peer walks from all nodes if that takes at most FULL, else from a sample for SAMPLE.
FULL, SAMPLE = 10.0, 4.0
#: A job that took more seconds than this is not run again: its first figure is kept.
ONCE = 45.0


class Settings(NamedTuple):
    """Settings of all jobs of a run: interpreters, rounds, limits, and sizes of samples."""

    pythons: tuple[str, ...]
    rounds: int = 3
    limit: float = 300.0
    full: float = FULL
    sample: float = SAMPLE


def measure_walks(
    files: GraphFiles, settings: Settings, names: Sequence[str] = tuple(SAMPLERS)
) -> Iterator[dict[str, Any]]:
    """Yield a record of each job: sampler, cores, round, its results, why it ended early."""
    done: set[tuple[str, int]] = set()
    every = len(processes.cores())
    for turn in range(settings.rounds):
        for name in names:
            for count in sorted({1, every if SAMPLERS[name].threads else 1}):
                if (name, count) not in done:
                    record = _job(files, settings, name, count, turn)
                    yield record
                    if record["failure"] or record["seconds"] > ONCE:
                        done.add((name, count))


def _job(files: GraphFiles, settings: Settings, name: str, count: int, turn: int) -> dict[str, Any]:
    record: dict[str, Any] = {"graph": files.name, "sampler": name, "cores": count, "round": turn}
    python, why = processes.interpreter_of(SAMPLERS[name].module, settings.pythons)
    if not python:
        return record | {"failure": why, "seconds": 0.0, "told": []}
    spec = {
        "sampler": name,
        "graph": str(files.folder),
        "cores": processes.cores(count),
        "kinds": KINDS,
        "length": LENGTH,
        "seed": turn + 1,
        "full": settings.full,
        "sample": settings.sample,
    }
    outcome = processes.run_job(python, "benchmarks.peers.walk_jobs", spec, settings.limit)
    told = {"failure": outcome.failure, "seconds": outcome.seconds, "told": outcome.values}
    print(f"{files.name}, {name}, {count} cores: {outcome.seconds:.0f} s {outcome.failure}")
    return record | told


class Figures(NamedTuple):
    """The figures of a sampler for one kind of walk and number of cores; medians of rounds."""

    load: float
    first: float
    rate: float
    memory: float
    walks: int
    of: int
    rounds: int
    wrong: str


def figures_of(records: list[dict[str, Any]], kind: str) -> Figures | None:
    """Return medians of the records of one sampler and number of cores, None if there are none.

    The figures are seconds of the load and of the first call, million steps a second, and MiB.
    """
    pairs = [
        (record["told"][0], told)
        for record in records
        for told in record["told"][1:]
        if told["kind"] == kind
    ]
    if not pairs:
        return None
    return Figures(
        load=median(load["load"] + told["prepare"] for load, told in pairs),
        first=median(told["first"] for _, told in pairs),
        rate=median(told["steps"] / told["seconds"] for _, told in pairs) / 1e6,
        memory=median(told["memory"] for _, told in pairs) / 2**20,
        walks=pairs[0][1]["walks"],
        of=pairs[0][1]["of"],
        rounds=len(pairs),
        wrong=next((told["wrong"] for _, told in pairs if told["wrong"]), ""),
    )


def versions_of(records: list[dict[str, Any]]) -> dict[str, str]:
    """Return the versions of the dependencies of each sampler that ran, as text."""
    return {
        record["sampler"]: ", ".join(f"{k} {v}" for k, v in record["told"][0]["versions"].items())
        for record in records
        if record["told"]
    }


def select(records: list[dict[str, Any]], **what: Any) -> list[dict[str, Any]]:
    """Return the records that have these values."""
    return [r for r in records if all(r[key] == value for key, value in what.items())]
