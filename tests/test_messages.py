"""Arguments that messages name: they exist in Python, and on the command line."""

import ast
import inspect
import re
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path

import pytest

import graphwalk
from graphwalk.cli import main
from graphwalk.cli.build import BUILD
from graphwalk.cli.options import COMMAND_LINE, option
from graphwalk.cli.parser import make_parser
from graphwalk.cli.update import UPDATE
from graphwalk.errors import argument, function, use_interface

FOLDER = Path(graphwalk.__file__).parent
READING = sorted([*(FOLDER / "storage/edges").rglob("*.py"), *(FOLDER / "storage/build").glob("*")])
ALL = sorted(FOLDER.rglob("*.py"))

#: Arguments of functions of other libraries, which messages name as what else could be called.
_FOREIGN = {"fmt", "data", "escapechar", "create_using"}

PARAMETERS = {
    name
    for build in (graphwalk.build_zarr, graphwalk.Graph.update)
    for name in inspect.signature(build).parameters
}
OPTIONS = {parameter.name for parameter in [*BUILD, *UPDATE]}

#: Modules of what the command line does not have, and which write parameters as Python does.
_PYTHON = {"row_slice", "errors", "write_nodes"}

#: Parameters that the command line has as arguments without a name, or not at all.
_NO_OPTIONS = {"store", "edges", "weight", "start_nodes", "types", "chunks", "compressed"}


def parameters_of_all(names=graphwalk.__all__):
    """Return the parameters of all public functions, classes and their methods."""
    found = [getattr(graphwalk, name) for name in names] + [graphwalk.scheduler.use]
    found += [
        method
        for kind in filter(inspect.isclass, found)
        for name, method in inspect.getmembers(kind, inspect.isroutine)
        if not name.startswith("_") and getattr(method, "__module__", "").startswith("graphwalk")
    ]
    functions = [each for each in found if callable(each)]
    signatures = []
    for each in functions:
        try:
            signatures.append(inspect.signature(each))
        except ValueError:  # of a class that is written in C
            continue
    return {name for signature in signatures for name in signature.parameters}


def options_of_all():
    """Return the options of all commands, as parameters are written."""
    choices = make_parser()._subparsers._group_actions[0].choices.values()
    flags = {flag for command in choices for flag in command._option_string_actions}
    return {flag.removeprefix("--") for flag in flags}


def named_arguments(path, by="argument"):
    """Return the arguments that messages of a module name by the function `argument`."""
    tree = ast.parse(path.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if getattr(call.func, "id", "") == by
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def is_message(called):
    """Whether a call makes an error or a warning."""
    name = getattr(called, "id", getattr(called, "attr", ""))
    return name.endswith("Error") or name in ("warn", "_warn")


def written_arguments(path):
    """Return the arguments that texts of messages write out, such as ``columns=``."""
    tree = ast.parse(path.read_text())
    raised = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_message(node.func)
    ]
    texts = [text for call in raised for text in texts_of(call)]
    return {name for text in texts for name in re.findall(r"\b([a-z_]{2,})=", text)}


def texts_of(tree):
    """Return all texts below a node of a syntax tree."""
    found = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [text for text in found if isinstance(text, str)]


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


def test_arguments_in_all_messages_exist():
    """In Python those of public functions, on the command line those of commands."""
    named = {path: named_arguments(path) for path in ALL}
    parameters, options = parameters_of_all(), options_of_all()
    assert {name for names in named.values() for name in names} <= parameters
    commands = [n for n in graphwalk.__all__ if not COMMAND_LINE.function(n).endswith("Python")]
    assert {"build_zarr", "random_walks", "embed", "write_walks", "pagerank"} <= set(commands)
    without = _NO_OPTIONS | parameters - parameters_of_all([*commands, "set_node_types"])
    for path, names in named.items():
        missing = {option(name).removeprefix("--") for name in names - without} - options
        assert not missing or path.stem in _PYTHON, (path, missing)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_messages_write_no_argument_as_one_interface_does(path):
    assert path.stem in _PYTHON or written_arguments(path) <= _FOREIGN


def test_options_in_texts_exist():
    """What is written as an option, by hand, is one of a command, or one of another program."""
    others = {"head", "version"}  # of `ray start`, and of no command
    commands = options_of_all() | others
    for path in ALL:
        if "slurm" in path.parts or path.stem == "with_ray":  # which write options of Slurm, too
            continue
        texts = texts_of(ast.parse(path.read_text()))
        named = {
            name for text in texts for name in re.findall(r"(?<![\w`-])--([a-z][a-z-]+)", text)
        }
        assert named <= commands, path


def test_functions_in_messages_exist_in_both_interfaces():
    commands = make_parser()._subparsers._group_actions[0].choices
    named = {name for path in ALL for name in named_arguments(path, "function")}
    assert "build_zarr" in named
    for name in named:
        assert callable(attrgetter(name)(graphwalk))
        command = COMMAND_LINE.function(name)
        assert command.endswith(f".{name} in Python") or command.split()[1] in commands


def test_messages_of_threads_are_in_the_words_of_the_interface():
    before = use_interface(COMMAND_LINE)
    try:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(argument, "header", False).result() == "--no-header"
            assert pool.submit(function, "build_zarr").result() == "graphwalk build"
    finally:
        use_interface(before)
    assert argument("header", False) == "header=False"
    assert function("build_zarr") == "graphwalk.build_zarr"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "", "x.zarr"], "edges are named by a path, a pattern or a URL, not by ''"),
        (["build", "edges.txt", ""], "a store is named by a path or URL, not by ''"),
        (["embed", "unfinished.zarr", "v.parquet"], "make it again by graphwalk build with --over"),
        (["info", "folder"], "make a store with graphwalk build"),
        (
            ["walk", "g.zarr", "w.npy", "--seed=1", "--resume"],
            "nothing to resume.*leave out --resume",
        ),
        (
            ["walk", "g.zarr", "w.txt", "--seed=1", "--resume"],
            "nothing to resume.*leave out --resume",
        ),
        (["embed", "g.zarr", "v.parquet", "--walk-length=0"], "no walk visits two nodes.*--walk-l"),
        (["build", "edges.txt", "e.zarr", "--duplicates=error"], "--duplicates=merge"),
        (
            ["build", "edges.txt", "e.zarr", "--times"],
            "--times, but nothing says.*leave out --times",
        ),
    ],
)
def test_commands_speak_of_themselves(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("edges.txt").write_text("1 2\n2 3\n1 2\n")
    Path("folder").mkdir()
    for store in ("unfinished.zarr", "g.zarr"):
        graph = graphwalk.build_zarr("edges.txt", store)
    about = Path("unfinished.zarr/zarr.json")
    about.write_text(about.read_text().replace('"complete": true', '"complete": false'))
    for walks in ("w.npy", "w.txt"):
        graphwalk.write_walks(graphwalk.random_walks(graph, walk_length=1, seed=1), walks)
    capsys.readouterr()
    assert main([*arguments, "--quiet"] if arguments[0] != "info" else arguments) == 1
    error = capsys.readouterr().err
    assert re.search(message, error), error


def test_plans_call_walks_as_parameters_do():
    graph = graphwalk.build_zarr([(0, 1, 1.0), (1, 2, 2.0)])
    how = {"num_walks": 1, "walk_length": 1}
    plain, plus = (dict(graphwalk.plan_walks(graph, **how, **more).table()) for more in (
        {}, {"q": 0.5, "gamma": 0},
    ))  # fmt: skip
    assert plain["walks"] == "3 of 1 step, first order"
    assert plus["walks"] == "3 of 1 step, node2vec+"
    assert plain["result"].endswith("in 1 block")
