"""`build_zarr`: edges of any form into a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from graphwalk.errors import InputError, argument
from graphwalk.storage.build.context import BuildOptions
from graphwalk.storage.build.memory_plan import build_sizes
from graphwalk.storage.build.pipeline import build
from graphwalk.storage.edges.open import open_source
from graphwalk.storage.files.locations import is_url, locate
from graphwalk.util.parameters import COUNT, FLAG, one_of
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphwalk.storage.edges.open import EdgeSource, RowSource
    from graphwalk.storage.edges.options import FurtherKind
    from graphwalk.storage.store.format import Duplicates, ValueName
    from graphwalk.storage.store.graph import Graph

_RELABEL = FLAG._replace(words="'auto', True or False")


def build_zarr(
    edges: Any,
    store: str | os.PathLike[str] | None = None,
    *,
    directed: bool = False,
    columns: Sequence[str | int] | None = None,
    sep: str | None = None,
    header: bool | None = None,
    times: bool = False,
    edge_types: bool = False,
    edge_ids: str | int | None = None,
    weights: str | int | None = None,
    duplicates: Duplicates = "merge",
    self_loops: Literal["keep", "drop"] = "keep",
    num_nodes: int | None = None,
    relabel: bool | Literal["auto"] = "auto",
    overwrite: bool = False,
    compressed: bool = True,
    storage_options: Mapping[str, Any] | None = None,
    allow_pickle: bool = False,
    memory: str | int | None = None,
    progress: bool | None = None,
) -> Graph:
    r"""Write a graph's edges into a store, and open it.

    Parameters
    ----------
    edges : edges in any form
        *Edge lists*: an integer array of shape (2, E) or (E, 2), of NumPy, Zarr or Dask; a tuple
        ``(src, dst)`` or ``(src, dst, weight)`` of such columns; a table of pandas, Arrow, polars
        or Dask; a path, pattern or URL of Parquet, CSV, TSV, SNAP text, npy or npz files; a
        NetworkX graph; an iterable of edges, of ``(src, dst[, weight])`` arrays, or of tables.
        *Adjacency lists*, whose rows say whose neighbours are listed: a SciPy sparse matrix,
        `CSR` arrays, a list or an object array of arrays, an iterable of rows.
        What is not in memory is read piece by piece; so is an iterator, which is read once.
    store : str or path, optional
        Path or URL of the store to make. Without one the graph lies in a temporary folder (see
        Dask's ``temporary-directory``) for as long as the returned `Graph` is used.
    directed : bool
        Whether an edge leads one way only. If not, each edge of an edge list is stored with both
        its ends, and the rows of an adjacency list must be symmetric.
    columns : sequence of str or int, optional
        Which columns of a table or file are source, target and, if there is a third, weight, time
        or type; by their names, or by their numbers from 0. By default known names say it, such as
        ``source`` and ``target``; see "What is recognised" in *Building*.
    sep : str, optional
        What separates the fields of a text file: some characters, or ``" "`` for any run of blanks
        and tabs. By default that is found from its lines.
    header : bool, optional
        Whether the first line of a text file has the names of its columns. By default that is
        found from its lines.
    times : bool
        Whether the third column, in the position of weights, is the time of each edge: a number
        below 2**53 in size, or a date, whose unit is `Graph.time_unit`. Then edges between the same
        nodes at different times are different edges, and walks may be `temporal`.
    edge_types : bool
        Whether it is the type of each edge: an integer from 0 to 254. Then edges between the same
        nodes of different types are different edges, and walks may go along a `metapath` of them.
    edge_ids : str or int, optional
        The column of a table or file that has the input's own ids of edges, by name or number:
        integers from 0 to 2**63 - 1. They are kept as `Graph.edge_ids`, by which the edges of walks
        are found again in the input. Of edges that are merged, the least id stays; both entries of
        an undirected edge have its id.
    weights : str or int, optional
        With `times` or `edge_types`, the column of a table or file that has weights of the edges in
        addition. Walks by time or along types of edges then draw edges in proportion to them.
    duplicates : {"merge", "keep", "error"}
        What becomes of parallel edges, which have the same ends and, if any, the same time or type:
        one edge, whose weight is the sum of theirs; as many edges; or an error. In an undirected
        graph an edge listed both ways is listed twice.
    self_loops : {"keep", "drop"}
        What becomes of edges from a node to itself.
    num_nodes : int, optional
        Number of nodes, if more than the edges show. Ids are then 0 … num_nodes - 1.
    relabel : bool or "auto"
        Whether nodes get new numbers, in ascending order of their ids, which are then kept as
        `Graph.labels`. ``"auto"`` renumbers strings, and integers that are sparse: the highest is
        at least 4 times the number of edges, and `num_nodes` is not given. False forbids it.
    overwrite : bool
        Whether to replace a store that is there already.
    compressed : bool
        Whether to compress the arrays. Uncompressed ones are larger, read faster, and may be
        mapped into memory; checksums are there in any case.
    storage_options : mapping, optional
        Credentials, ``endpoint_url`` and the like, for fsspec, if `edges` or `store` is a URL.
    allow_pickle : bool
        Whether ``.npy`` and ``.npz`` files may hold Python objects, such as an object array of
        rows. Loading them can run any code, so do so only with files that you trust.
    memory : str or int, optional
        How much memory the build may use, edges that are in memory anyway not counted. None: 4 GiB,
        or 70 % of what is free if that is less. What does not fit waits in temporary files, inside
        the unfinished store or, for a URL, where Dask's ``temporary-directory`` says.
    progress : bool, optional
        Whether to show progress on stderr; by default on a terminal and in a notebook.

    Returns
    -------
    Graph
        The graph in its store.

    Raises
    ------
    InputError
        When edges or parameters cannot be used. Nothing is left behind.
    StoreExistsError
        When there is something at `store` that is not to be replaced.
    StoreError
        When the store cannot be written: the disk is full, say, or a bucket does not exist.
    MemoryBudgetError
        When the graph cannot be built within `memory`.

    Examples
    --------
    Three edges, each with a weight, of nodes 0 to 2, in a temporary store:

    >>> graphwalk.build_zarr(([0, 0, 1], [1, 2, 2], [0.5, 1.0, 2.0]))
    <graphwalk.Graph '...graph.zarr': 3 nodes, 3 edges, undirected, weighted>

    Edges of a CSV file whose ids are strings, in a store that stays:

    >>> with open("follows.csv", "w") as file:
    ...     _ = file.write("source,target\nAda,Grace\nGrace,Alan\n")
    >>> graph = graphwalk.build_zarr("follows.csv", "follows.zarr", directed=True)
    >>> graph.labels.tolist()
    ['Ada', 'Alan', 'Grace']

    Calls with times, and their minutes as weights in addition:

    >>> with open("calls.csv", "w") as file:
    ...     _ = file.write("source,target,time,minutes\nAda,Alan,9.5,3\nAlan,Grace,10.25,8\n")
    >>> calls = graphwalk.build_zarr("calls.csv", times=True, weights="minutes", directed=True)
    >>> calls.edge_values([0, 1], "times").tolist(), calls.edge_values([0, 1], "weights").tolist()
    ([9.5, 10.25], [3.0, 8.0])
    """
    one_of("merge", "keep", "error").check("duplicates", duplicates)
    one_of("keep", "drop").check("self_loops", self_loops)
    relabel = relabel if relabel == "auto" else _RELABEL.check("relabel", relabel)
    directed = FLAG.check("directed", directed)
    compressed = FLAG.check("compressed", compressed)
    header = header if header is None else FLAG.check("header", header)
    FLAG.check("allow_pickle", allow_pickle)
    value_kind = _value_kind(times, edge_types)
    _check_num_nodes(num_nodes, relabel)
    location = None if store is None else locate(store)
    options = BuildOptions(
        directed,
        duplicates,
        self_loops == "drop",
        num_nodes,
        relabel,
        compressed=compressed,
        value_kind=value_kind,
        storage_options=storage_options if location and is_url(location) else None,
        further=_further(edge_ids, weights, value_kind),
    )
    _check_storage_options(storage_options, edges, location)
    tuning = build_sizes(memory)
    source = open_source(
        edges,
        columns=columns,
        storage_options=storage_options,
        values=value_kind,
        directed=directed,
        sep=sep,
        header=header,
        allow_pickle=allow_pickle,
        edge_ids=edge_ids,
        weights=weights,
    )
    _check_value_kind(source, value_kind, edges, columns)
    return build(source, location, options, tuning, Progress(progress), overwrite=overwrite)


def _value_kind(times: object, edge_types: object) -> ValueName:
    """Return what the third column is."""
    times, edge_types = FLAG.check("times", times), FLAG.check("edge_types", edge_types)
    if times and edge_types:
        raise InputError(
            f"edges have times or types, not both; leave out {argument('times')} or "
            f"{argument('edge_types')}"
        )
    return "times" if times else "edge_types" if edge_types else "weights"


def _further(edge_ids: object, weights: object, value_kind: ValueName) -> tuple[FurtherKind, ...]:
    """Return which further columns edges have."""
    if weights is not None and value_kind == "weights":
        raise InputError(
            f"{argument('weights', weights)} is for weights in addition to times or types; add "
            f"{argument('times', True)} or {argument('edge_types', True)}, or name the columns of "
            f"sources, targets and weights in {argument('columns')}"
        )
    given: dict[FurtherKind, object] = {"edge_ids": edge_ids, "weights": weights}
    return tuple(kind for kind, column in given.items() if column is not None)


def _check_value_kind(
    source: EdgeSource | RowSource, value_kind: ValueName, edges: object, columns: object
) -> None:
    """Refuse times and types that are nowhere, and dates where no times are wanted."""
    if getattr(source, "time_unit", None) is not None and value_kind != "times":
        raise InputError(
            f"{source.name}: the third column holds dates, which are times; pass "
            f"{argument('times', True)}, or "
            "leave the column out"
        )
    if value_kind != "weights" and not source.weighted:
        words = value_kind.removeprefix("edge_")
        word = words[:-1]
        remedy = (
            f"pass a tuple (src, dst, {word}), or give the edges of a graph the attribute {word!r}"
        )
        if columns is not None:
            remedy = f"name the column of {words} third in {argument('columns')}"
        elif isinstance(edges, str | os.PathLike):
            remedy = f"write them as a table, such as CSV or Parquet, with a column {word!r}"
        raise InputError(
            f"{argument(value_kind, True)}, but nothing says what the {words} of {source.name} "
            f"are; {remedy}"
        )


def _check_storage_options(options: object, edges: object, location: str | None) -> None:
    urls = [place for place in (edges, location) if isinstance(place, str) and is_url(place)]
    if options and not urls:
        raise InputError("storage_options are for URLs, and there is none; leave them out")


def _check_num_nodes(num_nodes: object, relabel: object) -> None:
    if num_nodes is None:
        return
    COUNT.check("num_nodes", num_nodes)
    if relabel is True:
        raise InputError(
            f"{argument('num_nodes')} says that ids are numbers below it, "
            f"{argument('relabel', True)} that they are "
            "not; leave one of them out"
        )
