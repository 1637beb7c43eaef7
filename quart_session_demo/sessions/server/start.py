"""What must be right before an app may store its sessions on a server."""

import os

from quart import Quart

from quart_session_demo.sessions.server.memory import MemoryStore
from quart_session_demo.sessions.server.store import SessionStore
from quart_session_demo.sessions.settings import SERVER_SETTINGS, complete_settings

#: The environment variable with the number of worker processes, which platforms set.
WORKERS_VARIABLE = 'WEB_CONCURRENCY'


def check_app(app: Quart, store: SessionStore, *, starts: bool = False) -> None:
    """Complete the settings of an app, and check that it can use a store.

    Args:
        app: The app.
        store: The store.
        starts: Whether the app starts serving now. Before that, a missing key is no error.

    Raises:
        ValueError: A setting is wrong, or the app cannot use the store. The message names the
            problem and what to do.
    """
    complete_settings(app.config, SERVER_SETTINGS)
    # Not `isinstance`, which would need the package.
    if any(kind.__module__.partition('.')[0] == 'quart_trio' for kind in type(app).__mro__):
        raise ValueError(
            'QuartTrio cannot store sessions on a server, which needs asyncio: use Quart, or '
            'CookieSessionInterface'
        )
    if isinstance(store, MemoryStore) and (problem := memory_problem(app)):
        raise ValueError(problem)
    if starts and not app.secret_key:
        raise ValueError('SECRET_KEY is not set, and signs the ids of sessions: set it')


def memory_problem(app: Quart) -> str | None:
    """Return why an app cannot store its sessions in memory, or None if it can."""
    remedy = 'store them in redis or sqlalchemy'
    if app.config.get('PRODUCTION'):
        return (
            f'SESSION_TYPE is memory (MemoryStore), which loses all sessions at a restart: {remedy}'
        )
    workers = os.environ.get(WORKERS_VARIABLE, '')
    if workers.isdecimal() and int(workers) > 1:
        return (
            f'SESSION_TYPE is memory (MemoryStore), which {WORKERS_VARIABLE}={workers} processes '
            f'cannot share: set {WORKERS_VARIABLE} to 1, or {remedy}'
        )
    return None
