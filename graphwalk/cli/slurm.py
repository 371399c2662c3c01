"""``graphwalk slurm``."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphwalk.cli.options import COMMAND_LINE, add_options, given_options, option, quoted_option
from graphwalk.cli.walk_options import PLAN, WALK, add_walk_options, walk_arguments
from graphwalk.errors import InputError, printable, use_interface
from graphwalk.units import format_size, parse_size
from graphwalk.util.parameters import SIZE, Kind, Parameter, one_of, whole

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from graphwalk.scheduler.slurm.sizing import Choice
    from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition

HELP = "write a script that walks a graph on a Slurm cluster"


def _is_name(text: str) -> bool:
    # What the script has of it is not quoted: a comment to the shell, options to Slurm.
    return re.fullmatch(r"[\w.][\w.,+@=:-]*", text, re.ASCII) is not None


#: What is asked of Slurm.
CLUSTER = [
    Parameter(
        "mode",
        None,
        one_of("node", "array", "ray"),
        "one machine, an array of tasks that each write a share, or a Ray cluster of several "
        "machines; by default what suits the graph",
    ),
    Parameter(
        "partition",
        None,
        Kind("the name of a partition of Slurm", "NAME", accepts=_is_name),
        "Slurm's partition of machines; by default Slurm's default partition",
    ),
    Parameter("nodes", None, whole(1), "number of machines, or of tasks in the array"),
    Parameter("cpus", None, whole(1), "CPUs to use of each machine; by default all"),
    Parameter("mem", None, SIZE, "memory to use of each machine at most; by default all"),
]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the graph, the output, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store, as the job sees it")
    add("output", metavar="OUTPUT", help="where to write the walks, as for 'graphwalk walk'")
    # The memory of walks is that of a machine: --mem.
    add_walk_options(parser, without=["memory"])
    add_options(parser, CLUSTER, "cluster")
    add(
        "--script", metavar="FILE", default="walks.sbatch", help="the script (default: %(default)s)"
    )
    add("--dry-run", action="store_true", help="show the plan and the script, and write nothing")
    add("--overwrite", action="store_true", help="replace the script, if there is one")


def run(args: Namespace) -> None:
    """Plan the walks, and write a script to submit."""
    from graphwalk import plan_walks
    from graphwalk.algorithms.output.formats import check_holds_edges
    from graphwalk.algorithms.output.target import WalkTarget
    from graphwalk.algorithms.walks.check_parameters import walked_graph
    from graphwalk.scheduler.slurm.batch_script import batch_script
    from graphwalk.scheduler.slurm.sizing import choose
    from graphwalk.storage.files.locations import locate
    from graphwalk.storage.files.publish import write_file

    cluster = _cluster(args)
    for name in ("store", "output", "script"):
        _check_path(name.upper() if name != "script" else option(name), getattr(args, name))
    target = WalkTarget(args.output)  # refuses an unknown suffix here instead of in the job
    arguments = walk_arguments(args, args.store)
    if arguments.get("return_edges"):
        check_holds_edges(target.location, target.suffix)
    # What this machine could do with it does not matter here.
    plan = plan_walks(**arguments, memory="1000 TiB")
    use_interface(COMMAND_LINE._replace(argument=_slurm_option))
    choice = choose(
        walked_graph(arguments["store"], plan.spec.direction, arguments.get("transposed")),
        plan.spec,
        plan.shape[0],
        _machines(**cluster),
        mode=cluster["mode"],
        nodes=cluster["nodes"],
        every_node=not {"start_nodes", "start_edges"} & arguments.keys(),
        **given_options(args, (each for each in PLAN if each.name != "transposed")),
    )
    print(_about(choice), file=sys.stderr)
    # What is the same in each task is written down, so that it does not depend on defaults.
    same = {name: getattr(plan.spec, name) for name in ("num_walks", "walk_length", "seed")}
    walks = same | given_options(args, [*WALK, *PLAN])
    options = [option(name, value) for name, value in walks.items()]
    script = batch_script(choice, args.store, args.output, options)
    if args.dry_run:
        print(script, end="")
        return
    write_file(locate(args.script), script.encode(), overwrite=args.overwrite)
    print(printable(f"Submit it with: sbatch {args.script}"), file=sys.stderr)


def _check_path(what: str, path: str) -> None:
    """Refuse a path that the commands of the script would take for something else."""
    if path.startswith("-"):
        raise InputError(f"{what} {path!r} begins with a dash; write it as {f'./{path}'!r}")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InputError(
            f"{what} {path!r} is not UTF-8, which a script is written in; rename it, or make a "
            "link to it"
        ) from None


def _slurm_option(name: str, *value: Any) -> str:
    """Return an option of this command, whose memory is called as Slurm calls it."""
    return quoted_option("mem" if name == "memory" else name, *value)


def _cluster(args: Namespace) -> dict[str, Any]:
    """Return the options of the cluster, checked; None for those that were not given."""
    values = {each.name: each.check(getattr(args, each.name, None)) for each in CLUSTER}
    if values["mode"] == "node" and (values["nodes"] or 1) > 1:
        raise InputError(
            f"{option('mode', 'node')} is one machine; leave out {option('nodes')}, or choose "
            "another mode"
        )
    return values


def _machines(
    *, partition: str | None, nodes: int | None, cpus: int | None, mem: str | None, **_: Any
) -> SlurmPartition:
    from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition, find_partition

    memory = None if mem is None else parse_size(mem, "mem")
    if cpus and memory:
        return SlurmPartition(partition, nodes or 1, cpus, memory)
    found = find_partition(partition)
    return replace(found, cpus=cpus or found.cpus, memory=memory or found.memory)


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
