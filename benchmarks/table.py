"""Tables of figures, and the machine that they are measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """A figure, the figure that it is compared with, their ratio, and the aim for it."""

    what: str
    figure: str
    against: str
    ratio: float
    aim: str


def print_table(title: str, rows: list[Row]) -> None:
    """Print the rows as a Markdown table."""
    print("\n" + format_table(title, rows), end="", flush=True)


def format_table(title: str, rows: list[Row]) -> str:
    """Return the rows as a Markdown table below their title."""
    lines = [title, ""]
    cells = [("", "figure", "against", "ratio", "aim")]
    cells += [(r.what, r.figure, r.against, f"{r.ratio:.2f}", r.aim) for r in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(5)]
    for number, row in enumerate(cells):
        lines.append("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |")
        if number == 0:
            lines.append("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Return a description of the machine and the interpreter."""
    cores = len(os.sched_getaffinity(0))
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "CPU")
    return f"Python {platform.python_version()}, {cores} cores of {model}, {platform.system()}"
