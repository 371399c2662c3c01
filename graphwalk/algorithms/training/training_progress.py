"""How far a trainer has come in a file of walks, which says nothing until a pass over it ends."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two looks at the file.
PERIOD = 0.25

_DESCRIPTORS = Path("/proc/self/fd")


class WordsRead:
    """Counts words that threads of this process have read from a file, by where they are in it.

    The trainer reads the file in compiled code, each thread by a descriptor of its own. Linux
    tells where each is. The number is an estimate, since bytes are counted; `end_pass` makes it
    exact.

    Parameters
    ----------
    path : path
        The file.
    words : int
        Words of the file.
    advance : callable
        Takes words that have been added, such as the ``update`` of a progress bar.
    """

    def __init__(self, path: Path, words: int, advance: Callable[[int], object]) -> None:
        self._file, self._words, self._advance = path.stat(), words, advance
        self._places: dict[str, int] = {}
        self._bytes = self._shown = 0
        self._lock = threading.Lock()

    def look(self) -> None:
        """Count what was read since the last look."""
        with self._lock:
            places = _places_in(self._file)
            for descriptor, place in places.items():
                # A descriptor that is new has read something since, but from where is not known.
                self._bytes += max(0, place - self._places.get(descriptor, place))
            self._places = places
            part = min(1.0, self._bytes / max(1, self._file.st_size))
            self._show(int(part * self._words))

    def end_pass(self) -> None:
        """Count all words of a pass that has ended; the next one counts from none."""
        with self._lock:
            self._show(self._words)
            self._places, self._bytes, self._shown = {}, 0, 0

    def _show(self, words: int) -> None:
        if words > self._shown:
            self._advance(words - self._shown)
            self._shown = words


@contextmanager
def words_read(path: Path, words: int, advance: Callable[[int], object]) -> Iterator[WordsRead]:
    """Look at a file periodically while the block runs; the block says when a pass ends."""
    read, done = WordsRead(path, words, advance), threading.Event()

    def look() -> None:
        while not done.wait(PERIOD):
            read.look()

    thread = threading.Thread(target=look, name="graphwalk-training", daemon=True)
    thread.start()
    try:
        yield read
    finally:
        done.set()
        thread.join()


def _places_in(file: os.stat_result) -> dict[str, int]:
    """Return where in a file each descriptor of this process is, by the descriptor's name."""
    places = {}
    with suppress(OSError):  # without /proc, nothing is known before a pass ends
        for descriptor in _DESCRIPTORS.iterdir():
            with suppress(OSError):  # it was closed meanwhile
                if os.path.samestat(descriptor.stat(), file):
                    info = (_DESCRIPTORS.parent / "fdinfo" / descriptor.name).read_text()
                    places[descriptor.name] = int(info.split()[1])
    return places
