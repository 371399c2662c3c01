"""Files of METIS: sizes on the first line, and a line of neighbours for each node from 1 on."""

from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphwalk.storage.edges.text.lines import Line


def is_metis(
    lines: Sequence[Line], fields: Sequence[Sequence[str]], comments: Sequence[Line], whole: bool
) -> bool:
    """Whether rows of neighbours list each edge twice, as far as the lines show.

    Without `whole`, the lines are only the first ones of the file. Those of nodes without
    neighbours are empty, so that lines count by their numbers.
    """
    sizes = fields[0]
    if not 2 <= len(sizes) <= 4 or not all(map(_is_integer, (n for line in fields for n in line))):
        return False
    num_nodes, num_edges = map(int, sizes[:2])
    kinds = "".join(sizes[2:3]).zfill(3)  # sizes of nodes, weights of nodes, weights of edges
    if len(kinds) > 3 or set(kinds) - {"0", "1"}:
        return False
    skipped = int(kinds[0]) + (int(sizes[3]) if len(sizes) > 3 else int(kinds[1]))
    numbers = [comment.number for comment in comments]
    entries = set()
    row = 0
    for line, words in zip(lines[1:], fields[1:], strict=True):
        between = bisect(numbers, line.number) - bisect(numbers, lines[0].number)
        row = line.number - lines[0].number - between
        entries |= {(row, int(n)) for n in words[skipped :: 1 + int(kinds[2])]}
    if row > num_nodes or not all(0 < n <= num_nodes and n != i for i, n in entries):
        return False
    if whole and len(entries) != 2 * num_edges:
        return False
    seen = {(i, n) for i, n in entries if n <= row or whole}
    return len(seen) > 1 and seen == {(n, i) for i, n in seen}


def _is_integer(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19
