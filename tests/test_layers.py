"""The modules of the package import downwards only; this test names those that do not."""

import ast
import os
import subprocess
import sys
from enum import Enum
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

# From the lowest to the highest; the package itself, `graphwalk/__init__.py`, is the public API.
LAYERS = (
    "kernels", "util", "walk_spec", "storage.files", "storage.edges", "storage.store",
    "storage.partitions", "storage.build", "storage", "scheduler.engine", "scheduler.executors",
    "scheduler.slurm", "scheduler", "algorithms.walks", "algorithms.analytics",
    "algorithms.reductions", "algorithms.samples", "algorithms.validation", "algorithms.output",
    "algorithms.training", "algorithms", "plotting", "networkx_backend", "", "cli",
)  # fmt: skip
COMMON = {"errors", "units", "_version"}
KERNELS_MAY_IMPORT = {
    "__future__", "collections", "enum", "functools", "graphwalk", "llvmlite", "math", "numba",
    "numpy", "typing",
}  # fmt: skip
# What is compiled is cached under a digest of the kernels' own sources.
COMPILING = {"graphwalk.kernels.jit", "graphwalk.kernels.pause_gc"}
COMPILING_MAY_IMPORT = KERNELS_MAY_IMPORT | {"gc", "hashlib", "os", "pathlib", "re", "sys"}
CLUSTERS = {"ray", "distributed"}
EXECUTORS = ("scheduler.executors",)
KNOW_CLUSTERS = (*EXECUTORS, "scheduler.slurm")
LATE = ("scheduler.executors.distributed",)  # imported itself when it is asked for
NO_ALGORITHMS = ("kernels", "storage", "scheduler.engine", "algorithms")
KERNELS_MAY_NOT_CALL = {"open", "print", "input"}


class When(Enum):
    """When an import happens; the layers hold for all of them."""

    AT_ONCE = 1
    IN_FUNCTION = 2
    FOR_TYPES = 3  # never: only type checkers read it


class Import(NamedTuple):
    name: str
    line: int
    when: When


def package_sources():
    return {module_name(path): path.read_text() for path in (ROOT / "graphwalk").rglob("*.py")}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module, source, modules):
    """Yield what a module imports, by absolute name, as deep as it names a module of ours."""
    is_package = any(other.startswith(f"{module}.") for other in modules)
    package = module if is_package else module.rpartition(".")[0]
    for node, when in walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, when) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            for alias in node.names:
                deep = f"{base}.{alias.name}"
                yield Import(deep if deep in modules else base, node.lineno, when)
        elif is_import_by_text(node):
            yield Import(node.args[0].value, node.lineno, when)


def is_import_by_text(node):
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    by_text = called in {"import_module", "importlib.import_module", "__import__"}
    return by_text and isinstance(node.args[0], ast.Constant)


def walk(node, when=When.AT_ONCE):
    """Yield every node below, and when an import there would happen."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                child_when = max(when, when_below(node, name), key=lambda when: when.value)
                yield child, child_when
                yield from walk(child, child_when)


def when_below(node, field):
    if isinstance(node, ast.If) and is_type_checking(node.test) and field == "body":
        return When.FOR_TYPES
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    return When.IN_FUNCTION if is_function else When.AT_ONCE


def is_type_checking(test):
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def layer_of(module):
    """Return a module's layer, or None for what every layer may import."""
    path = module.removeprefix("graphwalk").removeprefix(".")
    if path == "__main__":
        return LAYERS.index("cli")
    rooms = [room for room in LAYERS if room and f"{path}.".startswith(f"{room}.")]
    if path and path not in COMMON and not rooms:
        raise ValueError(f"{module} is in no room that LAYERS knows")
    return None if path in COMMON else LAYERS.index(max(rooms, key=len, default=""))


def upward(module, imported):
    own, other = layer_of(module), layer_of(imported)
    if other is None:
        return False
    return own is None or other > own


def faults(sources):
    """Return what is wrong with a package's imports, one line each."""
    graph = {module: list(imports(module, text, sources)) for module, text in sources.items()}
    return [
        *(fault for module, found in graph.items() for fault in import_faults(module, found)),
        *(fault for module, text in sources.items() for fault in call_faults(module, text)),
        *cycle_faults(graph),
    ]


def import_faults(module, found):
    for name, line, when in found:
        top = name.split(".")[0]
        allowed = COMPILING_MAY_IMPORT if module in COMPILING else KERNELS_MAY_IMPORT
        if top == "graphwalk" and upward(module, name):
            yield f"{module}:{line} imports {name}, of a layer above its own"
        if module.startswith("graphwalk.kernels") and top not in allowed:
            yield f"{module}:{line} imports {name}; kernels take arrays and return arrays"
        if top in CLUSTERS and not is_within(module, KNOW_CLUSTERS):
            yield f"{module}:{line} imports {name}; only executors and Slurm's tools know clusters"
        if top in CLUSTERS and when is When.AT_ONCE and not is_within(module, LATE):
            yield f"{module}:{line} imports {name} before it is asked for"
        if is_within(module, EXECUTORS) and is_within(name, NO_ALGORITHMS):
            yield f"{module}:{line} imports {name}; executors know no algorithm"


def is_within(module, rooms):
    return any(f"{module}.".startswith(f"graphwalk.{room}.") for room in rooms)


def call_faults(module, source):
    if module.startswith("graphwalk.kernels"):
        for node in ast.walk(ast.parse(source)):
            called = node.func.id if is_plain_call(node) else None
            if called in KERNELS_MAY_NOT_CALL:
                yield f"{module}:{node.lineno} calls {called}; kernels do no I/O"


def is_plain_call(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def cycle_faults(graph):
    known = {
        module: {name for name, _, _ in found} & graph.keys() - {module}
        for module, found in graph.items()
    }
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        yield f"import cycle: {' -> '.join(error.args[1])}"


def test_the_package_imports_downwards_only():
    assert faults(package_sources()) == []


def test_the_package_is_read_whole():
    sources = package_sources()
    assert {"graphwalk", "graphwalk.cli", "graphwalk.errors"} <= sources.keys()
    found = imports("graphwalk", sources["graphwalk"], sources)
    assert "graphwalk._version" in {name for name, _, _ in found}


GOOD = {
    "graphwalk": "from graphwalk.algorithms.walks import random_walks",
    "graphwalk.errors": "",
    "graphwalk.kernels": "",
    "graphwalk.kernels.walks": "import numba\nfrom graphwalk import errors",
    "graphwalk.storage": "from .graph import Graph",
    "graphwalk.storage.graph": "import zarr\nfrom graphwalk.kernels import walks",
    "graphwalk.scheduler": "from graphwalk.scheduler.executors import ray",
    "graphwalk.scheduler.engine": "",
    "graphwalk.scheduler.executors": "",
    "graphwalk.scheduler.executors.ray": "def use():\n    import ray.util.dask",
    "graphwalk.scheduler.executors.distributed": "from distributed import Client",
    "graphwalk.algorithms": "",
    "graphwalk.algorithms.walks": "from graphwalk import scheduler, storage",
    "graphwalk.cli": "import graphwalk",
}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("graphwalk", GOOD["graphwalk"]),
        ("graphwalk.scheduler.executors.ray", "if TYPE_CHECKING:\n    import ray"),
        ("graphwalk.scheduler.executors", "from graphwalk import errors"),
    ],
)
def test_good_imports_have_no_fault(module, source):
    assert faults(GOOD | {module: source}) == []


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("graphwalk.storage.graph", "import graphwalk.scheduler", "of a layer above"),
        ("graphwalk.storage.graph", "from graphwalk import scheduler", "of a layer above"),
        ("graphwalk.storage.graph", "from ..algorithms.walks import x", "of a layer above"),
        ("graphwalk.storage", "from ..algorithms.walks import x", "of a layer above"),
        ("graphwalk.storage.graph", "def f():\n    import graphwalk.cli", "of a layer above"),
        ("graphwalk.storage", "if TYPE_CHECKING:\n    import graphwalk.cli", "of a layer above"),
        ("graphwalk.algorithms.walks", "import graphwalk", "of a layer above"),
        ("graphwalk.errors", "import graphwalk.kernels", "of a layer above"),
        ("graphwalk", "import graphwalk.cli", "of a layer above"),
        ("graphwalk.kernels.walks", "import dask.array", "kernels take arrays"),
        ("graphwalk.kernels.walks", "def f():\n    import zarr", "kernels take arrays"),
        ("graphwalk.kernels.walks", "from pathlib import Path", "kernels take arrays"),
        ("graphwalk.kernels.walks", "def f():\n    return open('x')", "kernels do no I/O"),
        ("graphwalk.algorithms.walks", "def f():\n    import ray", "only executors"),
        ("graphwalk.scheduler.engine", "def f():\n    import distributed", "only executors"),
        ("graphwalk.scheduler.executors", "from graphwalk.scheduler import engine", "no algorithm"),
        ("graphwalk.scheduler.executors", "from graphwalk import storage", "no algorithm"),
        ("graphwalk.scheduler.executors", "import distributed", "before it is asked for"),
        ("graphwalk.storage.graph", "from ray import put", "only executors"),
        ("graphwalk.storage.graph", "import_module('ray.util')", "only executors"),
        ("graphwalk.scheduler", "import ray", "before it is asked for"),
        ("graphwalk.scheduler.executors.ray", "class A:\n    from ray import put", "before it is"),
        ("graphwalk.scheduler.executors", "if not TYPE_CHECKING:\n    import ray", "before it is"),
        ("graphwalk.scheduler", "if TYPE_CHECKING:\n    x = 1\nelse:\n    import ray", "before"),
        ("graphwalk.storage.graph", "from graphwalk.storage import Graph", "import cycle"),
        ("graphwalk.storage.graph", "def f():\n    import graphwalk.storage", "import cycle"),
        (
            "graphwalk.storage.graph",
            "if TYPE_CHECKING:\n    from graphwalk.storage import Graph",
            "import cycle",
        ),
    ],
)
def test_each_bad_import_is_a_fault(module, source, fault):
    found = faults(GOOD | {module: source})
    assert any(fault in line and module in line for line in found), found


def test_a_module_outside_the_layers_is_noticed():
    with pytest.raises(ValueError, match="no room"):
        faults(GOOD | {"graphwalk.helpers": "import graphwalk.kernels"})


def test_importing_the_package_imports_no_cluster():
    script = (
        "import sys, graphwalk, graphwalk.cli, graphwalk.scheduler; "
        "sys.exit(bool({'ray', 'distributed'} & sys.modules.keys()))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_kernels_take_a_dozen_arguments_at_most():
    taken = [
        (len(node.args.args) + len(node.args.kwonlyargs), f"{name}.{node.name}")
        for name, source in package_sources().items()
        if name.startswith("graphwalk.kernels.")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(taken) > 200
    assert [name for number, name in taken if number > 12] == []
