"""Signals to stop, and processes that are stopped."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS_TO_STOP = 8


class Stopped(BaseException):
    """A signal to stop has arrived."""


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Raise `Stopped` in the block on the first signal to stop, and collect all of them."""
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        if len(came) == 1:
            raise Stopped

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield came
    except Stopped:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that is to end; stop it if it does not."""
    for _ in range(2):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_STOP)
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
            return
        process.terminate()  # srun ends its step when it is told twice
    process.kill()
    process.wait()
