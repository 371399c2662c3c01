"""The build, from a source of edges to a store.

Edges pass through the stages survey → (number) → bucket → sort and merge → write. What has to wait
for a later stage waits in memory where the budget has room for it, and in temporary files where
not; what is written does not depend on that, nor on how many threads or processes there are. Rows
that come grouped are sorted and written as they come.
"""

from __future__ import annotations

import shutil
from contextlib import closing, contextmanager
from functools import partial as bind
from pathlib import Path
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument
from graphwalk.storage.build.adjacency_list import build_rows
from graphwalk.storage.build.context import Context
from graphwalk.storage.build.edge_list import build_edges
from graphwalk.storage.edges.protocol import RowSource
from graphwalk.storage.files.locations import is_url
from graphwalk.storage.files.publish import Replaceable, new_store
from graphwalk.storage.files.spill import SpillFolder
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.files.temporary import (
    make_folder,
    remove_temporary,
    remove_with,
    temporary_location,
)
from graphwalk.storage.store.graph import Graph
from graphwalk.storage.store.graph_arrays import GraphArrays
from graphwalk.storage.store.group import complete, create_group, is_graphwalk_store
from graphwalk.util.executor import in_use
from graphwalk.util.malloc import plain_arrow_memory
from graphwalk.util.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphwalk.storage.build.context import BuildOptions
    from graphwalk.storage.build.memory_plan import BuildSizes
    from graphwalk.storage.edges.protocol import EdgeSource
    from graphwalk.storage.store.format import GraphInfo
    from graphwalk.util.progress_bar import Progress

#: Folder of temporary files next to a store that is being built.
SPILL = "spill"


def build(
    source: EdgeSource | RowSource,
    location: str | None,
    options: BuildOptions,
    tuning: BuildSizes,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> Graph:
    """Build the store at `location`, or a temporary one, from a source of edges."""
    _check_direction(source, options.directed)
    write = bind(_build, source)
    return write_store(write, location, options, tuning, progress, overwrite=overwrite)


def write_store(
    write: Callable[[Context], GraphInfo],
    location: str | None,
    options: BuildOptions,
    tuning: BuildSizes,
    progress: Progress,
    *,
    overwrite: bool,
) -> Graph:
    """Make the store at `location`, or a temporary one, of what `write` writes.

    `write` returns the attributes of the graph.
    """
    access = options.storage_options
    is_ours = bind(is_graphwalk_store, storage_options=access)
    replaceable = Replaceable(overwrite, "is no graphwalk store", is_ours)
    with _place(location) as place:
        with (
            new_store(place, replaceable, access) as new,
            _spill_folder(new.place) as folder,
            plain_arrow_memory(),
            thread_pool(tuning.threads) as pool,
            thread_pool(tuning.threads) as writers,
        ):
            executor = in_use.executor
            executor = None if executor is None or executor.in_process else executor
            group = create_group(new.store, compressed=options.compressed)
            context = Context(options, tuning, progress, pool, writers, folder, group, executor)
            info = write(context)
            info = complete(group, info)
        arrays = GraphArrays(place, info, access, temporary=location is None)
        if arrays.temporary:
            remove_with(arrays, place)
        return Graph(arrays)


def _build(source: EdgeSource | RowSource, context: Context) -> GraphInfo:
    if isinstance(source, RowSource):
        return build_rows(source, context)
    return build_edges(source, context)


@contextmanager
def _place(location: str | None) -> Iterator[str]:
    if location is not None:
        yield location
        return
    temporary = temporary_location()
    try:
        yield temporary
    except BaseException:
        remove_temporary(temporary)
        raise


@contextmanager
def _spill_folder(place: str) -> Iterator[SpillFolder]:
    """Make a folder for temporary files, and remove it at the end.

    It lies next to the store that is being built or, for one on a URL, where Dask's setting
    ``temporary-directory`` says, or in the system's folder for such things.
    """
    if is_url(place):
        folder = make_folder("graphwalk-build-")
    else:
        folder = Path(place).with_name(SPILL)
        with disk_errors(folder):
            folder.mkdir()
    try:
        with closing(SpillFolder(folder)) as files:
            yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_direction(source: EdgeSource | RowSource, directed: bool) -> None:
    if source.directed is not None and source.directed != directed:
        kind = "directed" if source.directed else "undirected"
        raise InputError(
            f"{source.name} is {kind}; pass {argument('directed', source.directed)}, or convert "
            "the graph"
        )
