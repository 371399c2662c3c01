"""The distance of sampled transitions from exact ones, compared with that of exact samplers.

On small graphs all pairs (previous node, current node) are visited often enough to compare the
frequency of each next node with its probability. Half the sum of the differences is the total
variation distance; its mean over all steps is given. A finite sample never has distance 0, so
the same number of draws from the exact probabilities is made 200 times: their mean distance is
the effect of noise alone, and noise seldom exceeds their largest distance.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.peers import processes
from benchmarks.peers.graphs import write_graph
from benchmarks.peers.samplers import SAMPLERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BIASES = [(1.0, 1.0), (4.0, 0.25), (0.25, 4.0), (1.0, 0.5), (4.0, 1.0)]
NUM_WALKS, LENGTH, REPLICATES = 2000, 20, 200

#: Friendships in a karate club, W. W. Zachary 1977: each member, and friends of higher number.
KARATE = {
    0: (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31),
    1: (2, 3, 7, 13, 17, 19, 21, 30),
    2: (3, 7, 8, 9, 13, 27, 28, 32),
    3: (7, 12, 13),
    4: (6, 10),
    5: (6, 10, 16),
    6: (16,),
    8: (30, 32, 33),
    9: (33,),
    13: (33,),
    14: (32, 33),
    15: (32, 33),
    18: (32, 33),
    19: (33,),
    20: (32, 33),
    22: (32, 33),
    23: (25, 27, 29, 32, 33),
    24: (25, 27, 31),
    25: (31,),
    26: (29, 33),
    27: (33,),
    28: (31, 33),
    29: (32, 33),
    30: (32, 33),
    31: (32, 33),
    32: (33,),
}


class Distance(NamedTuple):
    """Mean distance of the sample, mean and largest of exact samplers, steps that are no edges."""

    sampled: float
    expected: float
    largest: float
    impossible: int
    steps: int


def small_graphs() -> dict[str, np.ndarray]:
    """Return the edges of the small graphs, each of shape (2, edges)."""
    karate = [(u, v) for u, near in KARATE.items() for v in near]
    # A hub with 16 leaves. Some leaves are connected, and two have edges to dead ends.
    hub = [(0, leaf) for leaf in range(1, 17)]
    hub += [(1, 2), (3, 4), (4, 5), (6, 17), (17, 18), (7, 19), (1, 6)]
    return {"karate club": np.array(karate).T, "hub and leaves": np.array(hub).T}


def rows_of(edges: np.ndarray) -> list[list[int]]:
    """Return the neighbours of each node."""
    rows: list[list[int]] = [[] for _ in range(int(edges.max()) + 1)]
    for u, v in edges.T.tolist():
        rows[u].append(v)
        rows[v].append(u)
    return [sorted(row) for row in rows]


def exact_step(rows: list[list[int]], previous: int, node: int, p: float, q: float) -> np.ndarray:
    """Return the probability of each neighbour of `node`; `previous` is −1 on the first step."""
    if previous < 0:
        return np.full(len(rows[node]), 1 / len(rows[node]))
    near = set(rows[previous])
    bias = [1 / p if v == previous else 1.0 if v in near else 1 / q for v in rows[node]]
    return np.array(bias) / sum(bias)


def distance(walks: np.ndarray, edges: np.ndarray, p: float, q: float) -> Distance:
    """Compare the steps of `walks`, shape (walks, length + 1), −1 after an end, with exact ones."""
    rows = rows_of(edges)
    rng = np.random.default_rng(1)
    sampled, total, impossible = 0.0, 0, 0
    exact = np.zeros(REPLICATES)
    for previous, node, counts in _contexts(walks, len(rows)):
        num_steps = int(counts.sum())
        if previous >= 0 and node not in rows[previous]:
            continue  # the step before was wrong, and is counted there
        probabilities = exact_step(rows, previous, node, p, q)
        wanted = np.zeros(len(rows))
        wanted[rows[node]] = probabilities
        sampled += np.abs(counts - num_steps * wanted).sum() / 2
        impossible += int(counts[wanted == 0].sum())
        draws = rng.multinomial(num_steps, probabilities, REPLICATES)
        exact += np.abs(draws - num_steps * probabilities).sum(axis=1) / 2
        total += num_steps
    exact /= total
    return Distance(sampled / total, float(exact.mean()), float(exact.max()), impossible, total)


def _contexts(walks: np.ndarray, num_nodes: int) -> Any:
    """Yield (previous node or −1, node, how often each node came next)."""
    begun = np.hstack([np.full((len(walks), 1), -1), walks])
    steps = np.lib.stride_tricks.sliding_window_view(begun, 3, axis=1).reshape(-1, 3)
    steps = steps[(steps[:, 2] >= 0) & (steps.max(axis=1) < num_nodes)]
    codes = ((steps[:, 0] + 1) * num_nodes + steps[:, 1]) * num_nodes + steps[:, 2]
    counts = np.bincount(codes, minlength=(num_nodes + 1) * num_nodes**2)
    counts = counts.reshape(num_nodes + 1, num_nodes, num_nodes)
    for previous, node in zip(*np.nonzero(counts.sum(axis=2)), strict=True):
        yield int(previous) - 1, int(node), counts[previous, node]


def measure_exactness(
    pythons: tuple[str, ...], limit: float = 300.0, names: Sequence[str] = tuple(SAMPLERS)
) -> Iterator[dict[str, Any]]:
    """Yield a record for each sampler of node2vec, graph, p and q; failures have no distance."""
    with tempfile.TemporaryDirectory() as folder:
        for title, edges in small_graphs().items():
            write_graph(title, edges, int(edges.max()) + 1, Path(folder) / title)
            for name in names:
                if SAMPLERS[name].second_order:
                    yield from _judge(name, title, edges, Path(folder), pythons, limit)


def _judge(
    name: str, title: str, edges: np.ndarray, folder: Path, pythons: tuple[str, ...], limit: float
) -> list[dict[str, Any]]:
    record: dict[str, Any] = {"sampler": name, "graph": title}
    python, why = processes.interpreter_of(SAMPLERS[name].module, pythons)
    if not python:
        return [record | {"failure": why}]
    spec = {
        "sampler": name,
        "graph": str(folder / title),
        "cores": processes.cores(),
        "save": str(folder / "walks"),
        "biases": BIASES,
        "num_nodes": int(edges.max()) + 1,
        "num_walks": NUM_WALKS,
        "length": LENGTH,
        "seed": 1,
    }
    outcome = processes.run_job(python, "benchmarks.peers.walk_jobs", spec, limit)
    print(f"{title}, {name}: {outcome.seconds:.0f} s {outcome.failure}")
    found = []
    for number, (p, q) in enumerate(BIASES[: max(0, len(outcome.values) - 1)]):
        path = Path(f"{spec['save']}-{number}.npy")
        found.append(record | {"p": p, "q": q} | distance(np.load(path), edges, p, q)._asdict())
        path.unlink()
    return found + ([record | {"failure": outcome.failure}] if outcome.failure else [])
