"""A cluster that a job is planned for, whether it is there or not: ``"64x16x64GiB@25Gb/s"``."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from graphwalk.units import count_of, format_size, parse_size
from graphwalk.util.parameters import Kind, Parameter

#: Memory of a machine for each of its cores, and bits that its network moves in a second, where
#: they are not given.
_CORE_MEMORY, _NETWORK = 4 << 30, 10e9

_PATTERN = re.compile(r"(\d{1,5})x(\d{1,4})(?:x([^@]+))?(?:@(\d+(?:\.\d+)?) ?Gb/s)?", re.IGNORECASE)


class Cluster(NamedTuple):
    """Machines that are alike.

    Attributes
    ----------
    machines, cores : int
        Machines, and cores of each.
    memory : int
        Bytes of each machine.
    network : float
        Bytes that each machine sends in a second, while it receives as many.
    """

    machines: int
    cores: int
    memory: int
    network: float

    def __str__(self) -> str:
        each = "" if self.machines == 1 else " each"
        return (
            f"{count_of(self.machines, 'machine')} of {count_of(self.cores, 'core')} and "
            f"{format_size(self.memory)}{each}, network of {self.network * 8 / 1e9:g} Gb/s"
        )


def parse_cluster(text: Any) -> Cluster:
    """Return the cluster that a text describes; raise ValueError or TypeError for others."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError
    machines, cores = int(match[1]), int(match[2])
    memory = cores * _CORE_MEMORY if match[3] is None else parse_size(match[3])
    network = _NETWORK if match[4] is None else float(match[4]) * 1e9
    if not (machines and cores and network):
        raise ValueError
    return Cluster(machines, cores, memory, network / 8)


CLUSTER = Parameter(
    "cluster",
    None,
    Kind(
        "machines x cores, and perhaps memory and network of a machine, such as '64x16' or "
        "'64x16x64GiB@25Gb/s'",
        "MxC",
        convert=parse_cluster,
    ),
    "plan for a cluster of M machines of C cores, such as 64x16 or 64x16x64GiB@25Gb/s, and predict "
    "time and traffic; by default each has 4 GiB a core and 10 Gb/s",
)
