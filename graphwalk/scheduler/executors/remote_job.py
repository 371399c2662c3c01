"""A job whose tasks run in other processes, which may be on other machines."""

from __future__ import annotations

import threading
from abc import abstractmethod
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from graphwalk.errors import SchedulerError
from graphwalk.util.conditions import Condition
from graphwalk.util.executor import Job
from graphwalk.util.machines import sees

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from graphwalk.scheduler.executors.cache import Cache
    from graphwalk.util.executor import Place

#: Seconds between two looks at what other processes and threads have done.
LOOK_EVERY = 0.25


class RemoteJob(Job):
    """A job whose tasks run in other processes."""

    in_process = False

    def __init__(self, num_workers: int, cache: Cache) -> None:
        super().__init__(num_workers)
        self._cache = cache
        self._lock = threading.Lock()
        self._hosts_changed = Condition()
        self._busy_hosts: set[str] = set()
        self._seen: set[str] = set()

    @abstractmethod
    def hosts(self, place: Place) -> list[str]:
        """Return what can each run a stream by itself: machines, or processes."""

    @abstractmethod
    def host_name(self, host: str) -> str:
        """Return the name of the machine of a host."""

    @abstractmethod
    def on_hosts(
        self, hosts: list[str], function: Callable[..., Any], *args: Any
    ) -> dict[str, Any]:
        """Run a function once on each of some hosts, whatever else they do.

        Return what it returned there, or the error, by host.
        """

    def hosts_elsewhere(self) -> list[str]:
        """Return the hosts that are not this machine."""
        try:
            here = self.hosts("here")
        except SchedulerError:  # no worker runs here
            here = []
        return sorted(set(self.hosts("any")) - set(here))

    def machines_without(self, path: str) -> list[str]:
        """Return the machines of other hosts that have nothing at a path."""
        if path in self._seen:
            return []
        found = self.on_hosts(self.hosts_elsewhere(), sees, path)
        missing = sorted({self.host_name(host) for host, there in found.items() if there is False})
        if not missing:
            self._seen.add(path)
        return missing

    @contextmanager
    def host(self, place: Place) -> Iterator[str]:
        """Have a host for the block that no other stream of this job uses."""
        with self._hosts_changed:
            while not (free := set(self.hosts(place)) - self._busy_hosts):
                self.token.check()
                self._hosts_changed.wait(LOOK_EVERY)
            host = min(free)
            self._busy_hosts.add(host)
        try:
            yield host
        finally:
            with self._hosts_changed:
                self._busy_hosts.discard(host)
                self._hosts_changed.notify_all()

    @abstractmethod
    def forget(self) -> list[Any]:
        """Return the tasks that are under way, which are no longer cancelled with the job."""

    def detach(self) -> None:
        """Have tasks outlive the job."""
        self.forget()

    def close(self) -> None:
        """Cancel what is left, and wait until it has ended."""
        self.token.cancel()
        self.cancel(self.forget())

    def keep_within(self, room: int) -> None:
        """Drop cached values that take more than `room` bytes together."""
        self._cache.keep_within(room)

    def cached(
        self,
        key: Hashable,
        load: Callable[..., Any],
        *args: Any,
        owner: object = None,
        size: int = 0,
        room: int | None = None,
        place: Place = "any",
        name: str = "",
    ) -> Any:
        """Return the reference of a value that workers keep, which outlives the job."""
        make = partial(self.submit, load, *args, place=place, name=name, kept=True)
        return self._cache.get(key, make, owner=owner, size=size, room=room)
