"""The command ``graphwalk``."""

from graphwalk.cli.command import main

__all__ = ["main"]
