"""Who takes part: one server process each, as their users run them."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from quart_session_demo import create_app
from quart_session_demo.compare.harness.servers import ServerCommand, gunicorn, hypercorn
from quart_session_demo.compare.load.formatting import counted

# The Procfile's, beside --workers 0.
HYPERCORN_OPTIONS = (
    *('--worker-class', 'uvloop', '--graceful-timeout', '25'),
    *('--keep-alive', '100', '--backlog', '1024'),
)
USUAL_THREADS = 8
QUART = 'Quart'

APPS = Path(__file__).parent.parent / 'apps' / 'waiting'
SESSION_SETTINGS = ('SECRET_KEY', 'PERMANENT_SESSION_LIFETIME', 'MAX_COOKIE_SIZE')


def lesson_environment() -> dict[str, str]:
    """Return what starts the lesson's two apps, as the Procfile does and with the same session."""
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': secrets.token_hex(32)}).config
    settings = {
        f'FLASK_{name}': json.dumps(value, default=timedelta.total_seconds)
        for name, value in config.items()
        if name in SESSION_SETTINGS or name.startswith(('SESSION_COOKIE_', 'SESSION_REFRESH_'))
    }
    path = os.pathsep.join(filter(None, [str(APPS), os.environ.get('PYTHONPATH')]))
    return {
        'PYTHONPATH': path,
        'QUART_PRODUCTION': 'true',
        'QUART_SECRET_KEY': config['SECRET_KEY'],
        **settings,
    }


@dataclass(frozen=True)
class Pair:
    """A Flask app and its Quart port.

    Attributes:
        sync: The Flask app, `module:app`.
        async_: The Quart app, `module:app`.
        environment: Variables for both. By default all three are the lesson's.
    """

    sync: str = 'sync_app:app'
    async_: str = 'async_app:app'
    environment: Mapping[str, str] = field(default_factory=lesson_environment)


@dataclass(frozen=True)
class Entry:
    """A contender, and how many requests it can wait in at once; None is any number."""

    contender: ServerCommand
    at_once: int | None


def entries(pair: Pair, users: int) -> list[Entry]:
    """Return who takes part when there are so many users."""

    def flask(name: str, at_once: int | None, *options: str) -> Entry:
        command = gunicorn(pair.sync, '--workers', '1', *options)
        return Entry(ServerCommand(f'Flask {name}', command, pair.environment), at_once)

    def threads(number: int) -> Entry:
        return flask(
            counted(number, 'thread'), number, '--worker-class', 'gthread', '--threads', str(number)
        )

    return [
        flask('sync', 1, '--worker-class', 'sync'),
        *[threads(number) for number in sorted({USUAL_THREADS, users})],
        flask('gevent', None, '--worker-class', 'gevent'),
        Entry(
            ServerCommand(QUART, hypercorn(pair.async_, *HYPERCORN_OPTIONS), pair.environment), None
        ),
    ]
