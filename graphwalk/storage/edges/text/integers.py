"""Which texts are read as integers: those that are written in one way, so that nothing is lost."""

from __future__ import annotations

import re

#: As Arrow and Python understand it.
PLAIN_INTEGER = r"^-?(0|[1-9][0-9]*)$"

_PLAIN = re.compile(PLAIN_INTEGER)


def is_plain(text: str) -> bool:
    """Return whether a text is an integer, whatever its size."""
    return bool(_PLAIN.match(text))


def read_as_names(place: str, text: str) -> str:
    """Return what is said where ids are names since one of them, at a place, is no integer."""
    why = "no integer"
    if re.fullmatch(r"-?0[0-9]+", text):
        why = "an integer with zeros in front"
    elif is_plain(text):
        why = "an integer beyond 64 bits"
    return (
        f"{place}: {text!r} is {why}, so all ids are read as names, and not as numbers; remove the "
        "line if it is no edge"
    )
