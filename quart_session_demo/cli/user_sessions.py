"""`sessions list`, `revoke` and `count`: commands about the sessions that a server stores."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
from quart import Quart
from quart.cli import ScriptInfo, pass_script_info

from quart_session_demo.cli.checks import (
    CheckError,
    CommandError,
    load_valid_app,
    reported_errors,
)
from quart_session_demo.cli.command import Command, run_on_store
from quart_session_demo.signals import Interrupted
from quart_session_demo.terminal import escape, print_json, standard_error, standard_output

if TYPE_CHECKING:
    from quart_session_demo.sessions.server.store import SessionStore
    from quart_session_demo.sessions.server.users import SessionRecord

T = TypeVar('T')

#: The statuses of a command that has no others.
STATUS_1 = 'A setting is invalid.'
STATUS_2 = (
    'The arguments are wrong, the app has no sessions on a server that a command can read, or the '
    'store failed.'
)


def _non_empty(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value:
        raise click.BadParameter('it is empty: use the user that `regenerate_session` got')
    return value


user_argument = click.argument('user', callback=_non_empty)
json_option = click.option('--json', 'as_json', is_flag=True, help='Print the result as JSON.')


@click.command(
    'list',
    cls=Command,
    example='sessions list zhiliao',
    statuses={
        0: 'The sessions were printed, also if there are none.',
        1: STATUS_1,
        2: STATUS_2,
    },
)
@user_argument
@json_option
@pass_script_info
def list_user_sessions(script: ScriptInfo, user: str, as_json: bool) -> None:
    """List the sessions of a user, the last used first."""

    async def read(app: Quart, store: 'SessionStore') -> 'list[SessionRecord]':
        from quart_session_demo.sessions.server.users import read_records

        return await read_records(app, store, user)

    records = _run(script, read)
    with reported_errors():
        if as_json:
            print_json({'user': user, 'sessions': [_to_json(record) for record in records]})
        elif not records:
            standard_output().print(f'{user!r} has no sessions.')
        else:
            _print_table(records)


@click.command(
    'revoke',
    cls=Command,
    example='sessions revoke zhiliao --all',
    statuses={
        0: 'The sessions are revoked. With --all, also if the user had none.',
        1: 'A setting is invalid, or the user has no session with one of the ids.',
        2: STATUS_2,
    },
)
@user_argument
@click.option('--all', 'revokes_all', is_flag=True, help='Revoke all sessions of the user.')
@click.option(
    '--id',
    'ids',
    metavar='ID',
    multiple=True,
    help='Revoke the session with this id, which `sessions list` shows. May be repeated.',
)
@json_option
@pass_script_info
def revoke_user_sessions(
    script: ScriptInfo, user: str, revokes_all: bool, ids: Sequence[str], as_json: bool
) -> None:
    """Log a user out: delete all of the user's sessions, or one.

    Use one of --all and --id. Requests that use a revoked session cannot store it again.
    """
    if revokes_all == bool(ids):
        raise click.UsageError('Use one of --all and --id ID.')
    unknown: list[str] = []

    async def revoke(app: Quart, store: 'SessionStore') -> int:
        from quart_session_demo.sessions.server import users

        if revokes_all:
            return await users.revoke_all(store, user, keep_current=False)
        revoked = 0
        for public_id in dict.fromkeys(ids):
            if await users.revoke(store, user, public_id):
                revoked += 1
            else:
                unknown.append(public_id)
        return revoked

    try:
        revoked = _run(script, revoke)
    except Interrupted:
        standard_error().print('Stopped. Run it again to revoke the rest.')
        raise
    with reported_errors():
        if as_json:
            print_json({'user': user, 'revoked': revoked, 'unknown': unknown})
        else:
            standard_output().print(f'{revoked} revoked.')
    if unknown:
        raise CheckError(
            f'{user!r} has no session with the id {" and none with ".join(map(repr, unknown))}: '
            '`sessions list` shows the ids'
        )


@click.command(
    'count',
    cls=Command,
    example='sessions count',
    statuses={
        0: 'The number was printed.',
        1: STATUS_1,
        2: STATUS_2,
    },
)
@json_option
@pass_script_info
def count_stored_sessions(script: ScriptInfo, as_json: bool) -> None:
    """Print about how many sessions are stored.

    Sessions without a user count, too.
    """

    async def count(app: Quart, store: 'SessionStore') -> int:
        return await store.count()

    stored = _run(script, count)
    with reported_errors():
        if as_json:
            print_json({'stored': stored})
        else:
            standard_output().print(f'{stored} stored.')


def _run(script: ScriptInfo, action: 'Callable[[Quart, SessionStore], Awaitable[T]]') -> T:
    """Return the result of an action on the store of a command's app."""
    app = load_valid_app(script)
    store = _shared_store(app)
    return run_on_store(store, lambda: action(app, store))


def _shared_store(app: Quart) -> 'SessionStore':
    """Return the store of an app, which other processes use too."""
    from quart_session_demo.sessions.base import ServerSessionsRequired
    from quart_session_demo.sessions.server.interface import ServerSessionInterface
    from quart_session_demo.sessions.server.memory import MemoryStore

    interface: Any = app.session_interface
    if not isinstance(interface, ServerSessionInterface):
        raise CommandError(str(ServerSessionsRequired(interface)))
    if isinstance(interface.store, MemoryStore):
        raise CommandError(
            'SESSION_TYPE is memory (MemoryStore), whose sessions only the process of the app has: '
            'store them in redis or sqlalchemy'
        )
    return interface.store


def _to_json(record: 'SessionRecord') -> dict[str, str | None]:
    facts = asdict(record)
    # There is no request whose session it could be.
    del facts['current']
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
    }


def _print_table(records: 'Sequence[SessionRecord]') -> None:
    from quart_session_demo.tables import Table

    header = ['id', 'created (UTC)', 'last used (UTC)', 'expires (UTC)']
    rows = [
        [record.id, *map(_time, (record.created, record.last_used, record.expires))]
        for record in records
    ]
    devices = [(record.client or '', record.user_agent or '') for record in records]
    if any(map(any, devices)):
        header += ['client', 'user agent']
        for row, device in zip(rows, devices, strict=True):
            row += map(escape, device)
    terminal = standard_output()
    table = Table('sessions', 'The sessions of a user.', header, rows)
    lines = table.aligned(terminal.columns or sys.maxsize)
    terminal.write(''.join(f'{line}\n' for line in lines))


def _time(moment: datetime) -> str:
    return moment.strftime('%Y-%m-%d %H:%M:%S')
