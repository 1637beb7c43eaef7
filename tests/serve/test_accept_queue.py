"""A listening socket that closes resets no connection that waits in it."""

import asyncio
import errno
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from quart_session_demo.serve import accept_queue

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='Linux reports the queue')


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=['IPv4', 'IPv6'])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Yield a socket that listens, also for IPv4 if it is one of IPv6."""
    family: socket.AddressFamily = request.param
    if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
        pytest.skip('needs a kernel with IPv6')
    dualstack = family == socket.AF_INET6
    with socket.create_server(('', 0), family=family, dualstack_ipv6=dualstack) as listener:
        yield listener


def connect(listener: socket.socket, stack: ExitStack) -> socket.socket:
    """Return a socket that has begun to connect."""
    client = stack.enter_context(socket.socket())
    client.setblocking(False)
    client.connect_ex(('127.0.0.1', listener.getsockname()[1]))
    return client


def result_of(client: socket.socket) -> int:
    """Wait until a socket is connected or not; return the error number."""
    select.select((), (client,), ())
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


async def test_drain_waits_for_queued_connections(listener: socket.socket) -> None:
    """The wait ends when the server has accepted each connection that was made before."""
    with ExitStack() as stack:
        clients = [connect(listener, stack) for _ in range(5)]
        assert [result_of(client) for client in clients] == [0] * 5

        drained = asyncio.create_task(accept_queue.drain(listener))
        done, _ = await asyncio.wait((drained,), timeout=5 * accept_queue.QUIET_SECONDS)
        assert not done
        for _ in clients:
            stack.enter_context(listener.accept()[0])
        await drained


async def test_drain_admits_no_new_connection(listener: socket.socket) -> None:
    """A client that connects during the wait is refused at once; one from before has a response."""
    with ExitStack() as stack:
        before = connect(listener, stack)
        drained = asyncio.create_task(accept_queue.drain(listener))
        await asyncio.sleep(0)
        during = connect(listener, stack)
        assert result_of(during) == errno.ECONNREFUSED

        server = stack.enter_context(listener.accept()[0])
        await drained
        listener.close()

        assert result_of(before) == 0
        # The accepted connection works in both directions.
        before.send(b'request')
        assert server.recv(7) == b'request'
        server.send(b'response')
        select.select((before,), (), ())
        assert before.recv(8) == b'response'


async def test_two_processes_drain_one_socket(listener: socket.socket) -> None:
    """Each process that shares the socket waits for what the others have not accepted."""
    with ExitStack() as stack:
        client = connect(listener, stack)
        assert result_of(client) == 0

        drained = [asyncio.create_task(accept_queue.drain(listener)) for _ in range(2)]
        done, _ = await asyncio.wait(drained, timeout=5 * accept_queue.QUIET_SECONDS)
        assert not done
        stack.enter_context(listener.accept()[0])
        await asyncio.gather(*drained)


async def test_drain_ignores_unix_sockets() -> None:
    """A Unix socket, whose queue cannot be read, is not waited for."""
    with socket.socket(socket.AF_UNIX) as listener:
        await accept_queue.drain(listener)
