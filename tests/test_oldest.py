"""The oldest versions that are tested are those that pyproject.toml allows."""

import re
import sys
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Extras that users install, except PyTorch: with CUDA, it is some GB.
EXTRAS = ("embed", "interop", "plot", "s3")


def pinned():
    """Return the version of each package in tests/oldest.txt."""
    lines = (ROOT / "tests" / "oldest.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def allowed():
    """Return the lower bound of each package in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    found = {}
    for requirement in chain(project["dependencies"], *(extras[name] for name in EXTRAS)):
        name, bound = re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", requirement).groups()
        found[name] = bound
    return found


def parts(text):
    """Return the numbers of a version, without zeros at its end."""
    return [int(part) for part in re.sub(r"(\.0)+$", "", text).split(".")]


def test_the_versions_that_are_tested_are_the_lower_bounds():
    assert {name: parts(text) for name, text in pinned().items()} == {
        name: parts(text) for name, text in allowed().items()
    }


@pytest.mark.skipif("oldest" not in sys.prefix, reason="for make test-oldest")
def test_these_versions_are_installed():
    installed = {name: text for name, text in pinned().items() if name != "s3fs"}
    assert {name: version(name) for name in installed} == installed
