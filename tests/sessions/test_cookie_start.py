"""Start: an app with cookie sessions does not start with a setting of sessions on a server."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from quart import Quart, session
from quart.sessions import SecureCookieSessionInterface
from quart.testing.app import LifespanError

from quart_session_demo import create_app
from quart_session_demo.config import ConfigError
from quart_session_demo.sessions import (
    CookieSessionInterface,
    MemoryStore,
    ServerSessionInterface,
    create_session_interface,
)
from tests.conftest import KEY, ROOT

LIFETIMES = ['SESSION_ABSOLUTE_LIFETIME', 'SESSION_BROWSER_LIFETIME']
PROBLEM = 'needs sessions on a server'
APP = 'tests.apps.limited_cookie_app:app'
#: The command of a server, and its exit status after a failed start.
SERVERS = {
    'hypercorn': (['hypercorn', '--workers', '0', '--bind', '127.0.0.1:0', APP], 1),
    'uvicorn': (['uvicorn', '--port', '0', APP], 3),
    'quart': (['quart', '--app', APP, 'run', '--port', '0'], 1),
}


def own_app(**config: Any) -> Quart:
    app = Quart('own')
    app.config.from_mapping({'SECRET_KEY': KEY, **config})
    return app


class OwnInterface(CookieSessionInterface):
    """Somebody's own subclass."""


@pytest.mark.parametrize('name', LIFETIMES)
@pytest.mark.parametrize('interface', [CookieSessionInterface, OwnInterface])
async def test_own_app_does_not_start(name: str, interface: Callable[[], Any]) -> None:
    """An app whose interface is assigned fails when it starts, also if it is set afterwards."""
    app = own_app()
    app.session_interface = interface()
    app.config[name] = 43200

    with pytest.raises(LifespanError, match=f'startup {name} {PROBLEM}'):
        async with app.test_app():
            pass


async def test_used_app_does_not_start() -> None:
    """An app whose context was used before, as a command does, fails when it starts."""
    app = own_app(SESSION_ABSOLUTE_LIFETIME=43200)
    app.session_interface = CookieSessionInterface()
    async with app.app_context():
        pass

    for _ in range(2):
        with pytest.raises(ValueError, match='SESSION_ABSOLUTE_LIFETIME'):
            await app.startup()


@pytest.mark.parametrize('name', LIFETIMES)
def test_cookie_interface_is_not_created(name: str) -> None:
    """`create_session_interface` fails at once, and its error names the remedy."""
    with pytest.raises(ValueError, match=f'^{name} {PROBLEM}.*: remove it'):
        create_session_interface(own_app(**{name: 43200}))


@pytest.mark.parametrize('name', LIFETIMES)
def test_demo_app_is_not_created(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`create_app` fails, and names the setting as the user set it."""
    with pytest.raises(ConfigError, match=f'^{name} {PROBLEM}'):
        create_app({'SECRET_KEY': KEY, name: 43200})

    monkeypatch.setenv(f'QUART_{name}', '43200')
    with pytest.raises(ConfigError, match=f'^QUART_{name} {PROBLEM}'):
        create_app()
    assert create_app({'SECRET_KEY': KEY, 'SESSION_TYPE': 'memory'}).config[name] == 43200


async def test_app_without_these_settings_starts() -> None:
    """An app starts if the settings are missing or None."""
    app = own_app(SESSION_ABSOLUTE_LIFETIME=None)
    app.session_interface = CookieSessionInterface()

    async with app.test_app():
        assert app.config['SESSION_PERMANENT'] is False


async def test_wrong_permanent_setting_is_an_error() -> None:
    """`SESSION_PERMANENT` must be true or false in an own app too."""
    app = own_app(SESSION_PERMANENT='no')
    app.session_interface = CookieSessionInterface()

    with pytest.raises(LifespanError, match="startup SESSION_PERMANENT is 'no'"):
        async with app.test_app():
            pass


@pytest.mark.parametrize('stock', [True, False])
async def test_replaced_interface_is_not_checked(stock: bool) -> None:
    """An app that has another session interface when it starts is not concerned."""
    app = own_app(SESSION_ABSOLUTE_LIFETIME=43200)
    app.session_interface = CookieSessionInterface()
    async with app.app_context():
        pass
    if stock:
        app.session_interface = SecureCookieSessionInterface()
    else:
        app.session_interface = ServerSessionInterface(app, MemoryStore())  # type: ignore[assignment]

    async with app.test_app(), app.test_request_context('/'):
        assert not session


@pytest.mark.parametrize('server', SERVERS)
def test_real_server_does_not_start(server: str) -> None:
    """A real server stops with an error status, and its output names the setting."""
    command, status = SERVERS[server]

    result = run(*command)

    assert result.returncode == status
    assert f'SESSION_ABSOLUTE_LIFETIME {PROBLEM}' in result.stderr


def test_commands_run_in_an_app_that_does_not_start() -> None:
    """`check-deploy` reports the setting, and `sessions info` shows what applies."""
    checked = run('quart', '--app', APP, 'check-deploy')
    assert (checked.returncode, checked.stderr) == (1, '')
    assert 'error lifetime-needs-server: SESSION_ABSOLUTE_LIFETIME' in checked.stdout

    shown = run('quart', '--app', APP, 'sessions', 'info')
    assert (shown.returncode, shown.stderr) == (0, '')
    assert 'absolute  no limit' in shown.stdout


async def test_app_that_was_not_checked_serves_nothing() -> None:
    """An app without a start, or with the interface of another app, does not ignore the setting."""
    interface = CookieSessionInterface()
    other = own_app()
    other.session_interface = interface
    async with other.test_app():
        pass
    app = own_app(SESSION_ABSOLUTE_LIFETIME=43200)
    app.session_interface = interface

    with pytest.raises(ValueError, match=f'^SESSION_ABSOLUTE_LIFETIME {PROBLEM}'):
        async with app.test_request_context('/'):
            pass


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Return the result of a Python module's command."""
    return subprocess.run(
        [sys.executable, '-m', *command], cwd=ROOT, capture_output=True, text=True
    )
