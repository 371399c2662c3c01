"""Labels that do not fit into memory are the same as those that do."""

from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest
from edge_sources import Edges
from hypothesis import given, settings
from hypothesis import strategies as st

from graphwalk.errors import InputError
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.build.sort_labels import LabelCollector, SpilledLabels, distinct
from graphwalk.storage.files.spill import SpillFolder
from graphwalk.util.progress_bar import Progress


def collected(folder, batches, room):
    collector = LabelCollector("the edges", folder, room)
    for batch in batches:
        collector.add(distinct(batch))
    return collector.finish()


def values_of(labels):
    parts = []
    for first, part in labels.parts():
        assert first == len(parts)
        parts += part.to_arrow().to_pylist()
    return parts


INTEGERS = st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 50), max_size=60)
STRINGS = st.lists(st.text(max_size=4), max_size=60)


@settings(deadline=None, max_examples=30)
@given(batches=st.lists(INTEGERS, min_size=1, max_size=12), room=st.sampled_from([0, 64, 400]))
def test_integers_are_sorted_out_of_core(tmp_path_factory, batches, room):
    check(tmp_path_factory, [np.array(batch, np.int64) for batch in batches], room, None)


@settings(deadline=None, max_examples=30)
@given(batches=st.lists(STRINGS, min_size=1, max_size=12), room=st.sampled_from([0, 64, 400]))
def test_strings_are_sorted_out_of_core(tmp_path_factory, batches, room):
    check(
        tmp_path_factory,
        [pa.array(batch, pa.large_string()) for batch in batches],
        room,
        str.encode,
    )


def check(tmp_path_factory, batches, room, key):
    expected = sorted({value for batch in batches for value in batch.tolist()}, key=key)
    with closing(SpillFolder(tmp_path_factory.mktemp("labels"))) as folder:
        labels = collected(folder, batches, room)
        assert len(labels) == len(expected)
        assert values_of(labels) == expected
        if expected:
            middle = len(expected) // 2
            assert labels.at(middle) == expected[middle]


def test_empty_batches_after_a_spill(tmp_path):
    with closing(SpillFolder(tmp_path)) as folder:
        labels = collected(folder, [np.arange(100), np.empty(0, np.int64)], 64)
        assert isinstance(labels, SpilledLabels)
        assert values_of(labels) == list(range(100))


def test_both_kinds_are_refused(tmp_path):
    with pytest.raises(InputError, match="some node ids are integers and some strings"):
        collected(SpillFolder(tmp_path), [np.arange(3), pa.array(["a"])], 1000)


def test_many_parts_and_blocks(tmp_path):
    ids = np.random.default_rng(0).permutation(1000) * 10**15
    with closing(SpillFolder(tmp_path)) as folder:
        labels = collected(folder, np.array_split(ids, 30), 300)
        assert sum(1 for _ in labels.parts()) > 10
        assert values_of(labels) == sorted(ids.tolist())


@pytest.mark.parametrize("kind", ["integers", "strings"])
def test_errors_name_labels_that_are_spilled(tmp_path, kind):
    numbers = np.arange(1000) * 10**9
    src = numbers if kind == "integers" else [f"node {v}" for v in numbers.tolist()]
    name = "500000000000" if kind == "integers" else "'node 500000000000'"
    weight = (np.arange(1000) != 500) * 1.0
    tuning = BuildSizes(1 << 12, 2, batch_edges=100, largest_bucket=9, spill=True)
    with pytest.raises(InputError, match=f"all edges of node {name} have weight zero"):
        build(Edges(src, src, weight), str(tmp_path / "g"), BuildOptions(), tuning, Progress(False))
    assert list(tmp_path.iterdir()) == []
