"""The requests of an open loop: when each is to start, and whether it starts too late."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

from quart_session_demo.compare.load.job import LATE_SECONDS, SliceOrder

#: A request that waited for an idle user is late if this process was idle for less than this part
#: of the wait: then it was too slow to receive the users' responses.
IDLE_RATIO = 0.1
#: On Linux: how long the main thread ran and waited for a processor, in nanoseconds.
SCHEDULER_STATISTICS = Path('/proc/self/schedstat')


def arrival_times(order: SliceOrder) -> list[float]:
    """Return when each request is to start: a Poisson process, in seconds from the start."""
    if order.rate is None:
        raise ValueError('a closed loop has no times of arrival')
    generator = random.Random(order.seed)  # noqa: S311 - no secret
    times: list[float] = []
    time_ = generator.expovariate(order.rate)
    while time_ < order.warm_up + order.seconds:
        times.append(time_)
        time_ += generator.expovariate(order.rate)
    return times


@dataclass(slots=True)
class Arrival:
    """A request that is to start, and what was noticed then.

    Attributes:
        intended: When it was to start, by `time.perf_counter`.
        is_measured: Whether it is measured; requests of the warm-up are not.
        noticed: When this process noticed that it was to start.
        demand: The processor demand at that time, if no user was idle.
    """

    intended: float
    is_measured: bool
    noticed: float
    demand: float = 0

    def is_late(self, now: float) -> bool:
        """Return whether this process is the reason why the request starts late."""
        if self.noticed - self.intended > LATE_SECONDS:
            return True
        waited = now - self.noticed
        if waited <= LATE_SECONDS:
            return False
        return waited - (demand_seconds() - self.demand) < waited * IDLE_RATIO


def demand_seconds() -> float:
    """Return how long this process has run, and waited for a processor since it started.

    Between two calls it was idle for the rest of the time. Outside Linux the wait for a processor
    is not known and counts as idle.
    """
    try:
        _, waiting, _ = SCHEDULER_STATISTICS.read_bytes().split()
    except OSError:
        waiting = b'0'
    return time.process_time() + int(waiting) / 1e9
