"""``graphwalk slurm``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphwalk.cli.options import given_options, option, quoted_option
from graphwalk.cli.walk_options import PLAN, WALK, add_walk_options, walk_arguments
from graphwalk.errors import SPELLING, InputError
from graphwalk.units import format_size, parse_size

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from graphwalk.scheduler.slurm.sizing import Choice
    from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition

HELP = "write a script that walks a graph on a Slurm cluster"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the graph, the output, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store, as the job sees it")
    add("output", metavar="OUTPUT", help="where to write the walks, as for 'graphwalk walk'")
    # The memory of walks is that of a machine: --mem.
    add_walk_options(parser, [parameter for parameter in PLAN if parameter.name != "memory"])
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
    add(
        "--script", metavar="FILE", default="walks.sbatch", help="the script (default: %(default)s)"
    )
    add("--dry-run", action="store_true", help="show the plan and the script, and write nothing")
    add("--overwrite", action="store_true", help="replace the script, if there is one")


def run(args: Namespace) -> None:
    """Plan the walks, and write a script to submit."""
    from graphwalk import plan_walks
    from graphwalk.scheduler.slurm.batch_script import batch_script
    from graphwalk.scheduler.slurm.sizing import choose

    arguments = walk_arguments(args, args.store)
    # What this machine could do with it does not matter here.
    plan = plan_walks(**arguments, memory="1000 TiB")
    SPELLING.set(lambda name, *value: quoted_option("mem" if name == "memory" else name, *value))
    choice = choose(
        arguments["store"],
        plan.rules,
        plan.shape[0],
        _machines(args),
        mode=args.mode,
        nodes=args.nodes,
        **given_options(args, PLAN),
    )
    print(_about(choice), file=sys.stderr)
    # What is the same in each task is written down, so that it does not depend on defaults.
    same = {name: getattr(plan.rules, name) for name in ("num_walks", "walk_length", "seed")}
    walks = same | given_options(args, [*WALK, *PLAN])
    options = [option(name, value) for name, value in walks.items()]
    script = batch_script(choice, args.store, args.output, options)
    if args.dry_run:
        print(script, end="")
        return
    _write(Path(args.script), script, args.overwrite)
    print(f"Submit it with: sbatch {args.script}", file=sys.stderr)


def _machines(args: Namespace) -> SlurmPartition:
    from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition, find_partition

    memory = None if args.mem is None else parse_size(args.mem, "mem")
    if args.cpus and memory:
        return SlurmPartition(args.partition, args.nodes or 1, args.cpus, memory)
    found = find_partition(args.partition)
    return SlurmPartition(
        args.partition,
        found.nodes,
        args.cpus or found.cpus,
        memory or found.memory,
        found.minutes,
    )


def _about(choice: Choice) -> str:
    machines = {
        "node": "one machine",
        "array": f"{choice.nodes} tasks of an array",
        "ray": f"{choice.nodes} machines by Ray",
    }
    return (
        f"{choice.plan}\n\n{machines[choice.mode]} of {choice.cpus} CPUs and "
        f"{format_size(choice.memory)} each, for {choice.minutes} minutes at most"
    )


def _write(path: Path, text: str, overwrite: bool) -> None:
    try:
        with path.open("w" if overwrite else "x") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(
            f"{path} exists; add --overwrite, or name another file by --script"
        ) from None
