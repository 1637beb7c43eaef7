"""`sessions list`, `revoke` and `count`, on every store that processes share."""

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from quart import Quart, session
from quart.cli import ScriptInfo
from quart.sessions import SecureCookieSessionInterface, SessionInterface

from quart_session_demo.cli import register
from quart_session_demo.cli.command import DocumentedCommand
from quart_session_demo.cli.sessions import sessions
from quart_session_demo.sessions import (
    CookieSessionInterface,
    MemoryStore,
    ServerSessionInterface,
    regenerate_session,
)
from quart_session_demo.sessions.sql import SQLStore
from quart_session_demo.terminal import cell_width
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import KEY, ROOT, make_app, session_contents
from tests.docs.markdown import read, section, table_rows
from tests.sessions.conftest import SERVER_STORES, settings_of, sqlite_settings

COMMANDS = [['list', 'ann'], ['revoke', 'ann', '--all'], ['count']]
CHROME = (
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Chrome/142.0.0.0 Safari/537.36'
)
#: The keys of a session in the JSON, in their order.
KEYS = ['id', 'created', 'last_used', 'expires', 'user_agent', 'client']


@pytest.fixture(params=[name for name in SERVER_STORES if name != 'memory'])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the settings of an app, for each store that processes share, and for no other test."""
    return {**settings_of(request.param, request), 'SESSION_KEY_PREFIX': os.urandom(8).hex()}


@pytest.fixture
def sqlite(tmp_path: Path) -> dict[str, Any]:
    """Return the settings of an app with its sessions in a file of its own."""
    return sqlite_settings(tmp_path)


def log_in(settings: dict[str, Any], *users: str, agent: str = CHROME) -> list[Any]:
    """Store a session for each of these users; return the clients, which have their cookies."""
    app = make_sessions_app(**settings)

    @app.post('/login_as/<int:number>')
    async def login_as(number: int) -> str:
        session['user'] = users[number]
        await regenerate_session(user=users[number])
        return ''

    async def run() -> list[Any]:
        clients = []
        async with app.test_app():
            for number in range(len(users)):
                client = app.test_client()
                path = f'/login_as/{number}'
                response = await client.post(path, headers={'User-Agent': agent})
                assert response.status_code == 200
                clients.append(client)
        return clients

    return asyncio.run(run())


def contents(client: Any) -> dict[str, Any]:
    """Return what is in the session of a client."""

    async def run() -> dict[str, Any]:
        async with client.app.test_app():
            return await session_contents(client)

    return asyncio.run(run())


def run(settings: dict[str, Any], *arguments: str) -> Result:
    """Run a command of `sessions` in another app with these settings."""
    return invoke(make_sessions_app(**settings), *arguments)


def invoke(app: Quart, *arguments: str) -> Result:
    result: Result = app.test_cli_runner().invoke(args=['sessions', *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def run_json(settings: dict[str, Any], *arguments: str) -> Any:
    result = run(settings, arguments[0], '--json', *arguments[1:])
    assert (result.exit_code, result.stderr) == (0, '')
    return json.loads(result.stdout)


def ids(settings: dict[str, Any], user: str) -> list[str]:
    return [item['id'] for item in run_json(settings, 'list', user)['sessions']]


def test_sessions_of_a_user_are_listed(settings: dict[str, Any]) -> None:
    """`list` has each session of the user and no other, with its times in UTC."""
    log_in(settings, 'ann', 'bob', 'ann')

    listed = run_json(settings, 'list', 'ann')

    assert listed['user'] == 'ann'
    assert [list(item) for item in listed['sessions']] == [KEYS, KEYS]
    assert not {*ids(settings, 'ann')} & {*ids(settings, 'bob')}
    for item in listed['sessions']:
        created, used, expires = (datetime.fromisoformat(item[name]) for name in KEYS[1:4])
        assert created.utcoffset() == timedelta()
        assert used >= created
        assert abs(created - datetime.now(UTC)) < timedelta(minutes=5)
        # The lifetime of the demo app.
        assert timedelta(days=10) <= expires - created <= timedelta(days=10, seconds=1)
        assert (item['user_agent'], item['client']) == (None, None)


def test_one_session_is_revoked(settings: dict[str, Any]) -> None:
    """`revoke --id` ends the session with this id, and the user's others stay."""
    [first] = log_in(settings, 'ann')
    [public_id] = ids(settings, 'ann')
    [second] = log_in(settings, 'ann')

    result = run(settings, 'revoke', 'ann', '--id', public_id)

    assert (result.exit_code, result.output) == (0, '1 revoked.\n')
    assert contents(first) == {}
    assert contents(second) == {'user': 'ann'}
    assert public_id not in ids(settings, 'ann')


def test_all_sessions_are_revoked(settings: dict[str, Any]) -> None:
    """`revoke --all` ends all sessions of the user; those of others stay, and are counted."""
    *clients, other = log_in(settings, 'ann', 'ann', 'bob')
    assert run_json(settings, 'count') == {'stored': 3}

    result = run_json(settings, 'revoke', 'ann', '--all')

    assert result == {'user': 'ann', 'revoked': 2, 'unknown': []}
    assert [contents(client) for client in clients] == [{}, {}]
    assert contents(other) == {'user': 'bob'}
    assert run_json(settings, 'list', 'ann') == {'user': 'ann', 'sessions': []}
    assert run(settings, 'count').stdout == '1 stored.\n'


def test_user_without_sessions_is_no_error(sqlite: dict[str, Any]) -> None:
    """For a user without sessions, also in a new database, there is a sentence and status 0."""
    listed, revoked = run(sqlite, 'list', '张三'), run(sqlite, 'revoke', '张三', '--all')

    assert (listed.exit_code, listed.output) == (0, "'张三' has no sessions.\n")
    assert (revoked.exit_code, revoked.output) == (0, '0 revoked.\n')
    assert run(sqlite, 'count').stdout == '0 stored.\n'


@pytest.mark.parametrize('user', ['-x', '--all', '张三', 'a b', "o'hara", '\udcff', '\x1b[31m\n'])
def test_user_may_have_any_name(sqlite: dict[str, Any], user: str) -> None:
    """A name may look like an option, and have any characters; none reaches the terminal raw."""
    log_in(sqlite, user)

    assert len(run_json(sqlite, 'list', '--', user)['sessions']) == 1
    assert run_json(sqlite, 'revoke', '--all', '--', user)['revoked'] == 1
    assert '\x1b' not in run(sqlite, 'list', '--', user).output


def test_undecodable_name_is_found(sqlite: dict[str, Any]) -> None:
    """A name with bytes that are not text in the shell's encoding is the app's lone surrogate."""
    log_in(sqlite, '\udcff')

    result = subprocess.run(
        [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'sessions', 'list', b'\xff'],
        cwd=ROOT,
        env={
            **os.environ,
            'PYTHONUTF8': '1',
            'QUART_SECRET_KEY': KEY,
            **{f'QUART_{name}': value for name, value in sqlite.items()},
        },
        capture_output=True,
        text=True,
    )

    assert (result.returncode, result.stderr) == (0, '')
    assert result.stdout.count('\n') == 2


@pytest.mark.parametrize('options', [[], ['--json']])
def test_unknown_id_is_an_error(sqlite: dict[str, Any], options: list[str]) -> None:
    """Ids that the user does not have are one line with status 1; the others are revoked."""
    log_in(sqlite, 'ann', 'bob')
    [own], [foreign] = ids(sqlite, 'ann'), ids(sqlite, 'bob')
    unknown = [foreign, own[:-1], '']
    arguments = [word for name in [own, own, *unknown] for word in ('--id', name)]

    result = run(sqlite, 'revoke', 'ann', *arguments, *options)

    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: 'ann' has no session with the id {foreign!r} and none with {own[:-1]!r} and none "
        "with '': `sessions list` shows the ids\n"
    )
    if options:
        assert json.loads(result.stdout) == {'user': 'ann', 'revoked': 1, 'unknown': unknown}
    else:
        assert result.stdout == '1 revoked.\n'
    assert (ids(sqlite, 'ann'), ids(sqlite, 'bob')) == ([], [foreign])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['revoke', 'ann'], 'Use one of --all and --id'),
        (['revoke', 'ann', '--all', '--id', 'x'], 'Use one of --all and --id'),
        (['revoke', '', '--all'], 'empty'),
        (['list', ''], 'empty'),
        (['list'], "Missing argument 'USER'"),
        (['revoke', '--all'], "Missing argument 'USER'"),
        (['count', 'ann'], 'unexpected extra argument'),
    ],
)
def test_wrong_arguments_revoke_nothing(
    sqlite: dict[str, Any], arguments: list[str], message: str
) -> None:
    """Arguments that are missing or contradict each other are a usage error with status 2."""
    log_in(sqlite, 'ann')

    result = run(sqlite, *arguments)

    assert (result.exit_code, result.stdout) == (2, '')
    assert message in result.stderr
    assert len(ids(sqlite, 'ann')) == 1


@pytest.mark.parametrize('command', COMMANDS, ids=' '.join)
@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'SESSION_TYPE': 'cookie'}, 'CookieSessionInterface stores no sessions on a server'),
        ({'SESSION_TYPE': 'memory'}, 'SESSION_TYPE is memory (MemoryStore), whose sessions only'),
        (
            {
                'SESSION_TYPE': 'sqlalchemy',
                'SESSION_SQLALCHEMY_URL': 'postgresql://app:never-shown@127.0.0.1:1/app',
            },
            'PostgreSQL failed',
        ),
    ],
    ids=['cookie', 'memory', 'unreachable'],
)
def test_command_that_cannot_run_is_one_line(
    settings: dict[str, Any], message: str, command: list[str]
) -> None:
    """Sessions that a command cannot reach are one line and status 2, with --json too."""
    for options in ([], ['--json']):
        result = invoke(make_app(**settings), *command, *options)

        assert (result.exit_code, result.stdout) == (2, '')
        [line] = result.stderr.splitlines()
        assert line.startswith(f'Error: {message}')
        assert 'never-shown' not in line


class ClosableStore(SQLStore):
    """A store that an app derives from ours."""

    closed = False

    async def close(self) -> None:
        await super().close()
        self.closed = True


class OwnInterface(ServerSessionInterface):
    """An interface that an app derives from ours."""


class OtherInterface(SessionInterface):
    """An interface of another package."""


def own_app(interface: Any) -> Quart:
    app = Quart('own')
    app.secret_key = KEY
    app.session_interface = interface(app)
    register(app)
    return app


@pytest.mark.parametrize('command', COMMANDS, ids=' '.join)
def test_commands_work_in_an_own_app(sqlite: dict[str, Any], command: list[str]) -> None:
    """In an own app the commands use its own store, and close it; other sessions are errors."""
    store = ClosableStore(sqlite['SESSION_SQLALCHEMY_URL'])

    own = invoke(own_app(lambda app: OwnInterface(app, store)), *command)
    in_memory = invoke(own_app(lambda app: OwnInterface(app, MemoryStore())), *command)
    stock = invoke(own_app(lambda app: SecureCookieSessionInterface()), *command)
    ours = invoke(own_app(lambda app: CookieSessionInterface()), *command)
    other = invoke(own_app(lambda app: OtherInterface()), *command)

    assert own.exit_code == 0
    assert store.closed
    assert other.stderr.startswith('Error: OtherInterface does not belong to this package')
    for result in (in_memory, stock, ours, other):
        assert (result.exit_code, result.stderr.count('\n')) == (2, 1)


class Screen(StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize('device', [True, False])
def test_list_fits_in_the_terminal(
    sqlite: dict[str, Any], device: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal of any width no line is too long, and no character controls it."""
    sqlite = {**sqlite, 'SESSION_STORE_DEVICE': True}
    log_in(sqlite, 'ann', agent=f'{CHROME} \x9b31m 火狐 é')
    sqlite['SESSION_STORE_DEVICE'] = device
    for columns in (20, 21, 40, 60, 78, 79, 80, 100):
        monkeypatch.setenv('COLUMNS', str(columns))
        monkeypatch.setattr(sys, 'stdout', screen := Screen())

        script = ScriptInfo(create_app=lambda: make_sessions_app(**sqlite))
        sessions.main(['list', 'ann'], obj=script, standalone_mode=False)

        lines = screen.getvalue().splitlines()
        assert max(map(cell_width, lines)) <= columns
        assert all(line.isprintable() for line in lines)
        assert any('Mozilla/5.0' in line for line in lines) is device
        if columns >= 79 and not device:
            assert [len(re.split('  +', line)) for line in lines] == [4, 4]


def test_table_has_a_line_for_each_session(sqlite: dict[str, Any]) -> None:
    """In a pipe, each session is one line below the titles, with the device if it is stored."""
    settings = {**sqlite, 'SESSION_STORE_DEVICE': True}
    log_in(settings, 'ann', 'ann', agent='curl/8')
    log_in(sqlite, 'ann')

    head, *lines = run(settings, 'list', 'ann').stdout.splitlines()
    plain = run(sqlite, 'list', 'ann').stdout.splitlines()

    titles = ['id', 'created (UTC)', 'last used (UTC)', 'expires (UTC)']
    assert re.split('  +', head) == [*titles, 'client', 'user agent']
    assert sorted(len(re.split('  +', line)) for line in lines) == [4, 6, 6]
    assert sum(line.endswith('curl/8') for line in lines) == 2
    assert re.split('  +', plain[0]) == titles
    assert 'curl' not in str(plain)


def test_options_and_statuses_are_listed() -> None:
    """The page lists each option and exit status of the three commands, and no other."""
    text = section(read('docs/users.md'), '## List and revoke sessions on the command line')
    options = {row[0].strip('`').split()[0] for row in table_rows(text, 'option | of | meaning')}
    statuses = {int(status) for status, _ in table_rows(text, 'exit status | meaning')}

    for name in ('list', 'revoke', 'count'):
        command = sessions.commands[name]
        assert isinstance(command, DocumentedCommand)
        names = {
            parameter.opts[0] for parameter in command.params if isinstance(parameter, click.Option)
        }
        assert names <= options
        assert '--json' in names
        assert set(command.statuses) == statuses
    assert options == {'--all', '--id', '--json'}


def test_json_of_the_page_is_the_commands(sqlite: dict[str, Any]) -> None:
    """The page's JSON has the keys that the commands print."""
    text = section(read('docs/users.md'), '## List and revoke sessions on the command line')
    [shown] = re.findall(r'```json\n(.*?)```', text, re.DOTALL)
    log_in(sqlite, 'zhiliao')

    listed = run_json(sqlite, 'list', 'zhiliao')

    shown = json.loads(shown)
    assert list(listed) == list(shown)
    assert list(listed['sessions'][0]) == list(shown['sessions'][0]) == KEYS
    for command in (['count'], ['revoke', 'zhiliao', '--id', listed['sessions'][0]['id']]):
        assert f'prints `{json.dumps(run_json(sqlite, *command))}`' in text
