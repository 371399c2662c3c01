"""What is built of the repository can be installed, and does what it says."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import graphwalk
from graphwalk.cli.main import main

ROOT = Path(__file__).parents[1]
IMAGE = ROOT / "examples" / "slurm" / "graphwalk.def"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

BUILD = """
import sys
from setuptools import build_meta
folder = sys.argv[1]  # the first build changes the arguments
print(build_meta.build_sdist(folder), build_meta.build_wheel(folder))
"""


def sections_of(definition):
    """Return the text of each section of a definition of Apptainer."""
    parts = re.split(r"^%(\w+)\n", definition, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def copied(definition):
    """Return what a definition copies into the image, from where to where."""
    return [line.split() for line in sections_of(definition)["files"].splitlines() if line.strip()]


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build an sdist and a wheel of what the image copies, which is thereby enough."""
    folder = tmp_path_factory.mktemp("packaging")
    caches = shutil.ignore_patterns("__pycache__")
    for source, _ in copied(IMAGE.read_text()):
        target = folder / "copy" / source
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=caches)
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / source, target)
    names = output_of(sys.executable, "-c", BUILD, str(folder), cwd=folder / "copy").splitlines()[
        -1
    ]
    return [folder / name for name in names.split()]


def test_both_have_all_modules_and_the_marker_of_types(built):
    sdist, wheel = built
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "graphwalk").rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    assert modules <= set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*modules, "LICENSE", "README.md", "pyproject.toml"} <= names


def test_an_installed_wheel_has_the_command(built, tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    output_of(*pip, "--no-deps", "--no-index", "--target", str(tmp_path), str(built[1]))
    command = tmp_path / "bin" / "graphwalk"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = output_of(str(command), "--version", env=environment, cwd=tmp_path)
    assert found == f"graphwalk {graphwalk.__version__}\n"
    script = "import graphwalk; print(graphwalk.__file__)"
    found = output_of(sys.executable, "-c", script, env=environment, cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(tmp_path)


def test_the_image_copies_and_calls_what_there_is(capsys):
    sections = sections_of(IMAGE.read_text())
    assert set(sections) == {"files", "post", "environment", "runscript", "test", "labels", "help"}
    for source, target in copied(IMAGE.read_text()):
        assert (ROOT / source).exists()
        assert target == f"/opt/graphwalk/{source}"
    (extras,) = re.findall(r"'/opt/graphwalk\[([\w,]+)\]'", sections["post"])
    assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()
    shell = "".join(sections[name] for name in ("post", "environment", "runscript", "test"))
    subprocess.run(["sh", "-n"], input=shell, text=True, check=True)
    for options in re.findall(r"^ +graphwalk (--\w+)", sections["post"] + sections["test"], re.M):
        with pytest.raises(SystemExit) as ended:
            main([options])
        assert ended.value.code == 0


def test_the_image_has_a_python_that_is_supported():
    (version,) = re.findall(r"^From: python:([\d.]+)-slim$", IMAGE.read_text(), re.MULTILINE)
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


def test_the_citation_says_what_the_project_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == graphwalk.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    assert (
        citation["title"]
        == f"graphwalk: {PROJECT['description'][0].lower()}" + (PROJECT["description"][1:])
    )


PIP = re.compile(r"pip install [^`\n]*")
TEXTS = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "graphwalk").rglob("*.py")]


def test_nothing_says_to_install_the_other_project_of_this_name():
    said = {call for path in TEXTS for call in PIP.findall(path.read_text())}
    assert any("'.[" in call for call in said)
    assert not [call for call in said if re.search(r"install .*\bgraphwalk\b", call)]
