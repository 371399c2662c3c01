"""Processes of their own, which are forks of one that has imported what they run."""

import multiprocessing
import sys
import textwrap
import traceback
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

#: What takes longest to import, and can be found without the folder of tests.
PRELOADED = [
    "graphwalk.algorithms.output.write_blocks",
    "graphwalk.algorithms.output.parquet_sink",
    "graphwalk.algorithms.output.zarr_sink",
    "graphwalk.algorithms.walks.api",
    "graphwalk.algorithms.walks.dask_tasks",
    "graphwalk.scheduler.executors.session",
    "graphwalk.storage.build.api",
    "graphwalk.storage.build.pipeline",
]

#: How such processes are started.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(PRELOADED)


def start(function, *args):
    """Call a function of a module in a process of its own, which is returned."""
    process = context.Process(target=function, args=args)
    process.start()
    return process


def barrier(parties):
    """Return a barrier at which processes that are started here can wait for each other."""
    return context.Barrier(parties)


def run_script(script):
    """Run a program in a process of its own; return its status, that of a signal negative."""
    process = start(exec, textwrap.dedent(script), {"__name__": "__main__"})
    process.join()
    return process.exitcode


def report_of(function, *args):
    """Call a function in a process of its own; return its dict, or one that tells the error."""
    ours, theirs = context.Pipe(duplex=False)
    process = start(_report, theirs, function, args)
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join()


def _report(connection, function, args):
    try:
        report = function(*args)
    except MemoryError as error:
        report = {"error": type(error).__name__}
    except BaseException:
        report = {"error": traceback.format_exc()}
    connection.send(report)


def printed_by(script, *arguments):
    """Run a program in a process of its own, with `sys.argv` from 1 on; return what it prints."""
    report = report_of(_printed, script, [str(argument) for argument in arguments])
    assert "error" not in report, report["error"]
    return report["printed"]


def _printed(script, arguments):
    sys.argv[1:] = arguments
    with redirect_stdout(StringIO()) as printed:
        exec(script, {"__name__": "__main__"})
    return {"printed": printed.getvalue()}


def memory_of(key, process="self"):
    """Return what the system says of a process by a key such as ``"VmHWM"``, in bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(key))


def forget_peak(process="self"):
    """Have the peak memory of a process be counted from now on; return what it takes now."""
    Path(f"/proc/{process}/clear_refs").write_text("5")
    return memory_of("VmRSS", process)
