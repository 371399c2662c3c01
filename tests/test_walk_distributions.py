"""Walks have the probabilities that the oracle spells out: χ² tests of every kind of walk."""

import itertools
from math import inf

import numpy as np
import oracle
import pytest
from plans import among_slow
from scipy import stats

import graphwalk

WALK_LENGTH = 20
HUB_LEAVES = 200
#: Loops, parallel edges, an isolated node (9) and, directed, dead ends (4, 8) and a source (0).
SMALL = [
    *[(0, 1), (0, 2), (0, 5), (1, 2), (2, 3), (3, 1), (3, 4), (3, 3), (1, 5), (5, 6), (6, 7)],
    *[(7, 5), (7, 8), (7, 8), (7, 8), (6, 2), (6, 2), (2, 7), (5, 3), (6, 6), (6, 6)],
]
#: A hub in the middle of a ring, and a tail, so that walks meet long rows and short ones.
HUB = [
    *[(0, leaf) for leaf in range(1, HUB_LEAVES + 1)],
    *[(leaf, 0) for leaf in range(1, HUB_LEAVES + 1, 2)],
    *[(leaf, leaf % HUB_LEAVES + 1) for leaf in range(1, HUB_LEAVES + 1)],
    (0, HUB_LEAVES + 1),
]
BIASES = [(1, 1), (4, 0.25), (0.25, 4), (1, 0.5), (4, 1), (0.25, 0.25)]
#: Where steps are drawn from whole rows after few attempts.
FAR_APART = [(0.01, 100), (1, 1000), (1e3, 1e-3), (0.005, 0.005), (500, 200)]
SIDES = [(4, 0.25), (0.25, 4), (0.25, 0.25), (4, 4), (1, 4)]


def weights_of(edges):
    return [0.25 + (7 * i % 11) for i in range(len(edges))]


def wide_weights(edges):
    return [10.0 ** (i % 13 - 6) for i in range(len(edges))]


KINDS = [
    {},
    {"weighted": True},
    {"weighted": wide_weights},
    *[{"p": p, "q": q} for p, q in BIASES],
    *[{"p": p, "q": q, "weighted": True} for p, q in BIASES],
    {"p": 4, "q": 0.25, "weighted": wide_weights},
    *[{"p": p, "q": q} for p, q in FAR_APART],
    *[{"p": p, "q": q, "weighted": wide_weights} for p, q in FAR_APART[::4]],
    {"p": inf, "q": 500},
    {"restart_prob": 0.2},
    {"restart_prob": 0.2, "p": 4, "q": 0.25},
    {"restart_prob": 0.2, "p": 0.25, "q": 4, "weighted": True, "dead_end": "restart"},
    *[{"dead_end": how} for how in ("restart", "stay")],
    *[{"dead_end": how, "p": 0.25, "q": 4} for how in ("restart", "stay")],
    {"stop_prob": 0.1},
    {"stop_prob": 0.1, "restart_prob": 0.2, "p": 0.25, "q": 4, "dead_end": "restart"},
    *[{"p": inf, "q": q} for q in (1, 0.25, 4)],
    *[{"p": inf, "q": 2, "weighted": weigh} for weigh in (True, wide_weights)],
    *[{"p": inf, "stop_prob": 0.1, "dead_end": how} for how in ("restart", "stay")],
    *[{"p": p, "q": q, "gamma": g, "weighted": True} for p, q in SIDES for g in (0, 1)],
    {"p": 4, "q": 0.25, "gamma": 0.5, "weighted": wide_weights},
    {"p": 0.25, "q": 4, "gamma": -0.5, "weighted": wide_weights},
    {"p": 0.5, "q": 2, "gamma": 0},
    *[{"p": p, "q": q, "gamma": 0, "weighted": True} for p, q in FAR_APART[:2]],
    {"p": inf, "q": 3, "gamma": 0, "weighted": True, "restart_prob": 0.2, "dead_end": "stay"},
]
CASES = [
    (name, directed, kind)
    for name, directed, kind in itertools.product(("small", "hub"), (False, True), KINDS)
    # On the hub the first kinds will do: its rows are long, but its states are many.
    if name == "small" or not (kind.get("restart_prob") or "dead_end" in kind)
    if not (directed and "gamma" in kind)
]
#: Of kinds that are walked on both hubs, one of the two is slow.
SLOW = [
    (name, directed, kind)
    for name, directed, kind in CASES
    if name == "hub" and "gamma" not in kind and directed == bool(KINDS.index(kind) % 2)
]
#: One false alarm in a thousand runs of all tests, were the seeds not fixed.
SIGNIFICANCE = 1e-3 / (len(CASES) + 10)


def label(case):
    name, directed, kind = case
    kind = {k: getattr(v, "__name__", v) for k, v in kind.items()}
    how = ",".join(f"{k}={v}" for k, v in kind.items()) or "first order"
    return f"{name}-{'directed' if directed else 'undirected'}-{how}"


def walk(edges, directed, kind, num_walks, seed=1, starts=None, partitions=None):
    """Return walks and the oracle's rows of the same graph."""
    kind = dict(kind)
    weigh = kind.pop("weighted", None)
    kind["weighted"] = weigh is not None
    if weigh is not None:
        weights = (weights_of if weigh is True else weigh)(edges)
        edges = [(*edge, weight) for edge, weight in zip(edges, weights, strict=True)]
    num_nodes = 2 + max(max(edge[:2]) for edge in edges)
    columns = [np.array(column) for column in zip(*edges, strict=True)]
    graph = graphwalk.build_zarr(
        tuple(columns), directed=directed, duplicates="keep", num_nodes=num_nodes
    )
    rows = oracle.csr(edges, num_nodes, directed=directed, duplicates="keep")
    walks = graphwalk.random_walks(
        graph,
        starts,
        num_walks=num_walks,
        walk_length=WALK_LENGTH,
        seed=seed,
        partitions=partitions,
        **kind,
    )
    assert partitions is None or len(walks.plan.partitions) >= partitions
    return walks.compute(), rows


def transitions(walks, rows, kind):
    """Return {(start or None, previous or None, current): {next: count}} of walks with edges.

    Where it cannot be seen whether a walk came to its start node by an edge or by a restart, what
    its next step remembers is unknown, and that step is left out.
    """
    near = np.zeros((len(rows) + 1, len(rows)), bool)
    for node, row in rows.items():
        near[node, [v for v, _ in row]] = True
    second = kind.get("p", 1) != 1 or kind.get("q", 1) != 1
    hops = kind.get("restart_prob") or kind.get("dead_end") == "restart"
    # A state and its next node are one number: rows of a matrix would be compared as such.
    shape = (len(rows) + 1,) * 4
    found = []
    for t in range(walks.shape[1] - 1):
        start, cur, then = walks[:, 0], walks[:, t], walks[:, t + 1]
        prev = np.full(len(walks), -1)
        keep = cur >= 0
        if second and t:
            came = near[walks[:, t - 1], cur]
            prev = np.where(came, walks[:, t - 1], -1)
            if hops:
                keep &= ~(came & (cur == start))
        origin = start if hops else np.full(len(walks), -1)
        state = [part[keep] + 1 for part in (origin, prev, cur, then)]
        found.append(np.ravel_multi_index(state, shape))
    states, counts = np.unique(np.concatenate(found), return_counts=True)
    states = np.stack(np.unravel_index(states, shape), axis=1) - 1
    table = {}
    for (start, prev, cur, then), count in zip(states.tolist(), counts.tolist(), strict=True):
        state = None if start < 0 else start, None if prev < 0 else prev, cur
        table.setdefault(state, {})[then] = count
    return table


def statistic(observed, expected):
    """Return χ² and degrees of freedom of one state, cells below 5 merged."""
    merged = [[0.0, 0]]
    # What is merged must not depend on what was observed.
    for wanted, then in sorted((expected[then], then) for then in expected):
        count = observed.get(then, 0)
        if merged[-1][0] >= 5:
            merged.append([0.0, 0])
        merged[-1][0] += wanted
        merged[-1][1] += count
    if merged[-1][0] < 5 and len(merged) > 1:
        wanted, count = merged.pop()
        merged[-1][0] += wanted
        merged[-1][1] += count
    return sum((count - wanted) ** 2 / wanted for wanted, count in merged), len(merged) - 1


def excess(walks, rows, kind):
    """Return χ² over all states, and the critical value; impossible steps raise."""
    kind = dict(kind, weighted=kind.get("weighted") is not None)
    total, freedom = 0.0, 0
    for (start, prev, cur), observed in transitions(walks, rows, kind).items():
        odds = oracle.transition_probabilities(rows, cur, prev, start=start, **kind)
        odds = {then: odd for then, odd in odds.items() if odd > 0}
        impossible = set(observed) - set(odds)
        assert not impossible, f"{prev} → {cur} → {impossible} cannot be"
        count = sum(observed.values())
        chi2, cells = statistic(observed, {then: odd * count for then, odd in odds.items()})
        total += chi2
        freedom += cells
    assert freedom > 0
    return total, stats.chi2.isf(SIGNIFICANCE, freedom)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=label(case), marks=[pytest.mark.slow] if case in SLOW else [])
        for case in CASES
    ],
)
def test_steps_have_the_probabilities_of_the_oracle(case):
    name, directed, kind = case
    edges, num_walks = (SMALL, 2000) if name == "small" else (HUB, 60)
    starts = [0, 3, 6, 9] if name == "small" and kind.get("restart_prob") else None
    walks, rows = walk(edges, directed, kind, num_walks, starts=starts)
    chi2, critical = excess(walks, rows, kind)
    assert chi2 < critical


ACROSS = [
    {},
    {"weighted": True},
    {"restart_prob": 0.2},
    {"p": 2, "q": 0.5},
    {"p": 0.25, "q": 4},
    {"p": inf, "stop_prob": 0.1},
]
PLUS = [{"p": p, "q": q, "gamma": g, "weighted": True} for p, q, g in ((2, 0.5, 0), (2, 4, 1))]


@pytest.mark.parametrize(
    ("directed", "kind"),
    [*itertools.product([False, True], ACROSS), *itertools.product([False], PLUS)],
    ids=str,
)
def test_steps_across_partitions_have_them_too(directed, kind):
    """With another seed, so that equality with the walks of one partition is not what is seen."""
    walks, rows = walk(SMALL, directed, kind, 2000, seed=12, partitions=4)
    chi2, critical = excess(walks, rows, kind)
    assert chi2 < critical


@pytest.mark.parametrize(
    ("directed", "walked", "claimed"),
    [
        (False, {"p": 4, "q": 0.25}, {"p": 3, "q": 0.25}),
        (False, {"p": 4, "q": 0.25}, {"p": 4, "q": 0.3}),
        (True, {"p": 4, "q": 0.25}, {"p": 4, "q": 0.4}),
        (True, {"p": 4, "q": 0.25}, {"p": 0.25, "q": 4}),
        (False, {"weighted": True}, {}),
        (True, {"restart_prob": 0.2}, {"restart_prob": 0.23}),
        (False, {"stop_prob": 0.2}, {"stop_prob": 0.23}),
        (False, {"p": inf, "q": 0.25}, {"p": inf, "q": 0.3}),
        (False, {"q": 0.25, "gamma": 0, "weighted": True}, {"q": 0.25, "weighted": True}),
        (False, {"q": 4, "gamma": 0, "weighted": True}, {"q": 4, "weighted": True}),
        *[
            (False, {"q": q, "gamma": 0, "weighted": True}, {"q": q, "gamma": 1, "weighted": True})
            for q in (0.25, 4)
        ],
    ],
)
def test_wrong_probabilities_are_noticed(directed, walked, claimed):
    walks, rows = walk(SMALL, directed, walked, 2000)
    chi2, critical = excess(walks, rows, claimed)
    assert chi2 > critical


def test_walks_stop_at_dead_ends_only():
    walks, rows = walk(SMALL, True, {}, 200)
    stopped = walks == -1
    assert stopped.any()
    assert np.all(stopped[:, :-1] <= stopped[:, 1:]), "nothing comes after the end"
    last = walks[np.arange(len(walks)), (~stopped).sum(1) - 1]
    assert all(not rows[node] for node in last[stopped.any(1)].tolist())
    assert all(rows[node] for node in last[~stopped.any(1)].tolist()) or np.inf > WALK_LENGTH


@pytest.mark.parametrize("kind", [{}, {"p": 0.25, "q": 4}, {"weighted": True}])
def test_every_step_is_an_edge(kind):
    walks, rows = walk(HUB, True, kind, 20)
    edges = {(u, v) for u, row in rows.items() for v, _ in row}
    steps = np.stack([walks[:, :-1].ravel(), walks[:, 1:].ravel()], axis=1)
    steps = np.unique(steps[steps[:, 1] >= 0], axis=0)
    assert {tuple(step) for step in steps.tolist()} <= edges
    assert len(steps) > len(edges) / 2


#: A triangle with a tail, whose last node leaves the way back alone.
TINY = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5)]
EXTREMES = [
    (1e-6, 1),
    (1e6, 1),
    (1, 1e-6),
    (1, 1e6),
    (1e-6, 1e-6),
    (1e6, 1e6),
    (1e-6, 1e6),
    (1e6, 1e-6),
    (1e30, 1),
    (1, 1e30),
    (1e-300, 1e300),
    (1e300, 1e-300),
]


@pytest.mark.parametrize(("p", "q"), EXTREMES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("directed", [False, True])
def test_extreme_biases_end_and_are_right(p, q, directed, weighted):
    kind = {"p": p, "q": q} | ({"weighted": True} if weighted else {})
    kind |= {"gamma": 0} if weighted and not directed else {}
    walks, rows = walk(TINY, directed, kind, 12)
    chi2, critical = excess(walks, rows, kind)
    assert chi2 < critical


def test_the_few_entries_that_are_far_are_found_in_a_long_row():
    size = 60
    edges = [*itertools.combinations(range(size), 2), *((node, size + node) for node in range(4))]
    kind = {"p": 1, "q": 1e-3}
    walks, rows = walk(edges, False, kind, 20, starts=np.arange(size))
    chi2, critical = excess(walks, rows, kind)
    assert chi2 < critical


#: A hub, common neighbours, loops, and no parallel edges: long rows are drawn from in parts.
WHEEL = [
    *[(0, leaf) for leaf in range(1, 41)],
    *[(leaf, leaf % 40 + 1) for leaf in range(1, 41)],
    *[(leaf, leaf + 2) for leaf in range(1, 31, 3)],
    *[(1, leaf) for leaf in range(5, 40, 5)],
    *[(0, 0), (7, 7), (40, 41), (41, 42)],
]
#: The same, and some edges again, so that rows have parallel entries.
AGAIN = [*WHEEL, *WHEEL[::4], *WHEEL[::8], (41, 42), (41, 42)]
PARTED = [(1e-4, 1e4), (1e4, 1e4), (1e-4, 1e-4), (1e4, 1e-4), (1, 1e4), (1e-4, 1), (2e-3, 0.5)]


@pytest.mark.parametrize(("p", "q"), PARTED)
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("edges", [WHEEL, AGAIN], ids=["simple", "parallel"])
def test_steps_in_parts_have_the_probabilities_of_the_oracle(edges, directed, p, q):
    edges = [*edges, *((v, u) for u, v in edges[1::3])] if directed else edges
    walks, rows = walk(edges, directed, {"p": p, "q": q}, 60)
    chi2, critical = excess(walks, rows, {"p": p, "q": q})
    assert chi2 < critical


@pytest.mark.parametrize(("p", "q"), [(1e-3, 1e3), (1e3, 1e3), (2e-3, 0.5)])
@pytest.mark.parametrize(
    "kind",
    among_slow(["simple", "parallel", "directed"], ["simple", "parallel", "directed", "weighted"]),
)
def test_steps_in_parts_do_not_depend_on_the_plan(kind, p, q):
    edges = np.array(AGAIN if kind == "parallel" else WHEEL).T
    values = (1 + np.arange(edges.shape[1]) % 5,) if kind == "weighted" else ()
    graph = graphwalk.build_zarr(
        (*edges, *values), directed=kind == "directed", duplicates="keep", progress=False
    )
    how = {"p": p, "q": q, "num_walks": 3, "walk_length": 12, "seed": 3, "return_edges": True}
    whole = [found.compute() for found in graphwalk.random_walks(graph, **how)]
    parts = [found.compute() for found in graphwalk.random_walks(graph, **how, partitions=3)]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
    heads = graph.read_neighbors(0, graph.num_entries)
    real = whole[1] >= 0
    np.testing.assert_array_equal(heads[whole[1][real]], whole[0][:, 1:][real])
