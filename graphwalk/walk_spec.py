"""The parameters of walks: each is declared here, and only here.

The options of the command line, the checks and their messages, the tables of plans and the table
of the reference are derived from these fields. `random_walks` repeats names and defaults in its
signature and documents them, so that editors and type checkers see them; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nextafter
from numbers import Integral
from sys import float_info
from typing import TYPE_CHECKING, Any, Literal

from graphwalk.util.parameters import (
    FINITE,
    FINITE_POSITIVE,
    FLAG,
    POSITIVE,
    PROBABILITY,
    SIZE,
    Kind,
    declare,
    one_of,
    parameters_of,
    whole,
)

if TYPE_CHECKING:
    from graphwalk.util.node_set import NodeSet

_TYPES = Kind(
    "types of the graph", "A,B,...", lambda text: [name.strip() for name in text.split(",")]
)


TIMES = Kind(
    "two times, the first not after the second",
    "A,B",
    lambda text: tuple(part.strip() or None for part in text.split(",")),
)


SPAN = Kind(
    "a difference of times: a finite number above 0, at least 1e-307, or a timedelta", "X", float
)


_NODES = Kind("nodes of the graph", "FILE|A,B,...")


def _may_be_chunks(value: Any) -> bool:
    # As in Dask, -1 is all of them. What is no number is checked when blocks are made.
    return not isinstance(value, Integral) or int(value) == -1 or 0 < int(value) < 2**63


_CHUNKS = Kind(
    "'auto', a number of walks (1 or more) or a size",
    "N|SIZE",
    lambda text: int(text) if text.isdecimal() else text,
    accepts=_may_be_chunks,
)


@dataclass(frozen=True)
class WalkSpec:
    """The rules that all walkers of a job follow.

    Checked by `random_walks`, which documents each field. The types are those of a checked value:
    what None stands for has been decided.
    """

    num_walks: int = declare(10, whole(1, 2**63 - 1), "walks from each start node")
    walk_length: int = declare(80, whole(0, 2**32 - 2), "steps of a walk")
    p: float = declare(1.0, POSITIVE, "node2vec's return parameter; inf: never go straight back")
    q: float = declare(1.0, FINITE_POSITIVE, "node2vec's in-out parameter")
    gamma: float | None = declare(
        None,
        FINITE,
        "node2vec+: edges lighter than a node's mean plus X standard deviations are weak",
    )
    weighted: bool = declare(
        None,
        FLAG,
        "draw neighbours in proportion to weights; the default if the graph has weights",
        ("unweighted", "draw all neighbours with the same probability"),
    )
    restart_prob: float = declare(0.0, PROBABILITY, "probability of a step to the start node")
    stop_prob: float = declare(0.0, PROBABILITY, "probability of ending at each step")
    dead_end: str = declare(
        "stop", one_of("stop", "restart", "stay"), "what a walk does at a node without neighbours"
    )
    direction: str = declare(
        "out",
        one_of("out", "in", "both"),
        "edges that steps follow: out of a node, into it, or both",
    )
    until: NodeSet | None = declare(
        None, _NODES, "nodes at which walks end, such as targets; by labels if the graph has labels"
    )
    metapath: tuple[int | str, ...] | None = declare(
        None,
        _TYPES,
        "types of the nodes that steps go to, or of the edges that they follow, in this order, "
        "repeated until the walk ends",
    )
    metapath_of: Literal["nodes", "edges"] | None = declare(
        None,
        one_of("nodes", "edges"),
        "what the types of the metapath belong to; needed if both nodes and edges have types",
    )
    temporal: bool = declare(False, FLAG, "each step takes an edge later than the last one")
    backward: bool = declare(
        False, FLAG, "of temporal walks: each step takes an edge earlier than the last one"
    )
    time_bias: Literal["near", "far", "near-exponential", "far-exponential"] | None = declare(
        None,
        one_of("near", "far", "near-exponential", "far-exponential"),
        "of temporal walks: prefer edges near in time to the last one, or far from it, by rank or "
        "exponentially; by default all have the same probability",
    )
    time_scale: float | None = declare(
        None,
        SPAN,
        "of an exponential time bias: the difference of times that makes an edge e = 2.718 times "
        "as likely, in the unit of the graph; by default 1",
    )
    time_window: tuple[float, float] | None = declare(
        None,
        TIMES,
        "of temporal walks: they take edges of these times alone, both included; numbers or dates, "
        "and nothing for no bound",
    )
    return_edges: bool = declare(
        False, FLAG, "record the stored edge that each step follows, and write it with the walks"
    )
    seed: int = declare(None, whole(0, 2**64 - 1), "the same seed gives the same walks")

    @property
    def second_order(self) -> bool:
        """Whether a step depends on the previous node too."""
        return self.p != 1.0 or self.q != 1.0

    @property
    def plus(self) -> bool:
        """Whether the bias of a step depends on weights; it does not where q is 1."""
        return self.gamma is not None and self.weighted and self.q != 1.0

    @property
    def time_rate(self) -> float:
        """How fast edges near in time get likelier, those far from it if below 0; 0: not so."""
        if self.time_scale is None:
            return 0.0
        return (1.0 if self.time_bias == "near-exponential" else -1.0) / self.time_scale

    @property
    def bounds(self) -> tuple[float, float]:
        """The times before the first and of the last edge, in the order in which walks go.

        Edges that no step takes, such as those of weight 0, count as at minus infinity.
        """
        if self.time_window is None:
            return -float_info.max if self.weighted else -inf, inf
        first, last = self.time_window
        if self.backward:
            first, last = -last, -first
        return max(nextafter(first, -inf), -float_info.max), last

    @property
    def ends_if_isolated(self) -> bool:
        """Whether a walk from a node without neighbours ends there."""
        return self.dead_end == "stop" and self.restart_prob == 0

    @property
    def kind(self) -> str:
        """What the literature calls such walks."""
        if self.second_order:
            return "node2vec+" if self.plus else "node2vec"
        if self.temporal:
            return "backward in time" if self.backward else "forward in time"
        return "first order"

    def table(self) -> list[tuple[str, str]]:
        """Return the kind of walk, and the parameters that are not off."""
        rows = [("walks", self.kind)]
        for parameter in parameters_of(WalkSpec):
            value = getattr(self, parameter.name)
            if parameter.default or value != parameter.default:
                rows.append((parameter.name, _text(value)))
        return rows


@dataclass(frozen=True)
class PlanOptions:
    """How walks are computed; whatever these are, the walks are the same."""

    transposed: Any = declare(
        None,
        Kind("a graph or the path of a store", "STORE"),
        "where a directed graph has its in-edges: what 'graphwalk transpose' has made of it",
    )
    chunks: str | int | tuple[Any, ...] = declare(
        "auto", _CHUNKS, "walks of a block, or their size"
    )
    memory: str | int | None = declare(
        None, SIZE, "for graph and walkers, such as 4GiB; by default 70 % of what is free"
    )
    partitions: int | None = declare(
        None, whole(1), "about how many parts the graph is cut into; by default as few as fit"
    )


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return " → ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
