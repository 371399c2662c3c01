"""``graphwalk slurm``."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from graphwalk.cli.walk import read_start_nodes, walk_rules
from graphwalk.errors import InputError
from graphwalk.units import format_size, parse_size

if TYPE_CHECKING:
    from argparse import Namespace

    from graphwalk.scheduler.slurm.sizing import Choice
    from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition


def run(args: Namespace) -> None:
    """Plan the walks, and write a script to submit."""
    from graphwalk import open_zarr, plan_walks
    from graphwalk.scheduler.slurm.batch_script import batch_script
    from graphwalk.scheduler.slurm.sizing import choose

    graph = open_zarr(args.store)
    args.seed = secrets.randbits(32) if args.seed is None else args.seed
    start_nodes = read_start_nodes(args.start_nodes, graph)
    # What this machine could do with it does not matter here.
    plan = plan_walks(graph, start_nodes, seed=args.seed, memory="1000 TiB", **walk_rules(args))
    choice = choose(
        graph, plan.rules, plan.shape[0], _machines(args), mode=args.mode, nodes=args.nodes
    )
    print(_about(choice), file=sys.stderr)
    script = batch_script(choice, args.store, args.output, _options(args))
    if args.dry_run:
        print(script, end="")
        return
    _write(Path(args.script), script, args.overwrite)
    print(f"Submit it with: sbatch {args.script}", file=sys.stderr)


def _machines(args: Namespace) -> SlurmPartition:
    from graphwalk.scheduler.slurm.slurm_partition import SlurmPartition, find_partition

    memory = None if args.mem is None else parse_size(args.mem, "--mem")
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


def _options(args: Namespace) -> list[str]:
    """Return what the script is to tell ``graphwalk walk``."""
    options = [f"--num-walks={args.num_walks}", f"--walk-length={args.walk_length}"]
    if args.start_nodes is not None:
        options.append(f"--start-nodes={args.start_nodes}")
    if args.weighted is not None:
        options.append("--weighted" if args.weighted else "--unweighted")
    defaults = {"p": 1, "q": 1, "gamma": None, "restart_prob": 0, "stop_prob": 0}
    for name, default in (defaults | {"dead_end": "stop"}).items():
        if (value := getattr(args, name)) != default:
            options.append(f"--{name.replace('_', '-')}={value}")
    if args.temporal:
        options.append("--temporal")
    if args.metapath is not None:
        options.append(f"--metapath={','.join(args.metapath)}")
    if args.metapath_of is not None:
        options.append(f"--metapath-of={args.metapath_of}")
    return [*options, f"--seed={args.seed}"]


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
