"""Vectors of nodes: from where earlier ones are read, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphwalk.errors import InputError, StoreError, StoreNotFoundError, argument

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Vectors(NamedTuple):
    """Nodes, by id or by label, and a vector for each, of shape (nodes, dimensions)."""

    nodes: pa.Array
    vectors: NDArray[np.float32]

    def in_order(self) -> Vectors:
        """Return them in ascending order of nodes."""
        order = pc.sort_indices(self.nodes)
        return Vectors(self.nodes.take(order), self.vectors[order.to_numpy()])

    def find(self, nodes: pa.Array) -> NDArray[np.int64]:
        """Return the place of each of some nodes here, -1 where it is not."""
        places = pc.index_in(nodes.cast(pa.string()), value_set=self.nodes.cast(pa.string()))
        return np.asarray(places.fill_null(-1).to_numpy(), np.int64)


def read_vectors(given: Any, name: str, dimensions: int | None = None) -> Vectors:
    """Return vectors that were learned before.

    Parameters
    ----------
    given : path, Vectors, gensim model or vectors, or mapping
        A table that `embed` has written, or what it has returned; what gensim has trained or
        loaded; or a mapping from nodes to vectors.
    name : str
        The parameter that it is.
    dimensions : int, optional
        What their length must be.

    Raises
    ------
    InputError
        When these are no vectors, or have another length.
    StoreError
        When the file cannot be read.
    """
    try:
        found = _read(given)
        vectors = np.asarray(found.vectors, np.float32)
    except (TypeError, ValueError, KeyError, AttributeError, pa.ArrowInvalid) as error:
        raise InputError(
            f"{argument(name)} has no vectors: {error}; pass a .parquet file that embed has "
            "written, a gensim model, or a mapping from nodes to vectors"
        ) from error
    due = dimensions or vectors.shape[-1]
    if vectors.ndim != 2 or vectors.shape[1] != due:
        raise InputError(
            f"{argument(name)} has vectors of shape {vectors.shape[1:]}, and "
            f"{argument('dimensions', due)}; pass vectors of that length, or the dimensions "
            "that they have"
        )
    return Vectors(found.nodes, vectors)


def _read(given: Any) -> Vectors:
    if isinstance(given, Vectors):
        return given
    if isinstance(given, Mapping):
        return Vectors(pa.array(list(given)), np.stack(list(given.values())))
    if hasattr(given, "wv") or hasattr(given, "index_to_key"):
        trained = getattr(given, "wv", given)
        return Vectors(pa.array(trained.index_to_key), trained.vectors)
    path = Path(given)
    if path.suffix != ".parquet":
        raise ValueError(f"{path} is no .parquet file")
    return _read_parquet(path)


def _read_parquet(path: Path) -> Vectors:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["node", "vector"]).combine_chunks()
    except FileNotFoundError as error:
        raise StoreNotFoundError(f"there are no vectors at {path}") from error
    except OSError as error:
        raise StoreError(f"the vectors at {path} cannot be read: {error}") from error
    nodes, lists = (table[name].combine_chunks() for name in ("node", "vector"))
    return Vectors(nodes, lists.flatten().to_numpy().reshape(len(nodes), -1))


def write_vectors(file: Path, suffix: str, vectors: Vectors) -> None:
    """Write vectors in the format that a suffix names."""
    WRITERS[suffix](file, *vectors)


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


WRITERS = {".parquet": _write_parquet, ".txt": _write_text}
