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
        "Random walks as an array of jobs: each writes its share, and the one that finishes last\n"
        "# makes one whole of all shares."
    ),
    "ray": "Random walks on several machines, by Ray.",
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
        What to ask for.
    store, output : str
        The graph, and where walks go, as the job sees them.
    walks : sequence of str
        What else ``graphwalk walk`` is told.
    """
    lines = [
        "#!/bin/bash",
        f"# {_ABOUT[choice.mode]}",
        "# Submit it again when it was stopped: it goes on with what is missing.",
        *(f"#SBATCH --{option}" for option in _options(choice)),
        "",
        f"store={shlex.quote(store)}",
        f"output={shlex.quote(output)}",
        f"walks=({shlex.join(walks)})",
        *([f"shares={choice.nodes}  # as many as the array has"] * (choice.mode == "array")),
        "",
        # In the shell's place, so that it is what Slurm tells to stop.
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
        *(["no-kill  # of several machines, one may fail"] if is_ray else []),
        "signal=B:TERM@60  # time to tidy up before the limit",
        f"output=%x-{'%A-%a' if is_array else '%j'}.log",
    ]


def _size(memory: int) -> str:
    return f"{memory // _MIB}M" if memory % _GIB else f"{memory // _GIB}G"
