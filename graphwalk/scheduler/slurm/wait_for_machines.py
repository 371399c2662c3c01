"""Wait until a number of machines have joined a Ray cluster.

Run as a script: asking makes the process a driver of Ray, whose signal handlers and threads end
with it.
"""

from __future__ import annotations

import logging
import sys
import time


def main(machines: int, seconds: float) -> int:
    """Print how many have joined each time that there are more; return 0 when all have."""
    import ray

    deadline, joined = time.monotonic() + seconds, 0
    ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
    while joined < machines:
        alive = sum(machine["Alive"] for machine in ray.nodes())
        if alive > joined:
            joined = alive
            print(joined, flush=True)
        elif time.monotonic() > deadline:
            return 1
        else:
            time.sleep(0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
