"""Clusters that are started here serve their session only."""

import os
import subprocess
import sys

import psutil
import pytest

import graphwalk

SECRETS = {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}
LOOPBACK = {"127.0.0.1", "::1"}

#: Tries to run a task on the Ray at an address, as any program of this user could.
STRANGER = """
import sys
import ray

try:
    ray.init(sys.argv[1], logging_level="CRITICAL", log_to_driver=False)
    print("ran", ray.get(ray.remote(lambda: 1).remote()))
except BaseException as error:
    print(type(error).__name__, error)
"""


def listening():
    """Return address, command and port of each socket that processes started here listen at."""
    found = []
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        sockets = process.net_connections(kind="inet")
        found += [
            (socket.laddr.ip, " ".join(process.cmdline()), socket.laddr.port)
            for socket in sockets
            if socket.status == psutil.CONN_LISTEN
        ]
    return found


def without_secrets():
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}


@pytest.mark.slow
@pytest.mark.ray
def test_a_stranger_cannot_use_a_ray_that_is_started_here(own_ray):
    import ray

    before = SECRETS & os.environ.keys()
    with graphwalk.scheduler.use("ray", num_workers=1):
        address = ray.get_runtime_context().gcs_address
        assert ray.get(ray.remote(lambda: 1).remote()) == 1
        commands = [command for _, command, _ in listening()]
        assert commands
        assert not [command for command in commands if "dashboard" in command.partition(" ")[0]]
        assert said_by_a_program(address, dict(os.environ)) == "ran 1"
        assert "ran" not in said_by_a_program(address, without_secrets())
    assert before == SECRETS & os.environ.keys()


def said_by_a_program(address, environment):
    return subprocess.run(
        [sys.executable, "-c", STRANGER, address],
        env=environment | {"RAY_py_gcs_connect_timeout_s": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout.strip()


def test_a_cluster_of_dask_is_reached_from_this_machine_only():
    pytest.importorskip("distributed")
    before = listening()
    with graphwalk.scheduler.use("distributed", n_workers=2):
        started = [socket for socket in listening() if socket not in before]
    assert started
    assert {address for address, *_ in started} <= LOOPBACK
