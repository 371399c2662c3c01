"""Plans that a graph as small as those of tests is not given."""

from dataclasses import replace

from graphwalk.algorithms.walks.dask_array import WalkArray


def read_anew(walks, *, ahead, cut=None, spill=False):
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
    anew = replace(plan, partitions=parts, offsets=offsets, **stays)
    return WalkArray(anew, graph, walks._tasks.walkers)
