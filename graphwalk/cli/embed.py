"""``graphwalk embed``."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from graphwalk.cli.report import size_on_disk

if TYPE_CHECKING:
    from argparse import Namespace


def run(args: Namespace) -> None:
    """Learn vectors, and say where they lie."""
    from graphwalk import embed

    start = perf_counter()
    path = embed(
        args.walks,
        args.output,
        dimensions=args.dimensions,
        window=args.window,
        negative=args.negative,
        epochs=args.epochs,
        seed=args.seed,
        workers=args.workers,
        overwrite=args.overwrite,
        progress=False if args.quiet else None,
    )
    if not args.quiet:
        print(f"Learned vectors of {args.dimensions} dimensions in {perf_counter() - start:.1f} s.")
        print(f"They lie in {path} ({size_on_disk(path)}).")
