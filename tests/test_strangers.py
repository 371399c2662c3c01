"""A Ray that is started here serves its session only, as a cluster of Dask does."""

import os
import subprocess
import sys

import psutil
import pytest

import graphwalk

SECRETS = {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}

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
    """Return the command of each socket that processes started here listen at."""
    return [
        " ".join(process.cmdline())
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]
        for socket in process.net_connections(kind="inet")
        if socket.status == psutil.CONN_LISTEN
    ]


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
        commands = listening()
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
