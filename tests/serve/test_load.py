"""No request is lost at full load, when the server stops, restarts or replaces a process."""

import os
import signal
import sys

import pytest

from tests.processes import wait_until
from tests.serve.conftest import COMMAND, Start
from tests.serve.load import LOST, REFUSED, load
from tests.sockets import refuses

pytestmark = pytest.mark.e2e


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux reports the queue of a socket')
@pytest.mark.parametrize('processes', [1, 2])
async def test_full_load_loses_nothing_at_the_stop(start: Start, processes: int) -> None:
    """SIGTERM to the process group at full load: each request that was sent has a response.

    The starter has no capability of an administrator, as on a platform.
    """
    drop = ('setpriv', '--inh-caps=-all', '--bounding-set=-all') if os.geteuid() == 0 else ()
    started = start(processes=processes, command=(*drop, *COMMAND))

    async with load(started.port) as clients:
        os.killpg(started.process.pid, signal.SIGTERM)
        await clients.wait_until(lambda: started.process.poll() is not None)

    assert clients.outcomes.keys() == {'200', REFUSED}
    assert started.process.returncode == 0
    assert 'Traceback' not in started.log


@pytest.mark.parametrize('processes', [1, 2])
def test_connections_are_refused_while_requests_finish(start: Start, processes: int) -> None:
    """After the drain a router is refused, so that it tries another server, and does not wait."""
    started = start(processes=processes)
    started.connect('GET /wait/600 HTTP/1.1\nHost: a\n\n')

    started.send(signal.SIGTERM)
    wait_until(lambda: refuses(started.port))

    assert started.process.poll() is None


async def test_full_load_loses_nothing_at_hangup(start: Start) -> None:
    """SIGHUP at full load: each request has a response, and no connection is refused."""
    started = start(processes=2)
    old = started.pids()

    async with load(started.port) as clients:
        started.send(signal.SIGHUP)
        await clients.wait_until(lambda: not started.pids() & old)
        await clients.wait_for_responses(40)

    assert clients.outcomes.keys() == {'200'}
    assert started.log.count('after_serving') == 2


async def test_hangup_waits_for_the_requests_of_new_connections(start: Start) -> None:
    """A client that was accepted, and sends a moment later, has a response at SIGHUP, too."""
    started = start(processes=2)

    async with load(started.port, clients=10, delay=0.01) as clients:
        started.send(signal.SIGHUP)
        await clients.wait_until(lambda: started.log.count('after_serving') == 2)

    assert clients.outcomes.keys() == {'200'}


async def test_killed_process_is_replaced_under_load(start: Start) -> None:
    """A killed process loses the requests that it works on; then all are served again."""
    started = start(processes=2)

    async with load(started.port, clients=20) as clients:
        os.kill(min(started.pids()), signal.SIGKILL)
        await clients.wait_until(lambda: started.log.count('Running on') == 3)
        lost = clients.outcomes[LOST]
        await clients.wait_for_responses(100)

    # Each client had one request at most in the killed process.
    assert lost <= 20
    assert clients.outcomes[LOST] == lost
    assert clients.outcomes.keys() <= {'200', LOST}
    assert len(started.pids()) == 2
