"""Plans for a cluster, whether it is there or not, with what they are expected to take."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from graphwalk.errors import MemoryBudgetError
from graphwalk.scheduler.engine.cluster_model import Forecast, predict
from graphwalk.scheduler.engine.walk_plan import WalkPlan
from graphwalk.scheduler.slurm.ray_cluster import STORE_SHARE
from graphwalk.units import count_of, format_size, parse_size
from graphwalk.util.available_memory import SHARE
from graphwalk.util.executor import Resources

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphwalk.util.cluster import Cluster

#: How many times the machine hours of the cheapest number of machines more of them may take.
_WORTH = 2


@dataclass(frozen=True)
class ClusterPlan(WalkPlan):
    """A plan for a cluster, and what it is expected to take there.

    Made by `graphwalk.plan_walks`, given a `cluster`.

    Attributes
    ----------
    forecasts : tuple of Forecast
        What 1, 2, 4, … machines would take, as far as the walks fit in their memory; the last is
        that of all machines, which this is the plan for. Each has ``seconds``, ``machine_hours``,
        the ``traffic`` between machines and what is ``read``, in bytes, and the ``cluster``, whose
        ``machines`` it is for.
    """

    forecasts: tuple[Forecast, ...] = ()

    @property
    def forecast(self) -> Forecast:
        """What all machines take."""
        return self.forecasts[-1]

    @property
    def worth_having(self) -> Forecast:
        """The most machines that take at most twice the machine hours of what takes least."""
        most = _WORTH * min(each.machine_hours for each in self.forecasts)
        return next(each for each in reversed(self.forecasts) if each.machine_hours <= most)

    def table(self) -> list[tuple[str, str]]:
        """Return what ``print(plan)`` shows: pairs of a name and a value, both text."""
        forecast, best = self.forecast, self.worth_having
        steps = max(1, self.shape[0] * self.spec.walk_length)
        parts = {
            "reading": forecast.reading,
            "walking": forecast.walking,
            "moving": forecast.moving,
            "submitting tasks": forecast.scheduling,
            "writing": forecast.writing,
        }
        spent = ", ".join(f"{name} {_time(took)}" for name, took in parts.items() if took >= 0.1)
        return [
            *super().table(),
            ("cluster", str(forecast.cluster)),
            ("predicted", f"{_time(forecast.seconds)}, {_hours(forecast)}"),
            ("of which", spent or "each takes less than 0.1 s"),
            (
                "traffic",
                f"{format_size(forecast.traffic)} between machines, "
                f"{forecast.traffic / steps:.3g} bytes a step",
            ),
            (
                "worth having",
                f"{count_of(best.cluster.machines, 'machine')}: {_time(best.seconds)}, "
                f"{_hours(best)}",
            ),
        ]


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def _hours(forecast: Forecast) -> str:
    return f"{forecast.machine_hours:.3g} machine hours"


def plan_on_cluster(
    plan_with: Callable[[Resources], WalkPlan],
    cluster: Cluster,
    memory: str | int | None,
    stored: int | None,
) -> ClusterPlan:
    """Return a plan for a cluster.

    Parameters
    ----------
    plan_with : callable
        Returns the plan for some resources.
    cluster : Cluster
        The machines.
    memory : str or int, optional
        Bytes of each machine that the walks may take, as `random_walks` takes them.
    stored : int, optional
        Bytes of the store; None where that cannot be told.
    """
    plan, forecasts = plan_with(_resources(cluster, memory)), list[Forecast]()
    ratio = min(1.0, stored / max(1, plan.graph_bytes)) if stored is not None else 1.0
    machines = 1
    while machines < cluster.machines:
        fewer = cluster._replace(machines=machines)
        with suppress(MemoryBudgetError):  # what all of them hold, these may not
            forecasts.append(predict(plan_with(_resources(fewer, memory)), fewer, stored=ratio))
        machines *= 2
    forecasts.append(predict(plan, cluster, stored=ratio))
    values = {each.name: getattr(plan, each.name) for each in fields(plan)}
    return ClusterPlan(**values, forecasts=tuple(forecasts))


def _resources(cluster: Cluster, memory: str | int | None) -> Resources:
    """Return what walks may use: of several machines, the object stores of Ray."""
    machines = cluster.machines
    share = SHARE * (STORE_SHARE if machines > 1 else 1)
    most = int(share * cluster.memory) if memory is None else parse_size(memory)
    return Resources(most, machines * cluster.cores, machines, hosts=machines)
