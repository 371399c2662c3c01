"""Words and numbers for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphwalk.units import format_size

if TYPE_CHECKING:
    from pathlib import Path


def rate(number: int, seconds: float, unit: str) -> str:
    """Return such as ``"3.2 M edges/s"``."""
    each = number / max(seconds, 1e-9)
    for power, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if each >= power:
            return f"{each / power:.1f} {prefix} {unit}/s"
    return f"{each:.0f} {unit}/s"


def size_on_disk(location: str | Path) -> str:
    """Return such as ``"3.2 GiB"``."""
    from graphwalk.storage.store.summary import stored_bytes

    size = stored_bytes(location)
    return "size unknown" if size is None else format_size(size)
