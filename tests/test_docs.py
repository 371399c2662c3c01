"""Every code block of the README and of docs/ runs, and prints what the page says it prints.

The blocks of a page run in order, in one folder that is empty except for a link to `examples`; its
Python blocks share their names. The output of a ``python`` block may be shown in a ``text`` block
right after it, that of a command of a ``console`` block right below the command; ``...`` stands
for whatever else may be there.

Every public function, method and class has a section `Examples` in its docstring, which runs too.
"""

import doctest
import inspect
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import yaml

import graphwalk
from graphwalk.cli import main
from graphwalk.cli.options import option
from graphwalk.cli.parser import make_parser
from graphwalk.scheduler.engine.probabilities import DEAD_ENDS
from graphwalk.util.parameters import parameters_of
from graphwalk.walk_spec import PlanOptions, WalkSpec

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
from hooks import TABLE, walk_parameters  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Pages whose blocks need a cluster: test_slurm.py runs them on one.
ON_CLUSTERS = {"on-slurm.md", "by-ssh.md"}

#: Commands that pages show and this does not run, and why.
NOT_RUN = {
    "pip install '.[embed,plot]'": "changes the environment that the tests run in",
    "pip install '.[plot]'": "changes the environment that the tests run in",
    "jupyter lab examples/tutorial.ipynb": "test_notebook.py runs it, without a browser",
    "pip install '.[interop]'": "changes the environment that the tests run in",
}

#: Modules without which a block that imports them is only compiled, and why they may be missing.
NOT_REQUIRED = {"torch": "its CUDA build is some GB; `make test-torch` runs these blocks"}

#: Languages of blocks that are only looked at.
SHOWN = {"text", "json", "yaml"}

FENCE = re.compile(r"^```(\w*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
REFERENCE = re.compile(r"^::: graphwalk\.(\S+)$", re.MULTILINE)
EXAMPLES = re.compile(r"^Examples\n-{8}\n(?:.*\n)*?>>> ", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")


class Block(NamedTuple):
    """A code block: its first line's number, and what it is said to print, if anything."""

    line: int
    language: str
    code: str
    output: str | None


def blocks(text):
    found = list(FENCE.finditer(text))
    assert text.count("```") == 2 * len(found), "a fence is not closed, or is indented"
    for match, after in zip_longest(found, found[1:]):
        shown = after and after[1] == "text" and not text[match.end() : after.start()].strip()
        line = text.count("\n", 0, match.start()) + 2
        yield Block(line, match[1], match[2], after[2] if shown else None)


def check_output(printed, shown, where):
    if shown is None:
        return
    pattern = ".*".join(map(re.escape, shown.strip().split("...")))
    plain = "\n".join(map(str.rstrip, printed.strip().splitlines()))
    assert re.fullmatch(pattern, plain, re.DOTALL), f"{where} prints\n{printed}\nand not\n{shown}"


def run_python(block, page, names):
    code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
    if any(f"import {name}\n" in block.code and not find_spec(name) for name in NOT_REQUIRED):
        return
    printed = StringIO()
    with redirect_stdout(printed):
        exec(code, names)
    check_output(printed.getvalue(), block.output, f"{page}:{block.line}")


def commands(code):
    """Yield each command and what is shown below it, None where that is nothing."""
    code = code.replace("\\\n", "")
    assert code.startswith("$ "), f"a console block begins with no command: {code}"
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown if shown.strip() else None


def by_shell(command):
    """Run a command; return its status and what it prints on each stream."""
    done = subprocess.run(
        ["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def ours_here(command):
    """Run a command as `by_shell`, but `graphwalk` itself in this process, which imported it."""
    words = shlex.split(command)
    if words[0] != "graphwalk" or set(command) & set("|&;<>$`*?~#(){}"):
        return by_shell(command)
    with redirect_stdout(StringIO()) as printed, redirect_stderr(StringIO()) as said:
        status = main(words[1:])
    return status, printed.getvalue(), said.getvalue()


def run_console(block, page, run=by_shell):
    for command, shown in commands(block.code):
        if command in NOT_RUN:
            continue
        where = f"{page}:{block.line}: {command!r}"
        status, printed, said = run(command)
        assert status == 0, f"{where} fails:\n{printed}{said}"
        check_output(printed, shown, where)


def run_page(text, page):
    names = {"__name__": "__main__"}
    for block in blocks(text):
        if block.language == "python":
            run_python(block, page, names)
        elif block.language == "console":
            run_console(block, page, ours_here)
        else:
            assert block.language in SHOWN, f"{page}:{block.line}: nothing runs {block.language!r}"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Go to a folder with `examples` in it, where `graphwalk` is the command of these sources."""
    programs, folder = tmp_path / "bin", tmp_path / "folder"
    programs.mkdir()
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    command = programs / "graphwalk"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m graphwalk "$@"\n')
    command.chmod(0o755)
    paths = [str(ROOT), os.environ.get("PYTHONPATH")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(folder)


def uses_ray(page):
    return any("use('ray" in b.code.replace('"', "'") for b in blocks(page.read_text()))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=f"{page.stem} on ray", marks=pytest.mark.ray)
        if uses_ray(page)
        else pytest.param(page, id=page.stem)
        for page in PAGES
        if page.name not in ON_CLUSTERS
    ],
)
@pytest.mark.timeout(300)
def test_the_blocks_of_a_page_run_and_print_what_it_shows(checkout, page, request):
    if uses_ray(page):
        request.getfixturevalue("shared_ray")
    run_page(page.read_text(), page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_job_for_kubernetes_is_one():
    """It is YAML, and what it runs is a command that there is."""
    job, *others = (
        yaml.safe_load(block.code)
        for block in blocks((ROOT / "docs" / "on-kubernetes.md").read_text())
        if block.language == "yaml"
    )
    assert not others
    command, *arguments = job["spec"]["entrypoint"].split()
    assert command == "graphwalk"
    parsed = make_parser().parse_args(arguments)
    assert (parsed.scheduler, parsed.address, parsed.resume) == ("ray", "auto", True)
    cluster = job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["limits"].keys() == {"cpu", "memory"}


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    pages = {page.name for page in PAGES if page.parent.name == "docs"} - {"index.md"}
    assert pages == {target for target in LINK.findall(index) if target.endswith(".md")}


def table_rows(text):
    """Yield the cells of each row of the tables of steps a second on two cores."""
    heads = re.finditer(r"^\| M steps/s, 2 cores .*\n((?:\|.*\n)+)", text, re.MULTILINE)
    for row in "".join(head[1] for head in heads).splitlines():
        yield [cell.strip() for cell in row.strip("|").split("|")]


def test_the_speeds_of_all_pages_are_those_of_one_run():
    results = (ROOT / "benchmarks" / "results" / "peers.md").read_text()
    measured = {name: values for name, *values in table_rows(results)}
    for page in ("README.md", "docs/index.md", "docs/peers.md"):
        rows = [row for row in table_rows((ROOT / page).read_text()) if "---" not in row[1]]
        assert len(rows) > 5
        for name, *values in rows:
            left = iter(measured[name])
            assert all(value in left for value in values), f"{page}: {name} {values}"


def test_every_public_name_is_in_the_reference():
    """What is not there at all, the build of the site refuses."""
    page = (ROOT / "docs" / "api.md").read_text()
    public = {f"scheduler.{name}" for name in graphwalk.scheduler.__all__} | {*graphwalk.__all__}
    assert public - {*REFERENCE.findall(page)} == {"__version__", "scheduler"}
    assert "graphwalk.__version__" in page


def test_a_parameter_of_walks_is_declared_and_documented():
    """In `WalkSpec` or `PlanOptions`, and in the signature and docstring of `random_walks`."""
    parameters = [*parameters_of(WalkSpec), *parameters_of(PlanOptions)]
    choices = {each.name: each.kind.choices for each in parameters if each.kind.choices}
    for function in (graphwalk.random_walks, graphwalk.plan_walks):
        _, _, _, *found = inspect.signature(function).parameters.values()
        if function is graphwalk.plan_walks:
            assert found.pop().name == "cluster"
        assert [(each.name, each.default) for each in found] == [each[:2] for each in parameters]
        for each in found:
            named = (
                re.findall(r"'([\w-]+)'", each.annotation) if "Literal" in each.annotation else []
            )
            assert tuple(named) == choices.get(each.name, ())
    assert set(DEAD_ENDS) == set(choices["dead_end"])
    text = graphwalk.random_walks.__doc__
    documented = re.findall(r"^    (\w[\w, ]*) : ", text[: text.index("Returns\n")], re.MULTILINE)
    names = [name for line in documented for name in line.split(", ")]
    starts = "start_nodes", "start_edges"
    assert names == ["store", *starts, *(each.name for each in parameters)]
    determinism = (ROOT / "docs" / "determinism.md").read_text()
    for each in parameters:
        assert re.search(rf"`{each.name}=?`", determinism), each.name
        assert f"| `{each.name}` | `{option(each.name)}`" in walk_parameters()
    assert TABLE in (ROOT / "docs" / "api.md").read_text()


def test_every_command_that_is_not_run_is_shown_somewhere():
    shown = {
        command
        for page in PAGES
        for block in blocks(page.read_text())
        if block.language == "console"
        for command, _ in commands(block.code)
    }
    assert set(NOT_RUN) <= shown


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```python\nassert 1 == 2, 'wrong'\n```\n", "wrong"),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "prints"),
        ("```python\nprint('a b d')\n```\n```text\na ... c\n```\n", "prints"),
        ("```console\n$ false\n```\n", "fails"),
        ("```console\n$ echo 1\n1\n$ echo 1 \\\n  2\n2\n```\n", "prints"),
        ("```console\nfalse\n```\n", "no command"),
        ("```bash\nfalse\n```\n", "nothing runs"),
        ("```python\nassert False\n", "not closed"),
        ("  ```python\n  assert False\n  ```\n", "indented"),
    ],
)
def test_a_page_that_is_wrong_fails(checkout, page, complaint):
    with pytest.raises(AssertionError, match=complaint):
        run_page(page, "page.md")


def test_a_page_that_is_right_passes(checkout):
    run_page(
        "```python\nx = 1\n```\nThen\n```python\nprint(x, 'of', 2)\n```\n```text\n1 ... 2\n```\n"
        "```console\n$ pip install '.[plot]'\nwhatever\n$ echo a \\\n  b\na b\n"
        "$ graphwalk --version | cat\n"
        "graphwalk ...\n```\n",
        "page.md",
    )


def public_objects():
    """Yield the name of every public class, function and method, and what it names."""
    modules = [(graphwalk, ""), (graphwalk.scheduler, "scheduler.")]
    for module, prefix in modules:
        for name in module.__all__:
            found = getattr(module, name)
            if inspect.isclass(found) and not issubclass(found, Exception):
                yield f"{prefix}{name}", found
                yield from public_methods(f"{prefix}{name}", found)
            elif inspect.isfunction(found):
                yield f"{prefix}{name}", found


def public_methods(name, kind):
    """Yield the methods of a class that are ours, inherited ones too, but no properties."""
    for base in kind.__mro__:
        if base.__module__.startswith("graphwalk."):
            for method, found in vars(base).items():
                if inspect.isroutine(found) and not method.startswith("_"):
                    yield f"{name}.{method}", getattr(kind, method)


def has_examples(documented):
    return EXAMPLES.search(f"{inspect.getdoc(documented)}\n") is not None


PUBLIC = dict(public_objects())


def test_every_public_function_has_examples():
    missing = {name for name, documented in PUBLIC.items() if not has_examples(documented)}
    assert sorted(missing) == []


@pytest.mark.parametrize("name", [name for name, found in PUBLIC.items() if has_examples(found)])
def test_the_examples_of_a_docstring_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(PUBLIC[name])
    for module in NOT_REQUIRED:
        if re.search(rf">>> (import|from) {module}\b", text):
            pytest.importorskip(module)
    names = {"graphwalk": graphwalk, "np": np}
    test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    printed = StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=printed.write)
    assert runner.summarize(verbose=False).attempted > 0
    assert runner.failures == 0, printed.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Return nothing.",
        "Return one.\n\nExamples\n--------\nThere are none.",
        "Return one.\n\n>>> 1\n1",
    ],
)
def test_a_docstring_without_examples_is_noticed(text):
    def function():
        pass

    function.__doc__ = text
    assert not has_examples(function)
