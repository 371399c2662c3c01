"""Progress bars, on a terminal or in a notebook."""

from __future__ import annotations

import importlib.util
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphwalk.util.events import warn_of_listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: Seconds between two times that a bar is drawn, at most.
PERIOD = 0.5


class Progress:
    """Shows one bar for each stage on stderr, or nothing.

    Parameters
    ----------
    show : bool or None
        None shows bars when stderr is a terminal or the output of a notebook's cell.
    period : float
        Seconds between two times that a bar is drawn, at most: its clock runs while nothing else
        moves, and while kernels are compiled it says so.
    """

    def __init__(self, show: bool | None = None, period: float = PERIOD) -> None:
        self._period = period
        self._show = sys.stderr.isatty() or _in_notebook() if show is None else show

    def say(self, text: str) -> None:
        """Print one or more lines, if bars are shown; notebooks show stderr as errors are shown."""
        if self._show:
            from tqdm import tqdm

            tqdm.write(text, file=sys.stdout if _in_notebook() else sys.stderr)

    @contextmanager
    def bar(self, name: str, total: int | None, unit: str) -> Iterator[Any]:
        """Show a bar of tqdm while the block runs; the block gets the bar, or None."""
        if not self._show:
            yield None
            return
        with (
            _new_bar(desc=name, total=total, unit=f" {unit}", unit_scale=True) as bar,
            _ticking(bar, name, self._period),
        ):
            yield bar

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
        """Show a bar while the block runs; the block gets a function to call with its advances."""
        with self.bar(name, total, unit) as bar:
            yield (lambda _: None) if bar is None else _Advance(bar.update)


class _Advance:
    """Advances a bar; one that fails is not advanced again, and the job goes on."""

    def __init__(self, update: Callable[[int], object]) -> None:
        self._update: Callable[[int], object] | None = update

    def __call__(self, amount: int) -> None:
        if self._update is None:
            return
        try:
            self._update(amount)
        except Exception as error:
            self._update = None
            warn_of_listener(error)


@contextmanager
def _ticking(bar: Any, name: str, period: float) -> Iterator[None]:
    """Draw a bar at least once a period while the block runs."""
    drawn, done = _Drawn(bar, name), threading.Event()

    def tick() -> None:
        try:
            while not done.wait(period):
                drawn.draw()
        except Exception as error:
            warn_of_listener(error)

    thread = threading.Thread(target=tick, name="graphwalk-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        drawn.leave_out_compiling()


class _Drawn:
    """A bar whose clock and rate leave out compiling, during which the bar says that instead."""

    def __init__(self, bar: Any, name: str) -> None:
        # Jobs with bars run kernels, and commands that run none should not import numba.
        from graphwalk.util.compile_clock import CLOCK

        self._bar, self._name, self._clock, self._left_out = bar, name, CLOCK, CLOCK.seconds

    def draw(self) -> None:
        if not self._clock.running:
            self.leave_out_compiling()
        name = "Compiling (once)" if self._clock.running else self._name
        self._bar.set_description_str(name, refresh=False)
        self._bar.refresh()

    def leave_out_compiling(self) -> None:
        seconds = self._clock.seconds
        self._bar.set_description_str(self._name, refresh=False)
        self._bar.start_t += seconds - self._left_out
        self._left_out = seconds


def _in_notebook() -> bool:
    """Return whether a notebook shows stderr."""
    streams = sys.modules.get("ipykernel.iostream")
    return streams is not None and isinstance(sys.stderr, streams.OutStream)


def _new_bar(**options: Any) -> Any:
    """Return a bar of tqdm: a widget in notebooks with ipywidgets, and a line of text otherwise.

    tqdm.auto does the same, but warns if ipywidgets is missing, which is not necessary.
    """
    if _in_notebook() and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as widget

        return widget(**options)
    from tqdm import tqdm

    return tqdm(**options)
