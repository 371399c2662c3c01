"""Names by which data sets call the ends of an edge and what belongs to it.

A name is compared by its words: ``sourceNodeID``, ``Source node`` and ``source_id`` are the same.
Pairs of names are ranked, so that ``start`` and ``end`` next to ``source`` and ``target`` are an
interval, and alone the ends of an edge.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from graphwalk.storage.edges.column_words import COLUMN_WORDS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from graphwalk.storage.edges.options import ValueKind

    Words = tuple[str, ...]


class Pair(NamedTuple):
    """Two columns whose names say that they are the ends of edges; lower ranks are clearer."""

    rank: int
    source: int
    target: int


def _families(*lines: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    sides = (tuple(frozenset(side.split()) for side in line.split("/")) for line in lines)
    return tuple((left, right) for left, right in sides)


#: Words for the source and for the target, by rank; any of one side goes with any of the other.
_FAMILIES = (
    _families(
        "source src sources / target dst dest destination destinations tgt trg sink targets",
        "origin orig origins / destination dest destinations",
        "subject subj / object obj",
        "head / tail",
        "sender / receiver recipient",
        "caller / callee",
        "payer / payee",
        "follower / followee followed following",
        "citing citer / cited",
        "calling / called",
        "rater / ratee rated",
        "truster trustor / trustee",
        "parent / child",
        "ancestor / descendant",
        "predecessor / successor",
        "ego / alter",
        "who / whom",
        "tf regulator / target",
        "source / cible",
        "quelle von / ziel nach",
        "origen origem desde / destino hasta",
    ),
    _families(
        "u / v",
        "init / term",
        "prev / curr",
        "pickup / dropoff",
        "exporter / importer",
        "importer / imported",
    ),
    _families(
        "from / to",
        "start / end",
        "begin / end",
        "a / b",
        "i / j",
        "s / t",
        "s / o",
        "h / t",
        "row / col column",
        "first / second",
        "left / right",
        "lhs / rhs",
    ),
)

#: Words that say which end a column has even where the other is missing.
_CLEAR_ENDS = frozenset(
    word for pair in _FAMILIES[0] for side in pair for word in side
) | frozenset({"from", "to", "start", "end"})

#: Words of the clearest names of ends, which are hardly the names of nodes.
_CLEAR_WORDS = frozenset(word for pair in _FAMILIES[0] for side in pair for word in side)

#: Words that number two things of a kind, such as in ``protein1`` and ``protein2``.
_NUMBERED = ("1", "2"), ("a", "b")
_NEXT = {"1": ("0", "3"), "a": ("c",)}

#: Letters by which ends are called where they have no better names.
_LETTERS = frozenset("uvabijstohxy")

#: Words that say only that a column has nodes.
_NODE_WORDS = frozenset({"id", "ids", "idx", "index", "node", "nodes", "vertex", "nodeid"})

#: What stands in names of columns, while e-mail addresses and paths have more.
_COLUMN_NAME = re.compile(r"[\w\s.:#()\"\-]+")

#: Names of weights, times and types, by rank.
_VALUES: dict[ValueKind, tuple[frozenset[str], ...]] = {
    "weights": (
        frozenset({"weight", "weights", "edge weight", "edge weights"}),
        frozenset({"w", "wt", "wgt", "score", "scores", "combined score", "edge score"}),
    ),
    "times": (
        frozenset({"time", "times", "timestamp", "timestamps", "time stamp", "edge time"}),
        frozenset({"ts", "t", "when", "datetime", "date", "unixtime", "unix time", "unixts"}),
        frozenset(
            {"epoch", "created", "created at", "creation date", "creation time", "start time"}
        ),
    ),
    "edge_types": (
        frozenset({"edge type", "edge types", "etype", "type", "types", "edge reltype"}),
        frozenset(
            {"relation", "relation id", "rel", "rel type", "reltype", "relationship", "predicate"}
            | {"predicate id", "property id", "kind", "label"}
        ),
    ),
}

#: Words of columns that tell edges apart and of attributes of nodes, which are no ends of edges.
_VALUE_WORDS = frozenset(
    word for names in _VALUES.values() for rank in names for name in rank for word in name.split()
) - {"edge", "id", "t", "w", "at"}
_ATTRIBUTE_WORDS = _VALUE_WORDS | {"lat", "lon", "lng", "latitude", "longitude", "port", "degree"}
_EDGE_IDS = frozenset({"id", "index", "edge", "eid", "key", "unnamed", "row", "osmid"})

#: Words of one side, and others with which they may be written together, as in ``fromnode``.
_SIDES = frozenset(
    word for rank in _FAMILIES for pair in rank for side in pair for word in side if len(word) > 1
)
_TOLD = _NODE_WORDS | COLUMN_WORDS | {"addr"}

_NEO4J = re.compile(r"\w*:(START_ID|END_ID|TYPE)(\(.*\))?\s*", re.IGNORECASE)
_NEO4J_WORDS: dict[str, Words] = {"start_id": ("source",), "end_id": ("target",), "type": ("type",)}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\W\d_]+")
_AUTOMATIC = re.compile(r"(?:v|x|f|c|col|column|field|var|unnamed)?\W*_?(\d+)", re.IGNORECASE)


def words_of(name: Hashable) -> Words:
    """Return the words of a name in lower case: of ``"protein1"``, ``("protein", "1")``."""
    text = str(name).strip().strip('"').lstrip("#").strip()
    neo4j = _NEO4J.fullmatch(text)
    if neo4j:
        return _NEO4J_WORDS[neo4j[1].lower()]
    text = text.partition(":")[0] if re.fullmatch(r"\w+:\w+", text) else text
    return tuple(part for word in _WORD.findall(text) for part in _parts(word.lower()))


def _parts(word: str) -> Words:
    """Return the words that one is written of, as ``from`` and ``node`` in ``fromnode``."""
    if word not in _SIDES and word not in COLUMN_WORDS:
        for i in range(2, len(word) - 1):
            one, two = word[:i], word[i:]
            if (one in _SIDES and two in _TOLD) or (one in _TOLD and two in _SIDES):
                return one, two
    return (word,)


def are_numbers(names: Sequence[Hashable]) -> bool:
    """Return whether names only number the columns, as where a file has no header."""
    if all(isinstance(name, int) for name in names):
        return list(names) == list(range(len(names)))
    found = [_AUTOMATIC.fullmatch(str(name)) for name in names]
    numbers = [int(match[1]) for match in found if match]
    first = numbers[0] if numbers else 0
    stems = {str(name).rstrip("0123456789") for name in names}
    return (
        len(numbers) == len(names) > 1
        and len(stems) == 1
        and first in (0, 1)
        and numbers == list(range(first, first + len(names)))
    )


def is_edge_id(name: Hashable) -> bool:
    """Return whether a name is one of what only tells edges or rows apart."""
    words = set(words_of(name))
    return words - {"level", "0"} <= _EDGE_IDS and words not in ({"level", "0"}, {"0"})


def is_row_number(name: Hashable) -> bool:
    """Return whether a name is one of what only numbers rows, as a stored index does."""
    return set(words_of(name)) <= {"index", "unnamed", "level", "row", "0"}


def pairs_of(names: Sequence[Hashable]) -> list[Pair]:
    """Return all pairs of columns whose names are ends of edges, the clearest first."""
    words = [words_of(name) for name in names]
    found: dict[tuple[int, int], Pair] = {}
    for pair in sorted([*_named_pairs(words), *_numbered_pairs(words)]):
        found.setdefault((pair.source, pair.target), pair)
    return list(found.values())


def are_certain_ends(names: Sequence[Hashable]) -> bool:
    """Return whether names are those of the ends of an edge, and hardly those of two nodes."""
    pairs = pairs_of(names)
    return bool(pairs) and all(_is_certain_end(names[i]) for i in pairs[0][1:])


def are_column_names(names: Sequence[str]) -> bool:
    """Return whether names consist of words of which names of columns often consist."""
    return all(_COLUMN_NAME.fullmatch(name) and _has_column_words(words_of(name)) for name in names)


def lone_ends(names: Sequence[Hashable], rank: int) -> list[int]:
    """Return the columns named as one end of edges in a clearer way than pairs of a rank are."""
    ends = _CLEAR_ENDS if rank else frozenset[str]()
    plain = [set(words_of(name)) - _NODE_WORDS for name in names]
    return [i for i, words in enumerate(plain) if len(words) == 1 and words <= ends]


def values_of(names: Sequence[Hashable], kind: ValueKind) -> list[list[int]]:
    """Return the columns named as weights, times or types, one list for each rank."""
    joined = [" ".join(words_of(name)) for name in names]
    return [[i for i, name in enumerate(joined) if name in rank] for rank in _VALUES[kind]]


def spellings_of(kind: ValueKind) -> list[str]:
    """Return the names of weights, times or types as attributes are written."""
    return ["_".join(name.split()) for rank in _VALUES[kind] for name in sorted(rank)]


def _is_certain_end(name: Hashable) -> bool:
    words = words_of(name)
    if not _COLUMN_NAME.fullmatch(str(name)) or not any(len(word) > 1 for word in words):
        return False
    return bool(_CLEAR_WORDS.intersection(words)) or _has_column_words(words)


def _has_column_words(words: Words) -> bool:
    """Return whether all words are those of columns, single letters and numbers not counted."""
    known = COLUMN_WORDS | _CLEAR_WORDS | _NODE_WORDS | _ATTRIBUTE_WORDS
    told = [word for word in words if len(word) > 1 and not word.isdecimal()]
    return bool(words) and all(word in known or word in _LETTERS for word in told or words)


def _named_pairs(words: Sequence[Words]) -> Iterator[Pair]:
    for rank, families in enumerate(_FAMILIES):
        for left, right in families:
            sources, targets = (list(_ends(words, side)) for side in (left, right))
            for (i, rest), (j, other) in product(sources, targets):
                if i != j and rest == other:
                    yield Pair(_rank(rank, rest), i, j)


def _ends(words: Sequence[Words], side: frozenset[str]) -> Iterator[tuple[int, Words]]:
    """Yield the columns that have one of the words, and what else their names say."""
    for i, name in enumerate(words):
        for word in (name[0], name[-1]) if len(name) > 1 else name:
            if word in side:
                rest = list(name)
                rest.remove(word)
                yield i, tuple(w for w in rest if w not in _NODE_WORDS)
                break


def _numbered_pairs(words: Sequence[Words]) -> Iterator[Pair]:
    places = {name: i for i, name in enumerate(words)}
    for name, i in places.items():
        for at, (one, two) in product(range(len(name)), _NUMBERED):
            stem = (*name[:at], *name[at + 1 :])
            if name[at] != one or not any(word.isalpha() for word in stem):
                continue
            other, *more = ((*name[:at], n, *name[at + 1 :]) for n in (two, *_NEXT[one]))
            if other in places and not any(third in places for third in more):
                clear = len(stem) == 1 and not set(stem) & _ATTRIBUTE_WORDS
                yield Pair(0 if clear else _rank(1, stem), i, places[other])


def _rank(rank: int, rest: Words) -> int:
    """Return the rank of a pair whose names say something more than which end is which."""
    if not rest:
        return rank
    return len(_FAMILIES) * (2 if set(rest) & _ATTRIBUTE_WORDS else 1) + rank
