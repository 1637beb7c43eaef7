"""The command lines of the servers that are measured, for an app and a number of processes."""

import sys

from quart_session_demo.compare.harness.servers import HOST, gunicorn

#: How long a server waits for the next request on an open connection, as the starter does. Granian
#: accepts at most 60 s, and gunicorn's sync worker closes each connection.
KEEP_ALIVE_SECONDS = '100'
#: How many new connections may wait.
BACKLOG = '2048'
#: How many connections a worker process may have.
WORKER_CONNECTIONS = '4096'
#: The worker of gunicorn that serves ASGI apps; `auto` also chooses uvloop where it is installed.
ASGI_WORKER = (
    '--worker-class',
    'asgi',
    '--asgi-loop',
    'uvloop',
)


def gunicorn_command(app: str, processes: int, *options: str) -> tuple[str, ...]:
    """Return the command line of gunicorn, which has no access log by default."""
    return gunicorn(
        app,
        '--workers',
        str(processes),
        '--keep-alive',
        KEEP_ALIVE_SECONDS,
        '--backlog',
        BACKLOG,
        '--worker-connections',
        WORKER_CONNECTIONS,
        # The parser that `pip install gunicorn` installs, for Flask and Quart.
        '--http-parser',
        'python',
        *options,
    )


def starter_command(app: str, processes: int) -> tuple[str, ...]:
    """Return the command line of the Procfile's starter, which runs Hypercorn."""
    return (
        sys.executable,
        '-m',
        'quart_session_demo.serve',
        app,
        '--bind',
        f'{HOST}:{{port}}',
        '--processes',
        str(processes),
    )


def uvicorn_command(app: str, processes: int) -> tuple[str, ...]:
    """Return the command line of uvicorn, without an access log."""
    return (
        sys.executable,
        '-m',
        'uvicorn',
        *_app_or_factory(app),
        *_address_and_workers(processes),
        '--http',
        'httptools',
        '--timeout-keep-alive',
        KEEP_ALIVE_SECONDS,
        '--no-access-log',
    )


def granian_command(app: str, processes: int) -> tuple[str, ...]:
    """Return the command line of Granian, without an access log."""
    return (
        sys.executable,
        '-m',
        'granian',
        *_app_or_factory(app),
        '--interface',
        'asgi',
        *_address_and_workers(processes),
        # Otherwise fewer requests are processed at once, the more workers there are.
        '--backpressure',
        WORKER_CONNECTIONS,
        # It is also how long idle connections stay open, in ms. Granian accepts at most a minute.
        '--http1-header-read-timeout',
        '60000',
        '--no-access-log',
    )


def _app_or_factory(app: str) -> tuple[str, ...]:
    """Return the arguments that name an app or, as `module:create_app()`, a function."""
    return (app.removesuffix('()'), '--factory') if app.endswith('()') else (app,)


def _address_and_workers(processes: int) -> tuple[str, ...]:
    """Return the options that uvicorn and Granian have in common."""
    return (
        '--host',
        HOST,
        '--port',
        '{port}',
        '--workers',
        str(processes),
        '--loop',
        'uvloop',
        '--backlog',
        BACKLOG,
    )
