"""What separates the fields of a text file, found from many of its lines.

A separator is one that gives every line the same number of fields. Where more than one does, and
fields do not tell them apart, the file is refused: the wrong one would make a wrong graph.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, argument, passing
from graphwalk.storage.edges.text.lines import Format, is_number, words

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Separators that are one character; in place of these, runs of blanks and tabs.
MARKS = "\t,;|"
BLANKS = " "

#: A separator of two characters, which counts only where no single one would do.
_COLONS = "::"

_NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "blanks"}
_SPELLED = {"\\t": "\t", "tab": "\t", "\\s+": " ", "\\s": " ", "space": " ", "comma": ","}
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_QUOTED = re.compile(r'(^|[\t,;| ])"[^"]*"($|[\t,;| ])')
_BRACKET = re.compile(r"[(\[{]")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


def find_format(lines: Sequence[str], suffix: str, sep: str | None, name: str) -> Format:
    """Return how a file is to be read.

    Parameters
    ----------
    lines : sequence of str
        Its first lines that are neither empty nor comments.
    suffix : str
        Which says the separator where several would do.
    sep : str or None
        What the caller says.
    name : str
        The file's name, for messages.

    Raises
    ------
    InputError
        When several separators fit.
    """
    free = suffix not in (".csv", ".tsv")
    quoted = not free or _are_quoted(lines)
    if sep is not None:
        form = Format(_checked(sep), free, quoted)
        if all(len(form.split(line)) == 1 for line in lines):
            raise InputError(
                f"{name}: {lines[0]!r:.80} has no {sep!r}, and no other line has; pass what "
                f"separates fields as {argument('sep')}, or leave it out"
            )
        return form
    found = Format(_find(lines, suffix, free, quoted, name), free, quoted)
    _check_brackets(lines, found, name)
    return found


def field_count(lines: Sequence[str], form: Format) -> int:
    """Return the number of fields that all lines have, 0 where they differ or have only one.

    The first may have one less, as where R writes the names of rows and none above them.
    """
    runs = form.runs
    if not runs and form.delimiter not in lines[-1]:
        return 0
    counts = [_count(line, form, runs) for line in lines if not runs or line.strip()]
    if not counts or any(count != counts[-1] for count in counts[1:]) or counts[-1] < 2:
        return 0
    headed = counts[0] == counts[-1] - 1 > 0 and not any(map(is_number, form.split(lines[0])))
    return counts[-1] if counts[0] == counts[-1] or headed else 0


def is_decimal_comma(field: str) -> bool:
    """Return whether a field is a number whose point is a comma."""
    return bool(_DECIMAL_COMMA.fullmatch(field))


def read_decimal_commas(mark: str, header: bool) -> str:
    """Return the call that reads numbers whose point is a comma."""
    sep = r"\s+" if mark == " " else mark
    above = "" if header else ", header=None"
    return f"pandas.read_csv(path, sep={sep!r}, decimal=','{above})"


def _count(line: str, form: Format, runs: bool) -> int:
    if form.quoted and '"' in line:
        return len(form.split(line))
    return len(words(line)) if runs else line.count(form.delimiter) + 1


def _find(lines: Sequence[str], suffix: str, free: bool, quoted: bool, name: str) -> str:
    usual = {".csv": ",", ".tsv": "\t"}.get(suffix, "")
    marks = [mark for mark in MARKS if field_count(lines, Format(mark, free, quoted))]
    blanks = field_count(lines, Format(BLANKS, free, quoted))
    if not marks:
        if not blanks and field_count(lines, Format(_COLONS, free, quoted)):
            return _COLONS
        there = [mark for mark in (*usual, *MARKS) if mark in lines[0]]
        return BLANKS if blanks or not there else there[0]
    if len(marks) > 1 and not (usual == "\t" and usual in marks):
        raise _unclear(lines, marks, name)
    mark = usual if usual in marks else marks[0]
    if blanks:
        _check_terminators(lines, mark, name)
        inner = _inner_words(lines[1:] or lines, Format(mark, free, quoted))
        numbers = [is_number(word) for word in inner]
        if mark == "\t" and numbers and all(numbers):
            return BLANKS  # tabs in some places and blanks in others separate numbers
        if any(numbers):
            raise _unclear(lines, [mark, BLANKS], name)
    return mark


def _check_terminators(lines: Sequence[str], mark: str, name: str) -> None:
    """Refuse a mark that ends lines, rather than separates their fields."""
    if mark != "\t" and all(line.rstrip().find(mark) == len(line.rstrip()) - 1 for line in lines):
        raise InputError(
            f"{name}: its lines end in {mark!r}, as in {lines[0]!r:.80}; remove that from them"
        )


def _inner_words(lines: Sequence[str], form: Format) -> list[str]:
    """Return the words of the fields that have blanks in them."""
    blanks = [blank for blank in " \t" if blank != form.delimiter]
    inner = (line for line in lines if '"' not in line and any(map(line.__contains__, blanks)))
    fields = (field.split() for line in inner for field in form.split(line))
    return [word for words in fields if len(words) > 1 for word in words]


def _are_quoted(lines: Sequence[str]) -> bool:
    return any(map(_QUOTED.search, lines)) and all(line.count('"') % 2 == 0 for line in lines)


def _check_brackets(lines: Sequence[str], form: Format, name: str) -> None:
    for line in filter(_BRACKET.search, lines):
        if '"' in line and form.quoted:
            continue
        for number, field in enumerate(form.split(line)):
            if field[:1] in _BRACKETS and _is_object(field):
                remedy = "write edges without brackets, one a line"
                if number > 1:  # the ends of the edge are before it
                    remedy = (
                        f"pass {argument('sep', form.delimiter)} and "
                        f"{argument('columns', (0, 1))} to read without it, or write its values "
                        "as columns"
                    )
                raise InputError(
                    f"{name}: {line!r:.80} holds what a program wrote of an object, {field!r:.40}; "
                    f"{remedy}"
                )


def _is_object(field: str) -> bool:
    """Whether a field is all or part of a tuple, list or dict, unlike ``(R)-limonene``."""
    closing = _BRACKETS[field[0]]
    return field.count(field[0]) != field.count(closing) or field.endswith(closing)


def _checked(sep: str) -> str:
    if not isinstance(sep, str) or not sep:
        raise _no_separator(sep)
    sep = _SPELLED.get(sep, sep)
    plain = sep if sep == " " else sep.strip(" ")  # blanks around fields do not count
    if not plain or set(plain) & set('\n\r"') or not plain.isascii():
        raise _no_separator(sep)
    return plain


def _no_separator(sep: object) -> InputError:
    return InputError(
        f"{argument('sep', sep)} is no separator; it is one ASCII character or several, such as "
        f"{argument('sep', ';')}, or {argument('sep', ' ')} for any run of blanks and tabs"
    )


def _unclear(lines: Sequence[str], marks: Sequence[str], name: str) -> InputError:
    ways = " or ".join(_NAMES[mark] for mark in marks)
    calls = " or ".join(argument("sep", mark) for mark in marks)
    hint = ""
    if "," in marks:
        others = [mark for mark in marks if mark != ","]
        hint = next(filter(None, (_decimal_commas(lines, mark) for mark in others)), "")
    return InputError(
        f"{name}: {ways} may separate its fields, as in {lines[-1]!r:.80}; pass {calls}{hint}"
    )


def _decimal_commas(lines: Sequence[str], mark: str) -> str:
    """Return how to read a file if all fields with commas are numbers; otherwise nothing."""
    rows = [line.split(None if mark == " " else mark) for line in lines]
    with_commas = [field.strip() for row in rows for field in row if "," in field]
    ids = [field for field in rows[-1] if "," not in field]
    if len(ids) < 2 or not all(map(is_decimal_comma, with_commas)):
        return ""
    call = read_decimal_commas(mark, header="," not in lines[0])
    return f", or, if its commas are decimal, {passing(call)}"
