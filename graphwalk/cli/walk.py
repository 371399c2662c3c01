"""``graphwalk walk``."""

from __future__ import annotations

import secrets
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from graphwalk.cli.text import count, rate, size_on_disk
from graphwalk.errors import InputError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from graphwalk import Graph
    from graphwalk.algorithms.output.write import Written


def run(args: Namespace) -> None:
    """Walk, write the walks, and say where they lie."""
    from graphwalk import open_zarr, scheduler

    again = "--resume" if args.resume else "--share"
    if (args.resume or args.share) and args.seed is None:
        raise InputError(f"{again} goes on with the same walks; add the --seed that they were of")
    graph = open_zarr(args.store)
    seed = secrets.randbits(32) if args.seed is None else args.seed
    start_nodes = read_start_nodes(args.start_nodes, graph)
    with scheduler.use(args.scheduler, **_scheduler_options(args)):
        start = perf_counter()
        written = _walk(args, graph, start_nodes, seed)
        seconds = perf_counter() - start
    if not args.quiet:
        _report(args, written, seconds, seed)


def _walk(
    args: Namespace, graph: Graph, start_nodes: NDArray[np.int64] | None, seed: int
) -> Written:
    from graphwalk import random_walks
    from graphwalk.algorithms.output.write import write_blocks

    walks = random_walks(graph, start_nodes, seed=seed, memory=args.memory, **walk_rules(args))
    return write_blocks(
        walks,
        args.output,
        labels=graph.labels,
        overwrite=args.overwrite,
        resume=args.resume,
        share=args.share,
        progress=False if args.quiet else None,
    )


def walk_rules(args: Namespace) -> dict[str, Any]:
    """Return what every walker is to do, but for the seed."""
    names = ("num_walks", "walk_length", "p", "q", "gamma", "weighted", "restart_prob", "stop_prob")
    kinds = ("dead_end", "metapath", "metapath_of", "temporal")
    return {name: getattr(args, name) for name in (*names, *kinds)}


def _scheduler_options(args: Namespace) -> dict[str, Any]:
    if args.address is not None and args.scheduler != "ray":
        raise InputError("--address is that of a Ray cluster; add --scheduler ray")
    options = {"address": args.address, "num_workers": args.workers}
    return {name: value for name, value in options.items() if value is not None}


def read_start_nodes(text: str | None, graph: Graph) -> NDArray[np.int64] | None:
    """Return the ids of the nodes that ``--start-nodes`` names; None, for all, if it is not given.

    Parameters
    ----------
    text : str or None
        The path of a file with one node a line, or nodes separated by commas.
    graph : Graph
        If it has labels, nodes are named by them; otherwise by their ids.

    Raises
    ------
    InputError
        When there is no such node.
    """
    if text is None:
        return None
    file = Path(text)
    if file.is_file():
        return _find(_lines_of(file), graph, f"--start-nodes {text}")
    names = [name.strip() for name in text.split(",")]
    return _find(names, graph, f"--start-nodes {text} (there is no such file)")


def _lines_of(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"--start-nodes {file} is no UTF-8 text: {error}") from None
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line.strip()]


def _find(names: Sequence[str], graph: Graph, where: str) -> NDArray[np.int64]:
    import numpy as np

    wanted = names if graph.label_kind == "string" else [_integer(name, where) for name in names]
    try:
        return np.asarray(graph.index_of(wanted), np.int64)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _integer(name: str, where: str) -> int:
    try:
        return int(name)
    except ValueError:
        raise InputError(f"{where}: {name!r} is no integer, as this graph's nodes are") from None


def _report(args: Namespace, written: Written, seconds: float, seed: int) -> None:
    print(
        f"Walked {count(written.walks, 'walk')} of up to {count(args.walk_length, 'step')}: "
        f"{count(written.steps, 'step')} in {seconds:.1f} s "
        f"({rate(written.steps, seconds, 'steps')}), seed {seed}."
    )
    if written.whole:
        print(f"They lie in {written.path} ({size_on_disk(written.path)}).")
    else:
        print(f"{written.path} is made of them when the other shares are there.")
