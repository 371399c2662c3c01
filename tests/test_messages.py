"""Arguments that messages name: they exist in Python, and on the command line."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import graphwalk
from graphwalk.cli.build import BUILD
from graphwalk.cli.options import option

FOLDER = Path(graphwalk.__file__).parent
READING = sorted([*(FOLDER / "storage/edges").rglob("*.py"), *(FOLDER / "storage/build").glob("*")])

#: Arguments of functions of other libraries, which messages name as what else could be called.
_FOREIGN = {"fmt", "data", "escapechar"}

PARAMETERS = set(inspect.signature(graphwalk.build_zarr).parameters)
OPTIONS = {parameter.name for parameter in BUILD}


def named_arguments(path):
    """Return the arguments that messages of a module name by the function `argument`."""
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if getattr(call.func, "id", "") == "argument" and isinstance(call.args[0], ast.Constant)
    }


def written_arguments(path):
    """Return the arguments that texts of messages write out, such as ``columns=``."""
    tree = ast.parse(path.read_text())
    raised = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("InputError", "warn")
    ]
    texts = [
        text.value
        for call in raised
        for text in ast.walk(call)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    ]
    return {name for text in texts for name in re.findall(r"\b([a-z_]{2,})=", text)}


SOURCES = [path for path in READING if path.suffix == ".py"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_arguments_in_messages_of_the_build_exist_in_both_interfaces(path):
    assert named_arguments(path) <= PARAMETERS
    assert named_arguments(path) <= OPTIONS
    assert all(option(name).startswith("--") for name in named_arguments(path))
    assert written_arguments(path) <= _FOREIGN


def test_messages_name_arguments():
    assert set().union(*map(named_arguments, SOURCES)) >= {
        *("columns", "sep", "header", "times", "edge_types", "directed", "num_nodes", "relabel"),
        "allow_pickle",
    }
