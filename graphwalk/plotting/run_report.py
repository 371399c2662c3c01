"""A report of a run: one HTML file, with pictures."""

from __future__ import annotations

import html
import io
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dask

from graphwalk.plotting.plans_and_runs import new_figure, run_figures
from graphwalk.scheduler.executors.remote_executor import remote_executor_of
from graphwalk.storage.files.locations import locate
from graphwalk.storage.files.publish import write_file
from graphwalk.units import format_size
from graphwalk.util.events import Event, listening

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

_STYLE = """
body { font-family: sans-serif; max-width: 80em; margin: 2em auto; padding: 0 1em }
th, td { text-align: left; padding: 0.2em 1em 0.2em 0; font-variant-numeric: tabular-nums }
svg { max-width: 100%; height: auto }
"""


@contextmanager
def performance_report(
    filename: str | os.PathLike[str] = "graphwalk-report.html",
) -> Iterator[None]:
    """Write a report of all walks that are computed in the ``with`` block.

    It shows the work of each worker over time, time by kind of work, walkers, steps and bytes by
    wave, and how evenly work and reading are distributed over partitions. It is written when the
    block ends, also after an error.

    Parameters
    ----------
    filename : path
        The HTML file to write; an existing file is replaced.

    Raises
    ------
    InputError
        When matplotlib is not installed.
    StoreError
        When the file cannot be written.

    Examples
    --------
    >>> import graphwalk
    >>> graph = graphwalk.build_zarr([(0, 1), (1, 2)])
    >>> walks = graphwalk.random_walks(graph, num_walks=2, walk_length=3, seed=1)
    >>> with graphwalk.performance_report("report.html"):
    ...     result = walks.compute()
    """
    new_figure(1, 1, 1)  # raises before any walks are computed if matplotlib is missing
    path = locate(filename)
    events: list[Event] = []
    start = time.time()
    try:
        with listening(events.append):
            yield
    finally:
        seconds = time.time() - start
        page = _page(events, _tasks(events, start), seconds)
        write_file(path, page.encode(), overwrite=True)


def _tasks(events: list[Event], start: float) -> list[Event]:
    """Return what ran where: what workers have noted, if they are other processes."""
    executor = remote_executor_of(dask.config.get("scheduler", None))
    return executor.tasks_since(start) if executor else events


def _page(events: Sequence[Event], tasks: Sequence[Event], seconds: float) -> str:
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
        for name, value in _summary(events, seconds)
    )
    figures = "".join(
        f"<h2>{html.escape(title)}</h2>{_svg(figure)}"
        for title, figure in run_figures(events, tasks)
    )
    return (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Walks</title>"
        f"<style>{_STYLE}</style></head><body><h1>Walks</h1><table>{rows}</table>{figures}"
        "</body></html>\n"
    )


def _summary(events: Sequence[Event], seconds: float) -> list[tuple[str, str]]:
    steps = sum(event.steps for event in events)
    read = sum(event.size for event in events if event.kind == "read")
    written = sum(event.size for event in events if event.kind == "write")
    lines = [
        ("time", f"{seconds:,.1f} s"),
        ("steps", f"{steps:,}, {steps / max(seconds, 1e-9) / 1e6:,.1f} M steps/s"),
        ("read", f"{format_size(read)}, {read / max(1, steps):,.1f} bytes a step"),
    ]
    waves = max((event.wave for event in events), default=0)
    if waves:
        lines.append(("waves", f"{waves + 1:,}"))
        partitions = len({event.partition for event in events if event.walkers})
        lines.append(("partitions", f"{partitions:,} that walkers visited"))
    if written:
        lines.append(("written", format_size(written)))
    return lines


def _svg(figure: Any) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
