"""The closed loop: each user sends its next request as soon as it has a response."""

import asyncio
import time

from quart_session_demo.compare.load.generator.user_group import UserGroup
from quart_session_demo.compare.load.job import SliceOrder, SliceResult
from quart_session_demo.compare.load.latency import LatencyHistogram


async def run_closed_loop(group: UserGroup, order: SliceOrder) -> SliceResult:
    """Let all users send requests for the time of an order, and measure the responses."""
    group.stats.responses = 0
    await group.set_up()
    stop = asyncio.Event()
    for user in group.users:
        group.start(user, group.repeat(user, stop, order.warm_up / 2))
    await asyncio.sleep(order.warm_up)

    group.stats.latencies = latencies = LatencyHistogram()
    start, processor_start = time.perf_counter(), time.process_time()
    await asyncio.sleep(order.seconds)
    stop.set()
    group.stats.latencies = None
    end, processor_end = time.perf_counter(), time.process_time()

    requests = latencies.count
    for user in group.users:
        if user.sent_at is not None and user.is_measured:
            latencies.record(end - user.sent_at)
    await group.drain()
    return SliceResult(
        requests=requests,
        seconds=end - start,
        latencies=latencies.encode(),
        responses=group.stats.responses,
        failures=group.stats.take_failures(),
        busy=(processor_end - processor_start) / (end - start),
    )
