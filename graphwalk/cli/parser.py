"""The parser of the command ``graphwalk``."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from typing import Any

from graphwalk._version import __version__
from graphwalk.cli.analyses import ANALYTICS

#: Each is described, takes arguments and runs in the module of its name, or in its entry there.
COMMANDS = (
    *("build", "update", "transpose", "reorder", "info", "validate"),
    *("plan", "draw-start-edges", "walk", "embed"),
    *ANALYTICS,
    *("ppr", "slurm", "with-ray"),
)

_EXAMPLES = """\
examples:
  graphwalk build edges.csv graph.zarr
  graphwalk update graph.zarr newer.zarr --add new.csv
  graphwalk info graph.zarr
  graphwalk validate graph.zarr
  graphwalk plan graph.zarr --num-walks 10 --walk-length 80 --memory 16GiB
  graphwalk walk graph.zarr walks.txt --num-walks 10 --walk-length 80 --p 1 --q 0.5
  graphwalk embed graph.zarr vectors.parquet --p 1 --q 0.5 --dimensions 128
  graphwalk components graph.zarr components.parquet
  graphwalk pagerank graph.zarr ranks.csv
  graphwalk slurm graph.zarr walks.parquet --num-walks 10 --walk-length 80 --partition long
"""


def make_parser() -> ArgumentParser:
    """Return the parser; the command's name is ``command`` in what it parses."""
    parser = ArgumentParser(
        prog="graphwalk",
        description="Random walks and analytics on graphs of any size.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"graphwalk {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = command_module(name)
        module.add_arguments(
            commands.add_parser(
                name,
                help=module.HELP,
                description=f"{module.HELP[0].upper()}{module.HELP[1:]}.",
                formatter_class=RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return parser


def command_module(name: str) -> Any:
    """Return the module of a command; it imports what is large only when it runs."""
    if name in ANALYTICS:
        return ANALYTICS[name]
    return import_module(f"graphwalk.cli.{name.replace('-', '_')}")
