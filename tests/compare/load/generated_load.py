"""Run the load generator on the small servers of `tests/apps`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from quart_session_demo.compare.harness.servers import Server, ServerCommand, run_servers
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load.generator_process import Generator
from quart_session_demo.compare.load.job import SliceOrder, SliceResult
from quart_session_demo.compare.load.latency import LatencyHistogram
from quart_session_demo.compare.load.scenarios import Exchange, Scenario
from tests.conftest import ROOT

#: The contender's name in orders.
NAME = 'made-up'
#: The exchange of `FAST` and `ONE_AT_A_TIME`.
OK = Exchange(Step('ok', '/'), body='ok')
#: How long `ONE_AT_A_TIME` needs for each request.
SERVICE_SECONDS = 0.005


def server_command(program: str, *arguments: str) -> ServerCommand:
    """Return the command of a server in `tests/apps`."""
    path = str(ROOT / f'tests/apps/{program}.py')
    return ServerCommand('Made up', (sys.executable, path, '{port}', *arguments))


#: A server that responds immediately.
FAST = server_command('load_server', 'Ok')
#: A server that serves one request after the other.
ONE_AT_A_TIME = server_command('one_at_a_time', str(SERVICE_SECONDS))


def made_up(
    *exchanges: Exchange, setup: tuple[Exchange, ...] = (), background: tuple[Exchange, ...] = ()
) -> Scenario:
    """Return a scenario."""
    return Scenario('made up', '', exchanges, setup=setup, background=background)


@contextmanager
def run_generator(
    command: ServerCommand, scenario: Scenario, users: int = 2, processes: int = 1
) -> Iterator[tuple[Generator, Server]]:
    """Yield a load generator and its server."""
    with (
        run_servers(command) as [server],
        Generator(scenario, users, {NAME: server.url}, processes) as generator,
    ):
        yield generator, server


def order(
    seconds: float = 0.2, *, warm_up: float = 0.05, rate: float | None = None, seed: int = 0
) -> SliceOrder:
    """Return an order."""
    return SliceOrder(NAME, warm_up, seconds, rate, seed)


def measure_server(behavior: str, *exchanges: Exchange) -> SliceResult:
    """Measure `load_server` with two users that repeat exchanges, until there is a response."""
    with run_generator(server_command('load_server', behavior), made_up(*exchanges)) as [load, _]:
        for seconds in (0.2, 3, 30):
            result = load.run(order(seconds))
            if result.requests or result.failures:
                break
    return result


def percentile(result: SliceResult, percent: float) -> float:
    """Return a percentile of a result's response times in milliseconds."""
    value = LatencyHistogram.merged([result.latencies]).percentile(percent)
    assert value is not None
    return value


def count(result: SliceResult) -> int:
    """Return how many response times a result has."""
    return LatencyHistogram.merged([result.latencies]).count
