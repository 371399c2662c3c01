"""How much of a machine is this process's: what the machine, control groups and Slurm say."""

import os

import dask
import pytest

from graphwalk import scheduler
from graphwalk.errors import MemoryBudgetError
from graphwalk.storage.build.memory_plan import build_sizes
from graphwalk.util import available_memory, control_groups
from graphwalk.util.threads import num_cores

MIB = 1 << 20


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that writes files below /proc and /sys/fs/cgroup, as this process sees."""
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(control_groups, "PROC", tmp_path / "proc")
    monkeypatch.setattr(control_groups, "_CGROUP", tmp_path / "cgroup")

    def write(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    write("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   8 kB\n")
    return write


def test_what_the_machine_has_free(machine):
    assert available_memory.available_memory() == 8 * 1024
    available_memory.require(8 * 1024, "it", "do nothing")
    with pytest.raises(MemoryBudgetError, match=r"it takes about 10\.0 GiB .* and 8\.0 KiB"):
        available_memory.require(10 << 30, "it", "do nothing")


def test_where_nothing_is_known(machine, tmp_path):
    (tmp_path / "proc" / "meminfo").unlink()
    assert available_memory.available_memory() is None
    available_memory.require(10**18, "it", "do nothing")


def group(machine, path, limit, used, cache=0):
    machine(f"cgroup/{path}/memory.max", f"{limit}\n")
    machine(f"cgroup/{path}/memory.current", f"{used}\n")
    machine(f"cgroup/{path}/memory.stat", f"anon 1\ninactive_file {cache}\n")


def test_a_container(machine):
    machine("proc/self/cgroup", "0::/\n")
    group(machine, ".", 3000, 1000)
    assert available_memory.available_memory() == 2000
    group(machine, ".", "max", 1000)
    assert available_memory.available_memory() == 8 * 1024


def test_a_build_takes_no_more_than_a_container_has(machine):
    machine("proc/meminfo", "MemAvailable: 99999999 kB\n")
    assert build_sizes(None).budget == 4 << 30
    machine("proc/self/cgroup", "0::/\n")
    group(machine, ".", 500 * MIB, 100 * MIB)
    assert build_sizes(None).budget == 280 * MIB
    assert build_sizes("1 GiB").budget == 1 << 30


def test_a_container_that_sees_the_path_of_its_host(machine):
    machine("proc/self/cgroup", "0::/system.slice/docker-1.scope\n")
    group(machine, ".", 3000, 1000)
    assert available_memory.available_memory() == 2000


def test_the_group_of_a_job_within_that_of_a_node(machine):
    machine("proc/self/cgroup", "0::/slurm/job_1/step_0/task_0\n")
    group(machine, "slurm", 7000, 6500)
    group(machine, "slurm/job_1", 3000, 1000, cache=200)
    group(machine, "slurm/job_1/step_0", "max", 1000)
    assert available_memory.available_memory() == 500
    group(machine, "slurm", 7000, 3000)
    assert available_memory.available_memory() == 2200


def test_groups_of_the_first_version(machine):
    machine("proc/self/cgroup", "4:memory:/slurm/uid_0/job_1\n1:cpu:/\n0::/\n")
    top = "cgroup/memory/slurm/uid_0/job_1"
    machine(f"{top}/memory.limit_in_bytes", "3000\n")
    machine(f"{top}/memory.usage_in_bytes", "1000\n")
    machine(f"{top}/memory.stat", "cache 9\ntotal_inactive_file 100\n")
    assert available_memory.available_memory() == 2100


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"SLURM_MEM_PER_NODE": "3"}, 2 * MIB),
        ({"SLURM_MEM_PER_NODE": "0"}, 10 * MIB),
        ({"SLURM_MEM_PER_CPU": "2", "SLURM_CPUS_ON_NODE": "3"}, 5 * MIB),
        ({}, 10 * MIB),
    ],
)
def test_what_slurm_gave(machine, monkeypatch, given, left):
    machine("proc/meminfo", f"MemAvailable: {10 * 1024} kB\n")
    machine("proc/self/status", "VmPeak: 9 kB\nVmRSS:     1024 kB\n")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert available_memory.available_memory() == 10 * MIB, "these mean nothing outside of jobs"
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert available_memory.available_memory() == left


def test_cpus_that_slurm_gave(machine, monkeypatch):
    assert num_cores() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "1")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert num_cores() == 1
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1000")
    assert num_cores() == len(os.sched_getaffinity(0))


def test_threads_are_as_many_as_slurm_gave_cpus(machine, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    with scheduler.use("threads"):
        assert dask.config.get("num_workers") == 1


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "100000 100000", "outer/cpu.max": "max 100000"}, 1),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "20000 100000"}, 1),
    ],
)
def test_the_cpu_quota_of_a_container(machine, files, cores):
    machine("proc/self/cgroup", "0::/outer\n")
    for name, text in files.items():
        machine(f"cgroup/{name}", text)
    assert control_groups.cpu_quota() == cores
    assert num_cores() == min(cores or 10**9, len(os.sched_getaffinity(0)))


def test_the_cpu_quota_of_version_1(machine):
    machine("proc/self/cgroup", "4:cpu,cpuacct:/job\n7:memory:/job\n")
    machine("cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n")
    machine("cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n")
    assert control_groups.cpu_quota() is None
    machine("cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n")
    machine("cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    assert control_groups.cpu_quota() == num_cores() == 1
