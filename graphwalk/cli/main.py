"""From arguments to an exit status."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphwalk.errors import GraphwalkError, printable, use_interface

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAILED = 1
INTERRUPTED = 130
_STOPPING = (signal.SIGTERM, signal.SIGHUP)
_AGAIN = 0.1  # seconds until an interrupt is tried again
_SIGNALLED = 128  # and the number of the signal


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``graphwalk`` on the command line; by default the process's own arguments.

    Returns
    -------
    int
        0; 1 after an error that graphwalk or the system reports; 130 when interrupted, 143 when
        told to stop by SIGTERM, and 129 by SIGHUP; that of the command that ``with-ray`` runs.
        Wrong usage exits with status 2.
    """
    told = list[int]()
    try:
        with _told_to_stop(told), _interrupted_again():
            return _run(arguments)
    except KeyboardInterrupt:
        print(f"graphwalk: {'told to stop' if told else 'interrupted'}", file=sys.stderr)
        return _SIGNALLED + told[0] if told else INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    """Run the command; what it imports is imported here, where an interrupt is noticed."""
    from graphwalk.cli.options import COMMAND_LINE
    from graphwalk.cli.parser import command_module, make_parser

    args = make_parser().parse_args(arguments)
    interface = use_interface(COMMAND_LINE)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            status: int = command_module(args.command).run(args) or 0
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_has_gone()
    except (GraphwalkError, OSError) as error:
        return _failed(error)
    finally:
        use_interface(interface)
    return status


def _warn(message: Warning | str, *_where: Any, **_more: Any) -> None:
    print(printable(f"graphwalk: warning: {message}"), file=sys.stderr)


@contextmanager
def _told_to_stop(told: list[int]) -> Iterator[None]:
    """Have SIGTERM and SIGHUP interrupt the block as Ctrl-C does.

    A batch system sends the first when its time limit is near, a terminal the second when it is
    closed.

    Parameters
    ----------
    told : list of int
        Gets the signal.
    """

    def stop(number: int, _frame: object) -> None:
        told.append(number)
        raise KeyboardInterrupt  # the one exception of this kind that Ray lets through

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _interrupted_again() -> Iterator[None]:
    """Interrupt the block again where Python ignored that.

    It ignores what a signal's handler raises while it runs a callback, such as those of imports.
    """
    before, later = sys.unraisablehook, list[threading.Timer]()

    def again(ignored: sys.UnraisableHookArgs) -> None:
        if not isinstance(ignored.exc_value, KeyboardInterrupt):
            before(ignored)
            return
        # A handler that is run at once would be run in the same callback.
        number = next(n for n in (signal.SIGINT, *_STOPPING) if callable(signal.getsignal(n)))
        later.append(threading.Timer(_AGAIN, _thread.interrupt_main, [number]))
        later[-1].start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in later:
            timer.cancel()


def _failed(error: Exception) -> int:
    message = " ".join(str(error).split()) or type(error).__name__
    print(printable(f"graphwalk: error: {message}"), file=sys.stderr)
    return FAILED


def _reader_has_gone() -> int:
    """Do as other commands when what they print into is closed, such as ``head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
