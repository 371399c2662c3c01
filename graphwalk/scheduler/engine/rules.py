"""The rules that all walkers of a job follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from graphwalk.storage.partitions.spec import PartitionSpec


@dataclass(frozen=True)
class WalkRules:
    """The rules that all walkers of a job follow; `random_walks` checks and documents them."""

    num_walks: int
    walk_length: int
    p: float
    q: float
    gamma: float | None
    weighted: bool
    restart_prob: float
    stop_prob: float
    dead_end: str
    metapath: tuple[int | str, ...] | None
    metapath_of: Literal["nodes", "edges"] | None
    temporal: bool
    seed: int

    @property
    def second_order(self) -> bool:
        """Whether a step depends on the previous node too."""
        return self.p != 1.0 or self.q != 1.0

    @property
    def plus(self) -> bool:
        """Whether the bias of a step depends on weights; with q = 1 it does not."""
        return self.gamma is not None and self.weighted and self.q != 1.0

    @property
    def layout(self) -> PartitionSpec:
        """What these rules need of a partition."""
        gamma = self.gamma if self.plus else None
        return PartitionSpec(
            weighted=self.weighted,
            second_order=self.second_order,
            metapath=self.metapath,
            by_edge=self.metapath_of == "edges",
            gamma=gamma,
            temporal=self.temporal,
        )

    @property
    def ends_if_isolated(self) -> bool:
        """Whether a walk from a node without neighbours ends there."""
        return self.dead_end == "stop" and self.restart_prob == 0

    def table(self) -> list[tuple[str, str]]:
        """Return the rules as pairs of a name and a value, both text."""
        kind = "forward in time" if self.temporal else "first order"
        if self.second_order:
            kind = f"node2vec, p = {self.p:g}, q = {self.q:g}"
        if self.plus:
            kind = kind.replace("node2vec", "node2vec+") + f", gamma = {self.gamma:g}"
        ends = {"stop": "end the walk", "restart": "lead to the start", "stay": "repeat"}
        lines = [
            ("walks", f"{kind}, {'weighted' if self.weighted else 'unweighted'}"),
            ("from each start", f"{self.num_walks:,} of {self.walk_length:,} steps"),
            ("dead ends", ends[self.dead_end]),
            ("seed", f"{self.seed}"),
        ]
        if self.restart_prob:
            lines.insert(2, ("restarts", f"with probability {self.restart_prob:g}"))
        if self.stop_prob:
            lines.insert(2, ("ends", f"with probability {self.stop_prob:g} at each step"))
        if self.metapath is not None:
            path = " → ".join(map(str, self.metapath))
            lines.insert(1, ("metapath", f"{path}, types of {self.metapath_of}"))
        return lines
