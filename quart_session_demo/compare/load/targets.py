"""The servers that are measured, one process each, configured as in production."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from quart_session_demo import create_app
from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.servers import ServerCommand, gunicorn, hypercorn

#: What the starter of the Procfile chooses.
HYPERCORN_OPTIONS = (
    '--worker-class',
    'uvloop',
    '--graceful-timeout',
    '25',
    '--keep-alive',
    '100',
    '--backlog',
    '1024',
)
#: The threads of one of the measured gunicorn servers. Another has one thread for each user.
DEFAULT_THREADS = 8
#: The name of the Quart server.
QUART = 'Quart'

#: The settings that both lesson apps share.
SHARED_SETTINGS = (
    'SECRET_KEY',
    'PERMANENT_SESSION_LIFETIME',
    'MAX_COOKIE_SIZE',
)
#: The first part of further settings that both apps share.
SHARED_PREFIXES = (
    'SESSION_COOKIE_',
    'SESSION_REFRESH_',
)


def lesson_environment() -> dict[str, str]:
    """Return environment variables that give both lesson apps the same session settings.

    The Flask process must not load Quart, so it cannot call `create_app`. It gets the settings of
    an app that is made here.
    """
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': secrets.token_hex(32)}).config
    flask_settings = {
        f'FLASK_{name}': json.dumps(value, default=timedelta.total_seconds)
        for name, value in config.items()
        if name in SHARED_SETTINGS or name.startswith(SHARED_PREFIXES)
    }
    return {
        'QUART_PRODUCTION': 'true',
        'QUART_SECRET_KEY': config['SECRET_KEY'],
        **flask_settings,
    }


@dataclass(frozen=True)
class Pair:
    """A Flask app and its Quart port; the lesson's by default.

    Attributes:
        sync: The Flask app, `module:app`.
        async_: The Quart app, `module:app`.
        environment: Environment variables for both.
    """

    sync: str = 'quart_session_demo.compare.apps.waiting.sync_app:app'
    async_: str = 'quart_session_demo.compare.apps.waiting.async_app:app'
    environment: Mapping[str, str] = field(default_factory=lesson_environment)


@dataclass(frozen=True)
class Target:
    """A server to measure.

    Attributes:
        server: How to start it.
        concurrency: How many requests can wait in handlers at once; None means no limit.
    """

    server: ServerCommand
    concurrency: int | None


def targets(pair: Pair, users: int) -> list[Target]:
    """Return the servers to measure with a number of users."""

    def flask(name: str, concurrency: int | None, worker_class: str, *options: str) -> Target:
        command = gunicorn(pair.sync, '--workers', '1', '--worker-class', worker_class, *options)
        return Target(ServerCommand(f'Flask {name}', command, pair.environment), concurrency)

    quart = ServerCommand(QUART, hypercorn(pair.async_, *HYPERCORN_OPTIONS), pair.environment)
    return [
        flask('sync', 1, 'sync'),
        *(
            flask(pluralize(threads, 'thread'), threads, 'gthread', '--threads', str(threads))
            for threads in sorted({DEFAULT_THREADS, users})
        ),
        flask('gevent', None, 'gevent'),
        Target(quart, None),
    ]
