"""Reading a partition for a group of walkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.storage.partitions.partition import Partition, load_partition
from graphwalk.storage.partitions.spec import PartitionSpec
from graphwalk.util.threads import num_cores

if TYPE_CHECKING:
    from graphwalk.scheduler.engine.walker_group import WalkerGroup
    from graphwalk.storage.partitions.read_rows import SharedReading


def read_partition(
    group: WalkerGroup,
    number: int,
    resident: bool,
    shared: SharedReading | None = None,
) -> Partition:
    """Read a partition for the walks of `group`; with all that makes walks fast if it stays."""
    return load_partition(
        group.graph,
        PartitionSpec.of(group.spec),
        nodes=group.nodes_of(number),
        shared=shared,
        filtered=resident,
        threads=num_cores() if resident else 1,
    )
