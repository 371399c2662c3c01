"""Tables, as text and for notebooks with light and dark themes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from graphwalk.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Notebooks align the text of tables to the right. Only this is changed, in each cell, since
# notebooks that are not trusted lose their style sheets.
_STYLE = 'style="text-align: left"'


class Tabular:
    """What prints as a table of names and texts, and is shown as one in notebooks."""

    def table(self) -> list[tuple[str, str]]:
        """Return the names and texts."""
        raise NotImplementedError

    def __str__(self) -> str:
        lines = self.table()
        width = max(len(name) for name, _ in lines)
        return printable("\n".join(f"{name:<{width}}  {text}" for name, text in lines))

    def _repr_html_(self) -> str:
        return html_table(self.table())


def html_table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> str:
    """Return a table; each row is a name and one or more texts."""
    head = f"<thead><tr>{_cells('th', header)}</tr></thead>" if header else ""
    body = "".join(f"<tr>{_cells('th', row[:1])}{_cells('td', row[1:])}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _cells(tag: str, texts: Sequence[str]) -> str:
    return "".join(f"<{tag} {_STYLE}>{escape(text)}</{tag}>" for text in texts)


def array_with_table(array: str, plain: str, rows: Iterable[Sequence[str]]) -> str:
    """Return what Dask shows of an array, which is `plain` without Jinja, above a table."""
    return (f"<pre>{escape(array)}</pre>" if array == plain else array) + html_table(rows)
