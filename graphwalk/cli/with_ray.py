"""``graphwalk with-ray``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from graphwalk.errors import InputError
from graphwalk.units import parse_size

if TYPE_CHECKING:
    from argparse import Namespace


def run(args: Namespace) -> int:
    """Run the command; return its exit status."""
    from graphwalk.scheduler.slurm.ray_cluster import RayOptions, run_with_ray

    command = args.program[1:] if args.program[:1] == ["--"] else args.program
    if not command:
        raise InputError("with-ray runs a command; add it behind --")
    memory = args.object_store_memory
    options = RayOptions(
        seconds=args.timeout,
        object_store_memory=None if memory is None else parse_size(memory, "--object-store-memory"),
        logs=args.logs or f"ray-logs-{os.environ.get('SLURM_JOB_ID')}",
        address=args.address,
    )
    return run_with_ray(command, options, _say)


def _say(line: str) -> None:
    print(f"graphwalk: {line}", file=sys.stderr, flush=True)
