"""Random numbers, tables and the walk kernels, by themselves."""

import re
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from math import inf
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy import stats

from graphwalk.kernels.build.bucket_values import order_by_value
from graphwalk.kernels.build.parse_edges import parse_lines
from graphwalk.kernels.jit import _imported_kernels, _source, multiply_high, sources_stamp
from graphwalk.kernels.output.join_lines import join_numbers, join_rows, number_bytes
from graphwalk.kernels.rng import STEP, mix, seed_key, walker_key
from graphwalk.kernels.rows.alias_tables import alias_dtype, fill_alias_table, pick
from graphwalk.kernels.rows.bloom_filter import (
    fill_filter,
    filter_bits,
    filter_hash,
    filter_word,
    filter_words,
)
from graphwalk.kernels.rows.node2vec_plus import make_shares, mark_weak_edges
from graphwalk.kernels.rows.rows import Rows
from graphwalk.kernels.walk.first_order import walk_first_order
from graphwalk.kernels.walk.node2vec import walk_node2vec
from graphwalk.kernels.walk.node2vec_rule import MAX_ATTEMPTS, AttemptLimits, limit_of_edge
from graphwalk.kernels.walk.search_rows import find_in_rows
from graphwalk.kernels.walk.steps import GO_TO_START, STAY, STOP, Interruption, Starts
from graphwalk.scheduler.engine.probabilities import attempt_limits_of, bias_of, row_parts_of
from graphwalk.scheduler.engine.walker_records import read_only
from graphwalk.storage.partitions.partition import Partition
from graphwalk.walk_spec import WalkSpec

MASK = (1 << 64) - 1
#: One false alarm in a thousand runs of all tests of random numbers, were the seeds not fixed.
SIGNIFICANCE = 1e-3 / 20


@njit
def draws(run, starts, numbers, steps):
    """Return the first draws of every walker's steps, shape (walkers, steps)."""
    out = np.empty((len(starts), steps), np.uint64)
    for i in range(len(starts)):
        key = walker_key(run, starts[i], numbers[i])
        for step in range(steps):
            key += STEP
            out[i, step] = mix(key)
    return out


@njit
def bounded(values, bound):
    out = np.empty(len(values), np.int64)
    for i in range(len(values)):
        out[i] = multiply_high(values[i], np.uint64(bound))
    return out


@njit
def perhaps_edges(row_starts, words, node, others):
    found = np.zeros(len(others), np.bool_)
    first = np.int64(row_starts[node])
    degree = np.int64(row_starts[node + 1]) - first
    for i in range(len(others)):
        hashed = filter_hash(others[i])
        bits = filter_bits(hashed)
        found[i] = (words[filter_word(first, degree, hashed)] & bits) == bits
    return found


def test_draws_are_the_published_numbers_of_splitmix64():
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [int(mix(np.uint64(k * int(STEP) & MASK))) for k in (1, 2, 3)] == published


STREAMS = [
    "walkers, first step",
    "walkers, 50th step",
    "walk numbers",
    "steps of a walker",
    "seeds",
]


@cache
def streams():
    """Draws in orders in which a bad key would show: neighbours in the order, and in time."""
    run = np.uint64(seed_key(0))
    nodes, zeros = np.arange(20_000), np.zeros(20_000, np.int64)
    return {
        "walkers, first step": draws(run, nodes, zeros, 1).ravel(),
        "walkers, 50th step": draws(run, nodes, zeros, 50)[:, 49].copy(),
        "walk numbers": draws(run, zeros, nodes, 1).ravel(),
        "steps of a walker": draws(run, zeros[:1], zeros[:1], 20_000).ravel(),
        "seeds": np.array([draws(np.uint64(seed_key(s)), *[zeros[:1]] * 2, 1) for s in range(5000)])
        .ravel()
        .astype(np.uint64),
    }


@pytest.mark.parametrize("name", STREAMS)
def test_every_bit_and_byte_is_even(name):
    values = streams()[name]
    ones = ((values[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)).sum(0)
    score = (ones - len(values) / 2.0) / np.sqrt(len(values) / 4)
    assert np.abs(score).max() < stats.norm.isf(SIGNIFICANCE / 128)
    for byte in values.view(np.uint8).reshape(-1, 8).T:
        counts = np.bincount(byte, minlength=256)
        assert stats.chisquare(counts).pvalue > SIGNIFICANCE / 8


@pytest.mark.parametrize("name", STREAMS)
def test_neighbours_are_not_correlated(name):
    values = streams()[name] / 2.0**64
    for lag in (1, 2, 10, 128):
        correlation = np.corrcoef(values[:-lag], values[lag:])[0, 1]
        assert abs(correlation) * np.sqrt(len(values)) < stats.norm.isf(SIGNIFICANCE / 8)


@pytest.mark.parametrize("name", STREAMS)
def test_numbers_do_not_repeat(name):
    assert len(np.unique(streams()[name])) == len(streams()[name])


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 100])
def test_bounded_draws_are_uniform(bound):
    counts = np.bincount(bounded(streams()["walkers, first step"], bound), minlength=bound)
    assert len(counts) == bound
    assert bound == 1 or stats.chisquare(counts).pvalue > SIGNIFICANCE


@pytest.mark.parametrize("argument", range(3))
def test_each_bit_of_a_key_flips_about_half_of_its_bits(argument):
    width = 64 if argument == 0 else 31
    flipped = []
    for sample in range(20):
        base = [int(mix(np.uint64(sample))), 17 * sample, sample]
        for bit in range(width):
            other = list(base)
            other[argument] ^= 1 << bit
            keys = [int(walker_key(np.uint64(r), s, k)) for r, s, k in (base, other)]
            flipped.append((keys[0] ^ keys[1]).bit_count())
    assert 31.5 < np.mean(flipped) < 32.5
    assert min(flipped) > 10


@pytest.mark.parametrize("node", [np.int32, np.int64])
def test_alias_tables_hold_the_weights_exactly(node):
    rng = np.random.default_rng(0)
    lengths = [1, 2, 3, 0, 10, 500]
    row_starts = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    neighbors = np.concatenate([np.arange(n) for n in lengths]).astype(node)
    weights = (10 ** rng.uniform(-6, 6, len(neighbors))).astype(np.float32)
    weights[row_starts[4] : row_starts[4] + 3] = 0
    table = np.zeros(len(neighbors), alias_dtype(np.dtype(node)))
    fill_alias_table(row_starts, neighbors, weights, table)
    for row, degree in enumerate(lengths):
        part = slice(row_starts[row], row_starts[row + 1])
        records, wanted = table[part], weights[part].astype(float)
        share = records["share"] / 2**64
        held = np.bincount(records["node"], share / max(degree, 1), degree)
        held += np.bincount(records["alias"], (1 - share) / max(degree, 1), degree)
        np.testing.assert_allclose(held, wanted / max(wanted.sum(), 1e-30), atol=1e-13)
        assert np.all(held[wanted == 0] == 0)


@pytest.mark.parametrize("gamma", [0.0, 0.7, -5.0])
@pytest.mark.parametrize("node", [np.int32, np.int64])
def test_shares_are_weights_relative_to_the_mean_and_deviation(node, gamma):
    rows = [([1, 2, 2, 5, 9], [4, 1, 1, 3, 0]), ([0], [0.3]), ([], []), ([3, 4], [0.1, 0.7])]
    neighbors = np.concatenate([row for row, _ in rows]).astype(node)
    weights = np.concatenate([values for _, values in rows]).astype(np.float32)
    row_starts = np.cumsum([0, *(len(row) for row, _ in rows)]).astype(np.uint32)
    wanted = np.ones(len(neighbors))
    for start, stop in pairwise(row_starts.tolist()):
        nodes, first = np.unique(neighbors[start:stop], return_inverse=True)
        sums = np.bincount(first, weights[start:stop], len(nodes))
        if len(nodes):
            threshold = max(0, sums.mean() + gamma * sums.std())
            loose = sums < threshold
            wanted[start:stop] = np.where(loose, sums / max(threshold, 1e-9), 1)[first]
    given = neighbors.copy()
    mark_weak_edges(row_starts, neighbors, weights, gamma)
    assert (neighbors < 0).tolist() == (wanted < 1).tolist()
    np.testing.assert_array_equal(np.where(neighbors < 0, ~neighbors, neighbors), given)
    make_shares(row_starts, neighbors, weights, gamma)
    np.testing.assert_array_equal(neighbors, given)
    np.testing.assert_allclose(weights, wanted, rtol=1e-6)
    assert ((weights < 1) == (wanted < 1)).all()


@njit
def picks(table, items, fractions):
    out = np.empty(len(items), np.int64)
    for i in range(len(items)):
        out[i] = pick(table, items[i], fractions[i])
    return out


@pytest.mark.parametrize("node", [np.int32, np.int64])
def test_a_draw_tells_whether_an_edge_is_loose(node):
    """Whichever of a record's two nodes is drawn, up to the last of its fractions."""
    rng = np.random.default_rng(4)
    row_starts = np.array([0, 1, 41, 41, 300], np.uint32)
    given = np.r_[7, 0:40, 0:259].astype(node)
    weights = (10 ** rng.uniform(-2, 2, len(given))).astype(np.float32)
    neighbors, table = given.copy(), np.zeros(len(given), alias_dtype(np.dtype(node)))
    mark_weak_edges(row_starts, neighbors, weights, 0.0)
    fill_alias_table(row_starts, neighbors, weights, table)
    items, bounds = np.arange(len(given)), table["share"]
    assert len(set(bounds.tolist())) > len(given) // 2
    for first, stop in pairwise(row_starts.tolist()):
        part, wanted = slice(first, stop), weights[first:stop].astype(float)
        loose = wanted < np.float32(wanted.mean()) if stop > first else np.zeros(0, bool)
        marked = dict(zip(given[part].tolist(), loose.tolist(), strict=True))
        mass = dict.fromkeys(marked, 0.0)
        last = picks(table, items[part], bounds[part] - np.uint64(1))
        after = picks(table, items[part], np.full(stop - first, MASK, np.uint64))
        held = bounds[part] / 2.0**64
        for drawn, share in (*zip(last, held, strict=True), *zip(after, 1 - held, strict=True)):
            number = int(~drawn if drawn < 0 else drawn)
            assert marked[number] == (drawn < 0)
            mass[number] += share / (stop - first)
        np.testing.assert_allclose(list(mass.values()), wanted / max(wanted.sum(), 1), atol=1e-13)


@pytest.mark.parametrize(("p", "q"), [(1, 4), (1, 0.25), (0.1, 3), (5, 1e-300), (inf, 1e30)])
def test_biases_by_weight_lie_between_those_of_node2vec(p, q):
    bias = bias_of(WalkSpec(num_walks=1, walk_length=1, weighted=True, seed=0, p=p, q=q))
    common, far = bias.accept_common, bias.accept_far
    given = np.array([0.0, 0.3, 0.999, 1.0], np.float32)
    for loose in (False, True):
        *shares, whole = (int(limit_of_edge(bias, given, entry, loose)) for entry in range(4))
        assert whole == int(common)
        assert int(limit_of_edge(bias, given, -1, loose)) == int(far)
        assert all(min(common, far) <= share <= max(common, far) for share in shares)
        assert loose or shares[0] == int(far)
        assert not loose or set(shares) == {int(min(common, far))}


def random_graph(num_nodes=2000, entries=40_000, dtype=np.uint32):
    rng = np.random.default_rng(5)
    src = np.sort(rng.integers(0, num_nodes - 100, entries))  # the last nodes are dead ends
    row_starts = np.searchsorted(src, np.arange(num_nodes + 1)).astype(dtype)
    neighbors = rng.integers(0, num_nodes, entries).astype(np.int32)
    for a, b in pairwise(row_starts):
        neighbors[a:b].sort()
    words = np.zeros(filter_words(entries), np.uint64)
    fill_filter(row_starts, neighbors, words)
    return row_starts, neighbors, words


def test_the_edge_filter_misses_no_edge_and_lets_few_others_pass():
    row_starts, neighbors, words = random_graph()
    everyone = np.arange(len(row_starts) - 1)
    passed = others = 0
    for node in everyone[:500]:
        row = neighbors[row_starts[node] : row_starts[node + 1]]
        if len(row) == 0:
            continue
        maybe = perhaps_edges(row_starts, words, node, everyone)
        assert maybe[row].all()
        passed += maybe.sum() - len(np.unique(row))
        others += len(everyone) - len(np.unique(row))
    assert passed / others < 0.08


@njit
def search(neighbors, low, span, sought, count):
    find_in_rows(neighbors, low, span, sought, count)


def test_nodes_are_found_in_rows_of_all_lengths():
    rng = np.random.default_rng(8)
    lengths = np.r_[1:70, 250:260, 1000, 4097]
    low = np.cumsum(lengths) - lengths
    # Few ids for many places, so that most rows hold some node several times.
    rows = [np.sort(rng.integers(0, 3 * length, length)) for length in lengths]
    neighbors = np.concatenate(rows).astype(np.int32)
    for seek in ("first", "last", "any", "below", "above", "absent"):
        sought = np.array([sought_in(row, seek, rng) for row in rows])
        found, count = low.copy(), len(rows) - 1
        search(neighbors, found, lengths.copy(), sought, count)
        for k, row in enumerate(rows[:count]):
            if sought[k] in row:
                assert low[k] <= found[k] < low[k] + len(row)
                assert neighbors[found[k]] == sought[k]
            else:
                assert found[k] == -1
        assert found[count] == low[count], "beyond the searches that were asked for"


def sought_in(row, seek, rng):
    if seek in ("below", "above"):
        return row[0] - 1 if seek == "below" else row[-1] + 1
    if seek == "absent":
        return np.setdiff1d(np.arange(row[0], row[-1] + 2), row)[0]
    return {"first": row[0], "last": row[-1], "any": rng.choice(row)}[seek]


def walk(
    kind,
    in_flight,
    *,
    p=1.0,
    q=1.0,
    hops=(0.0, 0.0),
    dead_end=GO_TO_START,
    dtype=np.uint32,
    limits_of=None,
):
    # As walks pass them: for arrays that could be written, kernels would be compiled again.
    row_starts, neighbors, words = map(read_only, random_graph(dtype=dtype))
    starts, numbers = np.divmod(np.arange(1500), 3)
    walks = np.full((1500, 13), -7, np.int32)
    thresholds = [np.uint64(int(share * 2**64)) for share in (hops[0], sum(hops))]
    every = read_only(np.empty(0, np.int64))
    rows = Rows(row_starts, neighbors, 0, len(row_starts) - 1, every)
    tail = (
        Starts(starts, numbers, np.uint64(seed_key(3)), in_flight),
        Interruption(*thresholds, dead_end),
        None,
        walks,
    )
    if kind == "first order":
        walk_first_order(rows, neighbors, None, None, *tail)
    else:
        spec = WalkSpec(num_walks=1, walk_length=12, weighted=False, seed=3, p=p, q=q)
        partition = Partition(row_starts, neighbors, directed=True)
        rule = bias_of(spec), attempt_limits_of(spec), row_parts_of(spec, partition)
        if limits_of is not None:
            others = replace(spec, q=limits_of)
            rule = rule[0], attempt_limits_of(others), row_parts_of(others, partition)
            assert rule[1] == AttemptLimits(MAX_ATTEMPTS, MAX_ATTEMPTS)
        walk_node2vec(rows, neighbors, None, words, *rule, None, *tail)
    return walks


@pytest.mark.parametrize("dead_end", [STOP, GO_TO_START, STAY])
@pytest.mark.parametrize("hops", [(0.0, 0.0), (0.2, 0.0), (0.1, 0.05)])
@pytest.mark.parametrize("kind", ["first order", "node2vec", "no way back", "far apart"])
def test_the_number_in_flight_does_not_change_walks(kind, hops, dead_end):
    p, q = {"no way back": (inf, 0.25), "far apart": (0.01, 100.0)}.get(kind, (4.0, 0.25))
    how = {
        "p": p,
        "q": q,
        "hops": hops,
        "dead_end": dead_end,
    }
    alone = walk(kind, 1, **how)
    assert alone.min() == (-1 if dead_end == STOP or hops[1] else 0)
    for in_flight in (2, 64, 300, 4000):
        np.testing.assert_array_equal(walk(kind, in_flight, **how), alone)


@pytest.mark.parametrize("dead_end", [STOP, GO_TO_START, STAY])
@pytest.mark.parametrize("hops", [(0.0, 0.0), (0.2, 0.0), (0.1, 0.05)])
def test_node2vec_without_bias_is_first_order(hops, dead_end):
    how = {"hops": hops, "dead_end": dead_end}
    np.testing.assert_array_equal(walk("node2vec", 64, **how), walk("first order", 64, **how))


@pytest.mark.parametrize(
    ("p", "q", "limits_of"), [(4.0, 0.25, 0.2), (1 / 16, 1.0, 2.0), (1.0, 16.0, 17.0)]
)
def test_without_limits_of_attempts_walks_are_those_that_never_reach_them(p, q, limits_of):
    walks = walk("node2vec", 64, p=p, q=q, limits_of=limits_of)
    np.testing.assert_array_equal(walk("node2vec", 64, p=p, q=q), walks)


@pytest.mark.parametrize(("p", "q"), [(16.01, 1.0), (4.0, 0.24), (inf, 1.0), (1.0, inf)])
def test_steps_that_may_be_refused_very_often_have_limits(p, q):
    spec = WalkSpec(num_walks=1, walk_length=1, weighted=True, seed=0, p=p, q=q)
    assert attempt_limits_of(spec) is not None


@pytest.mark.parametrize("kind", ["first order", pytest.param("node2vec", marks=pytest.mark.slow)])
def test_wide_row_starts_make_the_same_walks(kind):
    wide = walk(kind, 64, p=0.5, q=2.0, dtype=np.int64)
    np.testing.assert_array_equal(wide, walk(kind, 64, p=0.5, q=2.0))


def test_compiled_kernels_are_stamped_with_the_sources_that_are_compiled_into_them():
    """Numba alone would keep a kernel although one that is compiled into it has changed."""
    for kernel in (walk_first_order, walk_node2vec):
        stamp = sources_stamp(kernel.__module__)
        assert kernel._cache._cache_file._source_stamp == stamp


def test_a_stamp_follows_imports_of_imports_and_nothing_else(tmp_path, monkeypatch):
    def stamp_with(sources):
        _source.cache_clear()
        _imported_kernels.cache_clear()
        for name, source in sources.items():
            module = ModuleType(f"graphwalk.kernels.{name}")
            module.__file__ = str(tmp_path / f"{name}.py")
            Path(module.__file__).write_text(source)
            monkeypatch.setitem(sys.modules, module.__name__, module)
        return sources_stamp("graphwalk.kernels.top")

    sources = {
        "top": "from graphwalk.kernels.middle import x",
        "middle": "from graphwalk.kernels.bottom import x",
        "bottom": "x = 1",
        "other": "y = 1",
    }
    before = stamp_with(sources)
    assert stamp_with(sources | {"other": "y = 2"}) == before
    assert stamp_with(sources | {"bottom": "x = 2"}) != before
    _source.cache_clear()
    _imported_kernels.cache_clear()


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["", " ", "# ", "0"]),
            st.integers(0, 10**18 - 1),
            st.sampled_from(["\t", " \t", "\t ", "\t0"]),
            st.integers(0, 10**18 - 1),
            st.sampled_from(["\n", " \n", "\r\n", "\n\n", ""]),
        )
    ),
    times=st.sampled_from([1, 1, 100]),
    swapped=st.booleans(),
)
@settings(deadline=None)  # the first call compiles
def test_lines_of_pairs_are_parsed_among_others(lines, times, swapped):
    text = "".join("".join(map(str, line)) for line in lines) * times
    data = np.frombuffer(f"{text}\n".encode(), np.uint8)
    src, dst = np.full((2, len(data) + 1), -1)
    wanted = np.array([1, 0] if swapped else [0, 1])
    count = parse_lines(data, ord("\t"), True, 2, wanted, src, dst, np.empty(0))
    rows = [line for line in text.split("\n") if line.strip(" \r") and not line.startswith("#")]
    found = [[field.strip(" \r") for field in row.split("\t")] for row in rows]
    # With zeros in front it is a name: 007 is not 7.
    digits = [re.fullmatch("0|[1-9][0-9]{0,17}", field) for row in found for field in row]
    assert (count >= 0) == (all(digits) and all(len(row) == 2 for row in found))
    if count >= 0:
        pairs = np.stack([dst, src] if swapped else [src, dst], axis=1)[:count]
        assert pairs.tolist() == [[int(field) for field in row] for row in found]


@pytest.mark.parametrize("longest", [1, 2, 15, 16, 17, 33, 1000])
def test_values_of_equal_keys_are_ordered_and_ties_keep_theirs(longest):
    rng = np.random.default_rng(longest)
    keys = np.repeat(np.arange(4), [longest, 1, 3, longest])
    values = rng.integers(0, 9, keys.size).astype(np.float64)
    order = np.lexsort([rng.random(keys.size), keys]).astype(np.int32)
    runs = np.split(order, np.flatnonzero(np.diff(keys)) + 1)
    expected = [run[np.argsort(values[run], kind="stable")] for run in runs]
    order_by_value(keys, values, order)
    np.testing.assert_array_equal(order, np.concatenate(expected))


#: Numbers of each length, and those next to a limit of the kernel.
LENGTHS = [0, 7, *(10**digits + more for digits in range(1, 19) for more in (-1, 0, 1))]


@pytest.mark.parametrize(
    ("dtype", "more"), [(np.int64, [-1, -(10**9), 2**63 - 1, -(2**63)]), (np.uint64, [2**64 - 1])]
)
def test_lists_of_numbers_are_lines_as_python_writes_them(dtype, more):
    values = np.array(LENGTHS + more, dtype)
    ends = [0, 0, 1, 20, 20, len(values)]
    out = np.empty(number_bytes(values.dtype) * len(values) + len(ends) - 1, np.uint8)
    text = bytes(out[: join_numbers(values, np.array(ends, np.int32), ord(" "), out)])
    lines = [values[first:last].tolist() for first, last in pairwise(ends)]
    assert text.decode() == "".join(" ".join(map(str, line)) + "\n" for line in lines)


def test_rows_are_lines_without_what_is_negative():
    numbers = [n for n in LENGTHS if n < 2**31] + [2**31 - 1]
    rows = np.full((4, 40), -1, np.int32)
    rows[1, 3], rows[2, : len(numbers)], rows[3] = 5, numbers, 2**31 - 1
    out = np.empty(number_bytes(rows.dtype) * rows.size + len(rows), np.uint8)
    text = bytes(out[: join_rows(rows, ord(" "), out)])
    assert text.decode() == "".join(
        " ".join(map(str, row[row >= 0].tolist())) + "\n" for row in rows
    )
