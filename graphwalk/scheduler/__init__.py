"""Where and in what order work is done: plans, Dask graphs, and the schedulers that run them."""

from graphwalk.scheduler.executors.session import Session, use

__all__ = ["Session", "use"]
