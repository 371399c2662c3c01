"""What a driver does on a machine of a cluster, whose arguments `main` names.

It prints lines of JSON, and begins when as many machines have workers.
"""

import hashlib
import json
import os
import signal
import sys
import threading
import time

import numpy as np
import s3fs

import graphwalk

NODES = 4000
RULES = {"num_walks": 3, "walk_length": 20, "seed": 1}
STORE = "graph.zarr"


def edges():
    return tuple(np.random.default_rng(1).integers(0, NODES, (2, 40_000)))


def digest(values):
    return hashlib.sha256(np.ascontiguousarray(values)).hexdigest()


def results(graph):
    """Return digests of what a graph gives in memory, out of core and by a scan."""
    walks = [graphwalk.random_walks(graph, **RULES, partitions=parts) for parts in (None, 3)]
    components = graphwalk.connected_components(graph).compute()
    return [*(digest(each.compute()) for each in walks), digest(components)]


def same(folder):
    """Build on S3, and compute from there."""
    how = {"num_nodes": NODES, "overwrite": True, "progress": False}
    graph = graphwalk.build_zarr(edges(), f"{folder}/{STORE}", **how)
    say(results(graph))


def output(folder):
    """Write walks; lose power when some are there, and say how many blocks."""

    def lose_power():
        files = s3fs.S3FileSystem(use_listings_cache=False)
        while not (
            chunks := [file for file in files.find(f"{folder}/walks.zarr") if "/c/" in file]
        ):
            pass
        say(len(chunks))
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=lose_power, daemon=True).start()
    resume(folder)


def resume(folder):
    """Write what is missing of these walks; say how many blocks all of them have."""
    graph = graphwalk.open_zarr(f"{folder}/{STORE}")
    walks = graphwalk.random_walks(graph, **RULES, chunks=125)
    graphwalk.write_walks(walks, f"{folder}/walks.zarr", resume=True, progress=False)
    say(walks.numblocks[0])


def unseen(folder):
    """Use paths of this machine alone."""
    own = graphwalk.build_zarr([(0, 1), (1, 2)], "/tmp/own.zarr", overwrite=True, progress=False)
    graph = graphwalk.open_zarr(f"{folder}/{STORE}")
    walks = graphwalk.random_walks(graph, **RULES)
    calls = (
        lambda: graphwalk.random_walks(own, **RULES).compute(),
        lambda: graphwalk.connected_components(own).compute(),
        lambda: graphwalk.write_walks(walks, "/tmp/walks.npy", progress=False),
    )
    say([error_of(call) for call in calls])


def versions(folder):
    """Compute where another version is installed on a machine."""
    graph = graphwalk.open_zarr(f"{folder}/{STORE}")
    say(error_of(graphwalk.random_walks(graph, **RULES).compute))


def error_of(call):
    try:
        call()
    except graphwalk.GraphwalkError as error:
        return f"{type(error).__name__}: {error}"
    return None


def iterate(folder):
    """Take walks in blocks; say when some are taken, and wait to be told to go on."""
    graph = graphwalk.open_zarr(f"{folder}/{STORE}")
    walks = graphwalk.random_walks(graph, num_walks=60, walk_length=20, seed=1, chunks=4000)
    taken = hashlib.sha256()
    for number, block in enumerate(graphwalk.iter_blocks(walks)):
        taken.update(np.ascontiguousarray(block))
        if number in (2, 10, 20, 30):
            say(number)
            sys.stdin.readline()
    say(taken.hexdigest())


def say(value):
    print(json.dumps(value), flush=True)


def main():
    job, scheduler, address, workers, folder = sys.argv[1:]
    with graphwalk.scheduler.use(scheduler, address=address) as session:
        hosts = int(workers) + (scheduler == "ray")  # which counts the machine without a worker
        while session.executor.resources().hosts < hosts:
            time.sleep(0.2)
        globals()[job](folder)


if __name__ == "__main__":
    main()
