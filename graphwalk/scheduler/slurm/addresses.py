"""Where the machines of a job reach each other: addresses and ports."""

from __future__ import annotations

import socket
from contextlib import suppress

from graphwalk.errors import SchedulerError

#: Below those that the system uses for outgoing connections.
_PORTS = range(20_000, 32_000)


def address_of(name: str) -> str:
    """Return the address at which other machines reach this one."""
    for host in (name, socket.gethostname()):
        with suppress(OSError):
            found = socket.gethostbyname(host)
            if not found.startswith("127."):
                return found
    # If the name is known on the machine itself only: the address of its outgoing connections.
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("10.254.254.254", 1))  # sends nothing
        return str(probe.getsockname()[0])
    raise SchedulerError(
        f"no address of {name} is known at which other machines reach it; name one by --address"
    )


def free_port(number: int) -> int:
    """Return a port that is free here; each job begins to look at another one."""
    for step in range(len(_PORTS)):
        port = _PORTS[(number * 7 + step) % len(_PORTS)]
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("", port))
            return port
    raise SchedulerError(f"no port from {_PORTS.start} to {_PORTS.stop - 1} is free")
