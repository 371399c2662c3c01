"""``graphwalk embed``."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from graphwalk.cli.parser import make_parser
from graphwalk.cli.text import size_on_disk
from graphwalk.cli.walk import read_start_nodes, walk_rules
from graphwalk.errors import GraphwalkError, InputError

if TYPE_CHECKING:
    from argparse import Namespace

#: Of the walks and of the trainer, unless another is given.
SEED = 1


def run(args: Namespace) -> None:
    """Learn vectors, and say where they lie."""
    from graphwalk import embed, scheduler

    seed = SEED if args.seed is None else args.seed
    with scheduler.use("threads", num_workers=args.workers):
        start = perf_counter()
        path = embed(
            _walks(args, seed),
            args.output,
            dimensions=args.dimensions,
            window=args.window,
            negative=args.negative,
            epochs=args.epochs,
            seed=seed,
            workers=args.workers,
            overwrite=args.overwrite,
            progress=False if args.quiet else None,
        )
    if not args.quiet:
        print(f"Learned vectors of {args.dimensions} dimensions in {perf_counter() - start:.1f} s.")
        print(f"They lie in {path} ({size_on_disk(path)}).")


def _walks(args: Namespace, seed: int) -> Any:
    """Return walks on the graph that is given, or where the walks lie that are."""
    from graphwalk import open_zarr, random_walks

    if _are_walks(args.source):
        _refuse_rules(args)
        return args.source
    graph = open_zarr(args.source)
    start_nodes = read_start_nodes(args.start_nodes, graph)
    return random_walks(graph, start_nodes, seed=seed, memory=args.memory, **walk_rules(args))


def _are_walks(source: str) -> bool:
    """Return whether that is not a graph: its name may be that of either."""
    from graphwalk.algorithms.output.formats import walk_suffix
    from graphwalk.algorithms.output.read import count_walks

    try:
        if walk_suffix(source) != ".zarr":
            return True
        count_walks(source)
    except GraphwalkError:  # what is wrong with it is said when it is opened as a graph
        return False
    return True


def _refuse_rules(args: Namespace) -> None:
    """Raise InputError if it is said how to walk, where walks are there."""
    asked = _how_to_walk(args)
    unasked = _how_to_walk(make_parser().parse_args(["embed", args.source, args.output]))
    for name, value in asked.items():
        if value != unasked[name]:
            raise InputError(
                f"{args.source} is no graph, and --{name.replace('_', '-')} says how to walk one; "
                "pass a graph, or leave it out for walks that are there"
            )


def _how_to_walk(args: Namespace) -> dict[str, Any]:
    return {"start_nodes": args.start_nodes, "memory": args.memory, **walk_rules(args)}
