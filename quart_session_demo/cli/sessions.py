"""`sessions`: commands about the app's sessions."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click
from quart.cli import ScriptInfo, pass_script_info

from quart_session_demo.cli.checks import CommandError, load_valid_app, reported_errors
from quart_session_demo.cli.command import Command, Group, run_async, run_on_store
from quart_session_demo.cli.user_sessions import (
    count_stored_sessions,
    list_user_sessions,
    revoke_user_sessions,
)
from quart_session_demo.signals import Interrupted
from quart_session_demo.terminal import print_json, standard_output

if TYPE_CHECKING:
    from quart_session_demo.sessions.server.store import TableStore

T = TypeVar('T')


@click.group(
    cls=Group,
    example='sessions info',
    statuses={0: 'The command succeeded. The help of each command lists its other statuses.'},
)
def sessions() -> None:
    """Show where sessions are stored, revoke a user's sessions, and clean up a database."""


@sessions.command(
    cls=Command,
    example='sessions info --json',
    statuses={
        0: 'The settings were printed, also if the store is not ready.',
        1: 'A setting is invalid.',
        2: 'The arguments are wrong, or the settings could not be printed.',
    },
)
@click.option('--json', 'as_json', is_flag=True, help='Print everything as JSON.')
@pass_script_info
def info(script: ScriptInfo, as_json: bool) -> None:
    """Show where sessions are stored, and for how long."""
    from quart_session_demo.cli import session_facts

    app = load_valid_app(script)
    problem: str | None = session_facts.NOT_ASKED
    stopped: Interrupted | None = None
    try:
        problem = run_async(session_facts.find_problem(app))
    except Interrupted as stop:
        stopped = stop
    facts = session_facts.collect_facts(app, problem)
    with reported_errors():
        if as_json:
            print_json(asdict(facts))
        else:
            session_facts.print_facts(standard_output(), facts)
    if stopped:
        raise stopped


@sessions.command(
    cls=Command,
    example='sessions create-tables',
    statuses={
        0: 'The tables exist.',
        1: 'A setting is invalid.',
        2: 'The app has no sessions in a database, or the database failed.',
    },
)
@pass_script_info
def create_tables(script: ScriptInfo) -> None:
    """Create the tables of sessions in a database, if they are missing."""

    async def create(store: 'TableStore') -> None:
        await store.create_tables()
        # Another table of this name may exist.
        await store.ping()

    _run(script, create)
    with reported_errors():
        standard_output().print('The tables of the sessions exist.')


@sessions.command(
    cls=Command,
    example='sessions cleanup',
    statuses={
        0: 'All expired sessions are deleted.',
        1: 'A setting is invalid.',
        2: 'The app has no sessions in a database, or the database failed.',
    },
)
@pass_script_info
def cleanup(script: ScriptInfo) -> None:
    """Delete expired sessions from a database."""

    async def delete(store: 'TableStore') -> int:
        return await store.delete_expired()

    try:
        deleted = _run(script, delete)
    except Interrupted:
        with reported_errors():
            standard_output().print('Stopped. Run it again to delete the rest.')
        raise
    with reported_errors():
        standard_output().print(f'{deleted} deleted.')


def _run(script: ScriptInfo, action: 'Callable[[TableStore], Awaitable[T]]') -> T:
    """Return the result of an action on the store of a command's app."""
    from quart_session_demo.sessions.server.store import TableStore

    store = getattr(load_valid_app(script).session_interface, 'store', None)
    if not isinstance(store, TableStore):
        raise CommandError(
            'SESSION_TYPE is not sqlalchemy: only sessions in a database have tables and need '
            'this command'
        )
    return run_on_store(store, lambda: action(store))


for command in (list_user_sessions, revoke_user_sessions, count_stored_sessions):
    sessions.add_command(command)
