"""Some blocks of a Blosc buffer decode to what they hold of the whole."""

import numpy as np
import pytest
from numcodecs import Blosc

from graphwalk.storage.store.blosc_frame import HEADER, cut_run, find_run, read_head

ITEMS = 50_001  # not a whole number of blocks


def encoded(values, **how):
    return np.frombuffer(Blosc(**{"cname": "lz4", "clevel": 5} | how).encode(values), np.uint8)


def run_of(buffer, first, stop):
    head = read_head(buffer[:HEADER])
    return find_run(head, buffer[HEADER : HEADER + head.table], first, stop)


@pytest.mark.parametrize("block", [0, 1 << 12, 1 << 14, 1 << 20])
@pytest.mark.parametrize("shuffle", [Blosc.NOSHUFFLE, Blosc.SHUFFLE, Blosc.BITSHUFFLE])
@pytest.mark.parametrize("kind", ["sorted", "random", "int64"])
def test_blocks_decode_without_the_others(block, shuffle, kind):
    values = np.random.default_rng(1).integers(1 << 31, size=ITEMS).astype(np.int32)
    if kind != "random":  # which cannot be compressed, and is copied
        values = np.sort(values).astype(np.int64 if kind == "int64" else np.int32)
    buffer, whole = encoded(values, shuffle=shuffle, blocksize=block), values.view(np.uint8)
    head = read_head(buffer[:HEADER])
    ends = [0, 1, 4095, 4096, 4097, 3 * 4096, len(whole) // 2, len(whole) - 1, len(whole)]
    for first in ends:
        for stop in ends[ends.index(first) + 1 :]:
            run = run_of(buffer, first, stop)
            assert run.first <= first < stop <= run.stop <= len(whole)
            found = np.empty(run.stop - run.first, np.uint8)
            Blosc().decode(cut_run(buffer.copy(), run), found)
            np.testing.assert_array_equal(found, whole[run.first : run.stop])
            most = (stop - first) // head.block + 2
            assert len(found) <= most * head.block, "more than need be"


def test_blocks_in_another_order_are_not_taken_apart():
    buffer = encoded(np.arange(ITEMS), blocksize=1 << 14).copy()
    starts = buffer[HEADER : HEADER + 8].view("<i4")
    starts[:] = starts[::-1].copy()
    assert run_of(buffer, 0, 8) is None


@pytest.mark.parametrize("field", [4, 8, 12])
def test_a_header_without_sense_is_none(field):
    header = encoded(np.arange(ITEMS))[:HEADER].copy()
    assert read_head(header)
    header[field : field + 4] = 0
    assert read_head(header) is None
