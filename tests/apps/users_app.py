"""An app that logs users in and out; each view gets its arguments as JSON."""

import asyncio
import json
import os
import signal
from dataclasses import asdict
from typing import Any

from quart import Blueprint, Quart, current_app, request, session, websocket

from quart_session_demo.sessions import (
    SessionRecord,
    list_sessions,
    regenerate_session,
    revoke_session,
    revoke_sessions,
    session_user,
)
from quart_session_demo.sessions.current import server_interface
from tests.apps.sessions_app import make_sessions_app

#: The variable with the app's settings as JSON, if a server imports `app`.
SETTINGS = 'USERS_APP_SETTINGS'

views = Blueprint('users_app', __name__)


@views.post('/log-in')
async def log_in() -> dict[str, Any]:
    await regenerate_session(user=(await request.get_json())['user'])
    return {'user': session_user()}


@views.post('/new-id')
async def new_id() -> dict[str, Any]:
    await regenerate_session()
    return {'user': session_user()}


@views.post('/log-out')
async def log_out() -> dict[str, Any]:
    session.clear()
    return {'user': session_user()}


@views.get('/user')
async def show_user() -> dict[str, Any]:
    return {'user': session_user()}


@views.post('/records')
async def show_records() -> list[dict[str, Any]]:
    records = await list_sessions((await request.get_json())['user'])
    return [_to_json(record) for record in records]


@views.post('/revoke')
async def revoke() -> dict[str, Any]:
    sent = await request.get_json()
    return {'revoked': await revoke_session(sent['id'], user=sent['user'])}


@views.post('/revoke-all')
async def revoke_all() -> dict[str, Any]:
    sent = await request.get_json()
    keep_current = sent.get('keep_current', False)
    return {'revoked': await revoke_sessions(sent['user'], keep_current=keep_current)}


@views.post('/revoke-all-and-kill')
async def revoke_all_and_kill() -> dict[str, Any]:
    """Kill this process, or another one, in the middle of a deletion."""
    sent = await request.get_json()
    store = server_interface().store
    delete = store.delete
    deletions = 0

    async def delete_or_kill(*args: Any, **options: Any) -> Any:
        nonlocal deletions
        deletions += 1
        if deletions == sent['deletion']:
            # When the deletion waits for the first time.
            pid = sent.get('pid') or os.getpid()
            asyncio.get_running_loop().call_soon(os.kill, pid, signal.SIGKILL)
        return await delete(*args, **options)

    store.delete = delete_or_kill  # type: ignore[method-assign]
    return {'revoked': await revoke_sessions(sent['user'])}


@views.post('/slow/<action>')
async def slow(action: str) -> dict[str, Any]:
    user = session_user()
    gate: Gate = current_app.extensions['gate']
    gate.waiting += 1
    await gate.opened.wait()
    match action:
        case 'set':
            session['slow'] = 'slow'
        case 'append':
            session.setdefault('list', []).append('slow')
        case 'new-id':
            await regenerate_session()
        case 'clear':
            session.clear()
        case 'clear-and-set':
            session.clear()
            session['slow'] = 'slow'
    return {'user': user}


@views.websocket('/socket')
async def stay_open() -> None:
    await websocket.send(str(session_user()))
    while True:
        await websocket.receive()


@views.get('/waiting')
async def show_waiting() -> dict[str, int]:
    gate: Gate = current_app.extensions['gate']
    return {'waiting': gate.waiting}


@views.post('/open')
async def open_gate() -> dict[str, int]:
    gate: Gate = current_app.extensions['gate']
    gate.opened.set()
    return {'waiting': gate.waiting}


class Gate:
    """Stops slow requests after they have read their session.

    Attributes:
        waiting: How many have stopped here.
        opened: Whether they may go on.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self.opened = asyncio.Event()


def _to_json(record: SessionRecord) -> dict[str, Any]:
    times = ('created', 'last_used', 'expires')
    return {**asdict(record), **{name: getattr(record, name).timestamp() for name in times}}


def make_users_app(**config: Any) -> Quart:
    """Return an app of `make_sessions_app` with the views of this module."""
    app = make_sessions_app(**config)
    app.register_blueprint(views)
    app.extensions['gate'] = Gate()
    return app


if SETTINGS in os.environ:
    app = make_users_app(**json.loads(os.environ[SETTINGS]))
