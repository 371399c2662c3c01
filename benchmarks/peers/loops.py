"""Walks of packages that make one walk a call, called from Python; see `samplers`."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from benchmarks.peers.graphs import GraphFiles

#: Walks of `length` steps from start nodes, by a seed, in the form that the peer returns.
Walk = Callable[[np.ndarray, int, int], Any]
#: The preparation for p and q, made once.
Prepare = Callable[[float, float], Walk]


def networkit_walks(files: GraphFiles, _: int) -> Prepare:
    import networkit

    src, dst = files.edges().astype(np.uint64)
    graph = networkit.GraphFromCoo((src, dst), n=len(files.csr()[0]) - 1)
    step = networkit.graphtools.randomNeighbor

    def prepare(_: float, __: float) -> Walk:
        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            networkit.setSeed(seed, True)
            walks = [[start] for start in starts.tolist()]
            for found in walks:
                for _ in range(length):
                    found.append(step(graph, found[-1]))
            return walks

        return walk

    return prepare


def igraph_walks(files: GraphFiles, _: int) -> Prepare:
    import igraph

    graph = igraph.Graph(len(files.csr()[0]) - 1, np.ascontiguousarray(files.edges().T))

    def prepare(_: float, __: float) -> Walk:
        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            random.seed(seed)
            return [graph.random_walk(start, length) for start in starts.tolist()]

        return walk

    return prepare


def networkx_walks(files: GraphFiles, _: int) -> Prepare:
    import networkx

    graph = networkx.Graph()
    graph.add_edges_from(files.edges().T.tolist())
    rows = {node: list(near) for node, near in graph.adjacency()}

    def prepare(p: float, q: float) -> Walk:
        def step(walk: list[int]) -> int:
            row = rows[walk[-1]]
            if p == q == 1 or len(walk) == 1:
                return random.choice(row)
            near = graph.adj[walk[-2]]
            bias = [1 / p if node == walk[-2] else 1 if node in near else 1 / q for node in row]
            return random.choices(row, bias)[0]

        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            random.seed(seed)
            walks = [[start] for start in starts.tolist()]
            for found in walks:
                for _ in range(length):
                    found.append(step(found))
            return walks

        return walk

    return prepare


def node2vec_walks(files: GraphFiles, _: int) -> Prepare:
    import networkx
    from node2vec import Node2Vec

    graph = networkx.Graph()
    graph.add_edges_from(files.edges().T.tolist())

    def prepare(p: float, q: float) -> Walk:
        walker = Node2Vec(graph, num_walks=0, p=p, q=q, quiet=True)

        def walk(starts: np.ndarray, length: int, seed: int) -> Any:
            random.seed(seed)
            counts = np.bincount(starts, minlength=max(graph) + 1).tolist()
            walker.sampling_strategy = {node: {"num_walks": counts[node]} for node in graph}
            walker.num_walks, walker.walk_length = max(counts), length + 1
            return walker._generate_walks()

        return walk

    return prepare
