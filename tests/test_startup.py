"""Commands import what is large only when they need it: most of their time is imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphwalk

ROOT = Path(__file__).parents[1]
CLUSTERS = {"ray", "distributed"}
NOT_FOR_WALKS = CLUSTERS | {"networkx", "gensim", "matplotlib", "pyarrow.parquet", "tqdm"}
NOT_FOR_INFO = NOT_FOR_WALKS | {"numba", "dask", "pyarrow", "pandas", "scipy"}
NOT_FOR_HELP = NOT_FOR_INFO | {"zarr", "numpy"}

SCRIPT = """
import sys
from graphwalk.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("startup") / "g.zarr"
    graphwalk.build_zarr([(0, 1), (1, 2)], path)
    return path


@pytest.mark.parametrize(
    ("arguments", "without"),
    [
        (["--help"], NOT_FOR_HELP),
        (["walk", "--help"], NOT_FOR_HELP),
        (["info", "{store}"], NOT_FOR_INFO),
        (["walk", "{store}", "{store}.npy", "--walk-length=3"], NOT_FOR_WALKS),
    ],
)
def test_commands_import_no_more_than_they_need(arguments, without, store):
    given = [text.format(store=store) for text in arguments]
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, *given],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert set(found.stderr.split()) & without == set()
