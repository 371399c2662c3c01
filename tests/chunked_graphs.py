"""Small directed graphs of every kind, in stores of many chunks."""

import shutil
from functools import cache
from tempfile import TemporaryDirectory

import numpy as np
from small_chunks import build_chunked

import graphwalk


def build(
    place,
    seed,
    values=None,
    *,
    labels=None,
    types=True,
    compressed=True,
    nodes=200,
    chunk_bytes=256,
):
    """Build a graph of five entries a node, whose arrays are as long for any seed.

    A folder is a copy of what was built first.

    Parameters
    ----------
    values : str, optional
        The array of values of edges.
    labels : str, optional
        ``"int64"`` or ``"string"``.
    types : bool
        Whether nodes have types, 0 or 1.
    """
    options = seed, values, labels, types, compressed, nodes, chunk_bytes
    if "://" in str(place):
        return _build(place, *options)
    shutil.copytree(f"{_built(*options).name}/g", place)
    return graphwalk.open_zarr(place)


@cache
def _built(*options):
    folder = TemporaryDirectory()
    _build(f"{folder.name}/g", *options)
    return folder


def _build(place, seed, values, labels, types, compressed, nodes, chunk_bytes):
    rng, entries = np.random.default_rng(seed), 5 * nodes
    ends = rng.integers(nodes, size=(2, entries))
    ends[0, :nodes] = np.arange(nodes)
    column = {"weights": rng.random(entries) + 0.1, "times": rng.random(entries)}
    column["edge_types"] = ends[0] % 3
    if labels == "int64":
        ends = ends * 10**9 + seed
    elif labels == "string":
        ends = np.char.add(f"é{seed}", (ends + 1000).astype(str))
    edges = tuple(ends) if values is None else (*ends, column[values])
    kind = {values: True} if values in ("times", "edge_types") else {}
    graph = build_chunked(
        chunk_bytes, edges, place, compressed=compressed, directed=True, duplicates="keep", **kind
    )
    return graphwalk.set_node_types(graph, rng.integers(2, size=nodes)) if types else graph
