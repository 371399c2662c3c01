"""Walks of each peer, by its fastest call.

Each function here, and in `loops`, loads a graph and returns ``prepare(p, q)``, which returns
``walk(starts, length, seed)``, which returns the walks in the peer's own form.
The functions run in the interpreter that has the peer, so they import it themselves; they need only
NumPy in addition.

If a package offers several calls, the fastest one is used: PecanPy's compiled loop without
its lists of strings, the operator of torch-cluster that PyTorch Geometric calls.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.peers import loops

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.peers.graphs import GraphFiles
    from benchmarks.peers.loops import Prepare, Walk


class Sampler(NamedTuple):
    """A call that makes walks: its name, its module, how it is loaded, and what it can do.

    `threads`: can be told how many cores to use. `own_starts`: chooses the start nodes itself.
    """

    name: str
    module: str
    load: Callable[[GraphFiles, int], Prepare]
    second_order: bool = True
    threads: bool = True
    own_starts: bool = False


def _graphwalk(scheduler: str, files: GraphFiles, cores: int) -> Prepare:
    import graphwalk

    graphwalk.scheduler.use(scheduler, num_workers=cores)
    graph = graphwalk.build_zarr(files.edges(), num_nodes=len(files.csr()[0]) - 1)

    def prepare(p: float, q: float) -> Walk:
        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            walks = graphwalk.random_walks(
                graph, starts, num_walks=1, walk_length=length, p=p, q=q, seed=seed
            )
            return walks.compute()

        return walk

    return prepare


def _pecanpy(precompute: bool, files: GraphFiles, _: int) -> Prepare:
    from numba_progress import ProgressBar
    from pecanpy import pecanpy

    def prepare(p: float, q: float) -> Walk:
        if precompute:
            kind = pecanpy.PreCompFirstOrder if p == q == 1 else pecanpy.PreComp
        else:
            kind = pecanpy.FirstOrderUnweighted if p == q == 1 else pecanpy.SparseOTF
        graph = kind(p=p, q=q)
        indptr, indices = files.csr()
        graph.indptr, graph.indices = indptr.astype(np.uint32), indices.astype(np.uint32)
        graph.data = np.ones(len(indices), np.float32)
        graph.set_node_ids(None, implicit_ids=True, num_nodes=len(indptr) - 1)
        graph.preprocess_transition_probs()
        step, has_neighbors = graph.get_move_forward(), graph.get_has_nbrs()

        def walk(starts: np.ndarray, length: int, _: int) -> Any:
            with ProgressBar(total=len(starts), disable=True) as progress:
                begin = starts.astype(np.uint32)
                found = graph._random_walks(
                    len(begin), length, None, begin, has_neighbors, step, progress
                )
            return found[:, :-1]  # the last column counts

        return walk

    return prepare


def _csr_tensors(files: GraphFiles, cores: int) -> tuple[Any, Any]:
    """Return row starts and neighbours as tensors, and let PyTorch use `cores` cores."""
    import torch

    torch.set_num_threads(cores)
    indptr, indices = files.csr()
    return torch.from_numpy(indptr), torch.from_numpy(indices.astype(np.int64))


def _torch_cluster(files: GraphFiles, cores: int) -> Prepare:
    import torch
    import torch_cluster  # noqa: F401

    rows, columns = _csr_tensors(files, cores)

    def prepare(p: float, q: float) -> Walk:
        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            torch.manual_seed(seed)
            begin = torch.from_numpy(starts)
            return torch.ops.torch_cluster.random_walk(rows, columns, begin, length, p, q)[0]

        return walk

    return prepare


def _pyg_lib(files: GraphFiles, cores: int) -> Prepare:
    import torch
    from pyg_lib.sampler import random_walk

    rows, columns = _csr_tensors(files, cores)

    def prepare(p: float, q: float) -> Walk:
        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            torch.manual_seed(seed)
            return random_walk(rows, columns, torch.from_numpy(starts), length, p, q)

        return walk

    return prepare


def _dgl(files: GraphFiles, cores: int) -> Prepare:
    import dgl
    import torch

    rows, columns = _csr_tensors(files, cores)
    graph = dgl.graph(("csr", (rows, columns, torch.tensor([], dtype=torch.int64))))

    def prepare(p: float, q: float) -> Walk:
        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            dgl.seed(seed)
            begin = torch.from_numpy(starts)
            if p == q == 1:
                return dgl.sampling.random_walk(graph, begin, length=length)[0]
            return dgl.sampling.node2vec_random_walk(graph, begin, p, q, length)

        return walk

    return prepare


def _fastnode2vec(files: GraphFiles, cores: int) -> Prepare:
    from fastnode2vec import Graph

    src, dst = files.edges()
    graph = Graph(zip(src.tolist(), dst.tolist(), strict=True), False, False, verbose=False)
    numbers = np.full(len(files.csr()[0]) - 1, -1)  # it numbers nodes as they come
    numbers[graph.node_names] = np.arange(len(graph.node_names))

    def prepare(p: float, q: float) -> Walk:
        def some(starts: np.ndarray, length: int) -> list[list[int]]:
            return [graph.generate_random_walk(length + 1, p, q, start) for start in starts]

        def walk(starts: np.ndarray, length: int, _: int) -> Any:
            parts = np.array_split(numbers[starts], max(cores, min(8 * cores, len(starts) // 64)))
            with ThreadPoolExecutor(cores) as pool:
                found = pool.map(partial(some, length=length), parts)
                return list(itertools.chain.from_iterable(found))

        return walk

    return prepare


def _csrgraph(files: GraphFiles, _: int) -> Prepare:
    from csrgraph import csrgraph
    from scipy.sparse import csr_matrix

    indptr, indices = files.csr()
    weights = np.ones(len(indices), np.float32)
    graph = csrgraph(csr_matrix((weights, indices, indptr)), copy=False)

    def prepare(p: float, q: float) -> Walk:
        # It weighs all other neighbours with 1, where node2vec weighs them with 1/q.
        bias = {"return_weight": q / p, "neighbor_weight": q}

        def walk(starts: np.ndarray, length: int, _: int) -> Any:
            return graph.random_walks(walklen=length + 1, start_nodes=starts, **bias)

        return walk

    return prepare


def _ensmallen(files: GraphFiles, _: int) -> Prepare:
    from ensmallen import Graph

    graph = Graph.from_csv(
        edge_path=str(files.text()),
        edge_list_separator="\t",
        edge_list_header=False,
        sources_column_number=0,
        destinations_column_number=1,
        edge_list_numeric_node_ids=True,
        numeric_node_ids=True,
        minimum_node_id=0,
        number_of_nodes=len(files.csr()[0]) - 1,
        directed=False,
        verbose=False,
    )
    able = int(np.count_nonzero(np.diff(files.csr()[0])))

    def prepare(p: float, q: float) -> Walk:
        bias = {"return_weight": 1 / p, "explore_weight": 1 / q, "max_neighbours": None}

        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            rounds, rest = divmod(len(starts), able)
            how = bias | {"walk_length": length + 1, "random_state": seed}
            if rounds and not rest:
                return graph.complete_walks(iterations=rounds, **how)
            return graph.random_walks(quantity=len(starts), **how)

        return walk

    return prepare


SAMPLERS = {
    sampler.name: sampler
    for sampler in (
        Sampler("graphwalk", "graphwalk", partial(_graphwalk, "threads")),
        Sampler("graphwalk on Ray", "graphwalk", partial(_graphwalk, "ray")),
        Sampler("torch-cluster", "torch_cluster", _torch_cluster),
        Sampler("pyg-lib", "pyg_lib", _pyg_lib),
        Sampler("DGL", "dgl", _dgl),
        Sampler("GRAPE", "ensmallen", _ensmallen, own_starts=True),
        Sampler("PecanPy", "pecanpy", partial(_pecanpy, False)),
        Sampler("PecanPy PreComp", "pecanpy", partial(_pecanpy, True)),
        Sampler("fastnode2vec", "fastnode2vec", _fastnode2vec),
        Sampler("csrgraph", "csrgraph", _csrgraph),
        Sampler("igraph", "igraph", loops.igraph_walks, second_order=False, threads=False),
        Sampler("NetworKit", "networkit", loops.networkit_walks, second_order=False, threads=False),
        Sampler("NetworkX, a loop", "networkx", loops.networkx_walks, threads=False),
        Sampler("node2vec", "node2vec", loops.node2vec_walks, threads=False, own_starts=True),
    )
}
