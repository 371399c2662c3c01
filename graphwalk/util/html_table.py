"""Tables for notebooks, which look alike in light and in dark ones."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Notebooks put text of tables to the right. Nothing but that is said of the looks, and on each
# cell, for they take style sheets away from notebooks that are not trusted.
_STYLE = 'style="text-align: left"'


def html_table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> str:
    """Return a table, each of whose rows is a name and one text or more."""
    head = f"<thead><tr>{_cells('th', header)}</tr></thead>" if header else ""
    body = "".join(f"<tr>{_cells('th', row[:1])}{_cells('td', row[1:])}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _cells(tag: str, texts: Sequence[str]) -> str:
    return "".join(f"<{tag} {_STYLE}>{escape(text)}</{tag}>" for text in texts)
