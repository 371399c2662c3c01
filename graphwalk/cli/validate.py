"""``graphwalk validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "read a whole store and check what it holds"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the store."""
    parser.add_argument("store", metavar="STORE", help="path or URL of a store")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: Namespace) -> None:
    """Say whether the store is sound, and fail if it is not."""
    from graphwalk import open_zarr

    found = open_zarr(args.store).validate(progress=False if args.quiet else None)
    if not args.quiet:
        print(found, flush=True)
    found.raise_if_damaged()
