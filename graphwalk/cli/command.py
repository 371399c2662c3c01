"""From arguments to an exit status."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from graphwalk.cli.parser import make_parser
from graphwalk.errors import GraphwalkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAILED = 1
INTERRUPTED = 130
STOPPED = 143


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
        told to stop; that of the command that ``with-ray`` runs. Wrong usage exits with status 2.
    """
    args = make_parser().parse_args(arguments)
    try:
        # Each command's module imports what only it needs, so that `--help` imports none of it.
        module = import_module(f"graphwalk.cli.{args.command.replace('-', '_')}")
        with _told_to_stop():
            status: int = module.run(args) or 0
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_has_gone()
    except (GraphwalkError, OSError) as error:
        return _failed(error)
    except ToldToStop:
        print("graphwalk: told to stop", file=sys.stderr)
        return STOPPED
    except KeyboardInterrupt:
        print("graphwalk: interrupted", file=sys.stderr)
        return INTERRUPTED
    return status


class ToldToStop(BaseException):
    """SIGTERM has come, as from a batch system whose time limit is near."""


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """Have SIGTERM clean up behind the block, as Ctrl-C does."""

    def stop(_number: int, _frame: object) -> None:
        raise ToldToStop

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _failed(error: Exception) -> int:
    message = " ".join(str(error).split()) or type(error).__name__
    print(f"graphwalk: error: {message}", file=sys.stderr)
    return FAILED


def _reader_has_gone() -> int:
    """Do as other commands when what they print into is closed, such as ``head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
