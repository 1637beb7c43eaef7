"""The PostgreSQL of the scenarios that read a table: one that is started here, or the user's."""

import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from quart_session_demo.compare import apps
from quart_session_demo.compare.harness import postgres
from quart_session_demo.compare.harness.server_log import ServerLog
from quart_session_demo.compare.harness.servers import HOST, free_port
from quart_session_demo.signals import signals_deferred

#: The statements that make the table, in a schema of its own.
SCHEMA_FILE = Path(apps.__file__).parent / 'database' / 'schema.sql'
#: That schema.
SCHEMA = 'quart_session_demo_load'
#: The settings of the PostgreSQL that is started here. Its data is not needed after a crash.
SETTINGS = (
    'synchronous_commit=off',
    'full_page_writes=off',
    'shared_buffers=128MB',
)
#: The connections that it accepts, unless the servers need more.
MAX_CONNECTIONS = 500
#: The connections of this process and of administrators.
SPARE_CONNECTIONS = 20
#: How long a connection may take.
CONNECT_SECONDS = 10
#: How long the PostgreSQL that is started here may take to start.
START_SECONDS = 60
#: How long it may take to stop before it is killed.
STOP_SECONDS = 10

#: The parts of libpq's errors that are shown. The others may contain a part of the password.
SAFE_ERRORS = re.compile(
    'FATAL: .*|Connection refused|timeout expired|connection timeout expired|'
    'server does not support SSL|Name or service not known|no password supplied'
)

#: How many more connections the user's role may open to the database.
FREE_CONNECTIONS = """
    SELECT least(
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
        (SELECT CASE rolconnlimit WHEN -1 THEN NULL ELSE rolconnlimit END
            FROM pg_roles WHERE rolname = current_user),
        (SELECT CASE datconnlimit WHEN -1 THEN NULL ELSE datconnlimit END
            FROM pg_database WHERE datname = current_database())
    ) + 1 -- the connection that asks
"""


class BackendError(Exception):
    """What a scenario needs is missing. The message is one line."""


@dataclass(frozen=True)
class Database:
    """A database with the table.

    Attributes:
        url: Its URL, which contains a password.
        version: The server's version.
    """

    url: str
    version: str


@contextmanager
def run_postgres(url: str | None, connections: int) -> Iterator[Database]:
    """Yield a database with the table. Afterwards nothing of it remains.

    Args:
        url: The user's database, in which the schema `SCHEMA` is created; None starts a PostgreSQL.
        connections: How many connections the apps open together.

    Raises:
        BackendError: There is no PostgreSQL, or the user's does not work.
    """
    is_users = url is not None
    with ExitStack() as stack:
        if url is None:
            url = _start(stack, connections)
        else:
            _check_connections(url, connections)
        with signals_deferred():
            version = _create_table(url)
            if is_users:
                stack.callback(_drop_table, url)
        yield Database(url, version)


def _start(stack: ExitStack, connections: int) -> str:
    """Start a PostgreSQL that stops with the stack, and return its URL."""
    if not postgres.find_program('initdb'):
        raise BackendError(
            'there is no PostgreSQL: install it (apt-get install postgresql), or use --postgres URL'
        )
    log = ServerLog()
    stack.callback(log.file.close)
    password = secrets.token_hex(16)
    limit = max(MAX_CONNECTIONS, connections + SPARE_CONNECTIONS)
    try:
        with signals_deferred():
            folder = postgres.make_folder()
            # Files that a server writes while it stops may be gone.
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            password_file = folder / 'password'
            password_file.write_text(password)
            shutil.chown(password_file, folder.owner(), folder.group())
            password_file.chmod(0o400)
            options = ('-A', 'scram-sha-256', f'--pwfile={password_file}')
            initdb = postgres.init_files(folder, *options, output=log.file)
            stack.callback(_stop, initdb)
        if initdb.wait():
            raise BackendError(f'PostgreSQL cannot make its files: {log.tail(1)}')
        with signals_deferred():
            port = free_port()
            settings = (*SETTINGS, f'max_connections={limit}')
            server = postgres.start_server(folder, port, *settings, output=log.file)
            stack.callback(_stop, server)
    except postgres.PostgresError as error:
        raise BackendError(str(error)) from None
    url = f'postgresql://{postgres.USERS[0]}:{password}@{HOST}:{port}/postgres?sslmode=disable'
    _wait_until_ready(url, server, log)
    return url


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process of PostgreSQL and the processes that it has started, at once."""
    with signals_deferred():
        if process.poll() is None:
            # SIGQUIT makes the server stop the others, and free its shared memory.
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: ServerLog) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise BackendError(f'PostgreSQL did not start: {log.tail(1)}') from None
            time.sleep(0.05)
        else:
            return


def _create_table(url: str) -> str:
    """Create the table and return the server's version."""
    with _connection(url) as connection:
        [(version,)] = connection.execute('SHOW server_version').fetchall()
        try:
            connection.execute(SCHEMA_FILE.read_bytes())
        except psycopg.errors.DuplicateSchema:
            raise BackendError(
                f'--postgres: the schema {SCHEMA} exists already: wait for the other run that uses '
                f'it, or drop it (DROP SCHEMA {SCHEMA} CASCADE)'
            ) from None
    return str(version)


def _drop_table(url: str) -> None:
    """Drop the schema. If that fails, the schema's name in the next run's error is enough."""
    # It waits for the apps' open transactions, of which there are none if the apps are stopped.
    with signals_deferred(), suppress(BackendError), _connection(url) as connection:
        connection.execute("SET lock_timeout = '10s'")
        connection.execute(f'DROP SCHEMA {SCHEMA} CASCADE')


def _check_connections(url: str, connections: int) -> None:
    """Check that the user's database accepts this number of further connections.

    Raises:
        BackendError: It accepts fewer.
    """
    with _connection(url) as connection:
        [(free,)] = connection.execute(FREE_CONNECTIONS).fetchall()
    if free < connections:
        raise BackendError(
            f'--postgres: the database accepts {free} more connections, and all servers together '
            f'open {connections}: raise max_connections or the limit of the role, or choose fewer '
            '--contenders'
        )


@contextmanager
def _connection(url: str) -> Iterator[psycopg.Connection]:
    """Yield a connection, in a transaction.

    Raises:
        BackendError: The database cannot be reached, or refuses a statement.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            yield connection
    except psycopg.Error as error:
        raise BackendError(f'--postgres: {_problem(error)}') from None


def _problem(error: psycopg.Error) -> str:
    """Return one line about an error, without any part of the URL's password."""
    if error.diag.message_primary:
        return f'the database refuses: {error.diag.message_primary}'
    if isinstance(error, psycopg.OperationalError):
        found = SAFE_ERRORS.search(str(error))
        reason = f' ({found[0]})' if found else ''
        return f'no connection{reason}: check the URL, and whether the server runs'
    return 'not a URL of PostgreSQL: use postgresql://USER:PASSWORD@HOST:PORT/DATABASE'
