"""The open loop: requests start at planned times, whether the server responds or not."""

import asyncio
import signal
import time
from collections import deque

from quart_session_demo.compare.load.generator.arrivals import (
    Arrival,
    arrival_times,
    demand_seconds,
)
from quart_session_demo.compare.load.generator.user_group import FAILURE_PAUSE_SECONDS, UserGroup
from quart_session_demo.compare.load.generator.users import LoadUser
from quart_session_demo.compare.load.job import SliceOrder, SliceResult
from quart_session_demo.compare.load.latency import LatencyHistogram

#: How long the last responses may take after the last request was to start.
RESPONSE_SECONDS = 30
#: The shortest time of a timer; 0 would switch it off.
SHORTEST_TIMER = 1e-6


class _OpenLoop:
    """The requests of one order, and the users that send them."""

    def __init__(self, group: UserGroup, order: SliceOrder) -> None:
        self.latencies = LatencyHistogram()
        self.requests = 0
        self.measured = 0
        self.late = 0
        self._group = group
        self._idle: deque[LoadUser] = deque()
        self._waiting: deque[Arrival] = deque()
        self._in_flight: dict[LoadUser, Arrival] = {}
        self._is_over = False
        self._changed = asyncio.Event()
        self._times = arrival_times(order)
        self._next = 0
        for user in group.users:
            if not user.is_background:
                group.start(user, self._serve(user))
        # The schedule begins now: what took time above would have delayed its first requests.
        self._start = time.perf_counter()
        self._measured_from = self._start + order.warm_up

    async def send_all(self) -> None:
        """Start each request at its time."""
        loop = asyncio.get_running_loop()
        # The timers of uvloop have a resolution of a millisecond.
        loop.add_signal_handler(signal.SIGALRM, self._start_due)
        try:
            self._start_due()
            while self._next < len(self._times):
                self._changed.clear()
                await self._changed.wait()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            loop.remove_signal_handler(signal.SIGALRM)

    async def wait_for_responses(self) -> None:
        """Wait for all responses, for a limited time; then count the time of the others so far."""
        try:
            async with asyncio.timeout(RESPONSE_SECONDS):
                while self._waiting or self._in_flight:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            now = time.perf_counter()
            for arrival in self._waiting:
                self._count_late(arrival, now)
            for arrival in (*self._waiting, *self._in_flight.values()):
                if arrival.is_measured:
                    self.latencies.record(now - arrival.intended)
        self._is_over = True
        self._waiting.clear()

    def _start_due(self) -> None:
        """Start the requests whose time has passed, and set the timer for the next one."""
        now = time.perf_counter()
        while self._next < len(self._times):
            intended = self._start + self._times[self._next]
            if intended > now:
                now = time.perf_counter()
                if intended > now:
                    delay = max(intended - now, SHORTEST_TIMER)
                    signal.setitimer(signal.ITIMER_REAL, delay)
                    return
            self._next += 1
            self._arrive(Arrival(intended, intended >= self._measured_from, now))
        self._changed.set()

    def _arrive(self, arrival: Arrival) -> None:
        self.measured += arrival.is_measured
        if self._idle:
            user = self._idle.popleft()
            self._group.start(user, self._serve(user, arrival))
        else:
            arrival.demand = demand_seconds()
            self._waiting.append(arrival)

    async def _serve(self, user: LoadUser, arrival: Arrival | None = None) -> None:
        """Send a request and those that wait for a user; then the user is idle."""
        while arrival is not None or self._waiting:
            arrival = arrival or self._waiting.popleft()
            self._count_late(arrival, time.perf_counter())
            self._in_flight[user] = arrival
            is_correct = await user.exchange()
            if self._is_over:
                return
            if is_correct and arrival.is_measured:
                self.requests += 1
                self.latencies.record(user.received_at - arrival.intended)
            del self._in_flight[user]
            arrival = None
            while user.upcoming.is_setup and not self._is_over:
                if not await user.exchange():
                    await asyncio.sleep(FAILURE_PAUSE_SECONDS)
        self._idle.append(user)
        if not self._in_flight:
            self._changed.set()

    def _count_late(self, arrival: Arrival, now: float) -> None:
        if arrival.is_measured and arrival.is_late(now):
            self.late += 1


async def run_open_loop(group: UserGroup, order: SliceOrder) -> SliceResult:
    """Start requests at the random times of an order, and measure the responses.

    A response time begins when the request was to start: a server that does not respond for a
    while cannot delay the requests that would have shown it.
    """
    group.stats.responses = 0
    await group.set_up()
    stop = asyncio.Event()
    for user in group.users:
        if user.is_background:
            group.start(user, group.repeat(user, stop, order.warm_up / 2))
    loop = _OpenLoop(group, order)
    start, processor_start = time.perf_counter(), time.process_time()
    await loop.send_all()
    busy = (time.process_time() - processor_start) / (time.perf_counter() - start)
    await loop.wait_for_responses()
    stop.set()
    await group.drain()
    return SliceResult(
        requests=loop.requests,
        seconds=order.seconds,
        latencies=loop.latencies.encode(),
        responses=group.stats.responses,
        failures=group.stats.take_failures(),
        busy=busy,
        late_ratio=loop.late / loop.measured if loop.measured else 0,
    )
