"""What happens to requests when a server stops or restarts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from signal import SIGHUP, SIGTERM
from typing import Any

from clients import Client, Load, Outcome, Outcomes
from events import STARTED, STOPPED, WAITING
from servers import RunningServer


@dataclass(frozen=True)
class Amount:
    """How much is sent.

    Attributes:
        requests: How many requests are open at the same time.
        seconds: How long the load runs before the signal, and after a restart.
        wait: How many seconds a request in flight takes.
    """

    requests: int
    seconds: float
    wait: float


@dataclass(frozen=True)
class Case:
    """A way to stop or restart a server under requests.

    Attributes:
        name: The name in the tables.
        description: What is done.
        run: Does it with a running server, and returns what became of the requests.
        restarts: Whether it needs a server that replaces its processes on SIGHUP.
    """

    name: str
    description: str
    run: Callable[[RunningServer, Amount], Coroutine[Any, Any, Outcomes]]
    restarts: bool = False


async def stop_in_flight(server: RunningServer, amount: Amount, *, group: bool) -> Outcomes:
    """Stop a server that works on requests."""
    clients, sent = await send_all(server, amount, '/wait')
    await asyncio.to_thread(server.wait_for, WAITING, sent.count(True))
    (server.signal_group if group else server.signal_master)(SIGTERM)
    return await receive_all(clients, sent)


async def stop_before_accept(server: RunningServer, amount: Amount) -> Outcomes:
    """Stop a server that has not accepted the connections on which requests were sent."""
    server.pause()
    clients, sent = await send_all(server, amount, '/')
    server.signal_group(SIGTERM)
    server.resume()
    return await receive_all(clients, sent)


async def stop_under_load(server: RunningServer, amount: Amount, *, keep_alive: bool) -> Outcomes:
    """Stop a server whose processor is the limit."""
    load = Load(server.port, amount.requests, keep_alive=keep_alive)
    await asyncio.sleep(amount.seconds)
    server.signal_group(SIGTERM)
    return await load.until_refused()


async def restart_under_load(
    server: RunningServer, amount: Amount, *, keep_alive: bool
) -> Outcomes:
    """Replace all processes of a server whose processor is the limit."""
    load = Load(server.port, amount.requests, keep_alive=keep_alive)
    await asyncio.sleep(amount.seconds)
    server.signal_master(SIGHUP)
    await asyncio.to_thread(server.wait_for, STARTED, 2 * server.processes)
    await asyncio.to_thread(server.wait_for, STOPPED, server.processes)
    await asyncio.sleep(amount.seconds)
    return await load.stop()


async def send_all(
    server: RunningServer, amount: Amount, path: str
) -> tuple[list[Client], list[bool]]:
    """Send a request on each of many connections; return these, and which were sent."""
    clients = [Client(server.port, path) for _ in range(amount.requests)]
    return clients, [await client.send() for client in clients]


async def receive_all(clients: list[Client], sent: list[bool]) -> Outcomes:
    """Return what became of the requests of `send_all`."""
    pending = [client.receive() for client, was_sent in zip(clients, sent, strict=True) if was_sent]
    outcomes = Counter(await asyncio.gather(*pending))
    outcomes[Outcome.REFUSED] += sent.count(False)
    return outcomes


IN_FLIGHT_GROUP = Case(
    'in flight, group',
    'SIGTERM to the process group while all requests wait',
    partial(stop_in_flight, group=True),
)
IN_FLIGHT_MASTER = Case(
    'in flight, master',
    'the same, with SIGTERM to the first process only',
    partial(stop_in_flight, group=False),
)
CASES = (
    IN_FLIGHT_GROUP,
    IN_FLIGHT_MASTER,
    Case(
        'not accepted',
        'requests are sent while all processes are paused (SIGSTOP); when they go on, SIGTERM to'
        ' the process group has arrived too',
        stop_before_accept,
    ),
    Case(
        'load, new connections',
        'SIGTERM to the process group at full load, one connection for each request',
        partial(stop_under_load, keep_alive=False),
    ),
    Case(
        'load, keep-alive',
        'the same, on connections that are used again',
        partial(stop_under_load, keep_alive=True),
    ),
    Case(
        'HUP, new connections',
        'all processes are replaced (SIGHUP) at full load, one connection for each request',
        partial(restart_under_load, keep_alive=False),
        restarts=True,
    ),
    Case(
        'HUP, keep-alive',
        'the same, on connections that are used again',
        partial(restart_under_load, keep_alive=True),
        restarts=True,
    ),
)
