"""Jobs killed at a random moment: what is there is whole, and running them again ends them."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import graphwalk
from graphwalk.cli import main

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
ROUNDS = [pytest.param(2), pytest.param(40, marks=pytest.mark.slow)]


def content(path):
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def command(*arguments):
    return [sys.executable, "-m", "graphwalk", *map(str, arguments)]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def edges(tmp_path):
    (tmp_path / "in").mkdir()
    src, dst = np.random.default_rng(1).integers(3000, size=(2, 200_000))
    np.save(tmp_path / "in" / "edges.npy", np.stack([src * 10**12, dst * 10**12]))
    return tmp_path / "in" / "edges.npy"


def killed(arguments, moment, sent):
    """Run a command and send it a signal at a moment; return its status and what it says."""
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(moment)
    process.send_signal(sent)
    _, err = process.communicate(timeout=120)
    return process.returncode, err


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("job", ["build", "walk"])
def test_jobs_that_are_killed_can_be_run_again(job, rounds, edges, tmp_path):
    graph, out = tmp_path / "in" / "graph", tmp_path / "out"
    graphwalk.build_zarr(np.load(edges), graph)
    out.mkdir()
    target = out / ("g" if job == "build" else "w.zarr")
    arguments = (
        ["build", edges, target]
        if job == "build"
        else ["walk", graph, target, "--seed=1", "--chunks=500", "--num-walks=3", "--resume"]
    )
    started = time.monotonic()
    subprocess.run(command(*arguments), check=True, capture_output=True)
    length, expected = time.monotonic() - started, content(target)
    rng = random.Random(job)
    for number in range(rounds):
        subprocess.run(["rm", "-rf", target], check=True)
        sent = SIGNALS[number % len(SIGNALS)]
        status, err = killed(arguments, length * rng.random(), sent)
        if status == 0:  # it was faster
            assert content(target) == expected
        else:
            # No half of it is at its place, whatever came when.
            assert not target.exists() or content(target) == expected
            assert "Traceback" not in err or "KeyboardInterrupt" in err
            if job == "build" and sent != signal.SIGKILL and status in (130, 143):
                assert names(out) in ([], [target.name])
        assert main([*map(str, arguments), *(["--overwrite"] if job == "build" else [])]) == 0
        assert content(target) == expected
        assert names(out) == [target.name]
