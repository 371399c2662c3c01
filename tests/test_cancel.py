"""Jobs that are cancelled end at once, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from contextlib import closing
from pathlib import Path
from types import BuiltinMethodType

import dask
import numpy as np
import pytest

import graphwalk
from graphwalk import scheduler
from graphwalk.cli import main
from graphwalk.scheduler.executors.ray.start import start_ray
from graphwalk.util.cancel import CancelledError, CancelToken, check_cancelled
from graphwalk.util.conditions import Condition
from graphwalk.util.events import listening


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    edges = np.random.default_rng(8).integers(20_000, size=(2, 200_000))
    return graphwalk.build_zarr(edges, tmp_path_factory.mktemp("graph") / "graph.zarr")


def ours():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("graphwalk")]


def test_a_token_is_looked_at_where_it_is_active():
    token = CancelToken()
    check_cancelled()
    with token.active():
        check_cancelled()
        token.cancel()
        with pytest.raises(CancelledError):
            check_cancelled()
        with CancelToken().active():
            check_cancelled()
    check_cancelled()


def task_that_runs_on():
    """Return a function that is sent to workers whole: they cannot import this module."""

    def run_on(folder, number):
        (folder / f"begun-{number}").write_text(str(os.getpid()))
        try:
            while True:
                check_cancelled()
                time.sleep(0.01)
        finally:
            (folder / f"ended-{number}").touch()

    return run_on


def wait_until_ended(folder):
    """Wait until tasks have ended: by themselves, or with their processes, after a second."""
    for _ in range(3000):
        left = [begun for begun in folder.glob("begun-*") if not has_ended(begun)]
        if not left:
            return
        time.sleep(0.02)
    pytest.fail(f"{[begun.name for begun in left]} ran on for a minute")


def has_ended(begun):
    if begun.with_name(begun.name.replace("begun", "ended")).exists():
        return True
    process = Path("/proc", begun.read_text(), "stat")
    return not process.exists() or process.read_text().rpartition(")")[2].split()[0] == "Z"


def begun_and_interrupted(session, folder):
    run_on = task_that_runs_on()
    with session.executor.job() as job:
        for number in range(6):
            job.submit(run_on, folder, number)
        for _ in range(6000):
            if len(list(folder.glob("begun-*"))) == 2:
                break
            time.sleep(0.01)
        raise KeyboardInterrupt


def test_an_interrupted_job_ends_what_runs_and_drops_what_waits(session, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        begun_and_interrupted(session, tmp_path)
    begun = {path.name.partition("-")[2] for path in tmp_path.glob("begun-*")}
    wait_until_ended(tmp_path)
    assert len(begun) == 2
    with session.executor.job() as job:
        assert job.result(job.submit(abs, -3)) == 3
    assert len(list(tmp_path.glob("begun-*"))) == len(begun)


@pytest.mark.parametrize("partitions", [1, 3])
def test_leaving_iterations_leaves_no_threads(session, graph, partitions):
    how = {"num_walks": 1, "walk_length": 3, "seed": 1, "chunks": 2000, "partitions": partitions}
    walks = graphwalk.random_walks(graph, **how)
    expected = walks.compute(scheduler="threads")
    for _ in range(3):
        with closing(graphwalk.iter_blocks(walks)) as blocks:
            np.testing.assert_array_equal(next(blocks), expected[:2000])
    assert not ours()
    np.testing.assert_array_equal(walks.compute(), expected)


@pytest.mark.parametrize("partitions", [1, 3])
def test_what_is_left_undone_by_an_error_is_cancelled(session, graph, partitions, tmp_path):
    how = {"num_walks": 1, "walk_length": 3, "seed": 1, "chunks": 2000, "partitions": partitions}
    walks = graphwalk.random_walks(graph, **how)

    def fail(_block):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        graphwalk.write_walks(walks.map_blocks(fail, meta=walks._meta), tmp_path / "walks.npy")
    assert list(tmp_path.iterdir()) == []
    assert walks.compute().shape == walks.shape


@pytest.mark.parametrize(
    "analysis",
    [
        lambda graph: graphwalk.pagerank(graph, tol=1e-300, max_iter=10**9, partitions=3),
        lambda graph: graphwalk.visit_counts(graph, num_walks=10**5, walk_length=80, seed=1),
    ],
    ids=["pagerank", "visits"],
)
def test_what_dask_runs_of_an_analysis_ends_with_an_error(graph, analysis):
    def fail():
        for _ in range(6000):
            if ours():
                break
            time.sleep(0.01)
        raise ZeroDivisionError

    # Tasks of an analysis run by the executor in use, which another test may have chosen.
    with scheduler.use("threads", num_workers=2), pytest.raises(ZeroDivisionError):
        dask.compute(analysis(graph) * 2, dask.delayed(fail)(), scheduler="threads", num_workers=2)
    for _ in range(6000):
        if not ours():
            break
        time.sleep(0.01)
    assert not ours()


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_analysis_ends(session, graph):
    ranks = graphwalk.pagerank(graph, alpha=1 - 1e-9, tol=1e-15, max_iter=10**6, partitions=2)

    def interrupt(event):
        if event.kind == "scan" and event.wave == 2:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with listening(interrupt), pytest.raises(KeyboardInterrupt):
        ranks.compute()
    assert not ours()
    assert graphwalk.connected_components(graph).max().compute() == 0


def test_sessions_closed_out_of_order_leave_the_one_before():
    before = dask.config.get("scheduler", None), dask.config.get("num_workers", None)
    first, second = (scheduler.use("threads", num_workers=n) for n in (1, 2))
    first.close()
    assert dask.config.get("num_workers") == 2
    third = scheduler.use("threads", num_workers=3)
    second.close()
    assert dask.config.get("num_workers") == 3
    third.close()
    assert (dask.config.get("scheduler", None), dask.config.get("num_workers", None)) == before
    assert repr(first) == "<graphwalk scheduler 'threads', closed>"


SCRIPT = """
    import sys, threading, time
    import graphwalk
    from graphwalk.cli import main

    if __name__ == "__main__":
        from graphwalk.util import events

        def ready(event):
            print("walking", flush=True)

        with events.listening(ready):
            sys.exit(main(["walk", *sys.argv[1:], "--quiet"]))
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),  # as SIGTERM
    ],
)
@pytest.mark.usefixtures("interruptible")  # else the command would ignore what this process does
def test_the_status_of_a_command_that_is_told_to_stop(graph, number, status, tmp_path):
    script = tmp_path / "walk.py"
    script.write_text(textwrap.dedent(SCRIPT))
    out = tmp_path / "walks.npy"
    how = ["--num-walks=200", "--walk-length=400", "--chunks=4000", "--scheduler=threads"]
    command = [sys.executable, str(script), graph.path, str(out), *how]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "walking\n"
        os.kill(run.pid, number)
        _, said = run.communicate(timeout=120)
    assert run.returncode == status
    assert said.splitlines()[-1].startswith("graphwalk: ")
    assert [path.name for path in tmp_path.iterdir()] == ["walk.py"]


def test_an_interrupt_leaves_no_lock_taken(graph, monkeypatch):
    """Where Python has taken a condition's lock in a method, an interrupt would leave it taken."""
    enter, found = threading.Condition.__enter__, []

    def entered(condition):
        frame = sys._getframe(1)
        if frame.f_code.co_name == "wait":  # of an event
            frame = frame.f_back
        if threading.get_ident() == threading.main_thread().ident:
            found.append(frame.f_code.co_filename)
        return enter(condition)

    monkeypatch.setattr(threading.Condition, "__enter__", entered)
    walks = graphwalk.random_walks(graph, num_walks=1, walk_length=5, seed=1, chunks=500)
    with graphwalk.scheduler.use("threads", num_workers=2):
        walks.compute()
        graphwalk.pagerank(graph).compute()
        assert sum(len(block) for block in graphwalk.iter_blocks(walks)) == len(walks)
    monkeypatch.undo()
    assert not [
        name for name in found if Path(name).is_relative_to(Path(graphwalk.__file__).parent)
    ]


def test_a_condition_is_taken_and_released_by_compiled_methods():
    condition, told = Condition(), []
    assert isinstance(condition.__enter__, BuiltinMethodType)
    assert isinstance(condition.__exit__, BuiltinMethodType)

    def tell():
        with condition:
            told.append(True)
            condition.notify_all()

    with condition:
        thread = threading.Thread(target=tell)
        thread.start()
        assert condition.wait_for(lambda: told, timeout=60)
    thread.join()


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_that_python_ignores_comes_again(monkeypatch, capsys):
    class Nothing:
        """Something that can be referenced weakly."""

    def run(_args):
        thing = Nothing()
        reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGTERM))
        del thing
        assert reference() is None
        for _ in range(6000):
            time.sleep(0.01)

    monkeypatch.setattr("graphwalk.cli.info.run", run)
    assert main(["info", "graph.zarr"]) == 128 + signal.SIGTERM
    assert capsys.readouterr().err == "graphwalk: told to stop\n"


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_while_a_command_is_imported(monkeypatch, capsys):
    def import_long():
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("graphwalk.cli.parser.make_parser", import_long)
    assert main(["info", "graph.zarr"]) == 130
    assert capsys.readouterr().err == "graphwalk: interrupted\n"
    # Interrupts are not noticed until these are imported, which is to take no time.
    script = "import sys, graphwalk.cli; sys.exit('argparse' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_while_ray_starts_waits_until_it_has(times, monkeypatch):
    ray = pytest.importorskip("ray")
    done = []

    def start(**_settings):
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        done.append("started")

    monkeypatch.setattr(ray, "init", start)
    monkeypatch.setattr(ray, "shutdown", lambda: done.append("stopped"))
    with pytest.raises(KeyboardInterrupt):
        start_ray("auto", None, {})
    assert done == (["started", "stopped"] if times == 1 else [])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
