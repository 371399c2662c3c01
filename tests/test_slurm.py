"""Jobs on a real Slurm: the scripts of examples/slurm, and what becomes of them."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from debian_packages import UnavailableError
from machines import command_line, wait_for
from slurm_cluster import ASKED, SlurmCluster, install_slurm
from test_docs import blocks, run_console

import graphwalk
from graphwalk.cli import main

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]  # Slurm may have to be installed

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "slurm"
NODES = 5000
#: What the examples say, and what each of them runs in these tests.
RULES = {"num_walks": 10, "walk_length": 80, "seed": 1}
LONGER = 60
BLOCKS = 65
SMALL = ["--cpus-per-task=1", "--mem=1500", "--time=10"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Return a folder that all nodes see, with the command `graphwalk` in it."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "bin").mkdir()
    environment = f'PYTHONPATH="{ROOT}" exec "{sys.executable}"'
    write_command(folder / "bin" / "python", environment)
    write_command(folder / "bin" / "graphwalk", f"{environment} -m graphwalk")
    write_command(folder / "bin" / "ray", f"{environment} -m ray.scripts.scripts")
    return folder


def write_command(file, command):
    file.write_text(f'#!/bin/sh\n{command} "$@"\n')
    file.chmod(0o755)


@pytest.fixture(scope="module")
def cluster(shared):
    try:
        install_slurm()
    except UnavailableError as reason:
        pytest.skip(str(reason))
    cluster = SlurmCluster(shared / "cluster", nodes=2, cpus=2, memory=4000)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def graph(shared):
    edges = np.random.default_rng(1).integers(NODES, size=(2, 50_000))
    np.save(shared / "edges.npy", edges)
    return graphwalk.build_zarr(shared / "edges.npy", shared / "graph.zarr", num_nodes=NODES)


@pytest.fixture(scope="module")
def expected(graph):
    return graphwalk.random_walks(graph, **RULES).compute()


@pytest.fixture
def folder(shared, graph, tmp_path):
    """Return a folder for a job, with the graph and the examples in it; leave nothing on nodes."""
    folder = shared / tmp_path.name
    folder.mkdir()
    (folder / "graph.zarr").symlink_to(graph.path)
    for script in EXAMPLES.glob("*.*"):
        shutil.copy(script, folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_is_left(cluster):
    yield
    cluster.wait_until_idle()
    for name in cluster.names:
        wait_for(lambda name=name: not cluster.processes(name), f"all of {name} to end")
        assert cluster.ports(name) == set()
        assert cluster.left_in_tmp(name) == []
        assert cluster.shared_memory(name) == []


class Jobs:
    """Submit jobs in a folder."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder

    def __call__(self, *command):
        path = f"{self.cluster.folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return self.cluster.call(*command, cwd=self.folder, env={"PATH": path})

    def submit(self, script, *options):
        """Submit a script; options replace those that it asks for itself."""
        return self("sbatch", "--parsable", *SMALL, *options, str(script)).strip()

    def finish(self, job, state="COMPLETED"):
        """Wait for a job to end as it should; return what it printed."""
        found, log = self.cluster.wait(job), self.log(job)
        assert found == state, log
        return log

    def log(self, job):
        return "".join(file.read_text() for file in sorted(self.folder.glob(f"*-{job}*.log")))

    def blocks_done(self, output):
        folder = self.folder / f"{output}.graphwalk-partial" / "done"
        return len(list(folder.iterdir())) if folder.exists() else 0

    def wait_for_blocks(self, job, number, output="walks.parquet"):
        """Wait until a job has done a number of blocks."""

        asked = itertools.count()

        def done():
            if self.blocks_done(output) >= number:
                return True
            if next(asked) % 10 == 9:
                state = self.cluster.state(job)
                assert state in ("PENDING", "CONFIGURING", "RUNNING"), self.log(job)
            return False

        wait_for(done, f"{number} blocks")

    def end_soon(self, job):
        """Have the time of a job be up in one to two minutes: Slurm counts in minutes."""
        shown = self("scontrol", "--oneliner", "show", "job", job)
        hours, minutes, seconds = map(int, re.search(r"RunTime=(\d+):(\d+):(\d+)", shown).groups())
        limit = (60 * (60 * hours + minutes) + seconds + 45) // 60 + 1
        self("scontrol", "update", f"JobId={job}", f"TimeLimit={limit}")


@pytest.fixture
def jobs(cluster, folder):
    return Jobs(cluster, folder)


def read(path):
    """Return the walks of a folder of Parquet files, all of one length."""
    parts = sorted(path.glob("part-*.parquet"))
    lists = [pq.read_table(part)["walk"].combine_chunks() for part in parts]
    return np.concatenate([part.flatten().to_numpy().reshape(len(part), -1) for part in lists])


def same(path, expected):
    ends = np.flatnonzero((expected < 0).any(axis=1))
    assert ends.size == 0, "some walks end"
    np.testing.assert_array_equal(read(path), expected)
    assert not path.with_name(f"{path.name}.graphwalk-partial").exists()


def edited(script, **values):
    """Change lines of a script as a person does."""
    text = script.read_text()
    for name, value in values.items():
        text, count = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1
    script.write_text(text)
    return script


@pytest.fixture(scope="module")
def longer(graph):
    """Return walks that take a while."""
    return graphwalk.random_walks(graph, **RULES | {"num_walks": LONGER}).compute()


def long_job(script):
    return edited(script, walks=f"(--num-walks={LONGER} --walk-length=80 --seed=1)")


# -- the examples ------------------------------------------------------------------------------


# What it says is also said of the page about Slurm, and of the job whose worker is killed.
@pytest.mark.slow
def test_several_machines_by_ray(jobs, folder, expected):
    log = jobs.finish(jobs.submit("walks.sbatch", "--nodes=2"))
    assert "2 of 2 machines have joined" in log
    same(folder / "walks.parquet", expected)
    assert not list(folder.glob("ray-logs-*"))


# What is written is what the examples say, and the page about Slurm runs it.
@pytest.mark.slow
def test_one_machine(jobs, folder, expected):
    jobs.finish(jobs.submit("one-machine.sbatch", "--cpus-per-task=2"))
    same(folder / "walks.parquet", expected)


@pytest.mark.slow
def test_an_array_of_jobs(jobs, folder, expected):
    edited(folder / "array.sbatch", shares=5)
    log = jobs.finish(jobs.submit("array.sbatch", "--array=0-4"))
    wait_for((folder / "walks.parquet").exists, "the last share")
    same(folder / "walks.parquet", expected)
    assert log.count("is made of them when the other shares are there") <= 4


def test_a_chain_of_jobs(jobs, folder, graph, expected):
    """A person edits the numbers of all scripts, and then runs the one that submits them."""
    (folder / "graph.zarr").unlink()
    for script in folder.glob("*.sbatch"):
        text = re.sub(r"--cpus-per-task=\d+", "--cpus-per-task=1", script.read_text())
        text = re.sub(r"--mem=\d+G", "--mem=1500M", text)
        script.write_text(text.replace("--nodes=4", "--nodes=1"))
    edges = f"{folder.parent / 'edges.npy'}"
    edited(folder / "build.sbatch", edges=edges, build=f"(--num-nodes={NODES} --memory=500MB)")
    edited(folder / "walks.sbatch", walks="(--num-walks=1 --walk-length=80 --seed=1)")
    edited(folder / "embed.sbatch", embed="(--dimensions=4 --window=1 --negative=1)")
    *_, embed = jobs("./chain.sh").split()
    jobs.finish(embed)
    assert sorted(file.name[:5] for file in folder.glob("*.log")) == ["build", "embed", "walks"]
    assert graphwalk.open_zarr(folder / "graph.zarr").digest == graph.digest
    same(folder / "walks.parquet", expected[::10])
    vectors = pq.read_table(folder / "vectors.parquet")
    assert vectors["node"].to_pylist() == list(range(NODES))
    assert set(map(len, vectors["vector"].to_pylist())) == {4}


# -- scripts that are written ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "name", "more"),
    [
        ("node", "one-machine.sbatch", []),
        ("array", "array.sbatch", ["--nodes=16"]),
        ("ray", "walks.sbatch", ["--nodes=4"]),
    ],
)
def test_the_examples_are_what_is_written(mode, name, more, login, capsys):
    machine = ["--cpus=16", "--mem=64GiB", f"--mode={mode}", "--seed=1"]
    assert main(["slurm", "graph.zarr", "walks.parquet", "--dry-run", *machine, *more]) == 0
    written, example = capsys.readouterr().out, (EXAMPLES / name).read_text()
    asked = re.compile(r"--(mem|time)=.*")
    assert asked.sub("", written) == asked.sub("", example)


@pytest.mark.slow
def test_a_script_for_this_cluster(jobs, folder, expected):
    printed = jobs("graphwalk", "slurm", "graph.zarr", "walks.parquet", "--dry-run", "--seed=1")
    assert "#SBATCH --cpus-per-task=2\n" in printed
    (folder / "own.sbatch").write_text(printed)
    job = jobs("sbatch", "--parsable", "own.sbatch").strip()
    jobs.finish(job)
    same(folder / "walks.parquet", expected)


# -- pages -------------------------------------------------------------------------------------


@pytest.fixture
def login(cluster, folder, monkeypatch):
    """Go to a machine from which the cluster is used, with commands of Slurm, and ssh to nodes."""
    commands = folder / "commands"
    commands.mkdir()
    for name in ("sbatch", "squeue", "sinfo"):
        write_command(commands / name, f"exec {cluster.command(name)}")
    cases = "".join(f"{name}) into='{' '.join(cluster.inside(name))}';; " for name in cluster.names)
    ssh = commands / "ssh"
    # What stays behind on the node holds what it prints to, as it does not by way of ssh.
    ssh.write_text(
        f"#!/bin/sh\ncase $1 in {cases}esac\nshift; said=$(mktemp)\n"
        'nsenter $into --wd="$PWD" "$@" < /dev/null > "$said" 2>&1\n'
        'status=$?; cat "$said"; rm "$said"; exit $status\n'
    )
    ssh.chmod(0o755)
    for script in folder.glob("*.sbatch"):
        script.unlink()
    (folder / "examples").symlink_to(ROOT / "examples")
    path = [str(commands), str(folder.parent / "bin"), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    monkeypatch.chdir(folder)
    return folder


def run_commands(page):
    for block in blocks((ROOT / "docs" / page).read_text()):
        if block.language == "console":
            run_console(block, page)


def test_the_page_about_slurm(login, cluster, folder, expected):
    """Its commands do what it says; jobs run on what this cluster has."""
    (folder / "graph.zarr").unlink()
    shutil.copy(folder.parent / "edges.npy", folder)
    run_commands("on-slurm.md")
    wait_for(lambda: not cluster.call("squeue", "--noheader"), "all jobs", every=ASKED)
    logs = {file.name: file.read_text() for file in folder.glob("*.log")}
    assert len(logs) == 6, logs
    for name in ("walks", "shares", "ray"):
        same(folder / f"{name}.parquet", expected)
    (own,) = folder.glob("own-*.log")
    nodes, counts = np.unique(expected[:, -1], return_counts=True)
    most = nodes[counts.argsort(stable=True)[::-1][:3]]
    assert f"most walks end at nodes {' '.join(map(str, most))}" in own.read_text()
    joined = [log.count("2 of 2 machines have joined") for log in logs.values()]
    assert sorted(joined) == [0, 0, 0, 0, 1, 1]
    assert not list(folder.glob("ray-logs-*"))


# The tests of machines run Ray on machines without Slurm.
@pytest.mark.slow
def test_the_page_about_ssh(login, cluster, folder, expected):
    run_commands("by-ssh.md")
    for name in cluster.names:
        shutil.rmtree(cluster.tmp(name) / "ray")  # Ray's own, which `ray stop` leaves
    same(folder / "walks.parquet", expected[::10])


# -- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_that_is_killed(cluster, jobs, folder, longer):
    job = jobs.submit(long_job(folder / "walks.sbatch"), "--nodes=2")
    jobs.wait_for_blocks(job, 3)
    killed = [process for process in cluster.pids("node2") if is_worker(process)]
    for process in killed:
        os.kill(process, signal.SIGKILL)
    assert killed
    assert jobs.blocks_done("walks.parquet") < BLOCKS, "the job was over before"
    assert "2 of 2 machines have joined" in jobs.finish(job)
    same(folder / "walks.parquet", longer)


def is_worker(process):
    return re.match(r"ray::(?!Dashboard|RuntimeEnv)", command_line(process))


@pytest.mark.slow
def test_a_machine_that_is_lost(cluster, jobs, folder, longer):
    job = jobs.submit(long_job(folder / "walks.sbatch"), "--nodes=2")
    jobs.wait_for_blocks(job, 3)
    assert "node1" in jobs("scontrol", "show", "job", job).partition("BatchHost=")[2][:10]
    cluster.kill_machine("node2")
    try:
        assert jobs.blocks_done("walks.parquet") < BLOCKS, "the job was over before"
        jobs.finish(job)
    finally:
        cluster.start_machine("node2")
    same(folder / "walks.parquet", longer)


@pytest.mark.parametrize(
    "script", ["walks.sbatch", pytest.param("one-machine.sbatch", marks=pytest.mark.slow)]
)
def test_a_job_that_is_cancelled_and_submitted_again(script, jobs, folder, longer):
    script = long_job(folder / script)
    first = jobs.submit(script, "--nodes=1")
    jobs.wait_for_blocks(first, 3)
    jobs("scancel", first)
    log = jobs.finish(first, "CANCELLED")
    assert "told to stop" in log
    done = done_times(folder)
    assert 3 <= len(done) < BLOCKS
    jobs.finish(jobs.submit(script, "--nodes=1"))
    after = times(folder, "walks.parquet")
    assert {name: after[name] for name in done} == done, "blocks were written again"
    assert len(after) == BLOCKS
    same(folder / "walks.parquet", longer)


def times(folder, walks="walks.parquet.graphwalk-partial/walks"):
    return {part.name: part.stat().st_mtime_ns for part in (folder / walks).glob("part-*")}


def done_times(folder):
    """Return those of the blocks that are done: one may have been written and not marked yet."""
    marks = (folder / "walks.parquet.graphwalk-partial/done").iterdir()
    done = {f"part-{int(mark.name.split('.')[0]):05}.parquet" for mark in marks}
    return {name: time for name, time in times(folder).items() if name in done}


@pytest.mark.slow
@pytest.mark.parametrize("script", ["walks.sbatch", "one-machine.sbatch"])
def test_a_job_whose_time_is_up(script, cluster, jobs, folder, longer):
    """Slurm says so a minute before; what is done stays, and the next job goes on from there."""
    script = long_job(folder / script)
    first = jobs.submit(script, "--nodes=1")
    jobs.wait_for_blocks(first, 3)
    walking, *_ = (process for process in cluster.pids("node1") if is_walking(process))
    os.kill(walking, signal.SIGSTOP)  # Slurm looks at the time every half a minute
    jobs.end_soon(first)
    wait_for(lambda: has_been_told_to_stop(walking), "Slurm to tell the job")
    with contextlib.suppress(ProcessLookupError):
        os.kill(walking, signal.SIGCONT)
    assert "told to stop" in jobs.finish(first, "FAILED")
    done = done_times(folder)
    assert 3 <= len(done) < BLOCKS
    jobs.finish(jobs.submit(script, "--nodes=1"))
    after = times(folder, "walks.parquet")
    assert {name: after[name] for name in done} == done, "blocks were written again"
    same(folder / "walks.parquet", longer)


def is_walking(process):
    return re.search(r"-m graphwalk walk ", command_line(process))


def has_been_told_to_stop(process):
    """Return whether the signal waits, or is done with: Slurm has processes go on that stand."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return True
    pending = re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)", status, re.MULTILINE)
    return any(int(signals, 16) >> (signal.SIGTERM - 1) & 1 for signals in pending)


@pytest.mark.slow
@pytest.mark.parametrize("where", [["--nodelist=node1"], ["--nodes=2"]])
def test_two_jobs_on_the_same_machines(where, jobs, folder, expected, cluster):
    other = folder / "other"
    other.mkdir()
    for name in ("graph.zarr", "walks.sbatch"):
        (other / name).symlink_to(folder / name)
    there = Jobs(cluster, other)
    one, two = (each.submit("walks.sbatch", "--nodes=1", *where) for each in (jobs, there))
    wait_for(lambda: cluster.state(two) == "RUNNING", "both to run", every=ASKED)
    assert cluster.state(one) == "RUNNING"
    jobs.finish(one)
    there.finish(two)
    same(folder / "walks.parquet", expected)
    same(other / "walks.parquet", expected)


# -- what people are told ----------------------------------------------------------------------


def test_a_machine_that_does_not_join(jobs, folder):
    """Nothing waits for ever, and the message says what to do."""
    # As from a file system that answers slowly, srun takes its time.
    srun = folder / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text("#!/bin/sh\nexec sleep 60\n")
    srun.chmod(0o755)
    script = folder / "walks.sbatch"
    text = script.read_text().replace("with-ray", "with-ray --timeout 10")
    script.write_text(text.replace("exec", f'PATH="{srun.parent}:$PATH"\nexec'))
    log = jobs.finish(jobs.submit(script, "--nodes=2"), "FAILED")
    assert "1 of 2 machines have joined Ray within 10 s" in log
    assert "--timeout" in log
    assert not (folder / "walks.parquet.graphwalk-partial").exists()
    assert list(folder.glob("ray-logs-*/node1/gcs_server.out"))


@pytest.mark.slow
def test_a_ray_that_does_not_start(jobs, folder):
    script = folder / "walks.sbatch"
    text = script.read_text().replace("with-ray", "with-ray --timeout 5 --address 192.0.2.1")
    script.write_text(text)
    log = jobs.finish(jobs.submit(script, "--nodes=2"), "FAILED")
    assert re.search(r"error: Ray did not start on node1, at 192.0.2.1:\d+, within 5 s", log)
    assert list(folder.glob("ray-logs-*/node1/start-node1.log"))


def test_a_command_that_fails(jobs, folder):
    """Its status is the job's, and Ray's logs are where the job was submitted."""
    script = edited(folder / "walks.sbatch", walks="(--p=-1 --seed=1)")
    job = jobs.submit(script, "--nodes=1")
    log = jobs.finish(job, "FAILED")
    assert "p=-1.0 must be" in log
    assert f"Ray's logs are in {folder}/ray-logs-{job}" in log
    assert (folder / f"ray-logs-{job}" / "node1" / "raylet.out").exists()
    assert "ExitCode=1:0" in jobs("scontrol", "show", "job", job)


@pytest.mark.slow
def test_others_cannot_use_the_cluster(jobs, folder):
    """Processes without the job's token are refused."""
    connect = f'"{sys.executable}" -c "import ray; ray.init(); print(len(ray.nodes()), True)"'
    check = folder / "check.sh"
    check.write_text(f"{connect} || exit 1\nRAY_AUTH_TOKEN=0123 {connect}\necho status $?\n")
    script = folder / "walks.sbatch"
    first, _, _ = script.read_text().partition("exec")
    script.write_text(f"{first}exec graphwalk with-ray -- bash check.sh\n")
    log = jobs.finish(jobs.submit(script, "--nodes=1"))
    assert log.count("1 True") == 1
    assert "status 1" in log
