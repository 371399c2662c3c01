"""Programs of Debian that tests need: installed where they are missing, as root."""

import os
import shutil
import subprocess


class UnavailableError(RuntimeError):
    """Says why a program cannot be had here."""


def install(programs, packages):
    """Install packages unless all programs are there; raise UnavailableError if that fails."""
    if all(map(shutil.which, programs)):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise UnavailableError(f"{' and '.join(programs)} would be installed by root, with apt-get")
    # Tests in other processes may be installing, too.
    get = ["apt-get", "--quiet", "--yes", "--option=DPkg::Lock::Timeout=300"]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in ([*get, "update"], [*get, "install", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"{packages} cannot be installed: {done.stderr.strip()[-300:]}")
