"""Names of nodes that may stand for a missing end: what programs write where there is no value.

So may those that begin with a byte order mark, as where files were joined.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

_MISSING = pa.array(
    [
        *("nan", "NaN", "NAN", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaT"),
        *("NULL", "Null", "null", "nil", "None", "(null)", "undefined", "\\N", "-", "?", ""),
    ],
    pa.large_string(),
)


def missing_among(names: Any) -> list[str]:
    """Return those of an Arrow array of names that may stand for a missing end."""
    found = pc.or_(pc.is_in(names, _MISSING), pc.starts_with(names, "\ufeff"))
    missing: list[str] = names.filter(found).to_pylist() if pc.any(found).as_py() else []
    return missing


def warn_missing(names: Iterable[str], source: str) -> None:
    """Say which nodes of a source may be no nodes: all edges without an end would meet there."""
    listed = ", ".join(map(repr, sorted(set(names))))
    if listed:
        warnings.warn(
            f"{source}: {listed} is read as the name of a node; if it stands for an end that is "
            "missing, or begins with a byte order mark, drop or mend those edges",
            stacklevel=2,
        )
