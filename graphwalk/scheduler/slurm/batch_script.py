"""Batch scripts for Slurm."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphwalk.scheduler.slurm.sizing import Choice

_ABOUT = {
    "node": "Random walks on one machine.",
    "array": (
        "Random walks as an array of jobs: each job writes its share, and the one that finishes "
        "last\n# combines all shares."
    ),
    "ray": "Random walks on several machines, with Ray.",
}

_COMMAND = {
    "node": 'graphwalk walk "$store" "$output" "${walks[@]}" --resume',
    "array": (
        'graphwalk walk "$store" "$output" "${walks[@]}" \\\n'
        '    --share "$SLURM_ARRAY_TASK_ID/$shares"'
    ),
    "ray": (
        'graphwalk with-ray -- \\\n    graphwalk walk "$store" "$output" "${walks[@]}" \\\n'
        "    --scheduler ray --address auto --resume"
    ),
}

_MIB, _GIB = 1 << 20, 1 << 30


def batch_script(choice: Choice, store: str, output: str, walks: Sequence[str]) -> str:
    """Return the text of a script to submit with ``sbatch``.

    Parameters
    ----------
    choice : Choice
        The resources to request.
    store, output : str
        Paths of the graph and of the walks, as the job sees them.
    walks : sequence of str
        Further arguments of ``graphwalk walk``.
    """
    lines = [
        "#!/bin/bash",
        f"# {_ABOUT[choice.mode]}",
        "# If the job was stopped, submit it again: it continues with the missing blocks.",
        *(f"#SBATCH --{option}" for option in _options(choice)),
        "",
        f"store={shlex.quote(store)}",
        f"output={shlex.quote(output)}",
        f"walks=({shlex.join(walks)})",
        *([f"shares={choice.nodes}  # the number of jobs of the array"] * (choice.mode == "array")),
        "",
        # exec replaces the shell, so that Slurm's signal reaches graphwalk.
        f"exec {_COMMAND[choice.mode]}",
    ]
    return "\n".join([*lines, ""])


def _options(choice: Choice) -> list[str]:
    is_array, is_ray = choice.mode == "array", choice.mode == "ray"
    return [
        "job-name=walks",
        *([f"partition={choice.partition}"] if choice.partition else []),
        *([f"array=0-{choice.nodes - 1}"] if is_array else []),
        f"nodes={choice.nodes if is_ray else 1}",
        "ntasks-per-node=1",
        f"cpus-per-task={choice.cpus}",
        f"mem={_size(choice.memory)}",
        f"time={choice.minutes // 60:02}:{choice.minutes % 60:02}:00",
        *(["no-kill  # the job goes on if a machine fails"] if is_ray else []),
        "signal=B:TERM@60  # time to clean up before the limit",
        f"output=%x-{'%A-%a' if is_array else '%j'}.log",
    ]


def _size(memory: int) -> str:
    return f"{memory // _MIB}M" if memory % _GIB else f"{memory // _GIB}G"
