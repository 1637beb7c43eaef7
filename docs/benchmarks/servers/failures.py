"""What a server does when one of its processes is killed, or when the app cannot start."""

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from signal import SIGKILL

from app import FAILURE
from cases import Amount, receive_all, send_all
from clients import lost
from events import LOADED, STARTED, WAITING
from servers import INTERVAL, RunningServer, ServerKind, run_server, start_server

from quart_session_demo.compare.harness.servers import START_SECONDS

#: A server that has loaded an app that cannot start so often in each process, and for so many
#: seconds, goes on. Granian gives up after some seconds.
TRIES = 3
TRY_SECONDS = 20


@dataclass(frozen=True)
class Killed:
    """What a server did after one of its processes was killed.

    Attributes:
        others: The requests in flight in its other processes.
        lost: How many of these were lost.
        seconds: The time until another process could serve the app; None without one.
        status: The exit status of the server; None if it went on.
    """

    others: int
    lost: int
    seconds: float | None
    status: int | None


@dataclass
class Failures:
    """What a server did in each round.

    Attributes:
        killed: After one of its processes was killed.
        import_statuses: The exit statuses after an error in the app's module.
        startup_statuses: The exit statuses after an error in the app's start (`before_serving`).
    """

    killed: list[Killed] = field(default_factory=list)
    import_statuses: list[int | None] = field(default_factory=list)
    startup_statuses: list[int | None] = field(default_factory=list)


def measure_failures(
    servers: Sequence[ServerKind], rounds: int, amount: Amount
) -> dict[str, Failures]:
    """Kill a process of each server, and start each with apps that cannot start, in each round.

    Raises:
        ServerError: A server did not start.
    """
    results: dict[str, Failures] = defaultdict(Failures)
    for number in range(1, rounds + 1):
        for server in servers:
            print(f'round {number}: {server.name}: failures', file=sys.stderr)
            result = results[server.name]
            result.killed.append(kill_process(server, amount))
            result.import_statuses.append(failed_start(server, 'import'))
            result.startup_statuses.append(failed_start(server, 'startup'))
    return results


def kill_process(kind: ServerKind, amount: Amount) -> Killed:
    """Kill one of a server's processes while all requests wait.

    Raises:
        ServerError: The server did not start.
    """
    with run_server(kind, amount.wait) as server:
        return asyncio.run(_kill_process(server, amount))


async def _kill_process(server: RunningServer, amount: Amount) -> Killed:
    clients, sent = await send_all(server, amount, '/wait')
    await asyncio.to_thread(server.wait_for, WAITING, sent.count(True))
    waiting = server.count(WAITING)
    # The one with the fewest requests, so that the most can show what the others do.
    process, count = min(waiting.items(), key=lambda item: item[1])
    os.kill(process, SIGKILL)
    killed = time.monotonic()
    seconds, outcomes = await asyncio.gather(
        asyncio.to_thread(_until_replaced, server, killed), receive_all(clients, sent)
    )
    return Killed(waiting.total() - count, lost(outcomes) - count, seconds, server.exit_status())


def _until_replaced(server: RunningServer, killed: float) -> float | None:
    """Return after how many seconds another process can serve the app; None if it has exited."""
    while server.exit_status() is None and time.monotonic() < killed + START_SECONDS:
        if server.count(STARTED).total() > server.processes:
            return time.monotonic() - killed
        time.sleep(INTERVAL)
    return None


def failed_start(kind: ServerKind, failure: str) -> int | None:
    """Start a server whose app cannot start, and return its exit status.

    Args:
        kind: The server.
        failure: What fails, `import` or `startup`.

    Returns:
        None if the server tries again and again.
    """
    with start_server(kind, **{FAILURE: failure}) as (_, server):
        started = time.monotonic()
        while server.exit_status() is None and time.monotonic() < started + START_SECONDS:
            tries = server.count(LOADED).total()
            if tries > TRIES * server.processes and time.monotonic() > started + TRY_SECONDS:
                return None
            time.sleep(INTERVAL)
        return server.exit_status()
