"""Builds of edges that take eight times their budget stay within it, and 300 MB for libraries."""

import memory_builds
import pytest

MIB = 1 << 20
LIBRARIES = 300 * 10**6

#: Bytes of an edge, or of an entry of a row, as the source has it.
EDGE_BYTES = {
    "weighted": 24,
    "timed": 24,
    "stream": 24,
    "edge ids": 32,
    "weighted star": 24,
    "rows": 8,
    "row iterable": 8,
    "strings": 2 * 20,
    "long ids": 2 * 3000,  # more than their 900 bytes, which take long
}

QUICK = ["few sparse ids", "weighted star", "row iterable", "text"]
MADE = {
    "text": ("txt", memory_builds.make_text),
    "npy": ("npy", memory_builds.make_npy),
    "long ids": ("parquet", memory_builds.make_parquet),
}
SLOW = sorted(memory_builds.SOURCES.keys() - QUICK)


def check(kind, budget, folder):
    count = 8 * budget // EDGE_BYTES.get(kind, 16)
    file = None
    if kind in MADE:
        suffix, make = MADE[kind]
        file = folder / f"edges.{suffix}"
        make(file, count)
    assert memory_builds.peak(kind, count, budget, folder, file) <= budget + LIBRARIES


@pytest.mark.parametrize("kind", QUICK)
def test_peak_memory(tmp_path, kind):
    check(kind, 16 * MIB, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SLOW)
def test_peak_memory_of_other_sources(tmp_path, kind):
    check(kind, 64 * MIB, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", memory_builds.SOURCES)
@pytest.mark.parametrize("budget", [128 * MIB, 1024 * MIB])
def test_peak_memory_of_larger_budgets(tmp_path, kind, budget):
    check(kind, budget, tmp_path)
