"""Stores that are cut into small chunks, so that small graphs have many."""

from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import BuildSizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.edges.open import open_source
from graphwalk.util.progress_bar import Progress


def build_chunked(chunk_bytes, edges, store=None, *, times=False, edge_types=False, **options):
    """Build a graph as `build_zarr` does, in chunks of `chunk_bytes`."""
    values = "times" if times else "edge_types" if edge_types else "weights"
    options = BuildOptions(value_kind=values, chunk_bytes=chunk_bytes, **options)
    source = open_source(edges, values=values, directed=options.directed)
    location = None if store is None else str(store)
    return build(source, location, options, BuildSizes(1 << 30, 2), Progress(False))
