"""Jobs in separate processes: the interpreter that has a peer, limits of time and memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
#: Environment variables that say how many threads the packages may use.
THREADS = (
    "OMP_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)


class Outcome(NamedTuple):
    """The values that a job has printed, one a line, and why it failed, or ""."""

    values: list[Any]
    failure: str
    seconds: float


def cores(count: int | None = None) -> list[int]:
    """Return the numbers of the first cores that this process may use; None for all."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[-count:] if count else mine


@cache
def interpreter_of(module: str, pythons: tuple[str, ...]) -> tuple[str, str]:
    """Return the first interpreter that can import `module`, or "" and the reason."""
    if module == "graphwalk":
        return sys.executable, ""
    reason = "not installed"
    for python in pythons:
        try:
            tried = subprocess.run(
                [python, "-c", f"import {module}"],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = f"{python}: {type(error).__name__}"
            continue
        if tried.returncode == 0:
            return python, ""
        last = (tried.stderr.strip().splitlines() or [f"exit code {tried.returncode}"])[-1]
        if f"No module named '{module}'" not in last:
            reason = f"cannot be imported: {last[:200]}"
    return "", reason


def run_job(
    python: str, module: str, spec: dict[str, Any], limit: float, memory: int | None = None
) -> Outcome:
    """Run ``python -m module SPEC`` on the cores that ``spec["cores"]`` lists.

    The job is ended after `limit` seconds, or when it holds more than `memory` bytes (None: 80 %
    of the memory that is free now).
    """
    memory = memory or int(0.8 * available_memory())
    start = monotonic()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [python, "-m", module, json.dumps(spec)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=os.environ
            | {"PYTHONPATH": str(ROOT)}
            | dict.fromkeys(THREADS, str(len(spec["cores"]))),
            start_new_session=True,
        )
        failure = _watch(process, start + limit, limit, memory)
        seconds = monotonic() - start
        output.seek(0)
        errors.seek(0)
        values = [json.loads(line) for line in output if line.startswith('{"')]
        if process.returncode and not failure:
            failure = _last_line(errors.read(), process.returncode)
    return Outcome(values, failure, seconds)


def _watch(process: subprocess.Popen[bytes], end: float, limit: float, memory: int) -> str:
    """Wait for the process; end it, and all of its group, when it goes beyond a limit."""
    failure = ""
    while process.poll() is None and not failure:
        sleep(0.05)
        if monotonic() > end:
            failure = f"took more than {limit:.0f} s"
        elif _status(process.pid, "VmRSS") > memory:
            failure = f"took more than {memory / 2**30:.0f} GiB of memory"
    if failure:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return failure


def _last_line(errors: str, code: int) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    lines = [line for line in errors.strip().splitlines() if line.strip()]
    return f"failed: {lines[-1].strip()[:200]}" if lines else f"exit code {code}"


def available_memory() -> int:
    """Return the bytes that are free on this machine."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(x.split()[1]) << 10 for x in lines if x.startswith("MemAvailable"))


def peak_memory() -> int:
    """Return the peak memory of this process plus that of its children, in bytes."""
    return sum(_status(pid, "VmHWM") for pid in _family(os.getpid()))


def forget_peak() -> None:
    """Reset :func:`peak_memory` to the memory that is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def _family(pid: int) -> list[int]:
    """Return the process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += _family(int(child))
    return found


def _status(pid: int, field: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(x.split()[1]) << 10 for x in lines if x.startswith(field + ":")), 0)
