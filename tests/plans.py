"""Plans that a graph as small as those of tests is not given."""

from dataclasses import replace
from functools import partial
from inspect import signature

import pytest

from graphwalk import random_walks
from graphwalk.algorithms.walks.check_parameters import plan_of
from graphwalk.algorithms.walks.dask_array import WalkArray
from graphwalk.scheduler.engine.walk_in_memory import NODE2VEC_IN_FLIGHT
from graphwalk.scheduler.engine.walker_sizes import WalkerSizes


def among_slow(quick, every):
    """Return parameters of a test, of which all that are not quick are slow."""
    assert set(quick) <= set(every)
    values = {each: each if isinstance(each, tuple) else (each,) for each in every}
    return [
        each if each in quick else pytest.param(*values[each], marks=pytest.mark.slow)
        for each in every
    ]


def compiled(walks):
    """Return walks whose kernels this process has compiled: else each worker process would."""
    walks[:1].compute(scheduler="threads")
    return walks


def planned(sizes, graph, start_nodes=None, **parameters):
    """Return what `random_walks` returns, by a plan of other sizes."""
    bound = signature(random_walks).bind(graph, start_nodes, **parameters)
    bound.apply_defaults()
    graph, plan, walkers = plan_of(**bound.arguments, sizes=sizes)
    return WalkArray(plan, graph, walkers)


#: As `random_walks`, in groups, batches and logs that are small enough for many of each.
small_walks = partial(planned, WalkerSizes(64, NODE2VEC_IN_FLIGHT + 100, 32, smallest_group=16))
walks_in_small_groups = partial(planned, WalkerSizes(smallest_group=16))


def read_again(walks, *, ahead, cut=None, spill=False):
    """Return the same walks by a plan whose partitions do not stay in memory.

    The last partition is cut at a node, if one is given from which on there are no entries. Steps
    may wait in files.
    """
    plan, graph = walks.plan, walks.graph
    parts, offsets = plan.partitions, plan.offsets
    if cut is not None:
        *before, last = parts
        parts = (*before, range(last.start, cut), range(cut, last.stop))
        offsets = (*offsets, graph.num_entries)
    stays = {"resident": False, "ahead": ahead, "spill": spill}
    again = replace(plan, partitions=parts, offsets=offsets, **stays)
    return WalkArray(again, graph, walks._tasks.walkers)


def in_copies(walks, copies, *, threads=1):
    """Return the same walks by a plan that has a batch of each block, some of them at a time."""
    plan = walks.plan
    ones = (1,) * len(plan.block_rows)
    sizes = replace(plan.sizes, threads=threads)
    other = replace(plan, group_blocks=ones, batch_groups=ones, copies=copies, sizes=sizes)
    return WalkArray(other, walks.graph, walks._tasks.walkers)
