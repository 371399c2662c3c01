"""The public functions that compute walks into files, or block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.algorithms.output.check_walks import checked_walks
from graphwalk.algorithms.output.write_blocks import write_blocks
from graphwalk.algorithms.walks.streaming import blocks_in_order

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import dask.array as da
    from numpy.typing import NDArray


def write_walks(
    walks: da.Array,
    path: str | os.PathLike[str],
    *,
    edges: da.Array | None = None,
    labels: Any = None,
    coordinates: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    share: tuple[int, int] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Path | str:
    r"""Compute walks and write them, holding no more than some blocks of them in memory.

    One task computes and writes a block, on every scheduler. The machines of a cluster must share
    the file system, or `path` must be a URL. What is at a path is complete: walks are written in
    the folder ``<path>.graphwalk-partial`` and moved to their place at the end, and after an error
    nothing is left. At a URL, blocks are written at their final names, and the metadata last.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned: node ids, -1 after the end of a walk.
    path : path or URL
        The suffix chooses the format:

        - ``.zarr``: a Zarr v3 array like `walks`, one chunk a block, with checksums.
        - ``.npy``: a numpy array like `walks`.
        - ``.parquet``: a folder with one Parquet file a block, ``part-00000.parquet`` and so on, of
          the columns ``walk_id``, the row of `walks`; ``start``, the start node; and ``walk``, a
          list of the nodes visited, without padding.
        - ``.txt``, ``.txt.gz``, ``.txt.zst``: one walk a line, without padding, nodes separated by
          spaces; by tabs when `labels` are strings, since those may hold spaces. ``.txt`` without
          labels is what gensim takes as ``corpus_file``; see also `WalkCorpus`.

        At a URL such as ``"s3://bucket/walks.zarr"``, Zarr and Parquet can be written.
    edges : dask.array.Array of int, shape (num_walks, walk_length), optional
        The edges of the steps, which `random_walks` returned with the walks, or the same rows of
        both. They can be written to Zarr, which is then a group of the arrays ``walks`` and
        ``edges``, and to Parquet, as a second column ``edges``: of each walk, as many as it has
        steps.
    labels : array_like of int or str, shape (num_nodes,), or False, optional
        What to write instead of node ``i``: ``labels[i]``, as in ``graph.labels``. With None or
        False, the numbers of nodes are written. Zarr and npy hold these whatever the labels; Zarr
        and Parquet say where the graph lies, from which `embed` and `WalkCorpus` take the names.
    coordinates : bool
        Write Zarr as a group that xarray opens as a data set: the array ``walks`` (`walk`,
        `position`) and, with `edges`, ``edges`` (`walk`, `step`), with the coordinates ``walk``,
        the row of `walks`; ``start``, the start node of each; ``position``, from 0; and ``step``,
        from 1, since step `j` leads to position `j`.
    overwrite : bool
        Replace a file, or a folder of walks, that is at `path` already, once the new walks are
        complete (at a URL: before). Another folder is never replaced, and without this option
        nothing is, whenever it has appeared.
    resume : bool
        Continue an earlier call with the same walks and the same path that was killed: only missing
        blocks are computed, and the result is that of an uninterrupted call. Without an earlier
        call, start; after an error, keep what was written. If the walks are finished already (Zarr
        and Parquet record it), nothing is computed. Give `random_walks` a `seed`: without one, the
        walks are others each time.
    share : (int, int), optional
        ``(k, n)``: write the `k`-th of `n` parts of the blocks, `k` from 0 to ``n - 1``, while
        other processes, on any machines that see `path`, write the others. The process that
        finishes last joins them; until then they are in ``<path>.graphwalk-partial``. To resume a
        part that failed, write it again. All processes must have the same walks: give them a
        `seed`.
    storage_options : mapping, optional
        What fsspec's file system takes, if `path` is a URL: ``key``, ``secret``, ``endpoint_url``.
    progress : bool, optional
        Show a progress bar on standard error. None: on a terminal and in a notebook.

    Returns
    -------
    pathlib.Path or str
        The absolute path, or the URL, of the walks.

    Raises
    ------
    InputError
        For an unknown suffix, an array that holds no walks, labels that do not fit, or a share that
        does not exist; to resume, when an earlier call wrote other walks.
    StoreExistsError
        When something is at `path` and `overwrite` is not given, or it is a folder that holds no
        walks; also when it has appeared while walks were written.
    StoreError
        When `path` cannot be written.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([("a", "b"), ("b", "c")], directed=True)
    >>> walks = graphwalk.random_walks(graph, num_walks=1, walk_length=5, seed=1)
    >>> path = graphwalk.write_walks(walks, "walks.txt", labels=graph.labels)
    >>> print(path.read_text().expandtabs(2), end="")
    a b c
    b c
    c

    With the edges of the steps:

    >>> walks, edges = graphwalk.random_walks(graph, walk_length=5, seed=1, return_edges=True)
    >>> path = graphwalk.write_walks(walks, "walks.parquet", edges=edges)
    >>> import pyarrow.parquet as pq
    >>> pq.read_table(path).slice(0, 1).to_pylist()
    [{'walk_id': 0, 'start': 0, 'walk': [0, 1, 2], 'edges': [0, 1]}]

    With coordinates, which xarray reads:

    >>> path = graphwalk.write_walks(walks[::10], "walks.zarr", coordinates=True)
    >>> import zarr
    >>> group = zarr.open_group(path, mode="r")
    >>> sorted(group), group["start"][:].tolist()
    (['position', 'start', 'walk', 'walks'], [0, 1, 2])
    """
    return write_blocks(**locals()).path


def iter_blocks(walks: da.Array) -> Iterator[NDArray[Any]]:
    """Compute walks, and return an iterator over their blocks, in order.

    While one block is used, later ones are computed, no more of them than there are workers. In
    a graph of several partitions that stay in memory, Ray and Dask distributed hold the blocks of a
    batch of walkers. A caller that stops early stops the computation too.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1)
        What `random_walks` returned, or a part of it.

    Returns
    -------
    iterator of ndarray of int32 or int64, shape (block_walks, walk_length + 1)
        One after the other, they are what ``walks.compute()`` returns.

    Raises
    ------
    InputError
        For an array that holds no walks.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0)])
    >>> walks = graphwalk.random_walks(graph, num_walks=4, walk_length=5, seed=1, chunks=5)
    >>> [block.shape for block in graphwalk.iter_blocks(walks)]
    [(5, 6), (5, 6), (2, 6)]
    """
    return blocks_in_order(checked_walks(walks))
