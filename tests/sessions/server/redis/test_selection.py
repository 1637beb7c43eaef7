"""Which Redis the settings select: exactly one, or one line that names what is wrong."""

import json
from typing import Any

import pytest
from quart import Quart
from redis.asyncio import Redis

from quart_session_demo import create_app
from quart_session_demo.config import ConfigError
from quart_session_demo.sessions import ServerSessionInterface
from quart_session_demo.sessions.redis import RedisSessionInterface, RedisStore
from tests.conftest import KEY, make_app
from tests.redis_server import RedisServer

SECRET = 'never-shown'
URL = f'redis://:{SECRET}@host'
SENTINELS = ['host:26379', '[::1]:26379']
SENTINEL = {'SESSION_REDIS_SENTINELS': SENTINELS, 'SESSION_REDIS_SENTINEL_SERVICE': 'mymaster'}
CLIENT = {'SESSION_REDIS': Redis()}
#: Settings that select no Redis or several, and which of them the message names.
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ['SESSION_REDIS_URL', 'SESSION_REDIS_SENTINELS', 'SESSION_REDIS']),
    ({'SESSION_REDIS_URL': URL, **SENTINEL}, ['SESSION_REDIS_URL', 'SESSION_REDIS_SENTINELS']),
    ({'SESSION_REDIS_URL': URL, **CLIENT}, ['SESSION_REDIS_URL', 'SESSION_REDIS ']),
    ({**SENTINEL, **CLIENT}, ['SESSION_REDIS_SENTINELS', 'SESSION_REDIS ']),
    ({'SESSION_REDIS_URL': URL, **SENTINEL, **CLIENT}, ['SESSION_REDIS_URL', 'all set']),
    ({'SESSION_REDIS_SENTINELS': SENTINELS}, ['SESSION_REDIS_SENTINEL_SERVICE is not set']),
    (
        {'SESSION_REDIS_URL': URL, 'SESSION_REDIS_SENTINEL_SERVICE': 'mymaster'},
        ['SESSION_REDIS_SENTINEL_SERVICE is set without SESSION_REDIS_SENTINELS'],
    ),
    ({'SESSION_REDIS_CLUSTER': True}, ['SESSION_REDIS_CLUSTER is true', 'SESSION_REDIS_URL']),
    (
        {'SESSION_REDIS_CLUSTER': True, **SENTINEL},
        ['SESSION_REDIS_CLUSTER is true', 'SESSION_REDIS_SENTINELS'],
    ),
    ({'SESSION_REDIS_CLUSTER': True, **CLIENT}, ['SESSION_REDIS_CLUSTER is true', 'SESSION_REDIS']),
    (
        {'SESSION_REDIS_CLUSTER': True, 'SESSION_REDIS_URL': URL, **CLIENT},
        ['SESSION_REDIS_CLUSTER is true', 'SESSION_REDIS_URL and SESSION_REDIS are set'],
    ),
    ({'SESSION_REDIS_URL': URL, 'SESSION_REDIS_CLUSTER': 'yes'}, ['SESSION_REDIS_CLUSTER']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINELS': 'host:26379'}, ['SESSION_REDIS_SENTINELS', 'JSON']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINELS': []}, ['SESSION_REDIS_SENTINELS is empty']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINELS': ['host']}, ['SESSION_REDIS_SENTINELS', 'port']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINELS': ['host:0']}, ['SESSION_REDIS_SENTINELS', 'port']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINELS': [URL]}, ['SESSION_REDIS_SENTINELS', 'port']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINELS': [26379]}, ['SESSION_REDIS_SENTINELS', 'port']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINEL_SERVICE': ''}, ['SESSION_REDIS_SENTINEL_SERVICE']),
    ({**SENTINEL, 'SESSION_REDIS_SENTINEL_SERVICE': 5}, ['SESSION_REDIS_SENTINEL_SERVICE']),
]


@pytest.mark.parametrize(('config', 'parts'), WRONG, ids=' '.join)
def test_wrong_selection_is_refused(config: dict[str, Any], parts: list[str]) -> None:
    """Settings that select no Redis, or several, are one line that names them, in any app."""
    with pytest.raises(ConfigError) as refused:
        make_app(SESSION_TYPE='redis', **config)
    own = Quart('own_app')
    own.config.update(SECRET_KEY=KEY, **config)
    with pytest.raises(ValueError, match='SESSION_REDIS') as refused_by_own:
        RedisSessionInterface(own)

    for message in (str(refused.value), str(refused_by_own.value)):
        assert all(part in message for part in parts), message
        assert ': ' in message
        assert '\n' not in message
        assert SECRET not in message


@pytest.mark.parametrize('config', [{'SESSION_REDIS_URL': URL}, SENTINEL, CLIENT], ids=' '.join)
def test_selection_matters_for_redis_only(config: dict[str, Any]) -> None:
    """An app with another type of session may have any valid settings of Redis."""
    make_app(**config, **({} if 'SESSION_REDIS_URL' in config else {'SESSION_REDIS_URL': URL}))


def test_environment_selects_sentinels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentinels and their service, which may look like a number, are read from the environment."""
    monkeypatch.setenv('QUART_SECRET_KEY', KEY)
    monkeypatch.setenv('QUART_SESSION_TYPE', 'redis')
    monkeypatch.setenv('QUART_SESSION_REDIS_SENTINELS', json.dumps(SENTINELS))
    with pytest.raises(ConfigError, match=r'^QUART_SESSION_REDIS_SENTINEL_SERVICE is not set'):
        create_app()

    monkeypatch.setenv('QUART_SESSION_REDIS_SENTINEL_SERVICE', '1')

    assert create_app().config['SESSION_REDIS_SENTINEL_SERVICE'] == '1'


def test_environment_cannot_set_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """`QUART_SESSION_REDIS` is an error that names the setting for a URL, not the value."""
    monkeypatch.setenv('QUART_SESSION_TYPE', 'redis')
    monkeypatch.setenv('QUART_SESSION_REDIS', URL)

    with pytest.raises(ConfigError, match=r'^QUART_SESSION_REDIS is .*_REDIS_URL') as refused:
        create_app()

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize('config', [SENTINEL, CLIENT], ids=['Sentinels', 'client'])
def test_platform_url_yields_to_other_selections(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]
) -> None:
    """A platform's `REDIS_URL` is ignored if the settings select another Redis."""
    monkeypatch.setenv('REDIS_URL', URL)

    assert make_app(SESSION_TYPE='redis', **config).config['SESSION_REDIS_URL'] is None


@pytest.mark.parametrize(
    ('url', 'named'),
    [
        (f'{URL}?socket_timeout=5', 'option socket_timeout that'),
        (f'{URL}?protocol=3&db=1&decode_responses=true', 'options decode_responses, protocol that'),
        (f'{URL}?no_such_option', 'option no_such_option that'),
        (f'{URL}?health_check_interval=soon', 'option health_check_interval with'),
        (f'{URL}?ssl_cert_reqs=none', 'option ssl_cert_reqs with'),
        (f'redis://:a?{SECRET}@host', 'an option that'),
        (f'redis://:a?{SECRET}=1@host', 'an option that'),
        (f'redis://:a?x={SECRET}&y={SECRET}@host', 'an option that'),
    ],
)
def test_refused_option_is_named(url: str, named: str) -> None:
    """An option of the URL that is refused is named, unless it may be a part of the password."""
    with pytest.raises(ConfigError, match=r'^SESSION_REDIS_URL ') as refused:
        make_app(SESSION_TYPE='redis', SESSION_REDIS_URL=url)

    assert named in str(refused.value)
    assert SECRET not in str(refused.value)


async def test_store_may_be_made_by_hand(redis_server: RedisServer) -> None:
    """`ServerSessionInterface(app, RedisStore(url))` works in any app."""
    app = Quart('own_app')
    app.config.update(SECRET_KEY=KEY)
    app.session_interface = ServerSessionInterface(  # type: ignore[assignment]
        app, RedisStore(redis_server.url)
    )
    async with app.test_app(), app.test_client().session_transaction() as session:
        session['made'] = 'by hand'
