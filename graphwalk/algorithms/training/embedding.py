"""Node embeddings from walks: word2vec with nodes as words and walks as sentences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.algorithms.output.labelled_walks import with_values
from graphwalk.algorithms.training.corpus import WalkCorpus
from graphwalk.errors import InputError, StoreExistsError, argument
from graphwalk.storage.files.locations import is_url, locate
from graphwalk.storage.files.partial_folder import partial_folder
from graphwalk.storage.files.publish import Target, file_target
from graphwalk.storage.files.storage_errors import disk_errors
from graphwalk.storage.files.temporary import temporary_folder
from graphwalk.util.optional_imports import import_optional
from graphwalk.util.parameters import COUNT, whole
from graphwalk.util.progress_bar import Progress
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    import dask.array as da
    from numpy.typing import NDArray

SUFFIXES = (".parquet", ".txt")


def embed(
    walks: da.Array | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    labels: Any = None,
    dimensions: int = 128,
    window: int = 10,
    negative: int = 5,
    epochs: int = 1,
    seed: int = 1,
    workers: int | None = None,
    overwrite: bool = False,
    storage_options: Mapping[str, Any] | None = None,
    progress: bool | None = None,
) -> Path:
    """Learn a vector for each visited node by skip-gram with negative sampling; write the vectors.

    The trainer is gensim. It needs memory for two vectors a node, and a temporary file of the
    walks as text, in the folder of Dask's ``temporary-directory``.

    Parameters
    ----------
    walks : dask.array.Array of int, shape (num_walks, walk_length + 1), or path or URL
        What `random_walks` returned; or where `write_walks` has written walks, in any
        format.
    path : path
        The suffix chooses the format: ``.parquet`` for a table with the columns ``node``, ids or
        labels in ascending order, and ``vector``, lists of float32; ``.txt`` for word2vec's text
        format, in which white space within a label becomes ``_``.
    labels : array_like of int or str, shape (num_nodes,), or False, optional
        As in `WalkCorpus`: by default those of the graph or of the files; False if the numbers of
        nodes are their names.
    dimensions : int
        Length of a vector.
    window : int
        Steps between two nodes of a pair, at most.
    negative : int
        Random nodes that are drawn for each pair.
    epochs : int
        Passes over all walks.
    seed : int
        Seed of the trainer, from 0 to 2**32 - 1. With more than one worker, its results still
        differ from run to run.
    workers : int, optional
        Threads of the trainer; None: one for each core.
    overwrite : bool
        Replace what is at `path`.
    storage_options : mapping, optional
        For fsspec, if `walks` is a URL.
    progress : bool, optional
        Show a progress bar on standard error. None: on a terminal and in a notebook.

    Returns
    -------
    pathlib.Path
        The file of the vectors.

    Raises
    ------
    InputError
        For an unknown suffix or a URL, numbers below 1, a seed out of its range, walks that visit
        no node, labels that do not fit, walks of which it is not known what their nodes are called,
        labels that the text format cannot hold, or when gensim is not installed.
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
    """
    target = _target(path, overwrite)
    suffix = target.path.suffix
    # Before the walks are made, since the trainer would refuse the seed only afterwards.
    seed = whole(0, 2**32 - 1).check("seed", seed)
    how = {
        "vector_size": COUNT.check("dimensions", dimensions),
        "window": COUNT.check("window", window),
        "negative": COUNT.check("negative", negative),
        "epochs": COUNT.check("epochs", epochs),
        "workers": num_cores() if workers is None else COUNT.check("workers", workers),
    }
    word2vec = import_optional("gensim.models", "embeddings need").Word2Vec
    with temporary_folder() as folder:
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
        if suffix == ".txt" and labels is not None:
            check_words(labels)  # before hours of training
        with Progress(progress).stage("Embedding", how["epochs"], "epochs") as advance:
            model = word2vec(
                corpus_file=str(corpus),
                **how,
                seed=seed,
                sg=1,
                min_count=0,
                callbacks=[_after_epochs(advance)],
            )
    nodes, vectors = _in_order(model.wv, labels)
    with partial_folder(target.path) as folder:
        file = folder / target.path.name
        with disk_errors(target.path):
            _WRITERS[suffix](file, nodes, vectors)
        target.publish(file)
    return target.path


def _target(path: str | os.PathLike[str], overwrite: bool) -> Target:
    """Return the path for the vectors, after checking that it can be written."""
    location = locate(path)
    if is_url(location):
        raise InputError(
            f"{location}: vectors cannot be written to a URL; write them to a file and copy it"
        )
    if Path(location).suffix not in SUFFIXES:
        raise InputError(f"{location}: vectors are written as {' or '.join(SUFFIXES)}")
    target = file_target(location, overwrite=overwrite)
    if target.path.is_dir():
        raise StoreExistsError(f"{target.path} is a folder; choose the path of a file")
    target.check_free()
    return target


def _after_epochs(advance: Callable[[int], object]) -> Any:
    from gensim.models.callbacks import CallbackAny2Vec

    class AfterEpochs(CallbackAny2Vec):  # type: ignore[misc]
        def on_epoch_end(self, _model: Any) -> None:
            advance(1)

    return AfterEpochs()


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
            lines = pc.binary_join(with_values(lists, words.cast(pa.string())), " ")
            with disk_errors(corpus):
                file.write("\n".join(lines.to_pylist()).encode() + b"\n")
    return labels, count, longest


def _in_order(vectors: Any, labels: Any) -> tuple[pa.Array, NDArray[np.float32]]:
    """Return nodes (ids or labels) in ascending order, and their vectors."""
    numbers = np.array(vectors.index_to_key, dtype=np.int64)
    nodes = pa.array(numbers) if labels is None else labels.take(pa.array(numbers))
    order = pc.sort_indices(nodes)
    return nodes.take(order), vectors.vectors[order.to_numpy()]


def _write_parquet(file: Path, nodes: pa.Array, vectors: NDArray[np.float32]) -> None:
    import pyarrow.parquet as pq

    lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    pq.write_table(pa.table({"node": nodes, "vector": lists}), file)


def _write_text(file: Path, nodes: pa.Array, vectors: NDArray[np.float32]) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.write(f"{len(vectors)} {vectors.shape[1]}\n")
        for node, vector in zip(nodes.cast(pa.string()).to_pylist(), vectors, strict=True):
            out.write(f"{_word(node)} {' '.join(map('{:.8g}'.format, vector.tolist()))}\n")


def _word(label: str) -> str:
    """Return a label as word2vec's text format has it, whose words end at white space."""
    return "_".join(label.split())


def check_words(labels: pa.Array) -> None:
    """Raise InputError if labels are no words, or two of them one word, in word2vec's text."""
    if pa.types.is_integer(labels.type):
        return
    odd = pc.match_substring_regex(labels, r"[_\s\x1c-\x1f\x85\p{Z}]|^$")
    by_word: dict[str, str] = {}
    for label in labels.filter(odd).to_pylist():
        word = _word(label)
        other = by_word.setdefault(word, label)
        if not word or other != label:
            what = f"labels {other!r} and {label!r} are one word" if word else f"{label!r} is none"
            raise InputError(
                f"{what} in word2vec's text format, whose words have no white space; write a table "
                "to a path that ends in .parquet instead"
            )


_WRITERS = {".parquet": _write_parquet, ".txt": _write_text}
