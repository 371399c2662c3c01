"""``graphwalk walk``."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any

from graphwalk.cli.options import SCHEDULER, add_options, add_output_options, given_options
from graphwalk.cli.text import Stopwatch, size_on_disk
from graphwalk.cli.walk_options import add_walk_options, walk_arguments
from graphwalk.errors import InputError, printable
from graphwalk.units import count_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from graphwalk.algorithms.output.write_blocks import Written
    from graphwalk.walk_spec import WalkSpec

HELP = "walk a graph at random and write the walks"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the graph, the output, and options."""
    add = parser.add_argument
    add("store", metavar="STORE", help="path or URL of a store")
    add(
        "output",
        metavar="OUTPUT",
        help="where to write: .txt, .txt.gz, .txt.zst or .parquet for walks by the nodes' labels, "
        ".zarr or .npy for an array of node ids",
    )
    add_walk_options(parser)
    add_options(parser, SCHEDULER, "scheduler")
    add_output_options(parser)
    add(
        "--coordinates",
        action="store_true",
        help="write .zarr as a group with coordinates, which xarray opens",
    )
    add(
        "--resume",
        action="store_true",
        help="continue a run that was killed; needs the same --seed",
    )
    add(
        "--share",
        metavar="K/N",
        type=_fraction,
        help="write one of N parts of the walks, K from 0 to N - 1, while other processes write "
        "the others; needs the same --seed",
    )


def _fraction(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal()):
        raise ArgumentTypeError(f"{text!r} is not K/N, such as 0/4")
    return int(part), int(parts)


def run(args: Namespace) -> None:
    """Walk, write the walks, and say where they are."""
    from graphwalk import random_walks, scheduler
    from graphwalk.algorithms.output.write_blocks import write_blocks
    from graphwalk.algorithms.walks.walks_source import walks_source

    if (args.resume or args.share) and "seed" not in args:
        again = "--resume" if args.resume else "--share"
        raise InputError(f"{again} continues the walks of another run; add the --seed of that run")
    arguments = walk_arguments(args, args.store)
    with scheduler.use(**given_options(args, SCHEDULER)):
        watch = Stopwatch()
        found: Any = random_walks(**arguments)
        walks, edges = found if isinstance(found, tuple) else (found, None)
        written = write_blocks(
            walks,
            args.output,
            edges=edges,
            labels=arguments["store"].labels,
            coordinates=args.coordinates,
            overwrite=args.overwrite,
            resume=args.resume,
            share=args.share,
            progress=False if args.quiet else None,
        )
        watch.stop()
    if not args.quiet:
        source = walks_source(walks)
        assert source is not None
        _report(source.plan.spec, written, watch)


def _report(spec: WalkSpec, written: Written, watch: Stopwatch) -> None:
    print(
        f"Walked {count_of(written.walks, 'walk')} of up to {count_of(spec.walk_length, 'step')}: "
        f"{count_of(written.steps, 'step')} {watch.took()} "
        f"({watch.rate(written.steps, 'steps')}), seed {spec.seed}."
    )
    if written.whole:
        print(printable(f"They are in {written.path} ({size_on_disk(written.path)})."))
    else:
        print(printable(f"{written.path} will be made of them when the other shares are there."))
