"""A word where walks along a metapath all end where they start, which is most often a mistake."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from graphwalk.errors import argument

if TYPE_CHECKING:
    from graphwalk.walk_spec import WalkSpec


def warn_without_steps(spec: WalkSpec, walks: int, steps: int) -> None:
    """Warn if none of several walks along a metapath has made a step."""
    if spec.metapath is None or spec.walk_length == 0 or steps or not walks:
        return
    first, of = spec.metapath[0], spec.metapath_of
    what = "has a neighbour" if of == "nodes" else "has an edge"
    warnings.warn(
        f"none of {walks} walks has made a step, and all of them are -1 behind the start node: no "
        f"start node {what} of the type {first!r}, with which {argument('metapath')} begins; it "
        f"names the types of the {of} that steps go along, and not the type of the start node",
        stacklevel=3,
    )
