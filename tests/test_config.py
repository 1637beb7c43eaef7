"""Settings: where they are read from, and how a wrong one is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.config import SETTINGS, ConfigError
from quart_session_demo.sessions.settings import UNSET

LONG_KEY = 'k' * 32
SECRET = 'never shown'


def refusal(config: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        create_app(config)
    message = str(caught.value)
    assert '\n' not in message
    return message


def test_defaults_are_the_lessons() -> None:
    """Without any setting, the session settings are those of the lesson."""
    config = create_app().config

    assert config['PERMANENT_SESSION_LIFETIME'] == timedelta(days=10)
    assert config['SESSION_COOKIE_NAME'] == 'session'
    assert config['SESSION_COOKIE_HTTPONLY'] is True
    assert config['SESSION_COOKIE_SAMESITE'] == 'Lax'
    assert config['SESSION_COOKIE_SECURE'] is False


def test_environment_overrides_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `QUART_*` variable replaces the default."""
    monkeypatch.setenv('QUART_PERMANENT_SESSION_LIFETIME', '7200')

    assert create_app().permanent_session_lifetime == timedelta(hours=2)


def test_mapping_overrides_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mapping given to `create_app` replaces the environment."""
    monkeypatch.setenv('QUART_PERMANENT_SESSION_LIFETIME', '7200')

    app = create_app({'PERMANENT_SESSION_LIFETIME': timedelta(days=31)})

    assert app.permanent_session_lifetime == timedelta(days=31)


@pytest.mark.parametrize('text', ['12345678', '1e5', 'true', 'NaN', '{"a": 1}', '[1]', 'plain'])
def test_secret_key_from_environment_is_a_string(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A key in the environment is a string even if it reads as JSON."""
    monkeypatch.setenv('QUART_SECRET_KEY', text)

    assert create_app().secret_key == text


@pytest.mark.parametrize('key', ['text', b'bytes'])
def test_secret_key_from_mapping_is_used(key: str | bytes) -> None:
    """A key in the mapping, a string or bytes, is used as it is."""
    assert create_app({'SECRET_KEY': key}).secret_key == key


def test_fallbacks_from_environment_are_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fallback keys in the environment are a list in JSON."""
    monkeypatch.setenv('QUART_SECRET_KEY_FALLBACKS', '["old", "older"]')

    assert create_app().config['SECRET_KEY_FALLBACKS'] == ['old', 'older']


# Wrong values as the environment contains them, with a word of the remedy.
WRONG_IN_ENVIRONMENT = [
    ('SECRET_KEY', '', 'empty'),
    ('SECRET_KEY', f'{SECRET}\udcff', 'UTF-8'),
    ('SESSION_COOKIE_PATH', '/\udcff', 'UTF-8'),
    ('SECRET_KEY_FALLBACKS', f'{SECRET},{SECRET}', 'list'),
    ('SECRET_KEY_FALLBACKS', json.dumps(SECRET), 'list'),
    ('SECRET_KEY_FALLBACKS', '[""]', 'non-empty'),
    ('SECRET_KEY_FALLBACKS', '[12345678]', 'string'),
    ('SECRET_KEY_FALLBACKS', '{"a": "b"}', 'list'),
    ('SECRET_KEY_FALLBACKS', '12345678', 'list'),
    ('PERMANENT_SESSION_LIFETIME', 'ten', 'seconds'),
    ('PERMANENT_SESSION_LIFETIME', '', 'seconds'),
    ('PERMANENT_SESSION_LIFETIME', '0', 'positive'),
    ('PERMANENT_SESSION_LIFETIME', '-Infinity', 'positive'),
    ('PERMANENT_SESSION_LIFETIME', '-1', 'positive'),
    ('PERMANENT_SESSION_LIFETIME', 'true', 'seconds'),
    ('PERMANENT_SESSION_LIFETIME', 'null', 'seconds'),
    ('PERMANENT_SESSION_LIFETIME', 'NaN', 'seconds'),
    ('PERMANENT_SESSION_LIFETIME', 'Infinity', 'seconds'),
    ('PERMANENT_SESSION_LIFETIME', '300000000000', 'too long'),
    ('PERMANENT_SESSION_LIFETIME', '1e300', 'too long'),
    ('SESSION_COOKIE_SECURE', 'no', 'true or false'),
    ('SESSION_COOKIE_SECURE', ' true', 'true or false'),
    ('SESSION_COOKIE_SECURE', 'True', 'true or false'),
    ('SESSION_COOKIE_SECURE', '1', 'true or false'),
    ('SESSION_COOKIE_SECURE', '', 'true or false'),
    ('SESSION_COOKIE_SECURE', 'null', 'true or false'),
    ('SESSION_COOKIE_HTTPONLY', 'on', 'true or false'),
    ('SESSION_COOKIE_PARTITIONED', '0', 'true or false'),
    ('SESSION_REFRESH_EACH_REQUEST', 'yes', 'true or false'),
    ('TESTING', '1', 'true or false'),
    ('PRODUCTION', 'yes', 'true or false'),
    ('SESSION_COOKIE_SAMESITE', 'Foo', 'Lax, Strict or None'),
    ('SESSION_COOKIE_SAMESITE', '', 'Lax, Strict or None'),
    ('SESSION_COOKIE_SAMESITE', 'false', 'Lax, Strict or None'),
    ('SESSION_COOKIE_SAMESITE', 'None', 'QUART_SESSION_COOKIE_SECURE'),
    ('SESSION_COOKIE_NAME', '', 'letters'),
    ('SESSION_COOKIE_NAME', 'null', 'letters'),
    ('SESSION_COOKIE_NAME', 'two words', 'letters'),
    ('SESSION_COOKIE_NAME', 'a;b', 'letters'),
    ('SESSION_COOKIE_NAME', 'a=b', 'letters'),
    ('SESSION_COOKIE_NAME', 'a\nb', 'letters'),
    ('SESSION_COOKIE_NAME', 'sitzung-ä', 'letters'),
    ('SESSION_COOKIE_NAME', '__Secure-a', 'QUART_SESSION_COOKIE_SECURE'),
    ('SESSION_COOKIE_NAME', '__secure-a', 'QUART_SESSION_COOKIE_SECURE'),
    ('SESSION_COOKIE_NAME', '__host-a', 'QUART_SESSION_COOKIE_SECURE'),
    ('SESSION_COOKIE_DOMAIN', 'a;b', 'semicolon'),
    ('SESSION_COOKIE_DOMAIN', 'a\nb', 'control character'),
    ('SESSION_COOKIE_DOMAIN', 'a..b', 'domain name'),
    ('SESSION_COOKIE_DOMAIN', '.', 'domain name'),
    ('SESSION_COOKIE_DOMAIN', ':80', 'domain name'),
    ('SESSION_COOKIE_DOMAIN', 'ex ample.com', 'domain name'),
    ('SESSION_COOKIE_DOMAIN', 'a,b', 'domain name'),
    ('SESSION_COOKIE_PATH', '/a;b', 'semicolon'),
    ('SESSION_COOKIE_PATH', '/a\x7fb', 'control character'),
    ('SESSION_COOKIE_PATH', 'app', 'start it with /'),
    ('APPLICATION_ROOT', '/a;b', 'semicolon'),
    ('APPLICATION_ROOT', '', 'path'),
    ('APPLICATION_ROOT', 'null', 'path'),
    ('MAX_COOKIE_SIZE', 'big', 'bytes'),
    ('MAX_COOKIE_SIZE', 'null', 'bytes'),
    ('SESSION_COOKIE_MAX_DECOMPRESSED', '0', 'bytes'),
    ('SESSION_MAX_STORED_SIZE', '1 MB', 'bytes'),
    ('RESPONSE_TIMEOUT', 'x', 'number'),
    ('SERVER_NAME', '5', 'host'),
    ('SERVER_NAME', '', 'host'),
    ('SERVER_NAME', 'http://localhost', 'host'),
    ('SERVER_NAME', 'a:b:c', 'host'),
    ('SERVER_NAME', 'localhost:http', 'host'),
    ('SERVER_NAME', 'a?b', 'host'),
    ('MAX_CONTENT_LENGTH', '-1', 'number'),
    ('RESPONSE_TIMEOUT', '0', 'positive'),
    ('RESPONSE_TIMEOUT', '9' * 400, 'positive'),
    ('BODY_TIMEOUT', '-1', 'positive'),
    ('SEND_FILE_MAX_AGE_DEFAULT', 'abc', 'seconds'),
    ('SEND_FILE_MAX_AGE_DEFAULT', '1e12', 'seconds'),
    ('SECRET_KEY_FALLBACKS', '["\udcff"]', 'string'),
    ('STRICT_TRANSPORT_SECURITY', 'forever', 'max-age'),
    ('SECRET_KEY__X', '1', 'QUART_SECRET_KEY'),
    ('DEBUG', 'garbage', 'true or false'),
    ('DEBUG', 'yes', 'true or false'),
    ('DEBUG', 'True', 'true or false'),
    ('SESSION_COOKIE_PATH', '/a\x85b', 'control character'),
    ('PROPAGATE_EXCEPTIONS', 'no', 'true or false'),
    ('TRAP_BAD_REQUEST_ERRORS', 'no', 'true or false'),
    ('TEMPLATES_AUTO_RELOAD', '1', 'true or false'),
    ('SEND_FILE_MAX_AGE_DEFAULT', 'abc', 'seconds'),
    ('BODY_TIMEOUT', 'true', 'number'),
    ('MAX_CONTENT_LENGTH', '[1]', 'number'),
    ('PREFERRED_URL_SCHEME', '5', 'string'),
    ('PREFERRED_URL_SCHEME', 'null', 'string'),
    ('TRUSTED_HOSTS', 'example.com', 'list'),
    ('TRUSTED_HOSTS', 'true', 'list'),
    ('TRUSTED_HOSTS', '[]', 'list'),
    ('TRUSTED_HOSTS', '[5]', 'list'),
    ('TRUSTED_HOSTS', '[""]', 'list'),
    ('TRUSTED_HOSTS', '["."]', 'list'),
    ('TRUSTED_HOSTS', '["*"]', 'list'),
    ('TRUSTED_HOSTS', '["*.example.com"]', 'list'),
    ('TRUSTED_HOSTS', '["https://example.com"]', 'list'),
    ('TRUSTED_HOSTS', '["example.com", "Example.com"]', 'lower case'),
    ('STRICT_TRANSPORT_SECURITY', f'max-age={"9" * 5000}', 'max-age'),
    ('SESSION_COOKIE_DOMAIN', 'https://example.com', 'domain name'),
]


@pytest.mark.parametrize(('key', 'text', 'remedy'), WRONG_IN_ENVIRONMENT)
def test_wrong_environment_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str, text: str, remedy: str
) -> None:
    """The one-line error names the variable and what to do, and no secret."""
    monkeypatch.setenv(f'QUART_{key}', text)

    message = refusal()

    assert f'QUART_{key.removesuffix("__X")}' in message
    assert remedy in message
    assert SECRET not in message


def test_item_of_non_dict_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names a `__` variable whose setting is not a dict."""
    monkeypatch.setenv('QUART_SECRET_KEY', SECRET)
    monkeypatch.setenv('QUART_SECRET_KEY__X', '1')

    message = refusal()

    assert message.startswith('QUART_SECRET_KEY__X sets an item')
    assert SECRET not in message


@pytest.mark.parametrize(
    ('key', 'value', 'remedy'),
    [
        ('SECRET_KEY', '', 'empty'),
        ('SECRET_KEY', b'', 'empty'),
        ('SECRET_KEY', 12345678, 'string or bytes'),
        ('SECRET_KEY_FALLBACKS', SECRET, 'list'),
        ('SECRET_KEY_FALLBACKS', SECRET.encode(), 'list'),
        ('SECRET_KEY_FALLBACKS', [SECRET, None], 'non-empty string'),
        ('PERMANENT_SESSION_LIFETIME', timedelta(), 'positive'),
        ('PERMANENT_SESSION_LIFETIME', timedelta(days=-1), 'positive'),
        ('PERMANENT_SESSION_LIFETIME', timedelta.max, 'too long'),
        ('PERMANENT_SESSION_LIFETIME', '7200', 'seconds'),
        ('SESSION_COOKIE_SECURE', 'true', 'true or false'),
        ('SESSION_COOKIE_SECURE', 1, 'true or false'),
        ('PERMANENT_SESSION_LIFETIME', float('nan'), 'seconds'),
        ('PERMANENT_SESSION_LIFETIME', float('inf'), 'too long'),
        ('SESSION_COOKIE_SAMESITE', 'Foo', 'Lax, Strict or None'),
        ('SESSION_COOKIE_SAMESITE', 5, 'Lax, Strict or None'),
        ('SESSION_COOKIE_SAMESITE', 'None', 'SESSION_COOKIE_SECURE'),
        ('SESSION_COOKIE_NAME', '__Host-a', 'SESSION_COOKIE_SECURE'),
        ('SESSION_COOKIE_NAME', '__Secure-a', 'SESSION_COOKIE_SECURE'),
        ('SESSION_COOKIE_NAME', 'two words', 'letters'),
        ('SESSION_COOKIE_NAME', 5, 'letters'),
        ('SESSION_COOKIE_DOMAIN', 5, 'string'),
        ('SESSION_COOKIE_DOMAIN', 'a;b', 'semicolon'),
        ('SESSION_COOKIE_PATH', '/a;b', 'semicolon'),
        ('SESSION_COOKIE_PATH', 'a\x00', 'control character'),
        ('MAX_COOKIE_SIZE', -1, 'bytes'),
    ],
)
def test_wrong_mapping_setting_is_refused(key: str, value: Any, remedy: str) -> None:
    """The one-line error names the setting, without prefix, and what to do."""
    message = refusal({key: value})

    assert message.startswith(f'{key} ')
    assert 'QUART_' not in message
    assert remedy in message
    assert SECRET not in message


def test_error_is_always_one_line() -> None:
    """The error stays on one line with a huge number or a line break in a value."""

    class Value:
        def __repr__(self) -> str:
            return 'one\ntwo'

    # Python does not convert an integer of so many digits.
    assert 'too large a number' in refusal({'PERMANENT_SESSION_LIFETIME': 10**5000})
    assert 'too large a number' in refusal({'MAX_COOKIE_SIZE': -(10**5000)})
    assert 'one two: set it to' in refusal({'SESSION_COOKIE_SECURE': Value()})


@pytest.mark.parametrize(
    'config',
    [
        {'SESSION_COOKIE_SAMESITE': None},
        {'SESSION_COOKIE_SAMESITE': 'Strict'},
        {'SESSION_COOKIE_SAMESITE': 'None', 'SESSION_COOKIE_SECURE': True},
        {'SESSION_COOKIE_NAME': '__Secure-a', 'SESSION_COOKIE_SECURE': True},
        {'SESSION_COOKIE_NAME': '__Host-a', 'SESSION_COOKIE_SECURE': True},
        {'SESSION_COOKIE_NAME': 'sid', 'SESSION_COOKIE_DOMAIN': 'example.com'},
        {'SESSION_COOKIE_PATH': '/app'},
        {'PERMANENT_SESSION_LIFETIME': 0.5},
        {'PERMANENT_SESSION_LIFETIME': timedelta(days=365 * 900)},
        {'SESSION_COOKIE_SAMESITE': 'lax'},
        {'SESSION_COOKIE_DOMAIN': '.bücher.example'},
        {'SESSION_COOKIE_DOMAIN': 'localhost:8000'},
        {'MAX_CONTENT_LENGTH': None},
        {'PROPAGATE_EXCEPTIONS': False},
        {'RESPONSE_TIMEOUT': None},
        {'SEND_FILE_MAX_AGE_DEFAULT': 60},
        {'TRUSTED_HOSTS': ['localhost']},
        {'TRUSTED_HOSTS': ('.example.com', 'localhost:5000', '127.0.0.1', 'bücher.example')},
        {'TRUSTED_HOSTS': None},
        {'SECRET_KEY_FALLBACKS': ['old', b'older']},
        {'SECRET_KEY_FALLBACKS': ()},
        {'MAX_COOKIE_SIZE': 0},
    ],
)
async def test_valid_setting_serves(config: dict[str, Any]) -> None:
    """An app with an unusual but valid setting serves."""
    app = create_app(config)

    assert (await app.test_client().get('/')).status_code == 200


@pytest.mark.parametrize(
    'other',
    [
        {'SESSION_COOKIE_SECURE': False},
        {'SESSION_COOKIE_PATH': '/app'},
        {'APPLICATION_ROOT': '/app'},
        {'SESSION_COOKIE_DOMAIN': 'example.com'},
    ],
)
def test_host_prefix_with_obstacle_is_refused(other: dict[str, Any]) -> None:
    """A `__Host-` name that browsers would refuse stops the start."""
    config = {'SESSION_COOKIE_NAME': '__Host-a', 'SESSION_COOKIE_SECURE': True, **other}

    assert next(iter(other)) in refusal(config)


@pytest.mark.parametrize(
    ('other', 'text'), [('SESSION_COOKIE_DOMAIN', 'example.com'), ('SESSION_COOKIE_PATH', '/app')]
)
def test_host_prefix_error_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, other: str, text: str
) -> None:
    """The error about a `__Host-` name shows the variable that is in the way."""
    monkeypatch.setenv('QUART_SESSION_COOKIE_NAME', '__Host-a')
    monkeypatch.setenv('QUART_SESSION_COOKIE_SECURE', 'true')
    monkeypatch.setenv(f'QUART_{other}', text)

    assert f'while QUART_{other} is' in refusal()


def test_wrong_settings_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error names all wrong settings, each by the name that the user wrote."""
    monkeypatch.setenv('QUART_SESSION_COOKIE_SECURE', 'no')

    message = refusal({'PERMANENT_SESSION_LIFETIME': 'ten', 'SECRET_KEY': ''})

    for name in ('QUART_SESSION_COOKIE_SECURE', 'PERMANENT_SESSION_LIFETIME', 'SECRET_KEY'):
        assert name in message


@pytest.mark.parametrize(
    ('config', 'names'),
    [
        (
            {'SESSION_COOKIE_SAMESITE': 'None', 'PERMANENT_SESSION_LIFETIME': 0},
            ['PERMANENT_SESSION_LIFETIME', 'SESSION_COOKIE_SAMESITE'],
        ),
        (
            {'SESSION_COOKIE_NAME': '__Secure-a', 'SECRET_KEY': ''},
            ['SECRET_KEY', 'SESSION_COOKIE_NAME'],
        ),
        (
            {'SESSION_COOKIE_NAME': '__Host-a', 'SESSION_COOKIE_DOMAIN': 5},
            ['SESSION_COOKIE_DOMAIN', 'SESSION_COOKIE_NAME'],
        ),
        (
            {'SESSION_COOKIE_NAME': 5, 'SESSION_COOKIE_SAMESITE': 'None'},
            ['SESSION_COOKIE_NAME', 'SESSION_COOKIE_SAMESITE'],
        ),
        (
            {'SESSION_COOKIE_NAME': '__Host-a', 'SESSION_COOKIE_SAMESITE': 5},
            ['SESSION_COOKIE_SAMESITE', 'SESSION_COOKIE_NAME'],
        ),
        (
            {'SESSION_TYPE': 'redis', 'MAX_COOKIE_SIZE': -1},
            ['MAX_COOKIE_SIZE', 'SESSION_REDIS_URL'],
        ),
    ],
)
def test_wrong_combinations_are_reported_too(config: dict[str, Any], names: list[str]) -> None:
    """One error names wrong values, then wrong combinations of the others."""
    assert [problem.split()[0] for problem in refusal(config).split('; ')] == names


def test_production_defaults_are_safe() -> None:
    """In production the cookie is Secure and has the `__Host-` prefix."""
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': LONG_KEY}).config

    assert config['SESSION_COOKIE_SECURE'] is True
    assert config['SESSION_COOKIE_NAME'] == '__Host-session'


def test_production_key_is_reported_with_others() -> None:
    """A missing production key is reported together with other errors."""
    message = refusal({'PRODUCTION': True, 'MAX_COOKIE_SIZE': -1})

    assert 'SECRET_KEY' in message
    assert 'MAX_COOKIE_SIZE' in message


def test_production_counts_the_bytes_of_the_key() -> None:
    """The length of a production key is counted in bytes, not characters."""
    assert '31 bytes' in refusal({'PRODUCTION': True, 'SECRET_KEY': LONG_KEY[1:]})
    assert create_app({'PRODUCTION': True, 'SECRET_KEY': 'ü' * 16}).secret_key == 'ü' * 16


@pytest.mark.parametrize('name', ['123', 'true', '1e5'])
def test_cookie_name_from_environment_is_a_string(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A cookie name in the environment is a string even if it reads as JSON."""
    monkeypatch.setenv('QUART_SESSION_COOKIE_NAME', name)

    assert create_app().config['SESSION_COOKIE_NAME'] == name


@pytest.mark.parametrize('key', [None, 'short', b'short'])
def test_production_requires_a_long_key(key: str | bytes | None) -> None:
    """Production refuses a missing or short key, without showing it."""
    message = refusal({'PRODUCTION': True, 'SECRET_KEY': key})

    assert 'SECRET_KEY' in message
    assert '32' in message
    assert 'short' not in message


def test_production_refuses_a_short_fallback_key() -> None:
    """Production refuses a short fallback key, without showing it."""
    config = {'PRODUCTION': True, 'SECRET_KEY': LONG_KEY}

    message = refusal({**config, 'SECRET_KEY_FALLBACKS': [LONG_KEY[::-1], SECRET]})

    assert message.startswith('SECRET_KEY_FALLBACKS contains a key of less than 32 bytes')
    assert SECRET not in message
    assert create_app({**config, 'SECRET_KEY_FALLBACKS': [LONG_KEY]})


def test_production_without_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about a production key names `QUART_SECRET_KEY`."""
    monkeypatch.setenv('QUART_PRODUCTION', 'true')

    assert 'QUART_SECRET_KEY is not set' in refusal()
    monkeypatch.setenv('QUART_SECRET_KEY', LONG_KEY[1:])
    assert 'QUART_SECRET_KEY is only 31 bytes' in refusal()


@pytest.mark.parametrize('name', ['TESTING', 'DEBUG'])
def test_production_refuses_modes_that_show_source_code(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `TESTING` or `DEBUG`, Quart's error page shows source code: production refuses both."""
    monkeypatch.setenv(f'QUART_{name}', 'true')
    production = {'PRODUCTION': True, 'SECRET_KEY': LONG_KEY}

    assert f'QUART_{name} is true in production' in refusal(production)
    assert create_app({'SECRET_KEY': LONG_KEY}).config[name] is True
    assert create_app({**production, name: False}).config[name] is False


@pytest.mark.parametrize(
    ('chosen', 'name'),
    [
        ({'SESSION_COOKIE_NAME': 'sid'}, 'sid'),
        ({'SESSION_COOKIE_SECURE': False}, 'session'),
        ({'SESSION_COOKIE_DOMAIN': 'example.com'}, '__Secure-session'),
        ({'SESSION_COOKIE_PATH': '/app'}, '__Secure-session'),
        ({'SESSION_COOKIE_PATH': '/app', 'SESSION_COOKIE_SECURE': False}, 'session'),
        ({'PERMANENT_SESSION_LIFETIME': 60}, '__Host-session'),
    ],
)
def test_production_default_can_be_overridden(chosen: dict[str, Any], name: str) -> None:
    """A chosen setting wins in production; the prefix needs its conditions."""
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': LONG_KEY, **chosen}).config

    assert {key: config[key] for key in chosen} == chosen
    assert config['SESSION_COOKIE_NAME'] == name


@pytest.mark.parametrize(
    ('text', 'debug'), [('1', True), ('true', True), ('0', False), ('false', False)]
)
def test_debug_accepts_quarts_command_line_values(
    monkeypatch: pytest.MonkeyPatch, text: str, debug: bool
) -> None:
    """`QUART_DEBUG` may be 1 or 0, as `quart run` sets it."""
    monkeypatch.setenv('QUART_DEBUG', text)

    assert create_app().debug is debug


def test_every_setting_is_defined_once() -> None:
    """`SETTINGS` defines each setting once, and each default and production default is valid."""
    names = [setting.name for setting in SETTINGS]

    assert len(set(names)) == len(names)
    for setting in SETTINGS:
        assert setting.description
        assert setting.validate(setting.default) is None
        if setting.production_default is not UNSET:
            assert setting.validate(setting.production_default) is None


def test_unrelated_setting_is_checked_by_type_only() -> None:
    """A setting that has nothing to do with sessions or serving needs only the right type."""
    app = create_app({'PREFERRED_URL_SCHEME': 'any text'})

    assert app.config['PREFERRED_URL_SCHEME'] == 'any text'


def test_create_app_needs_no_setting() -> None:
    """`create_app()` works in an empty environment."""
    assert isinstance(create_app(), Quart)
