"""``graphwalk with-ray``."""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER
from typing import TYPE_CHECKING

from graphwalk.errors import InputError
from graphwalk.units import parse_size

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "run a command with a Ray cluster on all machines of a Slurm job"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command, and how Ray is started."""
    add = parser.add_argument
    add(
        "program",
        metavar="-- COMMAND",
        nargs=REMAINDER,
        help="the command to run; it reaches the cluster at the address 'auto'",
    )
    add(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=300.0,
        help="how long machines may take to join (default: %(default)s)",
    )
    add(
        "--object-store-memory",
        metavar="SIZE",
        help="size of Ray's object store on each machine, such as 40GiB; by default half of the "
        "job's memory",
    )
    add(
        "--logs",
        metavar="FOLDER",
        help="folder for Ray's logs if the job fails; by default ray-logs-JOB",
    )
    add(
        "--address",
        metavar="ADDRESS",
        help="address at which the other machines reach the first one; by default the address of "
        "its host name",
    )


def run(args: Namespace) -> int:
    """Run the command; return its exit status."""
    from graphwalk.scheduler.slurm.ray_cluster import RayOptions, run_with_ray

    command = args.program[1:] if args.program[:1] == ["--"] else args.program
    if not command:
        raise InputError("with-ray runs a command; add it behind --")
    memory = args.object_store_memory
    options = RayOptions(
        seconds=args.timeout,
        object_store_memory=None if memory is None else parse_size(memory, "object_store_memory"),
        logs=args.logs or f"ray-logs-{os.environ.get('SLURM_JOB_ID')}",
        address=args.address,
    )
    return run_with_ray(command, options, _say)


def _say(line: str) -> None:
    print(f"graphwalk: {line}", file=sys.stderr, flush=True)
