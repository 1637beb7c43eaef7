"""The settings of sessions on Redis: refused when the app is made, without their secrets."""

import re
import subprocess
import sys
from typing import Any

import pytest
from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.config import ConfigError
from quart_session_demo.sessions.extras import install_command
from quart_session_demo.sessions.redis import RedisSessionInterface
from tests.conftest import make_app

SECRET = 'never-shown'
URL = f'redis://:{SECRET}@127.0.0.1:6379/0'
WRONG_VALUES = [
    ('SESSION_REDIS_URL', 6379),
    ('SESSION_REDIS_TIMEOUT', '0.5'),
    ('SESSION_REDIS_TIMEOUT', None),
    ('SESSION_REDIS_TIMEOUT', True),
    ('SESSION_REDIS_TIMEOUT', 0),
    ('SESSION_REDIS_TIMEOUT', 0.0001),
    ('SESSION_REDIS_TIMEOUT', 3601),
    ('SESSION_REDIS_TIMEOUT', 2**2000),
    ('SESSION_REDIS_TIMEOUT', float('nan')),
    ('SESSION_REDIS_MAX_CONNECTIONS', '10'),
    ('SESSION_REDIS_MAX_CONNECTIONS', 0),
    ('SESSION_REDIS_MAX_CONNECTIONS', 1.5),
    ('SESSION_REDIS_MAX_CONNECTIONS', True),
    ('SESSION_ABSOLUTE_LIFETIME', '60'),
    ('SESSION_ABSOLUTE_LIFETIME', 0),
    ('SESSION_ABSOLUTE_LIFETIME', -1),
    ('SESSION_ABSOLUTE_LIFETIME', 0.0001),
    ('SESSION_ABSOLUTE_LIFETIME', 1e308),
    ('SESSION_ABSOLUTE_LIFETIME', 10**400),
    ('SESSION_ABSOLUTE_LIFETIME', float('nan')),
    ('SESSION_MAX_STORED_SIZE', 0),
    ('SESSION_MAX_STORED_SIZE', True),
    ('SESSION_MAX_STORED_SIZE', None),
    ('SESSION_KEY_PREFIX', None),
    ('SESSION_KEY_PREFIX', b'session:'),
    ('SESSION_KEY_PREFIX', ''),
    ('SESSION_KEY_PREFIX', '\udc80'),
]
UNREADABLE_URLS = [
    f'redis://:{SECRET}/{SECRET}@host:6379',
    f'redis://:{SECRET}@host:port',
    f'redis://:{SECRET}@host?socket_timeout=soon',
    f'redis://:{SECRET}@host?no_such_option=1',
    f'redis://:{SECRET}@host?no_such_option',
    f'redis://:{SECRET}@host?encoding=nope',
    f'redis://:{SECRET}@host?credential_provider=x',
    f'redis://:{SECRET}@host?socket_keepalive=1&socket_keepalive_options=1',
    f'redis://:{SECRET}@host?ssl_cert_reqs=none',
    f'redis://:{SECRET}@host?db=-1',
    f'redis://:{SECRET}@host?health_check_interval=-1',
    f'redis://:{SECRET}@host?client_name=a%20b',
    f'rediss://:{SECRET}@host?ssl_ca_certs=/no/such/file',
    f'rediss://:{SECRET}@host?ssl_ca_data=junk',
    f'rediss://:{SECRET}@host?ssl_ciphers=JUNK',
    f'redis://:{SECRET}@host/-1',
    f'redis://:{SECRET}@host/first',
]


def make_redis_app(url: str) -> Quart:
    return make_app(SESSION_TYPE='redis', SESSION_REDIS_URL=url)


@pytest.mark.parametrize(('name', 'value'), WRONG_VALUES)
def test_wrong_value_is_refused_in_any_app(name: str, value: Any) -> None:
    """A wrong value is an error that names the setting, in the demo and in an app of one's own."""
    wrong = {'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': URL, name: value}
    with pytest.raises(ConfigError, match=name):
        create_app(wrong)

    app = Quart('own_app')
    app.config.update(wrong)
    with pytest.raises(ValueError, match=name):
        RedisSessionInterface(app)


@pytest.mark.parametrize(
    ('wrong', 'parts'),
    [
        ({'SESSION_TYPE': 'filesystem'}, ['SESSION_TYPE', "'filesystem'"]),
        ({'SESSION_TYPE': 'redis'}, ['SESSION_REDIS_URL', ' REDIS_URL']),
        ({'SESSION_REDIS_URL': f'http://:{SECRET}@host'}, ['SESSION_REDIS_URL', 'redis://']),
        ({'SESSION_REDIS_URL': 6379}, ['SESSION_REDIS_URL', 'redis://']),
        ({'SESSION_REDIS_TIMEOUT': 0}, ['SESSION_REDIS_TIMEOUT', '0']),
        ({'SESSION_REDIS_TIMEOUT': float('nan')}, ['SESSION_REDIS_TIMEOUT', 'nan']),
        ({'SESSION_REDIS_TIMEOUT': True}, ['SESSION_REDIS_TIMEOUT', 'True']),
        ({'SESSION_REDIS_MAX_CONNECTIONS': 0}, ['SESSION_REDIS_MAX_CONNECTIONS', '0']),
        ({'SESSION_REDIS_MAX_CONNECTIONS': 1.5}, ['SESSION_REDIS_MAX_CONNECTIONS', '1.5']),
        ({'SESSION_ABSOLUTE_LIFETIME': -1}, ['SESSION_ABSOLUTE_LIFETIME', '-1']),
        ({'SESSION_ABSOLUTE_LIFETIME': 'day'}, ['SESSION_ABSOLUTE_LIFETIME', "'day'"]),
        ({'SESSION_KEY_PREFIX': ''}, ['SESSION_KEY_PREFIX', "''"]),
        (
            {
                'SESSION_TYPE': 'redis',
                'SESSION_REDIS_URL': f'rediss://:{SECRET}@host?ssl_ca_certs=/no/such/file',
            },
            ['SESSION_REDIS_URL', 'certificates', ': set it to'],
        ),
    ],
    ids=str,
)
def test_error_names_setting_and_value(wrong: dict[str, Any], parts: list[str]) -> None:
    """An error names the setting and its value, without a secret, with any session type."""
    with pytest.raises(ConfigError) as caught:
        create_app(wrong)

    for part in parts:
        assert part in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize('config', [{}, {'SESSION_REDIS_URL': None}])
def test_missing_url_is_named_in_any_app(config: dict[str, Any]) -> None:
    """An app of one's own without `SESSION_REDIS_URL` is an error that names it."""
    app = Quart('own_app')
    app.config.update(config)

    with pytest.raises(ValueError, match='SESSION_REDIS_URL is not set'):
        RedisSessionInterface(app)


@pytest.mark.parametrize(
    'url',
    [
        f'redis://:{SECRET}@host/2?client_name=web&health_check_interval=30&socket_keepalive=1',
        f'redis://host/?username=web&password={SECRET}&db=3',
        f'rediss://:{SECRET}@host?ssl_cert_reqs=none&ssl_check_hostname=false',
        f'unix://:{SECRET}@/no/such/socket?db=2',
    ],
)
def test_url_may_have_useful_options(url: str) -> None:
    """A URL may select a database, credentials, certificates, keepalive and a client name."""
    make_redis_app(url)


@pytest.mark.parametrize('url', UNREADABLE_URLS)
@pytest.mark.parametrize('variable', ['QUART_SESSION_REDIS_URL', 'REDIS_URL'])
def test_unreadable_url_is_refused_without_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    """An unusable URL is an error that names its variable and hides the password."""
    monkeypatch.setenv('QUART_SESSION_TYPE', 'redis')
    monkeypatch.setenv(variable, url)

    with pytest.raises(ConfigError, match=rf'(?m)^(- )?{variable}\b') as caught:
        create_app()

    assert SECRET not in str(caught.value)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the redis package `SESSION_TYPE` redis is an error that names the extra."""
    monkeypatch.setitem(sys.modules, 'redis', None)

    with pytest.raises(ConfigError, match=re.escape(install_command('redis'))):
        create_app({'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': URL})


def test_missing_extra_is_named_in_any_app() -> None:
    """Without the redis package the import of our interface is an error that names the extra."""
    code = 'import sys\nsys.modules["redis"] = None\nimport quart_session_demo.sessions.redis\n'

    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)

    last_line = result.stderr.splitlines()[-1]
    assert last_line.startswith('ImportError')
    assert last_line.endswith(f"'redis': {install_command('redis')}")


def test_redis_url_of_a_paas_is_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    """`REDIS_URL` is used for sessions on Redis that have no `SESSION_REDIS_URL`."""
    monkeypatch.setenv('REDIS_URL', URL)

    assert create_app().config['SESSION_REDIS_URL'] is None
    app = create_app({'SESSION_TYPE': 'redis'})
    assert app.config['SESSION_REDIS_URL'] == URL
    own = create_app({'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': 'redis://own'})
    assert own.config['SESSION_REDIS_URL'] == 'redis://own'


def test_defaults_are_the_same_in_any_app() -> None:
    """An app of one's own gets the defaults of the demo."""
    app = Quart('own_app')
    app.config['SESSION_REDIS_URL'] = URL
    RedisSessionInterface(app)

    defaults = make_redis_app(URL).config
    for name in (
        'SESSION_ABSOLUTE_LIFETIME',
        'SESSION_KEY_PREFIX',
        'SESSION_MAX_STORED_SIZE',
        'SESSION_REDIS_MAX_CONNECTIONS',
        'SESSION_REDIS_TIMEOUT',
    ):
        assert app.config[name] == defaults[name]
