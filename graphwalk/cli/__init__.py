"""The command ``graphwalk``."""

from graphwalk.cli.main import main

__all__ = ["main"]
