"""A setting whose name has no effect is reported when the app starts, without its value."""

import subprocess
import sys

import pytest

from quart_session_demo import create_app
from quart_session_demo.config import DEFAULTS, ConfigError
from tests.conftest import KEY, ROOT

SECRET = 'a value that no message shows'


def warnings(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    *names: str,
    **config: str,
) -> list[str]:
    """Return what is logged while an app is made with these environment variables."""
    for name in names:
        monkeypatch.setenv(name, SECRET)
    create_app({'SECRET_KEY': KEY, **config})
    assert SECRET not in caplog.text
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('QUART_PERMANENT_SESION_LIFETIME', 'QUART_PERMANENT_SESSION_LIFETIME'),
        ('QUART_PERMANENT_SESION_LIFETIM', 'QUART_PERMANENT_SESSION_LIFETIME'),
        ('QUART_SECRET_KYE', 'QUART_SECRET_KEY'),
        ('QUART_SECRETKEY', 'QUART_SECRET_KEY'),
        ('QUART__SECRET_KEY', 'QUART_SECRET_KEY'),
        ('QUART_SECRET__KEY', 'QUART_SECRET_KEY'),
        ('QUART_PERMENANT_SESSION_LIFETIME', 'QUART_PERMANENT_SESSION_LIFETIME'),
        ('QUART_SESSION_PERMANENT_LIFETIME', 'QUART_PERMANENT_SESSION_LIFETIME'),
        ('QUART_SESSION_KEY_PREFIXES', 'QUART_SESSION_KEY_PREFIX'),
        ('QUART_SESSIONCOOKIENAME', 'QUART_SESSION_COOKIE_NAME'),
        ('QUART_secret_key', 'QUART_SECRET_KEY'),
        ('QUART_SECRET_KEYS', 'QUART_SECRET_KEY'),
        ('QUART_SESION_TYPE', 'QUART_SESSION_TYPE'),
        ('QUART_SESSION_COOKIES_SECURE', 'QUART_SESSION_COOKIE_SECURE'),
        ('QUART_TRUSTED_HOST', 'QUART_TRUSTED_HOSTS'),
        ('QUART_TRUSTED_PROXY', 'QUART_TRUSTED_PROXIES'),
        ('QUART_PRODUCTON', 'QUART_PRODUCTION'),
        ('QUART_DEUBG', 'QUART_DEBUG'),
        ('QUART_MAX_CONTENT_LENGHT', 'QUART_MAX_CONTENT_LENGTH'),
    ],
)
def test_similar_name_is_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    """A name with one or two slips is one warning that shows the right one."""
    assert warnings(caplog, monkeypatch, name) == [
        f'{name} is not a setting: did you mean {meant}?'
    ]


@pytest.mark.parametrize('name', ['DRAIN_SECONDS', 'GRACEFUL_TIMEOUT', 'WEB_CONCURRENCY'])
def test_superfluous_prefix_is_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What the starter reads has no prefix, and with the prefix it is one warning."""
    assert warnings(caplog, monkeypatch, f'QUART_{name}') == [
        f'QUART_{name} in the environment has no effect: did you mean {name}?'
    ]


@pytest.mark.parametrize('name', sorted(DEFAULTS.keys() - {'SECRET_KEY'}))
def test_missing_prefix_is_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A setting without the prefix is one warning."""
    assert warnings(caplog, monkeypatch, name) == [
        f'{name} in the environment has no effect: did you mean QUART_{name}?'
    ]


@pytest.mark.parametrize(
    'name',
    [
        'DATABASE_URL',
        'DEBUG',
        'DRAIN_SECONDS',
        'ENV',
        'FLASK_SECRET_KEY',
        'GRACEFUL_TIMEOUT',
        'PORT',
        'QUART_APP',
        'QUART_APPLICATION_HOST',
        'QUART_APPLICATION_PORT',
        'QUART_APP_NAME',
        'QUART_AUTH_COOKIE_SECURE',
        'QUART_ENV',
        'QUART_MAIL__PORT',
        'QUART_RUN_PORT',
        'QUART_SECRET_KEY_FILE',
        'QUART_SESSION_COOKIE_AGE',
        'QUART_SESSION_COOKIE_SALT',
        'QUART_SESSION_REDIS_DB',
        'QUART_SESSION_REDIS_SSL',
        'QUART_SESSION_SQLALCHEMY_TABLE',
        'QUART_TEST',
        'REDIS_URL',
        'SECRET_KEY_BASE',
        'SERVER_NAME',
        'SESSION_MANAGER',
        'TESTING',
        'WEB_CONCURRENCY',
    ],
)
def test_other_names_are_not_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Names of a user's own, of platforms and of other programs give no warning."""
    assert warnings(caplog, monkeypatch, name) == []


def test_bare_name_beside_the_setting_is_not_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name without the prefix gives no warning if the setting is set, or if it is empty."""
    monkeypatch.setenv('QUART_SESSION_COOKIE_NAME', 'own')
    monkeypatch.setenv('SESSION_TYPE', '')

    # The mapping sets SECRET_KEY.
    assert warnings(caplog, monkeypatch, 'SESSION_COOKIE_NAME', 'SECRET_KEY') == []


def test_similar_name_in_the_mapping_is_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelled name in the mapping of `create_app` is one warning, and an own name none."""
    found = warnings(caplog, monkeypatch, SESION_TYPE=SECRET, secret_key=SECRET, MY_OWN=SECRET)

    assert found == [
        'SESION_TYPE is not a setting: did you mean SESSION_TYPE?',
        'secret_key is not a setting: did you mean SECRET_KEY?',
    ]


def test_name_is_reported_before_the_error_that_it_causes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warning is logged even if the settings are wrong without the misspelled one."""
    monkeypatch.setenv('QUART_SECRET_KYE', KEY)

    monkeypatch.setenv('QUART_PRODUCTION', 'true')

    with pytest.raises(ConfigError, match='QUART_SECRET_KEY is not set'):
        create_app()

    assert 'did you mean QUART_SECRET_KEY?' in caplog.text


def test_line_break_in_a_name_forges_no_log_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control character in a name is escaped."""
    [line] = warnings(caplog, monkeypatch, 'QUART_SECRET_KEY\n')

    assert line.startswith(r'QUART_SECRET_KEY\n is not a setting')


def test_command_shows_the_warning() -> None:
    """A command prints the warning on standard error, so that JSON stays valid."""
    command = [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'sessions', 'info']

    result = subprocess.run(
        [*command, '--json'],
        cwd=ROOT,
        env={'QUART_SECRET_KYE': SECRET},
        capture_output=True,
        text=True,
    )

    assert result.stderr == ('QUART_SECRET_KYE is not a setting: did you mean QUART_SECRET_KEY?\n')
    assert result.stdout.startswith('{')
