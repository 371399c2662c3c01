"""Vectors of edges, made of those of their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from graphwalk.algorithms.training.vectors import read_vectors
from graphwalk.errors import InputError
from graphwalk.util.parameters import one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float32]

#: The operators of table 1 of node2vec.
_OPERATORS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "average": lambda u, v: (u + v) * np.float32(0.5),
    "hadamard": np.multiply,
    "l1": lambda u, v: np.abs(u - v),
    "l2": lambda u, v: np.square(u - v),
}


def edge_vectors(
    vectors: Any, sources: ArrayLike, targets: ArrayLike, operator: str = "hadamard"
) -> NDArray[np.float32]:
    """Return a vector for each pair of nodes, made of theirs, such as to predict edges from it.

    Parameters
    ----------
    vectors : path, Vectors, gensim model or mapping from nodes to vectors
        A ``.parquet`` file that `embed` has written, what it has returned, or what gensim has
        trained.
    sources, targets : array_like of int or str, shape (pairs,)
        The ends of each pair, named as in `vectors`: by label where the graph has labels.
    operator : {"hadamard", "average", "l1", "l2"}
        What is done with the numbers of both vectors: their product, their mean, the size of
        their difference, or its square.

    Returns
    -------
    ndarray of float32, shape (pairs, dimensions)
        A vector for each pair. Which end is the source makes no difference.

    Raises
    ------
    InputError
        When these are no vectors, a node has none, or ends differ in number.
    StoreError
        When the file cannot be read.

    References
    ----------
    [1] A. Grover, J. Leskovec, "node2vec: scalable feature learning for networks", KDD 2016,
    table 1, https://doi.org/10.1145/2939672.2939754

    Examples
    --------
    >>> import graphwalk
    >>> vectors = {"ada": [1.0, 2.0], "bob": [3.0, -1.0]}
    >>> graphwalk.edge_vectors(vectors, ["ada"], ["bob"]).tolist()
    [[3.0, -2.0]]
    >>> graphwalk.edge_vectors(vectors, ["ada"], ["bob"], operator="l1").tolist()
    [[2.0, 3.0]]
    """
    join = _OPERATORS[one_of(*_OPERATORS).check("operator", operator)]
    known = read_vectors(vectors, "vectors")
    ends = [pa.array(np.asarray(nodes).ravel()) for nodes in (sources, targets)]
    if len(ends[0]) != len(ends[1]):
        raise InputError(f"there are {len(ends[0])} sources and {len(ends[1])} targets")
    found = [known.find(nodes) for nodes in ends]
    for nodes, places in zip(ends, found, strict=True):
        if (places < 0).any():
            node = nodes[int(np.argmax(places < 0))].as_py()
            raise InputError(
                f"the node {node!r} has no vector; walk from it, and pass the vectors that "
                "embed learns then"
            )
    return join(*(known.vectors[places] for places in found))
