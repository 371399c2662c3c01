"""Tasks that waiting threads help to run."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from graphwalk.util.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphwalk.util.threads import Thunk


class SharedWork:
    """Tasks that the calling thread shares with threads that wait for them."""

    def __init__(self) -> None:
        self._change = Condition()
        self._tasks: deque[Thunk] = deque()
        self._under_way, self._over = 0, False
        self._error: BaseException | None = None

    def run(self, tasks: Iterable[Thunk]) -> None:
        """Run tasks, together with helping threads; raise the first error of a task."""
        with self._change:
            self._tasks.extend(tasks)
            self._change.notify_all()
        self._take_part()
        with self._change:
            self._change.wait_for(lambda: not self._under_way)
            error, self._error = self._error, None
        if error is not None:
            raise error

    def help(self) -> None:
        """Run tasks as they are added, until `end` is called."""
        while not self._over:
            self._take_part()
            with self._change:
                self._change.wait_for(lambda: self._tasks or self._over)

    def end(self) -> None:
        """Make helping threads return from `help`."""
        with self._change:
            self._over = True
            self._change.notify_all()

    def _take_part(self) -> None:
        while True:
            with self._change:
                if not self._tasks:
                    return
                task = self._tasks.popleft()
                self._under_way += 1
            try:
                task()
            except BaseException as error:  # `run` raises it
                with self._change:
                    self._error = self._error or error
                    self._tasks.clear()
            finally:
                with self._change:
                    self._under_way -= 1
                    self._change.notify_all()
