"""From arguments to an exit status."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from graphwalk.cli.parser import make_parser
from graphwalk.errors import GraphwalkError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``graphwalk`` on the command line; by default the process's own arguments.

    Returns
    -------
    int
        0; 1 after an error that graphwalk or the system reports; 130 when interrupted. Wrong usage
        exits with status 2.
    """
    args = make_parser().parse_args(arguments)
    try:
        # Each command's module imports what only it needs, so that `--help` imports none of it.
        import_module(f"graphwalk.cli.{args.command}").run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_has_gone()
    except (GraphwalkError, OSError) as error:
        return _failed(error)
    except KeyboardInterrupt:
        print("graphwalk: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def _failed(error: Exception) -> int:
    message = " ".join(str(error).split()) or type(error).__name__
    print(f"graphwalk: error: {message}", file=sys.stderr)
    return FAILED


def _reader_has_gone() -> int:
    """Do as other commands when what they print into is closed, such as ``head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
