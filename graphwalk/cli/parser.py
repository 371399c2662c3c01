"""The arguments of the command ``graphwalk``."""

from __future__ import annotations

from argparse import (
    REMAINDER,
    ArgumentDefaultsHelpFormatter,
    ArgumentParser,
    ArgumentTypeError,
    RawDescriptionHelpFormatter,
)
from typing import TYPE_CHECKING, Any

from graphwalk._version import __version__

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_EXAMPLES = """\
examples:
  graphwalk build edges.csv graph.zarr
  graphwalk info graph.zarr
  graphwalk validate graph.zarr
  graphwalk walk graph.zarr walks.txt --num-walks 10 --walk-length 80 --p 1 --q 0.5
  graphwalk embed graph.zarr vectors.parquet --p 1 --q 0.5 --dimensions 128
  graphwalk slurm graph.zarr walks.parquet --num-walks 10 --walk-length 80 --partition long
"""


class _Help(ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter):
    """Shows defaults where there are any to be told."""

    def _get_help_string(self, action: Any) -> str | None:
        if action.default is None or action.default is False:
            return str(action.help)
        return super()._get_help_string(action)


def make_parser() -> ArgumentParser:
    """Return the parser; the command's name is ``command`` in what it parses."""
    parser = ArgumentParser(
        prog="graphwalk",
        description="Random walks on graphs of any size.",
        epilog=_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"graphwalk {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_build(commands)
    _add_info(commands)
    _add_validate(commands)
    _add_walk(commands)
    _add_embed(commands)
    _add_slurm(commands)
    _add_with_ray(commands)
    return parser


def _add_command(commands: _SubParsersAction[Any], name: str, help_: str) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=f"{help_[0].upper()}{help_[1:]}.",
        formatter_class=_Help,
        allow_abbrev=False,
    )
    return parser


def _add_build(commands: _SubParsersAction[Any]) -> None:
    parser = _add_command(commands, "build", "build a store from a file of edges")
    add = parser.add_argument
    add("edges", metavar="EDGES", help="file, folder, pattern or URL: Parquet, text, npy, npz")
    add("store", metavar="STORE", help="path or URL of the store to make, such as graph.zarr")
    add("--directed", action="store_true", help="edges lead one way only, from source to target")
    add(
        "--columns",
        metavar="SRC,DST[,WEIGHT|TIME|TYPE]",
        type=_comma_separated,
        help="columns to use, by name, or by number from 0 where a file has no header",
    )
    third = parser.add_mutually_exclusive_group().add_argument
    third("--times", action="store_true", help="the third column is the time of each edge")
    third("--edge-types", action="store_true", help="it is the type of each edge, from 0 to 254")
    add(
        "--duplicates",
        choices=("merge", "keep", "error"),
        default="merge",
        help="what becomes of parallel edges; merged ones add up their weights",
    )
    add(
        "--self-loops",
        choices=("keep", "drop"),
        default="keep",
        help="what becomes of edges from a node to itself",
    )
    add("--num-nodes", metavar="N", type=int, help="number of nodes; ids are then 0 to N - 1")
    add("--memory", metavar="SIZE", default="4 GiB", help="memory that the build may use")
    add("--uncompressed", action="store_true", help="leave the arrays uncompressed")
    _add_output_options(parser)


def _add_info(commands: _SubParsersAction[Any]) -> None:
    parser = _add_command(commands, "info", "show what a store holds")
    parser.add_argument("store", metavar="STORE", help="path or URL of a store")
    parser.add_argument("--json", action="store_true", help="print it as one JSON object")


def _add_validate(commands: _SubParsersAction[Any]) -> None:
    parser = _add_command(commands, "validate", "read a whole store and check what it holds")
    parser.add_argument("store", metavar="STORE", help="path or URL of a store")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _add_walk(commands: _SubParsersAction[Any]) -> None:
    parser = _add_command(commands, "walk", "walk a graph at random and write the walks")
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store")
    add(
        "output",
        metavar="OUTPUT",
        help="where to write: .txt, .txt.gz or .parquet for walks by the nodes' labels, "
        ".zarr or .npy for an array of node ids",
    )
    _add_walk_options(parser)
    _add_scheduler_options(parser)
    _add_output_options(parser)
    add(
        "--resume",
        action="store_true",
        help="go on with what a run that was killed has left; takes the same --seed",
    )
    add(
        "--share",
        metavar="K/N",
        type=_fraction,
        help="write one of N parts of the walks, K from 0 to N - 1, while other processes write "
        "the others; takes the same --seed",
    )


def _add_embed(commands: _SubParsersAction[Any]) -> None:
    parser = _add_command(commands, "embed", "learn a vector for each node from walks")
    add = parser.add_argument
    add(
        "source",
        metavar="STORE|WALKS",
        help="a graph, which is walked; or what 'graphwalk walk' has written",
    )
    add("output", metavar="OUTPUT", help="where to write: .parquet, or .txt for word2vec's format")
    add("--dimensions", metavar="N", type=int, default=128, help="length of a vector")
    add("--window", metavar="N", type=int, default=10, help="how far apart neighbours may be")
    add("--negative", metavar="N", type=int, default=5, help="random nodes against each neighbour")
    add("--epochs", metavar="N", type=int, default=1, help="times to learn from all walks")
    add("--workers", metavar="N", type=int, help="threads; by default one a core")
    add("--memory", metavar="SIZE", help="for graph and walkers; by default 70 %% of what is free")
    _add_walk_options(parser)
    _add_output_options(parser)


def _add_slurm(commands: _SubParsersAction[Any]) -> None:
    parser = _add_command(commands, "slurm", "write a script that walks a graph on a Slurm cluster")
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store, as the job sees it")
    add("output", metavar="OUTPUT", help="where to write the walks, as for 'graphwalk walk'")
    _add_walk_options(parser)
    add = parser.add_argument_group("cluster").add_argument
    add(
        "--mode",
        choices=("node", "array", "ray"),
        help="one machine, an array of them that each write a share, or several by Ray; by default "
        "what suits the graph",
    )
    add("--partition", metavar="NAME", help="of the cluster; by default Slurm's default partition")
    add("--nodes", metavar="N", type=int, help="machines, or tasks of the array")
    add("--cpus", metavar="N", type=int, help="of each machine; by default as many as it has")
    add("--mem", metavar="SIZE", help="of each machine at most; by default what it has")
    add = parser.add_argument
    add("--script", metavar="FILE", default="walks.sbatch", help="the script to write")
    add("--dry-run", action="store_true", help="show the plan and the script, and write nothing")
    add("--overwrite", action="store_true", help="replace the script, if there is one")


def _add_with_ray(commands: _SubParsersAction[Any]) -> None:
    parser = _add_command(
        commands, "with-ray", "run a command with a Ray cluster on all machines of a Slurm job"
    )
    add = parser.add_argument
    add(
        "program",
        metavar="-- COMMAND",
        nargs=REMAINDER,
        help="which finds the cluster at the address 'auto'",
    )
    add(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=300.0,
        help="how long machines may take to join",
    )
    add(
        "--object-store-memory",
        metavar="SIZE",
        help="of Ray's object store on each machine, such as 40GiB; by default half of the memory "
        "that the job has",
    )
    add(
        "--logs",
        metavar="FOLDER",
        help="where Ray's logs are put if the job fails; by default ray-logs-JOB",
    )
    add(
        "--address",
        metavar="ADDRESS",
        help="at which the other machines reach the first one; by default that of its name",
    )


def _add_walk_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("walks")
    add = group.add_argument
    add(
        "--start-nodes",
        metavar="FILE|A,B,...",
        help="nodes to start from, by label where the graph has labels: a file with one a line, "
        "or a list; by default all nodes",
    )
    add("--num-walks", metavar="N", type=int, default=10, help="walks from each start node")
    add("--walk-length", metavar="N", type=int, default=80, help="steps of a walk")
    add(
        "--p",
        metavar="P",
        type=float,
        default=1.0,
        help="node2vec's return parameter; inf: never go straight back",
    )
    add("--q", metavar="Q", type=float, default=1.0, help="node2vec's in-out parameter")
    add(
        "--gamma",
        metavar="G",
        type=float,
        help="node2vec+, in which edges count as loose that weigh less than the mean of a node's "
        "plus G standard deviations",
    )
    either = group.add_mutually_exclusive_group().add_argument
    either("--weighted", action="store_const", const=True, help="draw neighbours by weight")
    either(
        "--unweighted",
        action="store_const",
        const=False,
        dest="weighted",
        help="draw all neighbours alike; by default weights count if there are any",
    )
    add(
        "--restart-prob",
        metavar="C",
        type=float,
        default=0.0,
        help="probability of going back to the start node at each step",
    )
    add(
        "--stop-prob",
        metavar="C",
        type=float,
        default=0.0,
        help="probability of ending at each step",
    )
    add(
        "--dead-end",
        choices=("stop", "restart", "stay"),
        default="stop",
        help="what a walk does at a node without neighbours",
    )
    add(
        "--metapath",
        metavar="A,B,...",
        type=lambda text: text.split(","),
        help="types of nodes or edges: each step goes to or along the next of them, over and over",
    )
    add(
        "--metapath-of",
        choices=("nodes", "edges"),
        help="whose types these are, where both nodes and edges have types",
    )
    add("--temporal", action="store_true", help="each step takes an edge later than the last one")
    add("--seed", metavar="N", type=int, help="the same seed gives the same walks")


def _add_scheduler_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("scheduler").add_argument
    add("--scheduler", choices=("threads", "ray"), default="threads", help="who computes")
    add(
        "--address",
        metavar="URL",
        help="of a running Ray cluster; by default Ray starts on this machine",
    )
    add("--workers", metavar="N", type=int, help="tasks at a time; by default one a core")
    add(
        "--memory",
        metavar="SIZE",
        help="for graph and walkers, such as 4GiB; by default 70 %% of what is free",
    )


def _add_output_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--overwrite", action="store_true", help="replace what an earlier run has written")
    add("--quiet", action="store_true", help="print nothing but errors")


def _fraction(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is not K/N, such as 0/4")
    return int(part), int(parts)


def _comma_separated(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
