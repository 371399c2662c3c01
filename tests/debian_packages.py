"""Programs of Debian that tests need: installed where they are missing, as root."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path


class UnavailableError(RuntimeError):
    """Says why a program cannot be had here."""


def install(programs, packages):
    """Install packages unless all programs are there; raise UnavailableError if that fails."""
    if all(map(shutil.which, programs)):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise UnavailableError(f"{' and '.join(programs)} would be installed by root, with apt-get")
    get = ["apt-get", "--quiet", "--yes", "--option=DPkg::Lock::Timeout=300"]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with Path(__file__).open("rb") as file:
        # Tests in other processes may be installing, too: of two updates at once one would fail.
        fcntl.flock(file, fcntl.LOCK_EX)
        for command in ([*get, "update"], [*get, "install", "--no-install-recommends", *packages]):
            done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"{packages} cannot be installed: {done.stderr.strip()[-300:]}")
