"""Progress bars of the stages of a build."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Progress:
    """Shows one bar a stage on stderr, or nothing.

    Parameters
    ----------
    show : bool or None
        None shows bars when stderr is a terminal.
    """

    def __init__(self, show: bool | None = None) -> None:
        self._show = sys.stderr.isatty() if show is None else show

    def say(self, text: str) -> None:
        """Print a line, or several, where bars are shown."""
        if self._show:
            from tqdm import tqdm

            tqdm.write(text, file=sys.stderr)

    @contextmanager
    def bar(self, name: str, total: int | None, unit: str) -> Iterator[Any]:
        """Show a bar of tqdm while the block runs, which is given it, or None."""
        if not self._show:
            yield None
            return
        from tqdm import tqdm

        with tqdm(desc=name, total=total, unit=f" {unit}", unit_scale=True) as bar:
            yield bar

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
        """Show a bar while the block runs; the block calls what it is given with its advances."""
        with self.bar(name, total, unit) as bar:
            yield (lambda _: None) if bar is None else bar.update
