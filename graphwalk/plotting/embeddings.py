"""A plot of vectors of nodes, in two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow.compute as pc

from graphwalk.algorithms.training.vectors import read_vectors
from graphwalk.errors import InputError, argument
from graphwalk.plotting.plans_and_runs import axes_or_new, matplotlib
from graphwalk.util.optional_imports import import_optional
from graphwalk.util.parameters import one_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from graphwalk.algorithms.training.vectors import Vectors

#: Points of a group are drawn as pixels if there are more, since files of their shapes are large.
_MANY = 5000

#: Nodes that are named unless names are given, at most; and sizes of points.
_NAMED, _POINT_SIZES = 30, (6, 40)


def plot_embedding(
    vectors: Vectors | str | os.PathLike[str] | Any,
    ax: Any = None,
    *,
    groups: ArrayLike | None = None,
    names: Iterable[Any] | None = None,
    method: Literal["pca", "umap"] = "pca",
    seed: int = 0,
    **options: Any,
) -> Any:
    """Plot the vectors of nodes in two dimensions, a point for each node.

    Parameters
    ----------
    vectors : Vectors, path, gensim model or mapping from nodes to vectors
        What `embed` has returned, a ``.parquet`` file that it has written, or what gensim has
        trained.
    ax : matplotlib.axes.Axes, optional
        The axes to plot on; None: those of a new figure.
    groups : array_like of str or int, shape (nodes,), optional
        The group of each node, in the order of the vectors: ``vectors.nodes`` of what `embed`
        returns. Each group has a colour, and a name in the legend; the largest are drawn first.
    names : iterable of int or str, optional
        Nodes whose names stand next to their points; None: all, if there are at most 30.
    method : {"pca", "umap"}
        By principal components, the two directions in which the vectors differ most; or by
        UMAP [1], which keeps near vectors near and needs umap-learn.
    seed : int
        Seed of UMAP.
    **options
        For matplotlib's ``scatter``, such as ``s`` and ``alpha``.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the plot.

    Raises
    ------
    InputError
        When there are no vectors, there is not a group for each, a node of `names` has none, or
        matplotlib or umap-learn is not installed.

    References
    ----------
    [1] L. McInnes, J. Healy, J. Melville, "UMAP: uniform manifold approximation and projection for
    dimension reduction", 2018, https://arxiv.org/abs/1802.03426

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([("a", "b"), ("b", "c"), ("c", "d")])
    >>> walks = graphwalk.random_walks(graph, num_walks=10, walk_length=20, seed=1)
    >>> vectors = graphwalk.embed(walks, dimensions=8, workers=1)
    >>> axes = graphwalk.plot_embedding(vectors, groups=["left", "left", "right", "right"])
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['left', 'right']
    """
    matplotlib("pyplot")  # raises before anything is read
    found = read_vectors(vectors, "vectors")
    nodes = found.nodes.cast("string")
    if names is None:
        names = nodes.to_pylist() if len(nodes) <= _NAMED else ()
    names = [str(name) for name in names]
    places = [pc.index(nodes, name).as_py() for name in names]
    if -1 in places:
        raise InputError(
            f"{argument('names')} has {names[places.index(-1)]!r}, and there is no vector of it"
        )
    members = _members(groups, len(nodes))
    points, axis_names = _METHODS[one_of(*_METHODS).check("method", method)](found.vectors, seed)
    axes = axes_or_new(ax)
    size = np.clip(4000 / len(nodes), *_POINT_SIZES)
    for group, of in members:
        drawn = points[of]
        how = {"s": size, "linewidths": 0, "rasterized": len(drawn) > _MANY} | options
        axes.scatter(*drawn.T, label=group, **how)
    if groups is not None:
        axes.legend(markerscale=2)
    for name, place in zip(names, places, strict=True):
        axes.annotate(
            name, points[place], xytext=(3, 3), textcoords="offset points", fontsize="small"
        )
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1])
    return axes


def _members(groups: ArrayLike | None, number: int) -> list[tuple[str | None, Any]]:
    """Return each group and which vectors are in it, the largest first."""
    if groups is None:
        return [(None, slice(None))]
    of = np.asarray(groups)
    if of.shape != (number,):
        raise InputError(
            f"{argument('groups')} has shape {of.shape}, and there are {number:,} vectors; pass "
            "one group for each, in the order of their nodes"
        )
    kinds, which, counts = np.unique(of, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(str(kinds[kind]), np.flatnonzero(which == kind)) for kind in order]


def _by_components(vectors: NDArray[np.float32], seed: int) -> tuple[NDArray[Any], list[str]]:
    """Return vectors along the two directions in which they differ most."""
    del seed
    if vectors.shape[1] < 2:
        raise InputError(f"{argument('vectors')} has vectors of one number; two are needed")
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    chosen = directions[:, [-1, -2]]
    # Directions have no sign of their own: the largest part of each is made positive.
    largest = np.abs(chosen).argmax(axis=0)
    chosen = chosen * np.sign(chosen[largest, [0, 1]])
    shares = variances[[-1, -2]] / max(variances.sum(), np.finfo(float).tiny)
    words = zip(("first", "second"), shares, strict=True)
    return centred @ chosen, [
        f"{which} component, {share:.0%} of variance" for which, share in words
    ]


def _by_umap(vectors: NDArray[np.float32], seed: int) -> tuple[NDArray[Any], list[str]]:
    umap = import_optional("umap", f"{argument('method', 'umap')} needs", "umap-learn")
    return umap.UMAP(random_state=seed).fit_transform(vectors), ["first axis", "second axis"]


_METHODS = {"pca": _by_components, "umap": _by_umap}
