"""Few descriptors, no home, no temporary folder, a full disk: errors that help, and no litter."""

import os
import resource
import shutil

import numpy as np
import pytest
from processes import printed_by, report_of

import graphwalk
from graphwalk.errors import GraphwalkError, StoreError

EDGES = np.random.default_rng(3).integers(60, size=(2, 400))


def walks_of(store):
    return graphwalk.random_walks(store, num_walks=2, walk_length=6, seed=1, chunks=20)


def build_labels(_, path):
    graphwalk.build_zarr([(f"a{u}", f"b{v}") for u, v in EDGES.T.tolist()], path)


ACTS = {
    "build": lambda _, path: graphwalk.build_zarr(EDGES, path),
    "build with labels": build_labels,
    "types": lambda store, _: graphwalk.set_node_types(graphwalk.open_zarr(store), ["a"] * 60),
    "compute": lambda store, _: walks_of(store).compute(),
    "npy": lambda store, path: graphwalk.write_walks(walks_of(store), f"{path}.npy"),
    "zarr": lambda store, path: graphwalk.write_walks(walks_of(store), f"{path}.zarr"),
    "parquet": lambda store, path: graphwalk.write_walks(walks_of(store), f"{path}.parquet"),
    "txt": lambda store, path: graphwalk.write_walks(walks_of(store), f"{path}.txt"),
}


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("act", ACTS)
def test_few_descriptors(act, tmp_path):
    """With each number of them that may be left, it works, or says how there are more.

    In a process of its own, no thread of another test opens or closes any meanwhile.
    """
    report = report_of(with_few_descriptors, act, tmp_path)
    assert "error" not in report, report["error"]
    assert report["outcomes"][-1] == "done"
    assert all(text == "done" or "ulimit -n" in text for text in report["outcomes"]), report


def with_few_descriptors(act, folder):
    store, path = folder / "store", folder / "new"
    graphwalk.build_zarr(EDGES, store)
    ACTS[act](store, folder / "warm")
    before, outcomes = files(folder), []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for spare in range(9):
        used = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (used + spare, hard))
            ACTS[act](store, path)
            outcomes.append("done")
        except GraphwalkError as error:
            outcomes.append(str(error))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if outcomes[-1] != "done":
            assert files(folder) == before
        for made in folder.glob("new*"):
            shutil.rmtree(made) if made.is_dir() else made.unlink()
    return {"outcomes": outcomes}


SCRIPT = """
import sys, numpy as np, graphwalk
try:
    graph = graphwalk.build_zarr(np.array([[0, 1, 2], [1, 2, 0]]), *sys.argv[1:])
    print(graphwalk.random_walks(graph, num_walks=2, walk_length=3, seed=1).compute().shape)
except graphwalk.GraphwalkError as error:
    print(type(error).__name__, error)
"""


def test_no_home(tmp_path):
    script = "import os; del os.environ['HOME']\n" + SCRIPT
    assert printed_by(script, tmp_path / "g") == "(6, 4)\n"
    with pytest.raises(StoreError, match=r"~nosuchuser/g: there is no such user.*in full"):
        graphwalk.build_zarr(EDGES, "~nosuchuser/g")
    with pytest.raises(GraphwalkError, match="no such user"):
        graphwalk.build_zarr("~nosuchuser/edges.csv")


def test_no_temporary_folder(tmp_path):
    """Those of the system are made as if they were not there."""
    script = f"""
import tempfile
tempfile._candidate_tempdir_list = lambda: ["/nonexistent"]
{SCRIPT}
"""
    assert printed_by(script, tmp_path / "g") == "(6, 4)\n"
    told = printed_by(script)
    assert told.startswith("StoreError there is no folder for temporary files")
    assert "set TMPDIR" in told
    assert files(tmp_path / "g")


def test_a_full_disk_and_a_file_that_may_not_grow(tmp_path):
    """Walks of each format, below a limit that they exceed, leave what was there before."""
    store = tmp_path / "g"
    graphwalk.build_zarr(EDGES, store)
    for name in ("w.npy", "w.zarr", "w.parquet", "w.txt"):
        graphwalk.write_walks(walks_of(store), tmp_path / name)
    before = {path: path.read_bytes() for path in tmp_path.rglob("w*") if path.is_file()}
    script = f"""
import resource, signal, graphwalk
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
walks = graphwalk.random_walks({str(store)!r}, num_walks=400, walk_length=80, seed=1, chunks=6000)
walks.compute()
resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))
for name in ("w.npy", "w.zarr", "w.parquet", "w.txt"):
    try:
        graphwalk.write_walks(walks, {str(tmp_path)!r} + "/" + name, overwrite=True)
    except graphwalk.GraphwalkError as error:
        print(type(error).__name__, error)
"""
    told = printed_by(script).splitlines()
    assert len(told) == 4
    assert all("File too large; free space, or pass another path" in line for line in told)
    assert {path: path.read_bytes() for path in before} == before
    assert not list(tmp_path.glob("*partial*"))
