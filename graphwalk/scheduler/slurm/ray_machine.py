"""Ray on one machine, until standard input ends.

Run as a script on each machine of a job. It starts Ray as its child, and stops it when standard
input ends, as it does when the process that started this has ended, or on SIGTERM. Then nothing of
Ray is left: no process, and of its folder only the logs, if they are wanted.

It is a program that imports only the standard library: many machines load it at the same time.
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

#: What comes on standard input if the logs are not needed.
GOOD = b"good\n"

#: The environment variable by which processes show which Ray they belong to.
MARK = "GRAPHWALK_RAY"

#: The command ``ray`` of this Python, wherever its script lies.
_COMMAND = """
from importlib.metadata import entry_points
(command,) = entry_points(group="console_scripts", name="ray")
command.load()()
"""
_RAY = [sys.executable, "-c", _COMMAND]
_SECONDS_TO_STOP = 10


def main() -> int:
    """Run Ray until told to stop; return 0, or 1 when it stopped by itself."""
    args, options = _parser().parse_known_args()
    folder, name = Path(args.folder), os.environ.get("SLURMD_NODENAME", "machine")
    folder.mkdir(mode=0o700, exist_ok=True)
    stopping = _stop_on_signals()
    started = folder / f"start-{name}.log"
    with started.open("wb") as log:
        ray = subprocess.Popen(
            [*_RAY, "start", "--block", f"--temp-dir={folder}", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {MARK: f"{folder} {name}"},
        )
    said = _wait(ray, stopping)
    failed = ray.poll() is not None
    if failed:
        print(f"graphwalk: Ray has ended on {name}:\n{_tail(started)}", file=sys.stderr)
    _stop(ray, f"{folder} {name}")
    if said != GOOD:
        _save_logs(folder, Path(args.logs) / name)
    shutil.rmtree(folder, ignore_errors=True)
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--logs", required=True)
    return parser


def _stop_on_signals() -> int:
    """Return a file that becomes readable when a signal arrives."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader


def _wait(ray: subprocess.Popen[bytes], stopping: int) -> bytes:
    """Wait until Ray ends, or is to end; return what was said on standard input."""
    said = b""
    while ray.poll() is None:
        ready, _, _ = select.select([sys.stdin.fileno(), stopping], [], [], 0.2)
        if stopping in ready:
            break
        if ready:
            some = os.read(sys.stdin.fileno(), 100)
            said += some
            if not some:
                break
    return said


def _stop(ray: subprocess.Popen[bytes], mark: str) -> None:
    ray.terminate()
    with suppress(subprocess.TimeoutExpired):
        ray.wait(_SECONDS_TO_STOP)
    # Processes that Ray no longer knows, or that ignore its signals.
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while (left := list(_marked(mark))) and time.monotonic() < deadline:
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)
    ray.wait()


def _marked(mark: str) -> Any:
    """Yield the processes of this Ray."""
    wanted = f"{MARK}={mark}\0".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            with suppress(OSError):
                state = (process / "stat").read_bytes().rpartition(b")")[2].split()[0]
                if state != b"Z" and wanted in (process / "environ").read_bytes():
                    yield int(process.name)


def _save_logs(folder: Path, logs: Path) -> None:
    with suppress(OSError, shutil.Error):
        shutil.copytree(folder / "session_latest" / "logs", logs, dirs_exist_ok=True)
    with suppress(OSError):
        logs.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("start-*.log"):
            shutil.copy(file, logs)


def _tail(file: Path) -> str:
    with suppress(OSError):
        return "\n".join(file.read_text(errors="replace").splitlines()[-20:])
    return ""


if __name__ == "__main__":
    sys.exit(main())
