"""What happens to requests when a server stops or restarts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from signal import SIGHUP, SIGTERM
from typing import Any

from app import STARTED, STOPPED, WAITING
from clients import Client, Load, Outcome, Outcomes
from servers import RunningServer


@dataclass(frozen=True)
class Amount:
    """How much is sent.

    Attributes:
        requests: How many requests are open at the same time.
        seconds: How long the load runs before the signal, and after a restart.
    """

    requests: int
    seconds: float


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
    clients = [Client(server.port, '/wait') for _ in range(amount.requests)]
    sent = [await client.send() for client in clients]
    await asyncio.to_thread(server.wait_for, WAITING, sent.count(True))
    (server.signal_group if group else server.signal_master)(SIGTERM)
    return await _receive(clients, sent)


async def stop_before_accept(server: RunningServer, amount: Amount) -> Outcomes:
    """Stop a server that has not accepted the connections on which requests were sent."""
    server.pause()
    clients = [Client(server.port) for _ in range(amount.requests)]
    sent = [await client.send() for client in clients]
    server.signal_group(SIGTERM)
    server.resume()
    return await _receive(clients, sent)


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


async def _receive(clients: list[Client], sent: list[bool]) -> Outcomes:
    pending = [client.receive() for client, was_sent in zip(clients, sent, strict=True) if was_sent]
    outcomes = Counter(await asyncio.gather(*pending))
    outcomes[Outcome.REFUSED] += sent.count(False)
    return outcomes


CASES = (
    Case(
        'in flight, group',
        'SIGTERM to the process group while all requests wait',
        partial(stop_in_flight, group=True),
    ),
    Case(
        'in flight, master',
        'the same, with SIGTERM to the first process only',
        partial(stop_in_flight, group=False),
    ),
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
