"""Lines of text files that may mean something else than edges: refused, or warned of.

Each message quotes the line, and says what to pass or to change.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument, passing
from graphwalk.storage.edges.column_names import are_certain_ends
from graphwalk.storage.edges.text.integers import is_plain, read_as_names
from graphwalk.storage.edges.text.metis import is_metis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphwalk.storage.edges.file import File
    from graphwalk.storage.edges.text.lines import Format, Line

    Fields = Sequence[str]

_INTEGER = re.compile(r"-?\d{1,18}")
_BIPARTITE = re.compile(r"%\s*bip\b")
_HASHTAG = re.compile(r"[#%][^\W\d_]")

_BORDER = re.compile(r"[-=+:|]{3,}")
_TIME = re.compile(r"\d\d?:\d\d(:\d\d.*)?")
_TYPES = frozenset(
    {"int", "integer", "long", "float", "double", "number", "string", "str", "text", "char"}
)

_EXCEL = re.compile(r'"?sep=.?"?[,;\t]*', re.IGNORECASE)


def check_kind(
    file: File,
    lines: Sequence[Line],
    fields: Sequence[Fields],
    comments: Sequence[Line],
    whole: bool,
    chosen: bool,
) -> None:
    """Refuse lists of neighbours, which would be read as other edges.

    `whole` says whether these are all lines, and `chosen` whether the caller says what they are.

    Raises
    ------
    InputError
        Where the lines are those of another kind of file.
    """
    if len(fields[0]) == 1 and len(fields) > 1 and len(fields[1]) > 1:
        raise one_field(file, lines[0])
    what = ""
    if _EXCEL.fullmatch(lines[0].text):
        what = "as Excel writes what separates fields; remove this line"
    elif len(fields[0]) > 1 and all(line[0].endswith(":") for line in fields):
        what = "as a list of neighbours, which networkx.read_adjlist reads without the colons"
    elif not chosen and is_metis(lines, fields, comments, whole):
        what = (
            "as that of METIS does, which networkit.readGraph reads; if these are edges, pass "
            f"{argument('columns', (0, 1))}"
        )
    elif any(comment.text == "#" and comment.position > lines[0].position for comment in comments):
        what = "in which '#' alone parts nodes from edges (TGF); keep the lines below it only"
    elif _is_lgl(lines, comments):
        what = "as one of LGL, which igraph.Graph.Read_Lgl reads"
    elif any(_BORDER.fullmatch("".join(line)) for line in fields[:3]):
        what = "as that of a table that was printed; remove its borders, which are made of dashes"
    if what:
        raise InputError(
            f"{file.name}, line {lines[0].number}: {lines[0].text!r:.80} begins the file {what}"
        )


def one_field(file: File, line: Line) -> InputError:
    """Return the error for a first line that is no edge."""
    hint = ""
    if _INTEGER.fullmatch(line.text.strip()):
        hint = ", and remove a first line that has the number of nodes"
    return InputError(
        f"{file.name}, line {line.number}: {line.text!r:.80} has one field only; write edges with "
        f"two, separated by a tab, a comma, a semicolon, a bar or blanks{hint}; or pass "
        f"{argument('sep')} with what separates them"
    )


def check_repeated(file: File, lines: Sequence[Line], fields: Sequence[Fields]) -> None:
    """Refuse a header that comes again, as where files were joined."""
    for line, others in zip(lines[1:], fields[1:], strict=True):
        if others == fields[0]:
            raise InputError(
                f"{file.name}, line {line.number}: {line.text!r:.80} is the header again, as where "
                f"files were joined; remove it, or pass {argument('header', False)} if it is an "
                "edge"
            )


def check_times(file: File, line: Line, fields: Fields, column: int) -> None:
    """Refuse dates of which a blank separates the time of day, since that would be lost."""
    if _TIME.fullmatch("".join(fields[column + 1 : column + 2])):
        raise InputError(
            f"{file.name}, line {line.number}: {line.text!r:.80} has a blank in its time; write "
            "times as 2020-01-31T23:59:00, or separate fields by tabs"
        )


def warn_types(file: File, lines: Sequence[Line], body: Sequence[Fields]) -> None:
    """Quote a line below the header that may name the types of its columns."""
    if _TYPES.issuperset(map(str.lower, body[0])) and not any(map(is_plain, body[-1][:2])):
        _warn(
            f"{file.name}, line {lines[1].number}: {lines[1].text!r:.80} is read as an edge, and "
            "may name the types of the columns; if so, remove it"
        )


def may_be_sizes(lines: Sequence[Fields], whole: bool) -> bool:
    """Whether the first of all lines of integers may be the numbers of nodes and of edges."""
    first, *body = lines
    ids = [node for fields in body for node in fields[:2]]
    if len(body) < 2 or not all(map(_INTEGER.fullmatch, [*first, *ids])):
        return False
    if len(first) == 3 and first[0] == first[1]:  # a matrix: rows, columns, entries
        first = [first[0], first[2]]
    highest = max(map(int, ids))
    if len(first) != 2 or int(first[0]) < highest:
        return False
    return int(first[1]) == len(body) if whole else int(first[1]) > max(highest, len(body))


def warn_sizes(file: File, line: Line) -> None:
    """Say that the first line may be the numbers of nodes and of edges."""
    _warn(
        f"{file.name}, line {line.number}: {line.text!r} is read as an edge, and may be the "
        "numbers of nodes and of edges; if so, remove it or begin it with '#', or else pass "
        f"{argument('header', False)}"
    )


def warn_first_line(file: File, line: Line, header: bool) -> None:
    """Say what the first line was taken for."""
    taken, other = ("a header", False) if header else ("an edge", True)
    _warn(
        f"{file.name}, line {line.number}: {line.text!r:.80} was taken for {taken}, which nothing "
        f"in it proves; pass {argument('header', header)} to confirm that, or "
        f"{argument('header', other)} if it is "
        f"{'an edge' if header else 'a header'}"
    )


def warn_mixed(
    file: File, lines: Sequence[Line], body: Sequence[Fields], columns: Sequence[int]
) -> None:
    """Quote the first name of a column that has integers for the most part.

    Where the first edge has integers, the names are found when its block is read.
    """
    if all(is_plain(text) for column in columns for text in body[0][column : column + 1]):
        return
    for column in columns:
        ids = [fields[column] if column < len(fields) else "" for fields in body]
        odd = [i for i, text in enumerate(ids) if text and not is_plain(text)]
        if 0 < len(odd) <= len(ids) / 2:
            place = f"{file.name}, line {lines[odd[0]].number}"
            _warn(read_as_names(place, ids[odd[0]]))
            return


def warn_all_comments(file: File, comments: Sequence[Line]) -> None:
    """Quote the first line of a file that has only comments, if it may be an edge."""
    tags = [comment for comment in comments if _HASHTAG.match(comment.text)]
    if tags and len(tags) == len(comments):
        _warn(_hidden(file, tags[0]))


def _hidden(file: File, comment: Line) -> str:
    return (
        f"{file.name}, line {comment.number}: {comment.text!r:.80} is a comment, since it begins "
        f"with {comment.text[0]!r}; if it is an edge, put its names in quotation marks, or "
        + passing("pandas.read_csv(path, ...)")
    )


def warn_comments(
    file: File, comments: Sequence[Line], form: Format, fields: Sequence[Fields]
) -> None:
    """Quote the first comment that may be an edge between names that begin with a mark."""
    names = not all(map(is_plain, fields[0][:2]))
    for comment in comments:
        words = form.split(comment.text)
        alike = names and _HASHTAG.match(comment.text) and len(words) == len(fields[0])
        if alike and not are_certain_ends(words):
            _warn(_hidden(file, comment))
            return
        if _BIPARTITE.match(comment.text):
            _warn(
                f"{file.name}, line {comment.number}: {comment.text!r:.80} says that sources and "
                "targets are numbered apart; where both are nodes of one number, they are read as "
                "one node"
            )
            return


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=2)


def _is_lgl(lines: Sequence[Line], comments: Sequence[Line]) -> bool:
    """Whether each comment has one word, the node whose neighbours are below it."""
    if len(comments) < 2 or comments[0].position or comments[-1].position < lines[0].position:
        return False
    return all(re.fullmatch(r"#\s+\S+", comment.text) for comment in comments)
