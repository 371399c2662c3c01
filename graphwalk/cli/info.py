"""``graphwalk info``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphwalk.cli.text import size_on_disk
from graphwalk.errors import printable
from graphwalk.units import count_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from graphwalk import Graph

HELP = "show what a store holds"

#: What parts of the nodes have at most the degree shown.
QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)

_LABELS_SHOWN = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Add the store, and how it is shown."""
    parser.add_argument("store", metavar="STORE", help="path or URL of a store")
    parser.add_argument("--json", action="store_true", help="print it as one JSON object")


def run(args: Namespace) -> None:
    """Print what the store holds."""
    from graphwalk import open_zarr

    graph = open_zarr(args.store)
    degrees = _degrees(graph)
    if args.json:
        print(json.dumps(_as_json(graph, degrees), ensure_ascii=True))
    else:
        for name, text in _lines(graph, degrees):
            print(printable(f"{name:<8} {text}"))


def _degrees(graph: Graph) -> dict[str, Any]:
    import numpy as np

    if not graph.num_nodes:
        return {"mean": None, "quantiles": {}, "zero": 0}
    degrees, counts = graph.degree_counts()
    at = np.searchsorted(np.cumsum(counts), np.array(QUANTILES) * graph.num_nodes)
    return {
        "mean": graph.num_entries / graph.num_nodes,
        "quantiles": {f"{q:g}": int(n) for q, n in zip(QUANTILES, degrees[at], strict=True)},
        "zero": int(counts[degrees == 0].sum()),
    }


def _as_json(graph: Graph, degrees: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": graph.path,
        "num_nodes": graph.num_nodes,
        "num_edges": graph.num_edges,
        "num_entries": graph.num_entries,
        "directed": graph.directed,
        "weighted": graph.weighted,
        "timed": graph.timed,
        "node_types": graph.type_names,
        "edge_types": graph.edge_type_names,
        "labels": graph.label_kind,
        "degrees": degrees,
        "bytes_on_disk": graph.summary().stored_bytes,
    }


def _lines(graph: Graph, degrees: dict[str, Any]) -> list[tuple[str, str]]:
    from graphwalk.storage.store.graph_properties import describe

    types = _type_text(graph)
    neighbours = "out-neighbours" if graph.directed else "neighbours"
    return [
        ("store", f"{graph.path} ({size_on_disk(graph.path)})"),
        ("graph", describe(graph)),
        ("nodes", f"{graph.num_nodes:,}; {count_of(degrees['zero'], 'node')} without {neighbours}"),
        ("edges", f"{graph.num_edges:,}; {graph.num_entries:,} neighbours stored"),
        *([("types", types)] if types else []),
        ("degrees", _degree_text(degrees)),
        *([("labels", _label_text(graph))] if graph.label_kind else []),
    ]


def _degree_text(degrees: dict[str, Any]) -> str:
    quantiles = degrees["quantiles"]
    if not quantiles:
        return "none"
    least, *middle, most = quantiles.items()
    parts = [f"{float(part):.0%} have at most {n:,}" for part, n in middle]
    return f"{least[1]:,} to {most[1]:,}, {degrees['mean']:.1f} on average; " + ", ".join(parts)


def _type_text(graph: Graph) -> str:
    of = {"nodes": graph.type_names, "edges": graph.edge_type_names}
    return "; ".join(
        f"of {what}: {', '.join(map(str, names))}" for what, names in of.items() if names
    )


def _label_text(graph: Graph) -> str:
    labels = graph.labels
    assert labels is not None
    some = ", ".join(map(str, labels[:_LABELS_SHOWN].tolist()))
    return f"{some}{', ...' if len(labels) > _LABELS_SHOWN else ''}"
