"""Values in Ray's object store that processes map in huge pages."""

import gc
import mmap
import pickle
import weakref

import numpy as np
import pytest

from graphwalk.scheduler.executors.ray.in_huge_pages import InHugePages
from graphwalk.util.huge_pages import map_in_huge_pages

pytest.importorskip("ray")


class Memory(mmap.mmap):
    """Shared memory to which there are weak references."""


def shared(size, before):
    """Return an array in shared memory that begins after some bytes, and the memory."""
    memory = Memory(-1, size + before)
    return np.frombuffer(memory, np.uint8, size, before), weakref.ref(memory)


@pytest.mark.parametrize("before", [0, 64, (2 << 20) - 64, 12352])
def test_shared_memory_is_the_same_and_is_kept(before):
    array, memory = shared(9 << 20, before)
    array[:] = np.random.default_rng(1).integers(0, 256, array.size, np.uint8)
    expected = array.copy()
    mapped = np.frombuffer(map_in_huge_pages(memoryview(array).toreadonly()), np.uint8)
    assert not mapped.flags.writeable
    np.testing.assert_array_equal(mapped, expected)
    array[5 << 20] += 1
    assert mapped[5 << 20] == array[5 << 20]
    del array
    gc.collect()
    assert memory() is not None
    np.testing.assert_array_equal(mapped[: 5 << 20], expected[: 5 << 20])
    del mapped
    gc.collect()
    assert memory() is None


def test_what_is_small_or_private_stays_as_it_is():
    for array in (np.zeros(3), shared(1 << 20, 0)[0], np.zeros(8 << 20, np.uint8)):
        buffer = memoryview(array)
        assert map_in_huge_pages(buffer) is buffer


@pytest.mark.parametrize("out_of_band", [True, False])
def test_a_value_is_itself_when_unpickled(out_of_band):
    value = {"large": np.arange(1 << 20), "small": np.arange(3), "text": "abc"}
    buffers = []
    callback = buffers.append if out_of_band else None
    data = pickle.dumps(InHugePages(value), protocol=5, buffer_callback=callback)
    found = pickle.loads(data, buffers=buffers)
    assert list(found) == list(value)
    assert found["text"] == "abc"
    for name in ("large", "small"):
        np.testing.assert_array_equal(found[name], value[name])
    assert len(buffers) == (2 if out_of_band else 0)
