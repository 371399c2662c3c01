"""Plots of plans and of runs, drawn by Matplotlib."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from graphwalk.util.optional_imports import import_optional

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from graphwalk.scheduler.engine.walk_plan import WalkPlan
    from graphwalk.util.events import Event

_MIB = 1 << 20

#: More bars than this are drawn as pixels, since browsers are slow to show many shapes.
_MANY = 5000

#: The colour of each kind of work, the same in all pictures.
_COLORS = {
    "read": "#4477aa",
    "advance": "#228833",
    "walk": "#228833",
    "fetch": "#ccbb44",
    "start": "#66ccee",
    "join": "#aa3377",
    "write": "#ee6677",
    "other": "#bbbbbb",
}


def matplotlib(module: str) -> Any:
    """Import a module of matplotlib.

    Raises
    ------
    InputError
        When matplotlib is not installed.
    """
    return import_optional(f"matplotlib.{module}", "pictures need")


def axes_or_new(ax: Any) -> Any:
    """Return the given axes, or those of a new figure, which notebooks show by themselves."""
    return matplotlib("pyplot").subplots(layout="constrained")[1] if ax is None else ax


def new_figure(width: float, height: float, panels: int) -> tuple[Any, Any]:
    """Return a figure and its panels, side by side; raises the errors of `matplotlib`."""
    figure = matplotlib("figure").Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def plot_plan(plan: WalkPlan, filename: str | os.PathLike[str] | None = None) -> Any:
    """Draw the partitions of a plan, its memory, and the order of its work.

    Parameters
    ----------
    plan : WalkPlan
        What `plan_walks` returned, or ``walks.plan``.
    filename : path, optional
        A file for the picture too; the suffix chooses its format.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; notebooks show it.

    Raises
    ------
    InputError
        When matplotlib is not installed.

    Examples
    --------
    >>> import graphwalk
    >>> store = graphwalk.build_zarr([(0, 1), (1, 2), (2, 0)])
    >>> figure = graphwalk.plot_plan(graphwalk.plan_walks(store, walk_length=5))
    >>> [axes.get_title() for axes in figure.axes][0]
    'Partitions'
    """
    figure, (sizes, memory, order) = new_figure(13, 3.6, 3)
    _plot_sizes(sizes, plan)
    _plot_memory(memory, plan)
    _plot_order(order, plan)
    if filename is not None:
        figure.savefig(filename)
    return figure


def _plot_sizes(axes: Any, plan: WalkPlan) -> None:
    entries = [stop - start for start, stop in pairwise(plan.offsets)]
    scale = plan.graph_bytes / max(1, sum(entries)) / _MIB
    axes.bar(range(len(entries)), [count * scale for count in entries], color=_COLORS["read"])
    axes.set(xlabel="partition", ylabel="MiB", title="Partitions")


def _plot_memory(axes: Any, plan: WalkPlan) -> None:
    held = (
        plan.copies * plan.graph_bytes
        if plan.resident
        else (1 + plan.ahead) * plan.largest_partition
    )
    graph = min(plan.peak_memory, held)
    parts = {"read": ("graph", graph), "advance": ("walkers and steps", plan.peak_memory - graph)}
    bottom = 0.0
    for kind, (name, size) in parts.items():
        axes.bar(["peak"], [size / _MIB], bottom=bottom, color=_COLORS[kind], label=name)
        bottom += size / _MIB
    axes.axhline(plan.resources.memory / _MIB, color="black", linestyle="--", label="budget")
    axes.set(ylabel="MiB", title="Memory", xlim=(-1, 1))
    axes.legend(loc="best", fontsize="small")


def _plot_order(axes: Any, plan: WalkPlan) -> None:
    """Draw each batch as a bar whose length is its number of waves."""
    waves = max(1, plan.waves)
    for number, groups in enumerate(plan.batch_groups):
        start = number * waves
        axes.barh(range(groups), [waves] * groups, left=start, color=_COLORS["advance"], height=0.8)
        axes.axvline(start + waves, color="white")
    unit = "waves" if plan.waves else "partition, once"
    groups = max(plan.batch_groups, default=1)
    axes.set(xlabel=unit, ylabel="group of walkers", title="Batches", ylim=(groups - 0.5, -0.5))
    axes.yaxis.get_major_locator().set_params(integer=True)


def run_figures(events: Sequence[Event], tasks: Sequence[Event]) -> list[tuple[str, Any]]:
    """Return the titles and the pictures of a run.

    Parameters
    ----------
    events : sequence of Event
        All events of the run.
    tasks : sequence of Event
        The events of tasks, with their workers and times.
    """
    figures = []
    if tasks:
        figures.append(("What each worker did", _workers(tasks)))
        figures.append(("Time by kind of work", _kinds(tasks)))
    travels = [event for event in events if event.kind in ("read", "advance", "fetch")]
    if any(event.wave for event in travels):
        figures.append(("Wave by wave", _waves(travels)))
    if len({event.partition for event in travels}) > 1:
        figures.append(("Partition by partition", _partitions(travels)))
    return figures


def _workers(tasks: Sequence[Event]) -> Any:
    lanes = {worker: lane for lane, worker in enumerate(sorted({task.worker for task in tasks}))}
    figure, (axes,) = new_figure(13, 1.5 + 0.3 * len(lanes), 1)
    start = min(task.started for task in tasks)
    for kind, some in _by(tasks, "kind").items():
        color = _COLORS.get(kind, _COLORS["other"])
        axes.plot([], [], color=color, linewidth=6, label=kind)
        for worker, theirs in _by(some, "worker").items():
            spans = [(task.started - start, task.seconds) for task in theirs]
            place = (lanes[worker] - 0.4, 0.8)
            axes.broken_barh(spans, place, facecolors=color, rasterized=len(tasks) > _MANY)
    axes.set(xlabel="seconds", ylabel="worker", yticks=range(len(lanes)))
    figure.legend(loc="outside right upper", fontsize="small")
    return figure


def _kinds(tasks: Sequence[Event]) -> Any:
    times = {kind: sum(task.seconds for task in some) for kind, some in _by(tasks, "kind").items()}
    figure, (axes,) = new_figure(13, 1 + 0.3 * len(times), 1)
    colors = [_COLORS.get(kind, _COLORS["other"]) for kind in times]
    axes.barh(list(times), list(times.values()), color=colors)
    axes.set(xlabel="seconds of all workers")
    return figure


def _waves(events: Sequence[Event]) -> Any:
    figure, (left, steps, size) = new_figure(13, 3, 3)
    waves = _by(events, "wave")
    numbers = sorted(waves)
    ended = [sum(event.ended for event in waves[number]) for number in numbers]
    walking = [sum(ended[index:]) for index in range(len(ended))]
    left.step(numbers, walking, where="mid", color=_COLORS["fetch"])
    left.set(xlabel="wave", title="Walkers under way", ylim=(0, None))
    for axes, name, scale, title in (
        (steps, "steps", 1e6, "Steps, millions"),
        (size, "size", _MIB, "Read, MiB"),
    ):
        totals = [sum(getattr(e, name) for e in waves[number]) / scale for number in numbers]
        axes.bar(numbers, totals, color=_COLORS["advance" if name == "steps" else "read"])
        axes.set(xlabel="wave", title=title)
    return figure


def _partitions(events: Sequence[Event]) -> Any:
    figure, panels = new_figure(13, 3, 3)
    parts = _by(events, "partition")
    numbers = sorted(parts)
    for axes, name, scale, title in zip(
        panels,
        ("steps", "seconds", "size"),
        (1e6, 1, _MIB),
        ("Steps, millions", "Seconds of all workers", "Read, MiB"),
        strict=True,
    ):
        totals = [sum(getattr(e, name) for e in parts[number]) / scale for number in numbers]
        axes.bar(numbers, totals, color=_COLORS["advance" if name != "size" else "read"])
        axes.set(xlabel="partition", title=title)
    return figure


def _by(events: Iterable[Event], name: str) -> dict[Any, list[Event]]:
    groups: dict[Any, list[Event]] = defaultdict(list)
    for event in events:
        groups[getattr(event, name)].append(event)
    return groups
