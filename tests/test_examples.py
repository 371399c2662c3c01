"""The examples run as their README says, and the graph that ships with them is what it claims."""

import bz2
import gzip
import importlib.util
import lzma
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import graphwalk
from graphwalk.units import parse_size

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SHIPPED = EXAMPLES / "debian" / "debian_depends.parquet"

INDEX = """\
Package: editor
Version: 1:2.0-1
Pre-Depends: dpkg (>= 1.17)
Depends: libc6 (>= 2.36), python3:any, mail-agent | bitmap-fonts, spell-en | spell-de,
 libgone1, g++-12 [amd64]
Recommends: nothing-of-this
Description: depends: not-a-field
 Depends: not-a-field-either

Package: libc6
Depends: libgcc-s1
Provides: libc6-abi (= 2.36)

Package: libgcc-s1

Package: dpkg
Depends: libc6-abi (= 2.36), editor

Package: python3
Depends: python3, libc6
Provides: spell-en

Package: postfix
Provides: mail-agent, spell-en
Depends: mail-agent

Package: exim
Provides: mail-agent,
 spell-en (= 1)

Package: spell-en
Package-Type: deb

Package: g++-12
"""

EDGES = [
    ("dpkg", "editor"),
    ("dpkg", "libc6"),
    ("editor", "dpkg"),
    ("editor", "exim"),
    ("editor", "g++-12"),
    ("editor", "libc6"),
    ("editor", "postfix"),
    ("editor", "python3"),
    ("editor", "spell-en"),
    ("libc6", "libgcc-s1"),
    ("postfix", "exim"),
    ("python3", "libc6"),
]


@pytest.fixture(scope="module")
def generator():
    path = EXAMPLES / "debian" / "make_debian_graph.py"
    spec = importlib.util.spec_from_file_location("make_debian_graph", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shipped_edges():
    table = pq.read_table(SHIPPED)
    return set(zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True))


def run(script, *args, cwd):
    """Run an example as a user does, and return what it prints."""
    done = subprocess.run(
        [sys.executable, script, *map(str, args)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lz4(data):
    return pa.compress(data, codec="lz4", asbytes=True)


def test_edges_lead_to_all_that_can_meet_a_dependency(generator):
    assert generator.depends(INDEX) == EDGES


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("Packages", bytes),
        ("Packages.gz", gzip.compress),
        ("Packages.xz", lzma.compress),
        ("Packages.bz2", bz2.compress),
        ("Packages.lz4", lz4),
    ],
)
def test_an_index_becomes_a_table_of_names(tmp_path, name, compress):
    (tmp_path / name).write_bytes(compress(INDEX.encode()))
    script = EXAMPLES / "debian" / "make_debian_graph.py"
    printed = run(script, name, "-o", "graph.parquet", cwd=tmp_path)
    table = pq.read_table(tmp_path / "graph.parquet")
    assert table.schema.types == [pa.string(), pa.string()]
    assert table.column_names == ["source", "target"]
    assert [tuple(row.values()) for row in table.to_pylist()] == EDGES
    assert f"9 packages, {len(EDGES)} dependencies" in printed


def test_the_index_of_the_release_is_found_among_apts_lists(generator, tmp_path):
    wanted = "mirror_debian_dists_bookworm_main_binary-amd64_Packages.lz4"
    for name in (
        wanted,
        "mirror_debian_dists_bookworm_InRelease",
        "mirror_debian_dists_bookworm-updates_main_binary-amd64_Packages",
        "mirror_debian_dists_bookworm_contrib_binary-amd64_Packages",
        "mirror_debian-security_dists_bookworm-security_main_binary-amd64_Packages",
    ):
        (tmp_path / name).touch()
    assert generator.find_index("bookworm", tmp_path).name == wanted
    with pytest.raises(SystemExit, match="found none; run `apt-get update`"):
        generator.find_index("trixie", tmp_path)


def test_the_shipped_graph_has_tens_of_thousands_of_named_nodes():
    table = pq.read_table(SHIPPED)
    names = pa.chunked_array(table["source"].chunks + table["target"].chunks)
    assert names.null_count == 0
    assert pc.all(pc.match_substring_regex(names, r"^[a-z0-9][a-z0-9+.-]+$")).as_py()
    assert len(names.unique()) > 50_000
    assert table.num_rows > 200_000
    assert not pc.any(pc.equal(table["source"], table["target"])).as_py()
    assert SHIPPED.stat().st_size < 1_500_000


def test_the_shipped_graph_is_in_order_without_repeats(shipped_edges):
    table = pq.read_table(SHIPPED)
    edges = list(zip(table["source"].to_pylist(), table["target"].to_pylist(), strict=True))
    assert edges == sorted(shipped_edges)


def test_the_shipped_graph_knows_what_debian_is_built_on(shipped_edges):
    assert {("bash", "libc6"), ("libc6", "libgcc-s1"), ("python3", "python3-minimal")} <= (
        shipped_edges
    )


def test_the_readme_counts_the_shipped_graph(shipped_edges):
    nodes = {name for edge in shipped_edges for name in edge}
    readme = (EXAMPLES / "README.md").read_text()
    assert f"{len(nodes):,} packages and {len(shipped_edges):,} directed edges" in readme


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run the demo; return its folder, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, run(EXAMPLES / "debian" / "demo.py", cwd=folder)


def test_the_demo_walks_along_dependencies(demo, shipped_edges):
    folder, printed = demo
    results = folder / "results"
    lines = (results / "debian-walks.txt").read_text().splitlines()
    nodes = pa.array({name for edge in shipped_edges for name in edge})
    assert len(lines) == 10 * len(nodes)
    walks = pc.split_pattern(pa.array(set(lines)), "\t")
    first = walks.offsets.to_numpy()[:-1]
    steps = pc.index_in(walks.flatten(), nodes).to_numpy()  # floats, were there other names
    assert steps.dtype == np.int32
    assert len(np.unique(steps[first])) == len(nodes)
    pairs = steps[:-1].astype(np.int64) * len(nodes) + steps[1:]
    ends = np.array(list(shipped_edges)).T
    here, then = (pc.index_in(pa.array(end), nodes).to_numpy().astype(np.int64) for end in ends)
    assert np.isin(np.delete(pairs, first[1:] - 1), here * len(nodes) + then).all()
    assert np.diff(first).max() > 10

    shown = re.findall(r"^  (\S+ -> .*(?:\n {6}.*)*)", printed, re.M)
    assert len(shown) == 5
    assert {"\t".join(walk.split()).replace("\t->\t", "\t") for walk in shown} <= set(lines)
    assert (results / "debian.zarr" / "zarr.json").is_file()
    for path in re.findall(r"results/\S+", printed):
        assert (folder / path).exists(), path


@pytest.mark.slow
def test_the_demo_runs_again_over_its_results(demo, tmp_path):
    here = demo[0] / "results"
    first = (here / "debian-walks.txt").read_bytes()
    run(EXAMPLES / "debian" / "demo.py", "--results", here, cwd=tmp_path)
    assert (here / "debian-walks.txt").read_bytes() == first


def test_the_quickstart_says_what_it_promises(tmp_path):
    printed = run(EXAMPLES / "quickstart.py", cwd=tmp_path)
    assert "100,000 walks of 20 steps, int32" in printed
    assert "the same: True" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.ray
def test_walks_on_ray_are_those_on_threads(shared_ray, capsys, monkeypatch):
    """In this process, whose Ray it uses."""
    monkeypatch.syspath_prepend(EXAMPLES)
    runpy.run_path(str(EXAMPLES / "ray_local.py"), run_name="__main__")
    monkeypatch.delitem(sys.modules, "quickstart")
    assert "bit for bit: True" in capsys.readouterr().out


@pytest.mark.ray
def test_an_object_array_is_walked_on_ray(shared_ray, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / "object_array.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "20,000 walks on Ray" in printed
    assert "a step follows a row: True" in printed


def test_genes_of_a_pathway_are_found_together(tmp_path):
    printed = run(EXAMPLES / "gene_network.py", cwd=tmp_path)
    assert "120 genes in 4 communities" in printed
    assert (tmp_path / "genes.png").read_bytes().startswith(b"\x89PNG")


def post(*args, cwd):
    return run(EXAMPLES / "original_post.py", *args, cwd=cwd)


def test_the_graph_of_the_original_post(tmp_path):
    store = tmp_path / "post.zarr"
    printed = post("--nodes", "20_000", "--store", store, "--no-ray", cwd=tmp_path)
    assert "built in" in printed
    graph = graphwalk.open_zarr(store)
    assert graph.num_nodes == 20_000
    assert 45 <= graph.degrees.min() <= graph.degrees.max() <= 100  # parallel edges have merged
    assert graph.validate(progress=False).ok


@pytest.mark.slow
@pytest.mark.ray
def test_the_original_post_within_its_memory(tmp_path):
    printed = post("--nodes", "4_000_000", "--memory", "128 MiB", cwd=tmp_path)
    took = re.search(r"took ([\d.]+ \w+) of memory at most", printed)
    assert parse_size(took.group(1)) <= parse_size("128 MiB") + 300_000_000
    assert "2 buffers" in printed
