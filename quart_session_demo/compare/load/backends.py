"""Start what the apps of a scenario need: a database, or an HTTP service."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from quart_session_demo.compare.load.database import run_postgres
from quart_session_demo.compare.load.scenarios import DATABASE_POOL_SIZE, Backend

UPSTREAM = ServerCommand(
    'The HTTP service',
    (sys.executable, '-m', 'quart_session_demo.compare.apps.service.upstream', '{port}'),
)


@dataclass(frozen=True)
class RunningBackend:
    """What runs beside the apps.

    Attributes:
        environment: Environment variables for the apps. They contain a password.
        version: The version of the database, or ''.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = ''


@contextmanager
def run_backend(
    backend: Backend | None, app_processes: int, postgres_url: str | None = None
) -> Iterator[RunningBackend]:
    """Start the backend of a scenario, and stop it afterwards.

    Args:
        backend: The scenario's backend.
        app_processes: In how many processes the apps of all servers run, each with its own pool.
        postgres_url: The user's database; None starts a PostgreSQL.

    Raises:
        BackendError: There is no PostgreSQL, or the user's does not work. The scenario can be
            skipped.
        ServerError: The service did not start.
    """
    match backend:
        case 'postgres':
            with run_postgres(postgres_url, app_processes * DATABASE_POOL_SIZE) as database:
                variables = {
                    'DATABASE_URL': database.url,
                    'DATABASE_POOL_SIZE': str(DATABASE_POOL_SIZE),
                }
                yield RunningBackend(variables, database.version)
        case 'service':
            with run_servers(UPSTREAM) as [server]:
                yield RunningBackend({'SERVICE_URL': server.url})
        case None:
            yield RunningBackend()
