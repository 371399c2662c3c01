"""What tests of reading share: edges of any form, and the warnings that come with them."""

import warnings

from graphwalk.storage.edges.open import open_source
from graphwalk.storage.edges.protocol import NotIntegers


def read(edges, **options):
    """Return edges as tuples, rows as (row, neighbour[, weight]), and all warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source = open_source(edges, **options)
        try:
            found = _load(source)
        except NotIntegers as news:
            found = _load(news.source)
            warnings.warn(str(news), stacklevel=2)
    return found, [str(warning.message) for warning in caught]


def read_text(folder, content, name="edges.txt", **options):
    """Return what a file of some content holds, and all warnings."""
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    return read(folder / name, **options)


def _load(source):
    return _rows(source) if hasattr(source, "rows") else _edges(source)


def _edges(source):
    edges = []
    for load in source.batches(1000):
        batch = load()
        parts = [part for part in batch[:3] if part is not None]
        edges += list(zip(*(part.tolist() for part in parts), strict=True))
    return edges


def _rows(source):
    entries = []
    for load in source.rows(1000):
        batch = load()
        neighbors = iter(batch.neighbors.tolist())
        weights = iter([] if batch.weights is None else batch.weights.tolist())
        for row, length in enumerate(batch.lengths.tolist(), batch.first_row):
            for _ in range(length):
                weight = () if batch.weights is None else (next(weights),)
                entries.append((row, next(neighbors), *weight))
    return entries
