"""graphwalk: random walks and graph analytics on graphs too big for one array."""

from graphwalk._version import __version__

__all__ = ["__version__"]
