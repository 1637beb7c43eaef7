"""The places where docs/settings.md lets a user set a value, and its table."""

from datetime import timedelta
from typing import Any

import pytest
from quart import Quart

from quart_session_demo import create_app
from quart_session_demo.config import ConfigError
from tests.conftest import KEY
from tests.docs.markdown import read, table_rows

PAGE = read('docs/settings.md')
#: The default, the production default and the description of each setting, by name.
ROWS = {
    name.strip('`'): cells for name, *cells in table_rows(PAGE, 'setting | default | in production')
}


def as_text(config: dict[str, Any], name: str) -> str:
    """Return a setting's value as the table writes it."""
    value = config[name]
    if isinstance(value, timedelta):
        return f'{value.days} days'
    if name == 'SECRET_KEY':
        return 'stored in a file'
    if name == 'SESSION_COOKIE_PATH' and value is None:
        return 'APPLICATION_ROOT'
    if isinstance(value, bool):
        return str(value).lower()
    return 'none' if value is None else str(value)


def test_table_lists_every_session_setting() -> None:
    """The table has each of Quart's settings for keys, cookies and sessions, and ours."""
    quarts = {
        name
        for name in Quart.default_config
        if 'SESSION' in name or 'COOKIE' in name or 'SECRET' in name
    }
    ours = create_app({'SECRET_KEY': KEY}).config.keys() - Quart.default_config.keys()

    assert quarts | ours <= ROWS.keys()


@pytest.mark.parametrize('name', ROWS)
def test_table_shows_the_defaults(name: str) -> None:
    """The defaults in the table are those of an app without settings, and of one in production."""
    default, production_default, _ = (cell.replace('`', '') for cell in ROWS[name])
    production = create_app({'PRODUCTION': True, 'SECRET_KEY': KEY}).config

    assert as_text(create_app().config, name) == default
    if name != 'PRODUCTION':
        assert as_text(production, name) == (production_default or default)


@pytest.mark.parametrize('name', ROWS)
def test_table_describes_each_setting(name: str) -> None:
    """Each setting has a description."""
    assert ROWS[name][-1]


def test_environment_overrides_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's environment variable changes the setting."""
    assert 'QUART_PERMANENT_SESSION_LIFETIME=7200' in PAGE
    monkeypatch.setenv('QUART_PERMANENT_SESSION_LIFETIME', '7200')

    app = create_app({'SECRET_KEY': KEY})

    assert app.permanent_session_lifetime == timedelta(hours=2)


def test_mapping_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mapping that `create_app` is called with overrides the environment."""
    assert "create_app({'PERMANENT_SESSION_LIFETIME': 7200})" in PAGE
    monkeypatch.setenv('QUART_PERMANENT_SESSION_LIFETIME', '60')

    app = create_app({'PERMANENT_SESSION_LIFETIME': 7200, 'SECRET_KEY': KEY})

    assert app.permanent_session_lifetime == timedelta(hours=2)


@pytest.mark.parametrize(
    ('text', 'accepted'), [('true', True), ('false', True), ('True', False), ('1', False)]
)
def test_booleans_are_exact(text: str, accepted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A boolean in the environment is exactly `true` or `false`."""
    monkeypatch.setenv('QUART_PLAYGROUND', text)

    if accepted:
        assert create_app({'SECRET_KEY': KEY}).config['PLAYGROUND'] is (text == 'true')
    else:
        with pytest.raises(ConfigError, match='PLAYGROUND'):
            create_app({'SECRET_KEY': KEY})


@pytest.mark.parametrize('text', ['0', '1'])
def test_debug_accepts_digits(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`QUART_DEBUG` may be 0 or 1, as on Quart's command line."""
    monkeypatch.setenv('QUART_DEBUG', text)

    assert create_app({'SECRET_KEY': KEY}).config['DEBUG'] is (text == '1')


def test_platform_redis_url_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """`REDIS_URL` is used if sessions are on Redis and no other URL is set."""
    monkeypatch.setenv('REDIS_URL', 'redis://platform')

    app = create_app({'SECRET_KEY': KEY, 'SESSION_TYPE': 'redis'})

    assert app.config['SESSION_REDIS_URL'] == 'redis://platform'
