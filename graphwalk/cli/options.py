"""Options of the command line that are parameters in Python, and how they are written."""

from __future__ import annotations

import shlex
from argparse import SUPPRESS
from typing import TYPE_CHECKING, Any

from graphwalk.errors import Interface
from graphwalk.util.parameters import FLAG, Kind, Parameter, one_of, whole

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

#: What is written otherwise than in Python; underscores become dashes in any case.
_NAMES = {"num_workers": "workers", "return_edges": "edges"}
_FALSE = {
    "weighted": "--unweighted",
    "weight": "--unweighted",
    "labels": "--labels=none",
    "header": "--no-header",
    "normalized": "--unnormalized",
    "compressed": "--uncompressed",
    "relabel": "--no-relabel",
}
_SEPARATORS = {"share": "/"}

#: Parameters of `graphwalk.scheduler.use`.
SCHEDULER = [
    Parameter(
        "scheduler",
        "threads",
        one_of("threads", "ray", "distributed"),
        "what runs the tasks; distributed is Dask's",
    ),
    Parameter(
        "address",
        None,
        Kind("an address", "URL"),
        "address of a running cluster of Ray or Dask; by default one starts on this machine",
    ),
    Parameter(
        "num_workers",
        None,
        whole(1),
        "number of tasks that run at the same time; by default one for each core",
    ),
]


def option(name: str, *value: Any) -> str:
    """Return the option of a parameter, and perhaps its value, such as ``--stop-prob=0.5``."""
    flag = f"--{_NAMES.get(name, name).replace('_', '-')}"
    if not value or value[0] is True:
        return flag
    if value[0] is False or (name == "weight" and value[0] is None):
        return _FALSE.get(name, f"no {flag}")
    items = value[0] if isinstance(value[0], list | tuple) else value
    return f"{flag}={_SEPARATORS.get(name, ',').join(map(_text, items))}"


def _text(item: Any) -> str:
    return "" if item is None else str(item)


def quoted_option(name: str, *value: Any) -> str:
    """Return an option as a shell takes it."""
    flag, equals, text = option(name, *value).partition("=")
    return f"{flag}={shlex.quote(text)}" if equals else flag


def _command(name: str) -> str:
    """Return the command that does what a public function does, or the function itself."""
    commands = {
        "build_zarr": "graphwalk build",
        "random_walks": "graphwalk walk",
        "draw_start_edges": "graphwalk draw-start-edges",
        "write_walks": "graphwalk walk",
        "embed": "graphwalk embed",
        "connected_components": "graphwalk components",
        "pagerank": "graphwalk pagerank",
        "personalized_pagerank": "graphwalk ppr",
        "visit_counts": "graphwalk visits",
        "bfs": "graphwalk bfs",
        "shortest_paths": "graphwalk shortest-paths",
        "Graph.transpose": "graphwalk transpose",
        "Graph.update": "graphwalk update",
        "Graph.reorder": "graphwalk reorder",
    }
    return commands.get(name, f"graphwalk.{name} in Python")


COMMAND_LINE = Interface(
    quoted_option, _command, "in Python, pass {} to graphwalk.build_zarr".format
)


def add_options(
    parser: ArgumentParser, parameters: Iterable[Parameter], title: str | None = None
) -> None:
    """Add an option for each parameter; defaults are left to the function that is called."""
    group = parser.add_argument_group(title, argument_default=SUPPRESS) if title else parser
    for parameter in parameters:
        if parameter.kind is FLAG:
            _add_flag(group, parameter)
            continue
        kind, default = parameter.kind, parameter.default
        text = parameter.help if default is None else f"{parameter.help} (default: {default})"
        group.add_argument(
            option(parameter.name),
            dest=parameter.name,
            metavar=kind.metavar,
            type=kind.parse,
            choices=kind.choices or None,
            default=SUPPRESS,
            help=text.replace("%", "%%"),
        )


def _add_flag(group: Any, parameter: Parameter) -> None:
    either = group.add_mutually_exclusive_group().add_argument
    name = parameter.name
    if parameter.help:
        how: Any = {"dest": name, "action": "store_true", "default": SUPPRESS}
        either(option(name), **how, help=parameter.help)
    if parameter.off:
        off, text = parameter.off
        either(f"--{off}", dest=name, action="store_false", default=SUPPRESS, help=text)


def given_options(args: Namespace, parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Return the options that were given, as arguments of the function that has the parameters."""
    names = (parameter.name for parameter in parameters)
    return {name: getattr(args, name) for name in names if name in args}


def add_output_options(parser: ArgumentParser) -> None:
    """Add what each command has that writes something."""
    add = parser.add_argument
    add("--overwrite", action="store_true", help="replace what an earlier run has written")
    add("--quiet", action="store_true", help="print nothing but errors")
