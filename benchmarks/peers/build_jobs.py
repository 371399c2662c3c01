"""One build by one peer, or by graphwalk; needs nothing but Python, NumPy and that package.

Run as ``python -m benchmarks.peers.build_jobs SPEC``; prints its version and the seconds. The
time does not include imports, loading the arrays from their file, and converting them to the type
and layout that the peer takes natively. All graphs are undirected.
"""

from __future__ import annotations

import importlib
import json
import sys
from importlib import metadata
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.timing import wake_memory

if TYPE_CHECKING:
    from collections.abc import Callable


def _arrays(path: str) -> tuple[np.ndarray, int]:
    edges = np.load(path)
    return edges, int(edges.max()) + 1


def _graphwalk_text(graphwalk: Any, path: str) -> Callable[[], object]:
    small = path + ".small.txt"
    with open(small, "w") as file:  # noqa: PTH123
        file.write("0\t1\n1\t2\n")
    graphwalk.build_zarr(small)  # loads the compiled kernels
    return lambda: graphwalk.build_zarr(path)


def _graphwalk_arrays(graphwalk: Any, path: str) -> Callable[[], object]:
    edges = np.load(path)
    graphwalk.build_zarr(np.array([[0, 1], [1, 2]], edges.dtype))
    return lambda: graphwalk.build_zarr(edges)


def _pecanpy_text(_: Any, path: str) -> Callable[[], object]:
    from pecanpy.pecanpy import SparseOTF

    def run() -> object:
        graph = SparseOTF(1, 1, 1)
        graph.read_edg(path, weighted=False, directed=False)
        return graph

    return run


def _networkx_text(networkx: Any, path: str) -> Callable[[], object]:
    return lambda: networkx.read_edgelist(path, nodetype=int)


def _networkx_arrays(networkx: Any, path: str) -> Callable[[], object]:
    edges = np.load(path)

    def run() -> object:
        graph = networkx.Graph()
        graph.add_edges_from(edges.T.tolist())
        return graph

    return run


def _igraph_text(igraph: Any, path: str) -> Callable[[], object]:
    return lambda: igraph.Graph.Read_Edgelist(path, directed=False)


def _igraph_arrays(igraph: Any, path: str) -> Callable[[], object]:
    edges, num_nodes = _arrays(path)
    pairs = np.ascontiguousarray(edges.T)  # a list of pairs is not faster for a large graph
    return lambda: igraph.Graph(num_nodes, pairs)


def _networkit_text(networkit: Any, path: str) -> Callable[[], object]:
    return lambda: networkit.graphio.EdgeListReader("\t", 0).read(path)


def _networkit_arrays(networkit: Any, path: str) -> Callable[[], object]:
    edges, num_nodes = _arrays(path)
    src, dst = edges.astype(np.uint64)  # its own type of ids
    return lambda: networkit.GraphFromCoo((src, dst), n=num_nodes)


def _sknetwork_text(_: Any, path: str) -> Callable[[], object]:
    from sknetwork.data import from_csv

    return lambda: from_csv(path, delimiter="\t", data_structure="edge_list")


def _sknetwork_arrays(_: Any, path: str) -> Callable[[], object]:
    from sknetwork.data import from_edge_list

    pairs = np.ascontiguousarray(np.load(path).T)
    return lambda: from_edge_list(pairs)


def _scipy_arrays(_: Any, path: str) -> Callable[[], object]:
    from scipy.sparse import coo_array

    (src, dst), num_nodes = _arrays(path)
    ones = np.ones(len(src), np.float32)

    def run() -> object:
        matrix = coo_array((ones, (src, dst)), (num_nodes, num_nodes)).tocsr()
        return matrix + matrix.T.tocsr()

    return run


def _version(module: Any) -> str:
    distributions = metadata.packages_distributions().get(module.__name__)
    return metadata.version(distributions[0]) if distributions else str(module.__version__)


def main() -> None:
    spec = json.loads(sys.argv[1])
    name, form, path = spec["module"], spec["form"], spec["path"]
    module = importlib.import_module(name)
    build = globals()[f"_{name}_{form}"](module, path)
    wake_memory()
    start = perf_counter()
    graph = build()
    seconds = perf_counter() - start
    del graph
    print(json.dumps({"version": _version(module), "seconds": seconds}))


if __name__ == "__main__":
    main()
