"""The contenders: the servers that are measured, configured as in production."""

import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from quart_session_demo import create_app
from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.servers import EXECUTOR_THREADS, ServerCommand
from quart_session_demo.compare.load.server_commands import (
    ASGI_WORKER,
    granian_command,
    gunicorn_command,
    starter_command,
    uvicorn_command,
)

#: The threads of one of the Flask servers. Another has one thread for each user.
DEFAULT_THREADS = 8
#: The contender that runs the Flask app on Quart, with nothing changed but the imports.
SYNC_VIEWS = 'quart-sync-views'
#: Variables that replace those of the user, who may have set them for development.
PRODUCTION_ENVIRONMENT = {
    'FLASK_DEBUG': 'false',
    'QUART_DEBUG': 'false',
    'PYTHONASYNCIODEBUG': '',
    'PYTHONDEVMODE': '',
}

#: The settings that the apps of a pair share.
SHARED_SETTINGS = (
    'SECRET_KEY',
    'PERMANENT_SESSION_LIFETIME',
    'MAX_COOKIE_SIZE',
)
#: The first part of further settings that the apps share.
SHARED_PREFIXES = (
    'SESSION_COOKIE_',
    'SESSION_REFRESH_',
)


@dataclass(frozen=True)
class Pair:
    """A Flask app and its Quart port.

    Attributes:
        sync: The Flask app, `module:app`.
        async_: The Quart app, `module:app`.
        environment: Environment variables for both.
    """

    sync: str
    async_: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contender:
    """A server that is compared with others.

    Attributes:
        name: The name in options and results.
        server: How to start it. The server's name is the contender's title in reports.
        concurrency: How many requests can wait in handlers at once; None means no limit.
    """

    name: str
    server: ServerCommand
    concurrency: int | None = None


def lesson_pair(folder: str) -> Pair:
    """Return the pair of apps in a folder of `compare.apps`, with the settings of production."""
    module = f'quart_session_demo.compare.apps.{folder}'
    return Pair(f'{module}.sync_app:app', f'{module}.async_app:app', _lesson_environment())


def _lesson_environment() -> dict[str, str]:
    """Return environment variables that give the apps of a pair the same session settings.

    The Flask process must not load Quart, so it cannot call `create_app`. It gets the settings of
    an app that is made here.
    """
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': secrets.token_hex(32)}).config
    settings = {
        f'{prefix}_{name}': json.dumps(value, default=timedelta.total_seconds)
        for name, value in config.items()
        if name in SHARED_SETTINGS or name.startswith(SHARED_PREFIXES)
        for prefix in ('FLASK', 'QUART')
    }
    return {**settings, 'QUART_PRODUCTION': 'true'}


def contenders(pair: Pair, users: int, processes: int = 1) -> list[Contender]:
    """Return all contenders for a pair of apps.

    Args:
        pair: The apps.
        users: The number of concurrent users; one of the Flask servers has as many threads.
        processes: The number of worker processes of each server.
    """
    environment = {**pair.environment, **PRODUCTION_ENVIRONMENT}

    def flask(name: str, title: str, threads: int | None, *options: str) -> Contender:
        command = gunicorn_command(pair.sync, processes, *options)
        server = ServerCommand(f'Flask {title}', command, environment)
        return Contender(name, server, threads and threads * processes)

    def flask_threads(name: str, threads: int) -> Contender:
        options = ('--worker-class', 'gthread', '--threads', str(threads))
        return flask(name, pluralize(threads, 'thread'), threads, *options)

    def quart(name: str, title: str, command: tuple[str, ...]) -> Contender:
        return Contender(name, ServerCommand(f'Quart {title}', command, environment))

    sync_views = ServerCommand(
        'Quart with sync views',
        starter_command('quart_session_demo.compare.apps.sync_views:app', processes),
        {**environment, 'SYNC_APP': pair.sync},
    )
    port = pair.async_
    return [
        flask('flask-sync', 'sync', 1, '--worker-class', 'sync'),
        flask_threads('flask-threads', DEFAULT_THREADS),
        flask_threads('flask-thread-per-user', math.ceil(users / processes)),
        flask('flask-gevent', 'gevent', None, '--worker-class', 'gevent'),
        quart('quart-hypercorn', 'on Hypercorn', starter_command(port, processes)),
        quart('quart-gunicorn', 'on gunicorn', gunicorn_command(port, processes, *ASGI_WORKER)),
        quart('quart-uvicorn', 'on uvicorn', uvicorn_command(port, processes)),
        quart('quart-granian', 'on Granian', granian_command(port, processes)),
        Contender(SYNC_VIEWS, sync_views, EXECUTOR_THREADS * processes),
    ]


def split_names(text: str | None) -> tuple[str, ...]:
    """Return the names of contenders in a text with commas; empty means all.

    Raises:
        ValueError: There is no such contender.
    """
    known = [contender.name for contender in contenders(Pair('', ''), users=1)]
    names = tuple(name.strip() for name in text.split(',')) if text is not None else ()
    for name in names:
        if name not in known:
            raise ValueError(f'--contenders {name!r} is unknown: use some of {", ".join(known)}')
    return names
