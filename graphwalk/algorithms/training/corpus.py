"""Walks as a corpus: sentences of words, for trainers of word vectors."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import dask.array as da
import pyarrow as pa

from graphwalk.algorithms.output.check_walks import checked_walks
from graphwalk.algorithms.output.labelled_walks import as_labels, named_lists, walk_lists
from graphwalk.algorithms.output.node_names import names_for
from graphwalk.algorithms.output.read_walks import count_walks, read_walks
from graphwalk.algorithms.output.write import iter_blocks
from graphwalk.errors import InputError, argument
from graphwalk.storage.store.label_table import LabelTable
from graphwalk.units import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Nodes that are converted to words at a time, some 60 bytes each.
_WORDS = 1 << 16


class WalkCorpus:
    """Walks as sentences whose words are nodes; a corpus can be iterated over several times.

    gensim's ``Word2Vec(sentences=...)`` and other trainers of word vectors take a corpus. A walk
    is a list of str without padding: a walk that ended early is shorter. Lazy walks are computed
    block by block in each pass, by `iter_blocks`; walks in files are read in parts. In both cases
    only a few blocks are in memory.

    ``len()`` is the number of walks. Walks that are stored as text have no ``len()``, since text
    does not contain their number.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        What `random_walks` returned; or where `write_walks` has written walks, in any
        format.
    labels : array_like of int or str, shape (num_nodes,), or False, optional
        The word for node ``i`` is ``labels[i]``, as in ``graph.labels``. With None, nodes are
        called as in the graph that was walked, also in slices, parts and masks of what
        `random_walks` returned, and in Zarr and Parquet files, if their graph is still where it
        was. Parquet and text with names have these. Walks in ``.npy`` files, and in text that has
        numbers, do not say which graph they are on, so that `labels` must be given. With False, or
        if the graph has no labels, the words are the numbers of nodes in decimal.
    storage_options : mapping, optional
        For fsspec, if `walks` is a URL.

    Attributes
    ----------
    labels : pyarrow.Array or None
        The words of all nodes, if they are known before the files are read.

    Raises
    ------
    InputError
        When `walks` are not walks, labels do not fit, or files hold labels already; the last two
        errors may be raised during iteration only. When there are no `labels` and it is not known
        which graph was walked, as of arrays of other origin, of ``.npy`` files, of text that has
        numbers, and of files whose graph was removed or replaced.
    StoreError
        When there are no walks at a path, or, during iteration, they cannot be read.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([("a", "b"), ("b", "c")])
    >>> walks = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1)
    >>> for sentence in graphwalk.WalkCorpus(walks):
    ...     print(sentence)
    ['a', 'b', 'a', 'b']
    ['b', 'a', 'b', 'a']
    ['c', 'b', 'a', 'b']

    gensim reads such sentences:

    >>> from gensim.models import Word2Vec
    >>> model = Word2Vec(graphwalk.WalkCorpus(walks), vector_size=8, min_count=0, sg=1)
    >>> model.wv["a"].shape
    (8,)
    """

    def __init__(
        self,
        walks: da.Array | str | os.PathLike[str],
        *,
        labels: Any = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._walks, self._options = walks, storage_options
        if isinstance(walks, str | os.PathLike):
            self._num_walks = count_walks(walks, storage_options)
        else:
            self._num_walks = checked_walks(walks).shape[0]
        labels = names_for(walks, labels, storage_options)
        self.labels = None if labels is None else as_labels(labels)
        if self._num_walks is not None:
            self.__class__ = _CountedCorpus  # len() is looked up in the class

    def __repr__(self) -> str:
        number = "walks" if self._num_walks is None else count_of(self._num_walks, "walk")
        paths = isinstance(self._walks, str | os.PathLike)
        where = f" in {os.fspath(self._walks)!r}" if paths else ""
        return f"<graphwalk.WalkCorpus: {number}{where}>"

    def __iter__(self) -> Iterator[list[str]]:
        for lists in self.lists():
            step = max(1, _WORDS * len(lists) // max(1, len(lists.values)))
            for start in range(0, len(lists), step):
                some = lists[start : start + step]
                words = some.flatten().cast(pa.string()).to_pylist()
                ends = some.offsets.to_pylist()
                for first, stop in pairwise(ends):
                    yield words[first - ends[0] : stop - ends[0]]

    def lists(self) -> Iterator[pa.ListArray]:
        """Yield walks as Arrow's lists of ids or labels, some at a time.

        Yields
        ------
        pyarrow.ListArray
            A list for each walk, without padding.

        Raises
        ------
        InputError
            When labels do not fit, or are given for files that hold labels already.
        StoreError
            When files cannot be read.

        Examples
        --------
        >>> import graphwalk
        >>> graph = graphwalk.build_zarr([("a", "b"), ("b", "c")])
        >>> walks = graphwalk.random_walks(graph, num_walks=1, walk_length=3, seed=1)
        >>> for lists in graphwalk.WalkCorpus(walks).lists():
        ...     print(lists.to_pylist())
        [['a', 'b', 'a', 'b'], ['b', 'a', 'b', 'a'], ['c', 'b', 'a', 'b']]
        """
        if isinstance(self._walks, da.Array):
            for block in iter_blocks(self._walks):
                yield from walk_lists(block, self._table)
            return
        for lists in read_walks(self._walks, self._options):
            if self._table is None:
                yield lists
            else:
                yield from self._named(lists, self._table)

    def _named(self, lists: pa.ListArray, table: LabelTable) -> Iterator[pa.ListArray]:
        if not pa.types.is_integer(lists.values.type):
            raise InputError(
                f"{self._walks} holds labels of nodes already; remove {argument('labels')}"
            )
        return named_lists(lists, table)

    @property
    def _table(self) -> LabelTable | None:
        return None if self.labels is None else LabelTable(self.labels)


class _CountedCorpus(WalkCorpus):
    def __len__(self) -> int:
        assert self._num_walks is not None
        return self._num_walks
