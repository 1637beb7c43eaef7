"""Measure how many requests per second the load generator itself can send."""

import sys

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from quart_session_demo.compare.load.generator_process import Generator
from quart_session_demo.compare.load.job import SliceOrder
from quart_session_demo.compare.load.scenarios import SESSION

#: A server that is much faster than the load generator.
STATIC_SERVER = ServerCommand(
    'Static server',
    (sys.executable, '-m', 'quart_session_demo.compare.load.generator.static_server', '{port}'),
)
#: How long the load generator is measured.
ORDER = SliceOrder('static', warm_up=0.25, seconds=1)


def measure_ceiling(users: int) -> float:
    """Return the requests per second of one process of the load generator.

    The scenario is `session`, and the server only sends fixed responses.

    Args:
        users: The number of concurrent users.

    Raises:
        LoadError: The load generator failed.
        ServerError: The server did not start.
    """
    with (
        run_servers(STATIC_SERVER) as [server],
        Generator(SESSION, users, {ORDER.contender: server.url}) as generator,
    ):
        result = generator.run(ORDER)
    return result.requests / result.seconds
