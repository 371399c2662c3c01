"""What graphs and walks must be, spelled out in plain Python: the reference of the other tests."""

from collections import defaultdict
from collections.abc import Iterable
from math import exp, sqrt

import numpy as np
from scipy import stats

#: {node: [(neighbour, weight), ...]}, each row sorted by neighbour; weight 1.0 where none is given.
Adjacency = dict[int, list[tuple[int, float]]]


def csr(
    edges: Iterable[tuple],
    num_nodes: int | None = None,
    *,
    directed: bool = False,
    duplicates: str = "merge",
    self_loops: str = "keep",
    apart: bool = False,
) -> Adjacency:
    """Rows of the graph with these ``(u, v)`` or ``(u, v, weight)`` edges, ids being dense.

    If weights, as times or types, tell edges `apart`, those of different ones are different.
    """
    edges = list(edges)
    if num_nodes is None:
        num_nodes = 1 + max(max(edge[:2]) for edge in edges)
    rows: Adjacency = {node: [] for node in range(num_nodes)}
    for u, v, *weight in edges:
        if u == v and self_loops == "drop":
            continue
        rows[u].append((v, weight[0] if weight else 1.0))
        if not directed and u != v:
            rows[v].append((u, weight[0] if weight else 1.0))
    weighted = any(len(edge) > 2 for edge in edges)
    for node, row in rows.items():
        row.sort(key=lambda entry: entry[0])  # stable: parallel edges stay in input order
        if apart:
            row.sort()
            rows[node] = row if duplicates == "keep" else sorted(set(row))
            continue
        if len({v for v, _ in row}) == len(row) or duplicates == "keep":
            continue
        if duplicates == "error":
            raise ValueError(f"parallel edges in row {node}")
        merged: dict[int, float] = defaultdict(float)
        for v, weight in row:
            merged[v] = merged[v] + weight if weighted else 1.0
        rows[node] = list(merged.items())
    return rows


def transition_probabilities(
    adj: Adjacency,
    cur: int,
    prev: int | None = None,
    *,
    start: int | None = None,
    p: float = 1,
    q: float = 1,
    gamma: float | None = None,
    weighted: bool = False,
    restart_prob: float = 0,
    stop_prob: float = 0,
    dead_end: str = "stop",
) -> dict[int, float]:
    """Probability of each next node, −1 standing for a walk that has stopped.

    The restart or the end is drawn first, whether or not `cur` is a dead end. `prev` None means a
    first-order step: the walk's first, or the one after a restart.
    """
    probabilities: dict[int, float] = defaultdict(float)
    if restart_prob:
        probabilities[start] += restart_prob
    if stop_prob:
        probabilities[-1] += stop_prob
    near = None if prev is None else {v for v, _ in adj[prev]}
    loose = _loose(adj, cur, gamma) if gamma is not None and weighted and adj[cur] else {}
    bias: dict[int, float] = defaultdict(float)
    for v, weight in adj[cur]:
        factor = 1.0 if near is None or v in near else 1 / q
        if near is not None and gamma is not None and weighted:
            tie = _loose(adj, v, gamma).get(prev, 1.0) if v in near else 0.0
            factor = _bias_by_weight(q, tie, v in loose)
        if near is not None and v == prev:
            factor = 1 / p
        bias[v] += factor * (weight if weighted else 1.0)
    if not any(bias.values()):
        bias[{"stop": -1, "stay": cur, "restart": start}[dead_end]] = 1.0
    total = sum(bias.values())
    for v, value in bias.items():
        probabilities[v] += (1 - restart_prob - stop_prob) * value / total
    return dict(probabilities)


def _loose(adj: Adjacency, node: int, gamma: float) -> dict[int, float]:
    """{neighbour: weight relative to the threshold of node2vec+} of the loose edges of a node.

    Parallel edges are one of their total weight. Weights and thresholds are float32, as stored.
    """
    edges: dict[int, float] = defaultdict(float)
    for v, weight in adj[node]:
        edges[v] += float(np.float32(weight))
    mean = sum(edges.values()) / len(edges)
    deviation = sqrt(sum((weight - mean) ** 2 for weight in edges.values()) / len(edges))
    threshold = float(np.float32(mean + gamma * deviation))
    return {v: weight / threshold for v, weight in edges.items() if weight < threshold}


def _bias_by_weight(q: float, tie: float, loose: bool) -> float:
    """Bias of node2vec+, for a proposal with that relative weight of its edge to the previous."""
    if tie >= 1:
        return 1.0
    return min(1.0, 1 / q) if loose else 1 / q + (1 - 1 / q) * tie


def temporal_walks(
    adj: Adjacency,
    start: int,
    length: int,
    *,
    stop_prob: float = 0,
    time_bias: str | None = None,
    time_scale: float = 1,
    first: tuple[int, float] | None = None,
) -> dict[tuple[int, ...], float]:
    """Probability of each walk forward in time, in a graph whose weights are times.

    With `first`, a node and a time, the first step leads there by an edge of that time.
    An entry may have a weight in addition to its time.

    Walks along different edges may visit the same nodes; −1 stands for what comes after the end.
    """
    found: dict[tuple[int, ...], float] = defaultdict(float)

    def go_on(walk: tuple[int, ...], now: float, odds: float) -> None:
        later = sorted((time, v, *more) for v, time, *more in adj[walk[-1]] if time > now)
        ranks, ages = (
            range(1, len(later) + 1),
            [(entry[0] - later[0][0]) / time_scale for entry in later],
        )
        masses = {
            None: [1] * len(later),
            "far": ranks,
            "near": ranks[::-1],
            "far-exponential": [exp(age - ages[-1]) for age in ages],
            "near-exponential": [exp(-age) for age in ages],
        }[time_bias]
        masses = [
            mass * (entry[2] if len(entry) > 2 else 1)
            for mass, entry in zip(masses, later, strict=True)
        ]
        over = 1.0 if not later else stop_prob
        if len(walk) > length:
            found[walk] += odds
            return
        if over:
            found[walk + (-1,) * (length + 1 - len(walk))] += odds * over
        for (time, v, *_), mass in zip(later, masses, strict=True):
            go_on((*walk, v), time, odds * (1 - over) * mass / sum(masses))

    if first is None:
        go_on((start,), float("-inf"), 1.0)
    else:
        go_on((start, first[0]), first[1], 1.0)
    return dict(found)


def excess_of_walks(walks: np.ndarray, odds: dict[tuple[int, ...], float]) -> tuple[float, float]:
    """Return χ² of all walks from one node, and the critical value; impossible walks raise."""
    found, counts = np.unique(walks, axis=0, return_counts=True)
    seen = dict(zip(map(tuple, found.tolist()), counts.tolist(), strict=True))
    assert set(seen) <= set(odds), "walks that cannot be"
    expected = {walk: p * len(walks) for walk, p in odds.items()}
    rare = [walk for walk, count in expected.items() if count < 5]
    expected["rare"] = sum(map(expected.pop, rare))
    seen["rare"] = sum(seen.pop(walk, 0) for walk in rare)
    if expected["rare"] < 5:
        expected.pop("rare")
    chi2 = sum((seen.get(walk, 0) - e) ** 2 / e for walk, e in expected.items())
    return chi2, stats.chi2.isf(1e-4, max(1, len(expected) - 1))
