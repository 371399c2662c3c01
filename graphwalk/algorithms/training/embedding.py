"""Node embeddings from walks: word2vec with nodes as words and walks as sentences."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.algorithms.output.text_sink import lines_of
from graphwalk.algorithms.training.corpus import WalkCorpus
from graphwalk.algorithms.training.trainer_options import TrainerOptions, gensim_options
from graphwalk.algorithms.training.training_progress import words_read
from graphwalk.algorithms.training.vectors import (
    WRITERS,
    Vectors,
    check_words,
    read_vectors,
    write_vectors,
)
from graphwalk.errors import InputError, StoreExistsError, argument
from graphwalk.storage.files.locations import is_url, locate
from graphwalk.storage.files.publish import new_file
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.files.temporary import temporary_folder
from graphwalk.util.optional_imports import import_optional
from graphwalk.util.parameters import FLAG, check_all, whole
from graphwalk.util.progress_bar import Progress

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    import dask.array as da


@overload
def embed(
    walks: da.Array | str | os.PathLike[str], path: str | os.PathLike[str], **options: Any
) -> Path | str: ...


@overload
def embed(
    walks: da.Array | str | os.PathLike[str], path: None = None, **options: Any
) -> Vectors: ...


def embed(  # type: ignore[misc]  # the options are declared here only
    walks: da.Array | str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    labels: Any = None,
    dimensions: int = 128,
    window: int = 10,
    negative: int = 5,
    epochs: int = 1,
    sg: int = 1,
    hs: int = 0,
    ns_exponent: float = 0.75,
    sample: float = 1e-3,
    alpha: float = 0.025,
    min_count: int = 0,
    seed: int = 1,
    workers: int | None = None,
    init: Any = None,
    freeze: bool = False,
    overwrite: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Path | str | Vectors:
    """Learn a vector for each visited node, by default by skip-gram with negative sampling.

    The trainer is gensim's Word2Vec, whose names the options have. It needs memory for two vectors
    a node, and a temporary file of the walks as text, in the folder of Dask's
    ``temporary-directory``.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        What `random_walks` returned; or where `write_walks` has written walks, in any
        format.
    path : path or URL, optional
        Where to write the vectors; None: they are returned. The suffix chooses the format:
        ``.parquet`` for a table with the columns ``node``, ids or labels in ascending order, and
        ``vector``, lists of float32; ``.txt`` for word2vec's text format, in which white space
        within a label becomes ``_``.
    labels : array_like of int or str, shape (num_nodes,), or False, optional
        As in `WalkCorpus`: by default those of the graph or of the files; False if the numbers of
        nodes are their names.
    dimensions : int
        Length of a vector.
    window : int
        Steps between two nodes of a pair, at most.
    negative : int
        Random nodes that are drawn for each pair; 0 needs ``hs=1``.
    epochs : int
        Passes over all walks.
    sg : {1, 0}
        1 for skip-gram, 0 for CBOW.
    hs : {0, 1}
        1 for hierarchical softmax, with negative sampling or in place of it.
    ns_exponent : float
        Random nodes are drawn in proportion to this power of how often walks visit them.
    sample : float
        Visits of a node that has more than this share of all are dropped at random, from 0 to 1.
    alpha : float
        Learning rate at the start; it falls to .0001.
    min_count : int
        Nodes that walks visit less often get no vector.
    seed : int
        Seed of the trainer, from 0 to 2**64 - 1. With more than one worker, its results still
        differ from run to run.
    workers : int, optional
        Threads of the trainer; None: one for each core.
    init : path, Vectors, gensim model or mapping from nodes to vectors, optional
        Vectors to start from, of nodes by id or label: a ``.parquet`` file that `embed` has
        written, what it has returned, or what gensim has trained. Nodes that the walks do not
        visit keep theirs, and are in the result, too. So it takes only walks from the nodes that
        changed to follow a graph that grows.
    freeze : bool
        Leave the vectors of `init` as they are, and learn those of other nodes only.
    overwrite : bool
        Replace what is at `path`.
    storage_options : mapping, optional
        For fsspec, if `walks` or `path` is a URL.
    progress : bool, optional
        Show a progress bar on standard error. None: on a terminal and in a notebook.

    Returns
    -------
    pathlib.Path, str or Vectors
        The path or URL of the vectors. Without `path`, the vectors themselves: ``nodes``, a PyArrow
        array of ids or labels in ascending order, and ``vectors``, an array of float32 of shape
        (nodes, dimensions). `init` takes them.

    Raises
    ------
    InputError
        For an unknown suffix, numbers below 1, a seed out of its range, walks that visit no node,
        vectors of another length, labels that do not fit, walks of which it is not known
        what their nodes are called, labels that the text format cannot hold, or when gensim is not
        installed.
    StoreExistsError
        When a file is at `path` and `overwrite` is not given, or when a folder is there.
    StoreError
        When the walks cannot be read, or the vectors cannot be written.

    References
    ----------
    [1] T. Mikolov et al., "Distributed representations of words and phrases and their
    compositionality", NIPS 2013, https://arxiv.org/abs/1310.4546

    [2] A. Grover, J. Leskovec, "node2vec: scalable feature learning for networks", KDD 2016,
    https://doi.org/10.1145/2939672.2939754

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([("a", "b"), ("b", "c")])
    >>> walks = graphwalk.random_walks(graph, num_walks=10, walk_length=20, seed=1)
    >>> path = graphwalk.embed(walks, "vectors.parquet", dimensions=8, workers=1)

    >>> import pyarrow.parquet
    >>> vectors = pyarrow.parquet.read_table(path)
    >>> vectors["node"].to_pylist(), len(vectors["vector"][0])
    (['a', 'b', 'c'], 8)

    >>> nodes, vectors = graphwalk.embed(walks, dimensions=8, workers=1)
    >>> vectors.shape
    (3, 8)
    """
    options = TrainerOptions(**check_all(TrainerOptions, locals()))
    location = None if path is None else _location(path)
    # Before the walks are made, since the trainer would refuse the seed only afterwards.
    how = gensim_options(options, whole(0, 2**64 - 1).check("seed", seed))
    known = None if init is None else read_vectors(init, "init", options.dimensions)
    if FLAG.check("freeze", freeze) and known is None:
        raise InputError(f"{argument('freeze', True)} needs vectors; pass {argument('init')}")
    word2vec = import_optional("gensim.models", "embeddings need").Word2Vec
    with _file_at(location, overwrite, storage_options) as file, temporary_folder() as folder:
        corpus = folder / "walks.txt"
        sentences, names = _numbered(walks, labels, storage_options)
        found, words, longest = _write_corpus(sentences, corpus)
        if longest < 2:
            what = "no walk visits two nodes" if words else "no walk visits a node"
            raise InputError(
                f"{walks}: there is nothing to learn from: {what}; pass walks of "
                f"{argument('walk_length', 1)} or more"
            )
        labels = found if names is None else names
        if location is not None and location.endswith(".txt") and labels is not None:
            check_words(labels)  # before hours of training
        model = word2vec(**how)
        model.build_vocab(corpus_file=str(corpus))
        if not len(model.wv):
            raise InputError(
                f"no node is visited {argument('min_count', options.min_count)} times; lower it"
            )
        learned = Vectors(_nodes_of(model, labels), model.wv.vectors)
        kept = None if known is None else _start_from(learned, known, model, freeze=freeze)
        _train(model, corpus, progress)
        if kept is not None:
            learned = _joined(learned, kept)
        if location is None:
            return learned.in_order()
        assert file is not None
        with disk_errors(location):
            write_vectors(file, Path(location).suffix, learned.in_order())
    return location if is_url(location) else Path(location)


def _location(path: str | os.PathLike[str]) -> str:
    """Return the path or URL for the vectors, after checking that they can be written there."""
    location = locate(path)
    if Path(location).suffix not in WRITERS:
        raise InputError(f"{location}: vectors are written as {' or '.join(WRITERS)}")
    if not is_url(location) and Path(location).is_dir():
        raise StoreExistsError(f"{location} is a folder; choose the path of a file")
    return location


def _file_at(
    location: str | None, overwrite: bool, storage_options: Mapping[str, Any] | None
) -> AbstractContextManager[Path | None]:
    """Return a block that gets the file to write, None where there is none to be."""
    if location is None:
        return nullcontext()
    options = storage_options if is_url(location) else None
    return new_file(location, overwrite=overwrite, storage_options=options)


def _nodes_of(model: Any, labels: Any) -> pa.Array:
    """Return the nodes, ids or labels, in the order of the model's words, which are numbers."""
    numbers = pa.array(np.array(model.wv.index_to_key, dtype=np.int64))
    return numbers if labels is None else labels.take(numbers)


def _start_from(learned: Vectors, known: Vectors, model: Any, *, freeze: bool) -> Vectors:
    """Begin with the vectors that are known; return those of nodes that are not learned."""
    places = known.find(learned.nodes)
    found = places >= 0
    learned.vectors[found] = known.vectors[places[found]]
    if freeze:
        # The trainer multiplies what it adds to a vector by this.
        model.wv.vectors_lockf = np.where(found, 0, 1).astype(np.float32)
    others = np.ones(len(known.nodes), bool)
    others[places[found]] = False
    return Vectors(known.nodes.filter(pa.array(others)), known.vectors[others])


def _joined(learned: Vectors, kept: Vectors) -> Vectors:
    """Return vectors that were learned and others, whose nodes may be of another type."""
    try:
        nodes = kept.nodes.cast(learned.nodes.type)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{argument('init')} names nodes as {kept.nodes.type}, and the walks as "
            f"{learned.nodes.type}: {error}"
        ) from error
    return Vectors(
        pa.concat_arrays([learned.nodes, nodes]), np.concatenate([learned.vectors, kept.vectors])
    )


def _train(model: Any, corpus: Path, progress: bool | None) -> None:
    from gensim.models.callbacks import CallbackAny2Vec

    words = model.corpus_total_words
    with (
        Progress(progress).stage("Embedding", model.epochs * words, "words") as advance,
        words_read(corpus, words, advance) as read,
    ):

        class AfterEpochs(CallbackAny2Vec):  # type: ignore[misc]
            def on_epoch_end(self, _model: Any) -> None:
                read.end_pass()

        model.train(
            corpus_file=str(corpus),
            total_examples=model.corpus_count,
            total_words=words,
            epochs=model.epochs,
            callbacks=[AfterEpochs()],
        )


def _numbered(
    walks: Any, labels: Any, storage_options: Mapping[str, Any] | None
) -> tuple[WalkCorpus, pa.Array | None]:
    """Return walks whose words are numbers of labels, and the labels.

    The labels are None if the labels of all nodes are not known before the walks are read. Where
    they are known, no label has to be looked up while the corpus is written.
    """
    corpus = WalkCorpus(walks, labels=labels, storage_options=storage_options)
    if corpus.labels is None:
        return corpus, None
    encoded = corpus.labels.dictionary_encode()
    corpus.labels = encoded.indices
    return corpus, encoded.dictionary


def _write_corpus(sentences: WalkCorpus, corpus: Path) -> tuple[pa.Array | None, int, int]:
    """Write walks as lines of numbers.

    Returns the label of each number, the number of words, and that of the longest walk.

    gensim's words end at spaces, which labels may contain. The labels are None if words are
    numbers already.
    """
    labels: Any = None
    count = longest = 0
    with corpus.open("wb") as file:
        for lists in sentences.lists():
            words = lists.flatten()
            count += len(words)
            longest = max(longest, pc.max(pc.list_value_length(lists)).as_py() or 0)
            if not pa.types.is_integer(words.type):
                seen = words if labels is None else pa.concat_arrays([labels, words])
                labels = pc.unique(seen)
                words = pc.index_in(words, value_set=labels)
            offsets = lists.offsets.to_numpy()
            with disk_errors(corpus):
                file.write(lines_of(words, offsets - offsets[0]))
    return labels, count, longest
