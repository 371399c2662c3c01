"""The command: what it makes, what it prints, and how it fails."""

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr

import graphwalk
from graphwalk import errors
from graphwalk.cli import main
from graphwalk.cli.analyses import ANALYTICS
from graphwalk.cli.build import BUILD
from graphwalk.cli.embed import EMBED
from graphwalk.cli.options import SCHEDULER, option
from graphwalk.cli.parser import make_parser
from graphwalk.cli.read_start_nodes import read_start_nodes
from graphwalk.cli.text import rate
from graphwalk.cli.walk_options import PLAN, WALK, walk_arguments

ROOT = Path(__file__).parents[1]
ROUTES = """\
from,to,km
Aarhus,Bad Ems,812.5
Bad Ems,Çeşme,2300
Çeşme,Aarhus,2711
Dún Laoghaire,Évora,1640
Aarhus,Bad Ems,0.5
"""
TOWNS = ["Aarhus", "Bad Ems", "Dún Laoghaire", "Çeşme", "Évora"]  # in the order of their UTF-8


@pytest.fixture
def routes(tmp_path):
    path = tmp_path / "routes.csv"
    path.write_text(ROUTES, "utf-8")
    return path


@pytest.fixture
def town_store(routes, tmp_path):
    """A weighted, directed graph of labelled nodes, of which Évora is a dead end."""
    path = tmp_path / "towns.zarr"
    graphwalk.build_zarr(routes, path, directed=True, columns=["from", "to", "km"])
    return path


@pytest.fixture
def ring_store(tmp_path):
    """An undirected ring of eight nodes without labels."""
    nodes = np.arange(8)
    path = tmp_path / "ring.zarr"
    graphwalk.build_zarr(np.stack([nodes, (nodes + 1) % 8]), path)
    return path


@pytest.fixture
def run(capsys):
    """Run the command with arguments; return its status and what it printed on each stream."""

    def run(*arguments):
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def fails(run):
    """Run the command, which must fail with one line; return that line."""

    def fails(*arguments):
        status, out, err = run(*arguments)
        assert status == 1
        assert out == ""
        assert err.startswith("graphwalk: error: ")
        assert err.count("\n") == 1
        return err

    return fails


@pytest.fixture
def misused(capsys):
    """Run the command, which must refuse its arguments; return what it printed."""

    def misused(*arguments):
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        assert caught.value.code == 2
        return capsys.readouterr().err

    return misused


# -- build -------------------------------------------------------------------------------------


def test_build_makes_a_store_and_says_what_it_holds(run, routes, tmp_path):
    store = tmp_path / "towns.zarr"
    status, out, err = run("build", routes, store, "--directed", "--columns", "from,to,km")
    assert (status, err) == (0, "")
    graph = graphwalk.open_zarr(store)
    assert (graph.num_nodes, graph.num_edges) == (5, 4)
    assert graph.directed
    assert graph.weighted
    assert "5 nodes and 4 edges, directed, weighted, labelled by strings" in out
    assert re.search(r"\d( [kMG])? edges/s", out)
    assert "nodes    5, of which" in out
    assert f"It is in {store}." in out


def test_build_passes_every_option_on(run, routes, tmp_path, monkeypatch):
    seen = {}

    def build_zarr(edges, store, **options):
        seen.update(options, edges=edges, store=store)
        return graphwalk.open_zarr(real(routes, tmp_path / "real.zarr").path)

    real = graphwalk.build_zarr
    monkeypatch.setattr(graphwalk, "build_zarr", build_zarr)
    run("build", "a.csv", "b.zarr")
    defaults = dict(seen)
    run(
        *("build", "a.csv", "b.zarr", "--directed", "--columns", "x, y", "--duplicates", "keep"),
        *("--self-loops", "drop", "--num-nodes", "9", "--memory", "1 GiB", "--overwrite"),
        *("--uncompressed", "--times", "--quiet", "--sep", ";", "--no-header", "--relabel"),
        "--allow-pickle",
    )
    everything = dict(seen)
    seen.clear()
    run("build", "a.csv", "b.zarr", "--edge-types")
    assert "times" not in seen
    assert seen["edge_types"] is True
    assert defaults == {
        "edges": "a.csv",
        "store": "b.zarr",
        "overwrite": False,
        "progress": None,
    }
    assert everything == {
        "edges": "a.csv",
        "store": "b.zarr",
        "directed": True,
        "columns": ["x", "y"],
        "sep": ";",
        "header": False,
        "relabel": True,
        "allow_pickle": True,
        "times": True,
        "duplicates": "keep",
        "self_loops": "drop",
        "num_nodes": 9,
        "memory": "1 GiB",
        "compressed": False,
        "overwrite": True,
        "progress": False,
    }


def test_columns_may_be_numbers(run, tmp_path):
    (tmp_path / "edges.csv").write_text("7,0,1\n7,1,2\n")
    run("build", tmp_path / "edges.csv", tmp_path / "g.zarr", "--columns", "1,2")
    assert graphwalk.open_zarr(tmp_path / "g.zarr").num_nodes == 3


def test_quiet_prints_nothing(run, routes, ring_store, tmp_path):
    build = "build", routes, tmp_path / "g.zarr", "--quiet", "--columns", "from,to"
    assert run(*build) == (0, "", "")
    assert run("walk", ring_store, tmp_path / "walks.npy", "--quiet") == (0, "", "")


def test_build_does_not_replace_a_store_unasked(run, fails, routes, ring_store):
    named = "--columns", "from,to"
    assert "overwrite" in fails("build", routes, ring_store, *named)
    assert graphwalk.open_zarr(ring_store).num_nodes == 8
    status, _, _ = run("build", routes, ring_store, "--overwrite", *named)
    assert status == 0
    assert graphwalk.open_zarr(ring_store).num_nodes == 5


def test_build_names_the_file_that_is_not_there(fails, tmp_path):
    assert "nothing.csv" in fails("build", tmp_path / "nothing.csv", tmp_path / "g.zarr")
    assert list(tmp_path.iterdir()) == []


def test_build_names_what_is_wrong_in_a_file(fails, routes, tmp_path):
    message = fails("build", routes, tmp_path / "g.zarr", "--columns", "from,via")
    assert "'via'" in message
    assert "routes.csv" in message
    assert "memory" in fails("build", routes, tmp_path / "g.zarr", "--memory", "much")
    assert [path.name for path in tmp_path.iterdir()] == ["routes.csv"]


# -- info --------------------------------------------------------------------------------------


def test_info_for_people(run, town_store):
    status, out, err = run("info", town_store)
    assert (status, err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines["store"].startswith(f"{town_store} (")
    assert lines["graph"] == "directed, weighted, labelled by strings"
    assert lines["nodes"] == "5; 1 node without out-neighbours"
    assert lines["edges"] == "4; 4 neighbours stored"
    assert lines["degrees"].startswith("0 to 1, 0.8 on average; 25% have at most 1, 50% ")
    assert lines["labels"] == "Aarhus, Bad Ems, Dún Laoghaire, ..."


def test_info_for_programs(run, ring_store):
    status, out, _ = run("info", ring_store, "--json")
    assert status == 0
    found = json.loads(out)
    files = [path for path in ring_store.rglob("*") if path.is_file()]
    assert found == {
        "path": str(ring_store),
        "num_nodes": 8,
        "num_edges": 8,
        "num_entries": 16,
        "directed": False,
        "weighted": False,
        "timed": False,
        "node_types": None,
        "edge_types": None,
        "labels": None,
        "degrees": {
            "mean": 2.0,
            "quantiles": dict.fromkeys(["0", "0.25", "0.5", "0.75", "0.9", "0.99", "1"], 2),
            "zero": 0,
        },
        "bytes_on_disk": sum(path.stat().st_size for path in files),
    }


def test_info_names_the_types_that_a_metapath_may_name(run, tmp_path):
    edges = np.arange(4), np.arange(1, 5), np.array([3, 7, 3, 7])
    graph = graphwalk.build_zarr(edges, tmp_path / "typed.zarr", edge_types=True)
    graphwalk.set_node_types(graph, ["author", "paper"] * 2 + ["author"])
    _, out, _ = run("info", tmp_path / "typed.zarr")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines["types"] == "of nodes: author, paper; of edges: 3, 7"
    assert "2 types of nodes, 2 types of edges" in lines["graph"]
    _, out, _ = run("info", tmp_path / "typed.zarr", "--json")
    assert json.loads(out)["node_types"] == ["author", "paper"]


def test_columns_without_names_are_refused_with_what_to_pass(run, tmp_path):
    (tmp_path / "edges.txt").write_text("0 1 2.5\n1 2 0.5\n")
    how = "build", tmp_path / "edges.txt", tmp_path / "graph.zarr", "--overwrite"
    status, _, err = run(*how)
    assert status == 1
    assert "pass --columns=0,1,2 to read weights, --columns=0,1 not to" in err
    for columns in ("0,1", "0,1,2"):
        status, _, err = run(*how, "--columns", columns)
        assert (status, "warning" in err) == (0, False)
        weighted = graphwalk.open_zarr(tmp_path / "graph.zarr").weighted
        assert weighted == (columns == "0,1,2")


def test_degree_quantiles_are_degrees(run, tmp_path):
    """A star: every leaf has degree 1, the hub 9."""
    graphwalk.build_zarr((np.zeros(9, int), np.arange(1, 10)), tmp_path / "star.zarr")
    _, out, _ = run("info", tmp_path / "star.zarr", "--json")
    degrees = json.loads(out)["degrees"]
    assert degrees["quantiles"] == {
        "0": 1, "0.25": 1, "0.5": 1, "0.75": 1, "0.9": 1, "0.99": 9, "1": 9,
    }  # fmt: skip
    assert degrees["mean"] == 1.8
    found = graphwalk.open_zarr(tmp_path / "star.zarr").summary().degree_quantiles
    assert {f"{share:g}": degree for share, degree in found.items()}.items() <= degrees[
        "quantiles"
    ].items()


def test_info_of_what_is_no_store(fails, tmp_path):
    assert "nothing.zarr" in fails("info", tmp_path / "nothing.zarr")
    zarr.create_group(tmp_path / "other.zarr")
    assert "other.zarr" in fails("info", tmp_path / "other.zarr")


# -- validate ----------------------------------------------------------------------------------


def test_validate_says_that_a_store_is_sound(run, town_store):
    status, out, err = run("validate", town_store)
    assert (status, err) == (0, "")
    assert out.startswith(f"{town_store} is sound: 5 nodes, 4 edges, 4 entries, ")
    assert run("validate", town_store, "--quiet") == (0, "", "")


def test_validate_fails_for_a_damaged_store(run, fails, town_store):
    (town_store / "offsets" / "c" / "0").unlink()
    (town_store / "weights" / "c" / "0").unlink()
    status, out, err = run("validate", town_store)
    assert status == 1
    assert out.startswith(f"{town_store} has 2 problems:\n- array ")
    assert "- array 'offsets': chunk 0 " in out
    assert err.startswith(f"graphwalk: error: {town_store} is damaged: 2 problems, the first: ")
    assert fails("validate", town_store, "--quiet") == err


def test_validate_of_what_is_no_store(fails, tmp_path):
    assert "nothing.zarr" in fails("validate", tmp_path / "nothing.zarr")


# -- walk --------------------------------------------------------------------------------------


def test_walk_writes_walks_by_name(run, town_store, tmp_path):
    output = tmp_path / "walks.txt"
    status, out, err = run("walk", town_store, output, "--num-walks", 2, "--walk-length", 5)
    assert (status, err) == (0, "")
    walks = [line.split("\t") for line in output.read_text("utf-8").splitlines()]
    assert [walk[0] for walk in walks] == [town for town in TOWNS for _ in range(2)]
    assert walks[4] == ["Dún Laoghaire", "Évora"]
    assert walks[8] == ["Évora"]
    assert walks[0] == ["Aarhus", "Bad Ems", "Çeşme", "Aarhus", "Bad Ems", "Çeşme"]
    assert "10 walks of up to 5 steps: 32 steps in " in out
    assert re.search(r"\d( [kMG])? steps/s", out)
    assert f"{output} (" in out


def test_walk_writes_what_random_walks_computes(run, ring_store, tmp_path):
    options = {
        "num_walks": 3,
        "walk_length": 7,
        "p": 4.0,
        "q": 0.25,
        "restart_prob": 0.1,
        "stop_prob": 0.05,
    }
    arguments = [part for name, value in options.items() for part in (_option(name), value)]
    output = tmp_path / "walks.zarr"
    status, _, _ = run("walk", ring_store, output, *arguments, "--seed", 5)
    assert status == 0
    expected = graphwalk.random_walks(ring_store, seed=5, **options).compute()
    np.testing.assert_array_equal(zarr.open_array(output, mode="r")[:], expected)


def _option(name):
    return "--" + name.replace("_", "-")


@pytest.mark.parametrize("gamma", ["0", "-0.5"])
def test_walk_by_node2vec_plus(gamma, run, tmp_path):
    src, dst = np.random.default_rng(1).integers(0, 30, (2, 200))
    graph = graphwalk.build_zarr((src, dst, 1.0 + src), tmp_path / "store.zarr")
    bias = f"--q=0.25 --gamma={gamma} --seed=1 --num-walks=2".split()
    assert run("walk", graph.path, tmp_path / "walks.npy", *bias)[0] == 0
    how = {"q": 0.25, "seed": 1, "num_walks": 2}
    expected = graphwalk.random_walks(graph, **how, gamma=float(gamma)).compute()
    np.testing.assert_array_equal(np.load(tmp_path / "walks.npy"), expected)


GIVEN = {
    "start_edges": [2, 0, 2],
    "num_walks": 2,
    "walk_length": 7,
    "p": 2.0,
    "q": 0.5,
    "gamma": 0.25,
    "weighted": False,
    "restart_prob": 0.1,
    "stop_prob": 0.05,
    "dead_end": "stay",
    "direction": "in",
    "until": [1, 3],
    "metapath": ["a", "b"],
    "metapath_of": "edges",
    "temporal": True,
    "backward": True,
    "time_bias": "far-exponential",
    "time_scale": 2.5,
    "time_window": ("1", "5"),
    "return_edges": True,
    "seed": 3,
    "chunks": 100,
    "memory": "1 GiB",
    "partitions": 2,
    "transposed": "in.zarr",
}


@pytest.mark.parametrize("command", ["walk", "plan", "embed", "slurm"])
def test_every_parameter_of_walks_has_an_option(command, ring_store):
    lacks = {"slurm": "memory", "embed": "return_edges"}
    given = {name: value for name, value in GIVEN.items() if name != lacks.get(command)}
    output = [] if command == "plan" else ["walks.npy"]
    options = [option(name, value) for name, value in given.items()]
    args = make_parser().parse_args([command, "graph.zarr", *output, *options])
    found = walk_arguments(args, str(ring_store))
    assert found.pop("store").num_nodes == 8
    for name in ("until", "start_edges"):
        assert found.pop(name).tolist() == given.pop(name)
    assert found == given
    bare = make_parser().parse_args([command, "graph.zarr", *output])
    assert walk_arguments(bare, str(ring_store)).keys() == {"store"}
    parameters = inspect.signature(graphwalk.random_walks).parameters
    assert GIVEN.keys() | {"store", "start_nodes"} == parameters.keys()


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (graphwalk.build_zarr, BUILD),
        (graphwalk.embed, EMBED),
        (graphwalk.scheduler.use, SCHEDULER),
        (graphwalk.random_walks, [*WALK, *PLAN]),
    ],
)
def test_options_are_parameters_with_the_same_defaults(function, options):
    parameters = inspect.signature(function).parameters
    for each in options:
        assert parameters[each.name].default == each.default
        shown = each.help or each.off[1]
        assert shown
        assert not shown.endswith(".")


def test_weights_are_ignored_or_needed_when_that_is_said(
    run, fails, ring_store, town_store, tmp_path
):
    how = ("--num-walks", 50, "--seed", 1)
    for number, choice in enumerate((["--weighted"], ["--unweighted"], [])):
        run("walk", town_store, tmp_path / f"{number}.npy", *how, *choice)
    weighted, _, default = (np.load(tmp_path / f"{number}.npy") for number in range(3))
    np.testing.assert_array_equal(weighted, default)
    assert "pass --unweighted" in fails("walk", ring_store, tmp_path / "w.npy", "--weighted")


def test_the_seed_that_was_drawn_is_told(run, ring_store, tmp_path):
    _, out, _ = run("walk", ring_store, tmp_path / "a.npy", "--walk-length", 30)
    seed = re.search(r"seed (\d+)", out)[1]
    run("walk", ring_store, tmp_path / "b.npy", "--walk-length", 30, "--seed", seed)
    run("walk", ring_store, tmp_path / "c.npy", "--walk-length", 30)
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


@pytest.mark.parametrize(("text", "starts"), [("3", [3]), ("5,2, 5", [5, 2, 5])])
def test_start_nodes_by_id(text, starts, run, ring_store, tmp_path):
    output = tmp_path / "walks.npy"
    run("walk", ring_store, output, "--start-nodes", text, "--num-walks", 1)
    assert np.load(output)[:, 0].tolist() == starts


def test_start_nodes_by_label(run, town_store, tmp_path):
    output = tmp_path / "walks.parquet"
    run("walk", town_store, output, "--start-nodes", "Çeşme,Bad Ems", "--num-walks", 1)
    walks = pq.read_table(output).column("walk").to_pylist()
    assert [walk[0] for walk in walks] == ["Çeşme", "Bad Ems"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_start_nodes_in_a_file(encoding, line_end, run, town_store, tmp_path):
    file = tmp_path / "starts"
    file.write_bytes(line_end.join(["Évora", "Bad Ems", "", "Évora", ""]).encode(encoding))
    output = tmp_path / "walks.txt"
    run("walk", town_store, output, "--start-nodes", file, "--num-walks", 1)
    starts = [line.split("\t")[0] for line in output.read_text("utf-8").splitlines()]
    assert starts == ["Évora", "Bad Ems", "Évora"]


def test_integer_labels_name_start_nodes(run, tmp_path):
    graph = graphwalk.build_zarr(np.array([[10**12, 7], [7, 10**11]]), tmp_path / "far.zarr")
    assert graph.labels is not None
    found = read_start_nodes(f"{10**12},7", graph)
    assert found.tolist() == [2, 0]
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    ("text", "culprit"),
    [("8", "8"), ("x", "'x'"), ("1,,2", "''"), ("1.5", "'1.5'"), ("-1", "-1")],
)
def test_start_nodes_that_do_not_exist(text, culprit, fails, ring_store, tmp_path):
    message = fails("walk", ring_store, tmp_path / "walks.txt", f"--start-nodes={text}")
    assert culprit in message
    assert "--start-nodes" in message
    assert "no such file" in message


def test_a_build_numbers_nodes_as_told(run, fails, tmp_path):
    edges = tmp_path / "edges.csv"
    edges.write_text("7,9\n9,8\n")
    labelled, plain = tmp_path / "labelled.zarr", tmp_path / "plain.zarr"
    assert run("build", edges, labelled, "--relabel")[0] == 0
    assert graphwalk.open_zarr(labelled).labels.tolist() == [7, 8, 9]
    assert run("build", edges, plain, "--no-relabel")[0] == 0
    assert graphwalk.open_zarr(plain).num_nodes == 10
    message = fails("build", edges, tmp_path / "none.zarr", "--num-nodes", 9)
    assert "--num-nodes=9 has no room for; raise it" in message
    message = fails("build", edges, tmp_path / "none.zarr", "--num-nodes", 2**40)
    assert "leave out --num-nodes and pass --relabel" in message


def test_a_list_of_start_nodes_may_be_longer_than_the_name_of_a_file(run, ring_store, tmp_path):
    text = ",".join(["1"] * 200)
    status, out, _ = run("walk", ring_store, tmp_path / "walks.npy", "--start-nodes", text)
    assert status == 0
    assert "2,000 walks" in out


def test_start_nodes_from_a_pipe(run, ring_store, tmp_path):
    reading, writing = os.pipe()
    try:
        os.write(writing, b"1\n2\n")
        os.close(writing)
        pipe = f"/dev/fd/{reading}"
        status, out, _ = run("walk", ring_store, tmp_path / "walks.npy", "--start-nodes", pipe)
    finally:
        os.close(reading)
    assert status == 0
    assert "20 walks" in out


def test_a_label_that_does_not_exist(fails, town_store, tmp_path):
    message = fails("walk", town_store, tmp_path / "walks.txt", "--start-nodes", "Aarhus,Berlin")
    assert "'Berlin'" in message
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in fails("walk", town_store, tmp_path / "w.txt", "--start-nodes", binary)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["--p", "0"], "--p=0.0 must be a number above 0"),
        (["--walk-length=-1"], "--walk-length=-1 must be an integer"),
        (["--num-walks", "0"], "--num-walks=0 must be an integer from 1 to 9223372036854775807"),
        (["--restart-prob", "2"], "--restart-prob=2.0 must be a probability"),
        (["--stop-prob=0.6", "--restart-prob=0.6"], "--restart-prob=0.6 and --stop-prob=0.6 are"),
        (["--gamma=1", "--metapath=a"], "--metapath"),
        (["--temporal"], "--temporal, but the store"),
        (["--metapath-of=nodes"], "--metapath-of=nodes needs --metapath; add it"),
        (["--seed=-1"], "--seed=-1 must be an integer from 0 to 18446744073709551615"),
        (["--memory", "much"], "--memory=much is not a size"),
        (["--memory", "1 kB"], "pass --memory='"),
        (["--chunks", "0"], "--chunks=0 must be 'auto', a number of walks"),
        (["--num-walks", str(2**62)], "more than an array can have; lower it, or --walk-length"),
        (["--partitions", "0"], "--partitions=0 must be an integer, at least 1"),
        (["--weighted"], "pass --unweighted"),
        (["--address", "auto"], "--address is for Ray and Dask distributed; add --scheduler=ray"),
        (["--workers", "0"], "--workers=0 must be an integer, at least 1"),
        (["--share=5/4", "--seed=1"], "--share=5/4"),
    ],
)
def test_bad_values_are_named(arguments, culprit, fails, ring_store, tmp_path):
    assert culprit in fails("walk", ring_store, tmp_path / "walks.txt", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["ring.zarr"]


def test_a_batch_script_has_the_options_that_were_given(run, fails, ring_store, tmp_path):
    machine = ("--cpus", 2, "--mode", "node", "--dry-run")
    given = ["--q=0.5", "--unweighted", "--chunks=100", "--start-nodes=1,2", "--seed=7"]
    status, out, _ = run("slurm", ring_store, "walks.npy", *machine, "--mem", "4 GiB", *given)
    assert status == 0
    (line,) = re.findall(r"^walks=\((.*)\)$", out, re.MULTILINE)
    assert {*shlex.split(line)} == {*given, "--num-walks=10", "--walk-length=80"}
    assert run("walk", ring_store, tmp_path / "walks.npy", *shlex.split(line))[0] == 0
    assert "--mem=much is not a size" in fails(
        "slurm", ring_store, "walks.npy", *machine, "--mem", "much"
    )


@pytest.mark.parametrize(
    ("output", "arguments", "culprit"),
    [
        ("walks.npy", ["--cpus=0"], "--cpus=0 must be an integer, at least 1"),
        ("walks.npy", ["--cpus=-2"], "--cpus=-2 must be an integer, at least 1"),
        ("walks.npy", ["--nodes=-3", "--mode=array"], "--nodes=-3 must be an integer, at least 1"),
        ("walks.npy", ["--nodes=3", "--mode=node"], "leave out --nodes"),
        ("walks.csv", [], "the suffix chooses the format"),
    ],
)
def test_a_batch_script_that_would_fail_is_not_written(
    output, arguments, culprit, fails, ring_store, tmp_path
):
    script = tmp_path / "walks.sbatch"
    given = ["--cpus=2", "--mem=4GiB", f"--script={script}", *arguments]
    assert culprit in fails("slurm", ring_store, output, *given)
    assert not script.exists()


def test_the_remedy_for_too_little_memory_works(fails, run, ring_store):
    message = fails("plan", ring_store, "--memory", "1 kB")
    (remedy,) = re.findall(r"pass (--memory='.*?') or more", message)
    assert run("plan", ring_store, *shlex.split(remedy))[0] == 0


def test_plan_prints_the_plan(run, town_store):
    options = ("--num-walks", 3, "--start-nodes", "Aarhus,Bad Ems", "--partitions", 2)
    status, out, err = run("plan", town_store, *options, "--memory", "1 GiB", "--workers", 2)
    assert (status, err) == (0, "")
    how = {"num_walks": 3, "partitions": 2, "memory": "1 GiB"}
    graph = graphwalk.open_zarr(town_store)
    with graphwalk.scheduler.use("threads", num_workers=2):
        plan = graphwalk.plan_walks(graph, graph.index_of(["Aarhus", "Bad Ems"]), **how)
    assert out == f"{plan}\n"
    assert "6 of 80 steps" in out


def test_plan_prints_what_a_cluster_takes(run, fails, ring_store):
    options = ("--num-walks", 3, "--memory", "1 GiB")
    status, out, err = run("plan", ring_store, *options, "--cluster", "64x16")
    assert (status, err) == (0, "")
    how = {"num_walks": 3, "memory": "1 GiB"}
    assert out == f"{graphwalk.plan_walks(ring_store, **how, cluster='64x16')}\n"
    assert "64 machines of 16 cores and 64.0 GiB each" in out
    assert "worth having" in out
    assert "--cluster=64 must be machines x cores" in fails("plan", ring_store, "--cluster", "64")


def test_walk_replaces_walks_only_when_asked(run, fails, ring_store, tmp_path):
    output = tmp_path / "walks.npy"
    run("walk", ring_store, output, "--num-walks", 1)
    assert "walks.npy" in fails("walk", ring_store, output, "--num-walks", 2)
    assert len(np.load(output)) == 8
    assert run("walk", ring_store, output, "--num-walks", 2, "--overwrite")[0] == 0
    assert len(np.load(output)) == 16


def test_walk_never_replaces_a_graph(fails, ring_store):
    assert "holds no walks" in fails("walk", ring_store, ring_store, "--overwrite")
    assert graphwalk.open_zarr(ring_store).num_nodes == 8


def test_walk_refuses_an_unknown_suffix(fails, ring_store, tmp_path):
    assert ".parquet" in fails("walk", ring_store, tmp_path / "walks.csv")


def test_workers_bound_the_threads(run, ring_store, tmp_path):
    assert run("walk", ring_store, tmp_path / "walks.npy", "--workers", 1)[0] == 0


@pytest.mark.ray
def test_walks_on_ray_are_the_same(shared_ray, run, fails, town_store, tmp_path):
    def walk(output, *arguments):
        return run("walk", town_store, output, "--seed", 1, "--num-walks", 50, *arguments)

    on_ray = ("--scheduler", "ray")
    assert walk(tmp_path / "threads.txt")[0] == 0
    assert walk(tmp_path / "ray.txt", *on_ray)[0] == 0
    assert (tmp_path / "ray.txt").read_text() == (tmp_path / "threads.txt").read_text()
    shutil.rmtree(town_store / "neighbors" / "c")
    for arguments in ((), on_ray):
        message = fails("walk", town_store, tmp_path / "none.txt", *arguments)
        assert "'neighbors'" in message
        assert "missing" in message
        assert "Traceback" not in message
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ray.txt", "routes.csv", "threads.txt", "towns.zarr",
    ]  # fmt: skip


# -- the command itself ------------------------------------------------------------------------


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"graphwalk {graphwalk.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["build", "edges.csv"],
        ["build", "a", "b", "--duplicates", "sum"],
        ["build", "a", "b", "--num-nodes", "many"],
        ["walk", "a", "b", "--weighted", "--unweighted"],
        ["walk", "a", "b", "--scheduler", "slurm"],
        ["walk", "a", "b", "--num", "3"],
        ["info", "a", "b"],
        ["validate", "a", "b"],
    ],
)
def test_wrong_usage_has_status_2(arguments, misused):
    assert "usage: graphwalk" in misused(*arguments)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), errors.InputError("two\nlines")])
def test_errors_take_one_line(error, fails, ring_store, monkeypatch):
    def run(args):
        raise error

    monkeypatch.setattr("graphwalk.cli.info.run", run)
    assert fails("info", ring_store).count("\n") == 1


def test_an_interrupt_has_status_130(run, ring_store, monkeypatch):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("graphwalk.cli.info.run", interrupted)
    assert run("info", ring_store) == (130, "", "graphwalk: interrupted\n")


def test_a_fault_of_ours_keeps_its_traceback(run, ring_store, monkeypatch):
    monkeypatch.setattr("graphwalk.cli.info.run", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("info", ring_store)


@pytest.mark.parametrize(
    ("number", "seconds", "text"),
    [(5, 10, "0 steps/s"), (12_345, 1, "12.3 k steps/s"), (3e9, 2, "1.5 G steps/s"), (0, 0, "0 s")],
)
def test_rates_are_short(number, seconds, text):
    assert text in rate(number, seconds, "steps")


def python(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["walk", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    script = (
        "import sys, graphwalk.cli\n"
        "try:\n"
        f"    graphwalk.cli.main({arguments})\n"
        "except SystemExit:\n"
        "    print('|', *sorted(sys.modules))\n"
    )
    found = python("-c", script)
    assert found.returncode == 0, found.stderr
    modules = set(found.stdout.rpartition("|")[2].split())
    assert "graphwalk.cli.parser" in modules
    assert not modules & {"numba", "ray", "dask", "zarr", "numpy", "pandas", "pyarrow", "tqdm"}


def test_the_module_is_the_command(tmp_path):
    found = python("-m", "graphwalk", "info", tmp_path / "nothing.zarr")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("graphwalk: error: ")
    assert "Traceback" not in found.stderr


def test_a_closed_pipe_is_no_fault(ring_store):
    read, write = os.pipe()
    os.close(read)
    found = subprocess.run(
        [sys.executable, "-m", "graphwalk", "info", str(ring_store)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (found.returncode, found.stderr) == (1, "")


def test_a_run_that_was_cut_short_is_resumed(run, ring_store, tmp_path, monkeypatch):
    output = tmp_path / "walks.npy"
    with monkeypatch.context() as patched:
        patched.setattr("graphwalk.algorithms.output.npy_sink.NpySink.close", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run("walk", ring_store, output, "--seed", 3, "--resume")
    status, _, err = run("walk", ring_store, output, "--resume")
    assert status == 1
    assert "--seed" in err
    status, _, _ = run("walk", ring_store, output, "--resume", "--seed", 3, "--memory", "1GiB")
    assert status == 0
    np.testing.assert_array_equal(
        np.load(output), graphwalk.random_walks(ring_store, seed=3).compute()
    )


# -- analytics ---------------------------------------------------------------------------------


def test_components_are_counted_and_written(run, town_store, tmp_path):
    output = tmp_path / "components.csv"
    status, out, err = run("components", town_store, output)
    assert (status, err) == (0, "")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert "2 components of 5 nodes; the largest:" in out
    assert ["3", "Aarhus"] in lines
    assert ["2", "Dún Laoghaire"] in lines
    assert f"All are in {output} (" in out
    smallest = ["Aarhus", "Aarhus", "Dún Laoghaire", "Aarhus", "Dún Laoghaire"]
    rows = [f"{town},{first}" for town, first in zip(TOWNS, smallest, strict=True)]
    assert output.read_text("utf-8").splitlines() == ["node,component", *rows]


def test_pagerank_takes_its_options(run, fails, town_store, tmp_path):
    status, out, _ = run("pagerank", town_store, "--alpha", "0", "--memory", "1 GiB")
    assert status == 0
    assert out.splitlines()[1:3] == ["The highest values of pagerank:", "         0.2  Aarhus"]
    message = fails("pagerank", town_store, "--max-iter", "1", "--tol", "1e-9")
    assert "--max-iter=1" in message
    assert "--tol" in message
    assert "--alpha=2.0" in fails("pagerank", town_store, "--alpha", "2")
    output, starts = tmp_path / "ranks.parquet", ("--personalization", "Évora,Aarhus")
    run("pagerank", town_store, output, "--unweighted", *starts, "--quiet")
    graph = graphwalk.open_zarr(town_store)
    nodes = {"Évora": 1, "Aarhus": 1}
    ranks = graphwalk.pagerank(graph, personalization=nodes, weight=None).compute()
    assert pq.read_table(output).to_pydict() == {"node": TOWNS, "pagerank": ranks.tolist()}


def test_analytics_do_not_replace_unasked_and_leave_nothing(run, fails, ring_store, tmp_path):
    output = tmp_path / "components.npy"
    assert run("components", ring_store, output, "--quiet") == (0, "", "")
    assert "--overwrite" in fails("components", ring_store, output)
    assert run("components", ring_store, output, "--quiet", "--overwrite") == (0, "", "")
    assert ".parquet" in fails("components", ring_store, tmp_path / "c.xml")
    unknown = fails("pagerank", ring_store, "--personalization", "99")
    assert "--personalization 99" in unknown
    assert not list(tmp_path.glob("*partial*"))


@pytest.mark.parametrize("name", ANALYTICS)
def test_options_of_analytics_are_parameters(name):
    analysis = ANALYTICS[name]
    signature = inspect.signature(getattr(graphwalk, analysis.function)).parameters
    for parameter in [*analysis.parameters, *analysis.plan]:
        required = parameter.name in analysis.required
        default = inspect.Parameter.empty if required else parameter.default
        assert signature[parameter.name].default == default


def test_distances_are_listed(run, fails, town_store, ring_store, tmp_path):
    output = tmp_path / "d.csv"
    status, out, _ = run("bfs", town_store, output, "--sources", "Aarhus")
    assert status == 0
    assert "3 of 5 nodes are reached; the farthest:" in out
    distances = [0, 1, -1, 2, -1]
    rows = [f"{town},{far}" for town, far in zip(TOWNS, distances, strict=True)]
    assert output.read_text("utf-8").splitlines() == ["node,distance", *rows]
    _, out, _ = run("shortest-paths", town_store, "--sources", "Aarhus")
    assert "3113  Çeşme" in out
    _, out, _ = run("shortest-paths", ring_store, "--sources", "2,3")
    assert "8 of 8 nodes" in out
    assert "--sources" in fails("bfs", town_store)


@pytest.mark.parametrize("name", sorted(name for name in ANALYTICS if not ANALYTICS[name].required))
def test_each_analysis_runs_on_a_directed_graph(name, run, fails, town_store, tmp_path):
    reverse = tmp_path / "reverse.zarr"
    assert "transposed graph is in" in run("transpose", town_store, reverse)[1]
    also = [parameter.name for parameter in ANALYTICS[name].parameters]
    transposed = ("--transposed", reverse) if "transposed" in also else ()
    against = ("--direction", "in") if "direction" in also else ()
    status, out, err = run(name, town_store, tmp_path / "values.parquet", *transposed, *against)
    assert (status, err) == (0, "")
    assert "All are in" in out
    table = pq.read_table(tmp_path / "values.parquet")
    assert table["node"].to_pylist() == TOWNS
    if transposed:
        assert "--transposed" in fails(name, town_store, *against)


def test_rows_of_nodes_and_several_analyses_are_written(run, fails, tmp_path):
    store, pairs, output = (tmp_path / name for name in ("g.zarr", "pairs.csv", "out.csv"))
    graphwalk.build_zarr([("ada", "bob"), ("ada", "eve"), ("kim", "bob"), ("kim", "lee")], store)
    pairs.write_text("source,target\nada,kim\nbob,eve\nada,lee\n")
    overwrite = (output, "--overwrite")
    _, out, _ = run("k-hop", store, *overwrite, "--sources", "eve", "--hops", "2")
    assert "3 nodes of 5 are reached" in out
    assert output.read_text() == "node\nada\nbob\neve\n"
    _, out, _ = run("similarity", store, *overwrite, "--pairs", pairs)
    assert out.splitlines()[2] == "         0.5  bob  eve"
    lines = ["source,target,similarity", "ada,kim,0.3333333333333333", "bob,eve,0.5", "ada,lee,0"]
    assert output.read_text().splitlines()[:4] == lines
    _, out, _ = run("similar-nodes", store, *overwrite, "--nodes", "ada", "--k", "1")
    assert "1 pair of similar nodes" in out
    assert output.read_text() == "node,similar,place\nada,kim,1\n"
    _, out, _ = run("analyze", store, *overwrite, "--analyses", "components,degrees,transitivity")
    assert "transitivity: 0" in out
    assert "1 component of 5 nodes" in out
    assert output.read_text().splitlines()[:2] == ["node,components,degrees", "ada,ada,2"]
    _, out, _ = run("analyze", store, *overwrite, "--analyses", "transitivity")
    assert output.read_text() == "transitivity\n0\n"
    assert "graphwalk bfs" in fails("analyze", store, "--analyses", "bfs")
    assert "--pairs is missing" in fails("similarity", store)
    pairs.write_text("ada,kim\nada,zoe\n")
    assert f"--pairs {pairs}: no node of {store} has the label 'zoe'" in fails(
        "similarity", store, "--pairs", pairs
    )
    assert "--partitions is for a store" in fails("components", pairs, "--partitions", "2")
    output.write_text("")
    assert f"--pairs {output} has no pairs" in fails("similarity", store, "--pairs", output)
    numbers = tmp_path / "numbers.zarr"
    graphwalk.build_zarr([(0, 1)], numbers)
    assert "'ada' is no integer" in fails("similarity", numbers, "--pairs", pairs)
    pairs.write_text("source,target\nada,kim\nbob,eve\nada,lee\n")
    for command in ("similarity", "similar-nodes", "k-hop", "analyze"):
        assert run(command, store, "--quiet", *NEEDED[command](pairs))[:2] == (0, "")


#: What commands need.
NEEDED = {
    "similarity": lambda pairs: ["--pairs", pairs, "--measure", "adamic_adar"],
    "similar-nodes": lambda _: ["--nodes", "kim,lee"],
    "k-hop": lambda _: ["--sources", "lee"],
    "analyze": lambda _: ["--analyses", "pagerank"],
}


def test_update_writes_a_store_and_the_touched_nodes(run, fails, town_store, tmp_path):
    added, removed = tmp_path / "added.csv", tmp_path / "removed.csv"
    added.write_text(f"source,target,weight\n{TOWNS[0]},Ålborg,2.5\n", "utf-8")
    removed.write_text(f"source,target\n{TOWNS[0]},{TOWNS[0]}\n", "utf-8")
    output, touched = tmp_path / "new.zarr", tmp_path / "touched.txt"
    given = "update", town_store, output, "--add", added, "--remove", removed
    assert "--missing=ignore" in fails(*given)
    assert "--add" in fails("update", town_store, output)
    status, out, err = run(*given, "--missing=ignore", "--touched", touched)
    assert (status, err) == (0, "")
    assert "6 nodes and 5 edges, of which 2 nodes were touched" in out
    assert touched.read_text("utf-8").splitlines() == [TOWNS[0], "Ålborg"]
    other = tmp_path / "other.zarr"
    again = "update", town_store, other, "--add", added, "--touched", touched
    assert "--overwrite" in fails(*again)
    assert not other.exists()  # it is noticed before the store is made
    walks = tmp_path / "walks.txt"
    assert run("walk", output, walks, "--start-nodes", touched, "--num-walks", "1")[0] == 0
    assert len(walks.read_text("utf-8").splitlines()) == 2
