"""The options of walks: one for each parameter of `random_walks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphwalk.cli.options import add_options, given_options
from graphwalk.cli.read_start_nodes import read_start_edges, read_start_nodes
from graphwalk.util.parameters import Kind, Parameter, parameters_of
from graphwalk.walk_spec import PlanOptions, WalkSpec

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Container

_START_NODES = Parameter(
    "start_nodes",
    None,
    Kind("nodes of the graph", "FILE|A,B,..."),
    "nodes to start from, named by their labels if the graph has labels: a list, or a file with "
    "one node on each line; by default all nodes",
)

_START_EDGES = Parameter(
    "start_edges",
    None,
    Kind("edges of the graph", "FILE|A,B,..."),
    "edges that temporal walks begin with, in place of start nodes, as 'graphwalk "
    "draw-start-edges' writes them: a file with one on each line, or a list",
)

WALK, PLAN = [_START_NODES, _START_EDGES, *parameters_of(WalkSpec)], parameters_of(PlanOptions)


def add_walk_options(parser: ArgumentParser, without: Container[str] = ()) -> None:
    """Add the options of walks, and of their plan."""
    for title, parameters in (("walks", WALK), ("plan", PLAN)):
        add_options(parser, (each for each in parameters if each.name not in without), title)


def walk_arguments(args: Namespace, store: str) -> dict[str, Any]:
    """Return the arguments of `random_walks` and `plan_walks`, with the graph opened.

    Raises
    ------
    InputError
        When a start node does not exist.
    StoreError
        When `store` is no graph that can be read.
    """
    from graphwalk import open_zarr

    given, graph = given_options(args, [*WALK, *PLAN]), open_zarr(store)
    for name in {"start_nodes", "until"} & given.keys():
        given[name] = read_start_nodes(given[name], graph, name)
    if "start_edges" in given:
        given["start_edges"] = read_start_edges(given["start_edges"])
    return {"store": graph, **given}
