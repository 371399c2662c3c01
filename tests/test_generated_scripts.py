"""Batch scripts: whatever is passed, nothing of it runs as a command, and errors come first."""

import os
import shlex
import subprocess

import numpy as np
import pytest

import graphwalk
from graphwalk.cli.main import main

MACHINE = ("--cpus=2", "--mem=4GiB")


@pytest.fixture
def store(tmp_path):
    graphwalk.build_zarr(np.array([[0, 1, 2], [1, 2, 0]]), tmp_path / "g")
    return str(tmp_path / "g")


def slurm(capsys, *arguments):
    try:
        status = main(["slurm", *map(str, arguments)])
    except SystemExit as stopped:
        status = stopped.code
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--partition=a\ntouch owned"], "partition"),
        (["--partition=a b"], "partition"),
        (["--partition=$(touch owned)"], "partition"),
        (["--partition=-x"], "partition"),
        (["--partition="], "partition"),
        (["--nodes=0"], "--nodes=0 must be an integer, at least 1"),
        (["--nodes=-4", "--mode=array"], "--nodes=-4 must be an integer, at least 1"),
        (["--cpus=0"], "--cpus=0 must be an integer, at least 1"),
        (["--cpus=-1"], "--cpus=-1 must be an integer, at least 1"),
        (["--mem=0"], "mem"),
        (["--mem=-4GiB"], "mem"),
        (["--script=-x"], "begins with a dash"),
        (["--script=~nosuchuser/x"], "no such user"),
    ],
)
def test_options_that_cannot_be(arguments, told, store, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = slurm(capsys, store, "w.npy", *MACHINE, *arguments)
    assert status in (1, 2)
    assert told in err
    assert "Traceback" not in err
    assert out == ""
    assert os.listdir(tmp_path) == ["g"]  # noqa: PTH208


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("w.tex", "suffix"),
        ("w", "suffix"),
        ("-w.npy", "begins with a dash"),
        (os.fsdecode(b"\xff.npy"), "is not UTF-8"),
        ("~nosuchuser/w.npy", "no such user"),
        ("w\0.npy", "a store is named by"),
    ],
)
def test_outputs_that_cannot_be(output, told, store, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if output.startswith("-"):
        status, _, err = slurm(capsys, *MACHINE, "--", store, output)
    else:
        status, _, err = slurm(capsys, store, output, *MACHINE)
    assert status == 1
    assert told in err
    assert os.listdir(tmp_path) == ["g"]  # noqa: PTH208


def test_whatever_is_passed_is_an_argument(store, tmp_path, monkeypatch, capsys):
    """The script is run, by a shell in which `graphwalk` prints its arguments."""
    monkeypatch.chdir(tmp_path)
    evil = "a b\n$(touch owned)`touch owned`'\"; touch owned #"
    os.symlink(store, evil)  # noqa: PTH211
    output = f"{evil}.npy"
    status, out, _ = slurm(
        capsys, evil, output, *MACHINE, "--mode=node", "--partition=long,gpu-2", "--dry-run"
    )
    assert status == 0
    assert "#SBATCH --partition=long,gpu-2\n" in out
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "graphwalk"
    fake.write_text("#!/bin/bash\nprintf '%q ' \"$@\"\n")
    fake.chmod(0o755)
    told = subprocess.run(
        ["bash", "-c", out], capture_output=True, text=True, check=True,
        env=os.environ | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
    ).stdout  # fmt: skip
    echoed = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {told}"], capture_output=True, text=True, check=True
    ).stdout
    assert echoed.split("\0")[:3] == ["walk", evil, output]
    assert not (tmp_path / "owned").exists()
    assert shlex.split(out.split("store=")[1].split("output=")[0])[0] == evil
