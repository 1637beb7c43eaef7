"""The settings of sessions on Redis, and what is told of them."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, session

from quart_session_demo import config, create_app
from quart_session_demo.config import ConfigError
from quart_session_demo.sessions import CookieSessionInterface
from quart_session_demo.sessions.redis import RedisSessionInterface
from quart_session_demo.sessions.settings import DEFAULTS
from tests.conftest import KEY, ROOT
from tests.redis_server import RedisServer

SECRET = 'never-shown'
URL = f'redis://:{SECRET}@127.0.0.1:6379/0'


WRONG_VALUES = [
    ('SESSION_REDIS_URL', 6379),
    ('SESSION_REDIS_TIMEOUT', '0.5'),
    ('SESSION_REDIS_TIMEOUT', None),
    ('SESSION_REDIS_TIMEOUT', True),
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
    ('SESSION_ABSOLUTE_LIFETIME', 0.0001),
    ('SESSION_ABSOLUTE_LIFETIME', 1e308),
    ('SESSION_ABSOLUTE_LIFETIME', 10**400),
    ('SESSION_ABSOLUTE_LIFETIME', float('nan')),
    ('SESSION_KEY_PREFIX', None),
    ('SESSION_KEY_PREFIX', b'session:'),
    ('SESSION_KEY_PREFIX', ''),
    ('SESSION_KEY_PREFIX', '\udc80'),
]


def on_redis(url: str) -> Quart:
    return create_app({'SECRET_KEY': KEY, 'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': url})


@pytest.mark.parametrize(('name', 'value'), WRONG_VALUES)
def test_wrong_value_is_refused_here_and_in_any_app(name: str, value: Any) -> None:
    wrong = {'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': URL, name: value}
    with pytest.raises(ConfigError, match=name):
        create_app(wrong)

    app = Quart('any')
    app.config.update(wrong)
    with pytest.raises(ValueError, match=name):
        RedisSessionInterface(app)


@pytest.mark.parametrize('config', [{}, {'SESSION_REDIS_URL': None}])
def test_missing_url_is_named_in_any_app(config: dict[str, Any]) -> None:
    app = Quart('any')
    app.config.update(config)

    with pytest.raises(ValueError, match='SESSION_REDIS_URL is not set'):
        RedisSessionInterface(app)


def test_missing_extra_is_named_in_any_app() -> None:
    code = 'import sys\nsys.modules["redis"] = None\nimport quart_session_demo.sessions.redis\n'

    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)

    last_line = result.stderr.splitlines()[-1]
    assert last_line.startswith('ImportError')
    assert 'quart_session_demo[redis]' in last_line


@pytest.mark.parametrize(
    'url',
    [
        f'redis://:{SECRET}@host/2?client_name=web&health_check_interval=30&socket_keepalive=1',
        f'redis://host/?username=web&password={SECRET}&db=3',
        f'rediss://:{SECRET}@host?ssl_cert_reqs=none&ssl_check_hostname=false',
        f'unix://:{SECRET}@/no/such/socket?db=2',
    ],
)
def test_url_may_ask_for_what_makes_sense(url: str) -> None:
    on_redis(url)


@pytest.mark.parametrize(
    ('wrong', 'told'),
    [
        ({'SESSION_TYPE': 'filesystem'}, "SESSION_TYPE is 'filesystem'"),
        ({'SESSION_TYPE': 'redis'}, 'SESSION_REDIS_URL is not set, nor is REDIS_URL'),
        ({'SESSION_REDIS_URL': f'http://:{SECRET}@host'}, 'SESSION_REDIS_URL does not begin with'),
        ({'SESSION_REDIS_URL': 6379}, 'SESSION_REDIS_URL does not begin with'),
        ({'SESSION_REDIS_TIMEOUT': 0}, 'SESSION_REDIS_TIMEOUT is 0'),
        ({'SESSION_REDIS_TIMEOUT': float('nan')}, 'SESSION_REDIS_TIMEOUT is nan'),
        ({'SESSION_REDIS_TIMEOUT': True}, 'SESSION_REDIS_TIMEOUT is True'),
        ({'SESSION_REDIS_MAX_CONNECTIONS': 0}, 'SESSION_REDIS_MAX_CONNECTIONS is 0'),
        ({'SESSION_REDIS_MAX_CONNECTIONS': 1.5}, 'SESSION_REDIS_MAX_CONNECTIONS is 1.5'),
        ({'SESSION_ABSOLUTE_LIFETIME': -1}, 'SESSION_ABSOLUTE_LIFETIME is -1'),
        ({'SESSION_ABSOLUTE_LIFETIME': 'day'}, "SESSION_ABSOLUTE_LIFETIME is 'day'"),
        ({'SESSION_KEY_PREFIX': ''}, "SESSION_KEY_PREFIX is ''"),
        (
            {
                'SESSION_TYPE': 'redis',
                'SESSION_REDIS_URL': f'rediss://:{SECRET}@host?ssl_ca_certs=/no/such/file',
            },
            'SESSION_REDIS_URL has unusable certificates or ciphers: set it to',
        ),
    ],
    ids=str,
)
def test_wrong_setting_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        create_app(wrong)

    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    'url',
    [
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
    ],
)
@pytest.mark.parametrize('variable', ['QUART_SESSION_REDIS_URL', 'REDIS_URL'])
def test_unreadable_url_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv('QUART_SESSION_TYPE', 'redis')
    monkeypatch.setenv(variable, url)

    with pytest.raises(ConfigError, match=variable) as caught:
        create_app()

    assert SECRET not in str(caught.value)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'redis', None)

    with pytest.raises(ConfigError, match=r'quart_session_demo\[redis\]'):
        create_app({'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': URL})


def test_redis_url_of_the_paas_is_used_unless_ours_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('REDIS_URL', URL)

    assert create_app().config['SESSION_REDIS_URL'] is None
    app = create_app({'SESSION_TYPE': 'redis'})
    assert app.config['SESSION_REDIS_URL'] == URL
    own = create_app({'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': 'redis://own'})
    assert own.config['SESSION_REDIS_URL'] == 'redis://own'


def test_url_of_the_paas_is_named_when_it_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('REDIS_URL', f'redis://:{SECRET}@host:port')

    with pytest.raises(ConfigError, match=r'^REDIS_URL is not a URL that redis-py can read: '):
        create_app({'SESSION_TYPE': 'redis'})


def test_defaults_are_the_same_in_any_app() -> None:
    assert DEFAULTS.items() <= config.DEFAULTS.items()


def check(url: str) -> dict[str, str]:
    app = create_app(
        {'PRODUCTION': True, 'SECRET_KEY': '5d' * 16 + KEY, 'SESSION_TYPE': 'redis'}
        | {'SESSION_REDIS_URL': url}
    )
    result = app.test_cli_runner().invoke(args=['check-deploy', '--json'])
    found = json.loads(result.stdout)
    assert result.exit_code == int(any(finding['level'] == 'error' for finding in found))
    assert SECRET not in result.output
    return {
        finding['id']: finding['message'] for finding in found if finding['id'].startswith('redis')
    }


def test_check_deploy_finds_nothing_about_a_good_redis(redis_server: RedisServer) -> None:
    assert check(redis_server.url) == {}


def test_check_deploy_finds_redis_that_does_not_answer() -> None:
    assert list(check(f'redis://:{SECRET}@127.0.0.1:1')) == ['redis-unreachable']


def test_check_deploy_finds_redis_that_takes_no_writes(redis_program: None, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        server.ask('REPLICAOF', '127.0.0.1', '1')

        assert list(found := check(server.url)) == ['redis-unreachable']
        assert 'ReadOnlyError' in found['redis-unreachable']


def test_check_deploy_warns_when_redis_does_not_tell_its_policy(
    redis_program: None, tmp_path: Path
) -> None:
    with RedisServer(tmp_path) as server:
        server.ask('ACL', 'SETUSER', 'app', 'on', f'>{SECRET}', '~session:*', '+@all', '-info')

        found = check(server.url.replace('//', f'//app:{SECRET}@'))

    assert list(found) == ['redis-policy-unknown']
    # The class says it: what redis-py leaves of the message is no code.
    assert found['redis-policy-unknown'].endswith('Redis refused: NoPermissionError')


def test_check_deploy_finds_redis_unencrypted_on_another_host() -> None:
    # TEST-NET-1 (RFC 5737): there is nobody.
    assert 'redis-unencrypted' in check(f'redis://:{SECRET}@192.0.2.1:1')
    assert 'redis-unencrypted' not in check(f'rediss://:{SECRET}@192.0.2.1:1')
    assert 'redis-unencrypted' not in check('unix:///no/such/socket')


def test_check_deploy_finds_redis_that_evicts(redis_program: None, tmp_path: Path) -> None:
    with RedisServer(tmp_path, '--maxmemory-policy', 'volatile-lru') as server:
        assert list(check(server.url)) == ['redis-evicts']


async def test_ready_says_whether_the_store_answers(redis_program: None, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        app = on_redis(server.url)
        async with app.test_app():
            client = app.test_client()
            assert (await client.get('/health/ready')).status_code == 200
            server.stop()
            down = await client.get('/health/ready')
            assert (down.status_code, down.headers['Cache-Control']) == (503, 'no-store')
            # The process itself is well, and starting it again would not help.
            assert (await client.get('/health')).status_code == 200


@pytest.mark.parametrize(
    'command',
    [
        ('REPLICAOF', '127.0.0.1', '1'),
        ('CONFIG', 'SET', 'maxmemory', '1'),
        ('ACL', 'SETUSER', 'default', '-evalsha'),
        ('ACL', 'SETUSER', 'default', '-hset', '-pexpire'),
    ],
    ids=['replica', 'full', 'no scripts', 'no writing'],
)
async def test_ready_is_503_while_redis_takes_no_writes(
    redis_program: None, tmp_path: Path, command: tuple[str, ...]
) -> None:
    with RedisServer(tmp_path) as server:
        app = on_redis(server.url)
        async with app.test_app():
            client = app.test_client()
            assert (await client.get('/health/ready')).status_code == 200
            server.ask(*command)
            assert (await client.get('/health/ready')).status_code == 503


async def test_ready_needs_no_store_for_the_cookie_session(app: Quart) -> None:
    assert (await app.test_client().get('/health/ready')).status_code == 200


@pytest.mark.parametrize('value', ['A' * 43, '-' + 'A' * 42], ids=['id', 'hyphen'])
def test_inspect_cookie_says_what_an_id_is(app: Quart, value: str) -> None:
    result = app.test_cli_runner().invoke(args=['inspect-cookie', value])

    assert result.exit_code == 1
    assert 'random id of a session on a server' in result.output


def test_inspect_cookie_accepts_no_signed_cookie_where_sessions_are_on_redis(app: Quart) -> None:
    redis = on_redis('redis://127.0.0.1:1')
    serializer = CookieSessionInterface().get_signing_serializer(app)
    assert serializer
    value = serializer.dumps({'username': 'zhiliao'})

    results = [
        one.test_cli_runner().invoke(args=['inspect-cookie', str(value)]) for one in (app, redis)
    ]

    assert [result.exit_code for result in results] == [0, 1]
    assert 'no, for this app keeps its sessions on a server' in results[1].output


async def test_playground_works_and_says_what_such_a_cookie_is(redis_server: RedisServer) -> None:
    app = on_redis(redis_server.url)
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        page = await (await client.get('/playground/')).get_data(as_text=True)
        assert 'It holds nothing but an id.' in page
        assert 'zhiliao' in page
        cleared = await client.post('/playground/', form={'do': 'clear'})
        assert cleared.status_code == 303
        address = cleared.headers['Location'].removesuffix('#last')
        told = await (await client.get(address)).get_data(as_text=True)

    assert 'is refused' in told


def test_cost_command_measures_redis_too(app: Quart, redis_server: RedisServer) -> None:
    before = set(redis_server.ask('KEYS', '*'))

    result = app.test_cli_runner().invoke(
        args=['compare', 'cost', '--rounds', '15', '--redis', redis_server.url]
    )

    assert result.exit_code == 0
    rows = {tuple(line.split()[:2]): line.split() for line in result.stdout.splitlines()}
    ours, bare = (float(rows['lesson', name][-2]) for name in ('Redis', 'round'))
    assert bare < ours < 4 * bare
    # An ended session stays for a second.
    deadline = time.monotonic() + 30
    while set(redis_server.ask('KEYS', '*')) - before:
        assert time.monotonic() < deadline


def test_cost_command_says_in_one_line_that_redis_does_not_answer(app: Quart) -> None:
    result = app.test_cli_runner().invoke(
        args=['compare', 'cost', '--redis', f'redis://:{SECRET}@127.0.0.1:1']
    )

    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert SECRET not in result.output


def python_of_readme() -> list[str]:
    readme = (ROOT / 'docs/sessions.md').read_text('utf-8')
    part = readme.split('\n## Sessions on Redis\n')[1].split('\n## ')[0]
    return [block.split('```')[0] for block in part.split('```python\n')[1:]]


@pytest.mark.parametrize('kept_in', ['cookie', 'redis'])
async def test_readmes_login_and_logout_work(redis_server: RedisServer, kept_in: str) -> None:
    own_app, login_and_logout = python_of_readme()
    app = Quart('own')
    run: Callable[..., None] = exec
    if kept_in == 'redis':
        run(own_app.replace('redis://127.0.0.1:6379', redis_server.url), {'app': app})
        assert isinstance(app.session_interface, RedisSessionInterface)
    else:
        app = create_app({'SECRET_KEY': KEY})
    run(login_and_logout, {'app': app})

    @app.get('/who')
    async def who() -> str:
        return str(session.get('user'))

    async with app.test_app():
        client = app.test_client()
        answers = []
        for path in ('/login', '/logout'):
            assert (await client.post(path, form={'user': 'zhiliao'})).status_code == 200
            answers.append(await (await client.get('/who')).get_data(as_text=True))

    assert answers == ['zhiliao', 'None']
