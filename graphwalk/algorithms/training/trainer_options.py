"""What the trainer of embeddings is told: each option is declared here, and only here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphwalk.errors import InputError, argument
from graphwalk.util.parameters import COUNT, FINITE, FINITE_POSITIVE, declare, number, whole
from graphwalk.util.threads import num_cores

#: Seeds of the trainer are shorter than those of walks.
_SEEDS = 2**32


@dataclass(frozen=True)
class TrainerOptions:
    """Options of gensim's Word2Vec, by its names, except the first one."""

    dimensions: int = declare(128, COUNT, "length of a vector")
    window: int = declare(10, COUNT, "how far apart in a walk neighbours may be")
    negative: int = declare(
        5, whole(0), "random nodes that are drawn for each pair of neighbours; 0: needs hs=1"
    )
    epochs: int = declare(1, COUNT, "number of passes over all walks")
    sg: int = declare(1, whole(0, 1), "1: skip-gram; 0: CBOW")
    hs: int = declare(0, whole(0, 1), "1: hierarchical softmax, too")
    ns_exponent: float = declare(
        0.75, FINITE, "random nodes are drawn in proportion to this power of their visits"
    )
    sample: float = declare(
        1e-3,
        number("a number from 0 to 1", lambda share: 0 <= share <= 1),
        "visits of nodes above this share are dropped at random; 0: none are",
    )
    alpha: float = declare(0.025, FINITE_POSITIVE, "learning rate at the start")
    min_count: int = declare(0, whole(0), "nodes that are visited less often get no vector")
    workers: int | None = declare(None, COUNT, "number of threads; by default one for each core")


def gensim_options(options: TrainerOptions, seed: int) -> dict[str, Any]:
    """Return the arguments of Word2Vec; `seed` may be any that walks have."""
    if not (options.negative or options.hs):
        raise InputError(
            f"{argument('negative', 0)} and {argument('hs', 0)} leave nothing to train; pass "
            f"{argument('hs', 1)} for hierarchical softmax"
        )
    how = dict(vars(options))
    how["vector_size"] = how.pop("dimensions")
    how["workers"] = options.workers or num_cores()
    # Of seeds that the trainer takes, each is itself.
    return how | {"seed": (seed ^ seed // _SEEDS) % _SEEDS}
