"""The environment variables of the starter."""

import pytest

from quart_session_demo.serve.settings import ServeError, Settings, read_settings


def test_settings_have_defaults() -> None:
    """Without variables: port 8000, one process, 25 s with 1 s of drain."""
    assert read_settings({}) == Settings(8000, 1, 25, 1)


def test_settings_are_read_from_the_environment() -> None:
    """Each variable sets one setting."""
    variables = {
        'PORT': '80',
        'WEB_CONCURRENCY': ' 4 ',
        'GRACEFUL_TIMEOUT': '2.5',
        'DRAIN_SECONDS': '0',
    }

    assert read_settings(variables) == Settings(80, 4, 2.5, 0)


def test_short_timeout_shortens_the_drain() -> None:
    """A graceful timeout shorter than the default drain leaves no time for more."""
    assert read_settings({'GRACEFUL_TIMEOUT': '0'}) == Settings(8000, 1, 0, 0)


@pytest.mark.parametrize(
    ('name', 'text', 'problem'),
    [
        ('PORT', '', 'PORT is empty: set it to a number from 0 to 65535, or remove it for 8000'),
        ('PORT', 'x', "PORT is 'x'"),
        ('PORT', '٣', "PORT is '\\u0663'"),
        ('PORT', '8000\n9', "PORT is '8000\\n9'"),
        ('PORT', '65536', "PORT is '65536'"),
        ('PORT', '-1', "PORT is '-1'"),
        ('PORT', '1' * 5000, f"PORT is '{'1' * 40}': set"),
        ('WEB_CONCURRENCY', '0', "WEB_CONCURRENCY is '0': set it to a number from 1 to 1000"),
        ('WEB_CONCURRENCY', '1.5', "WEB_CONCURRENCY is '1.5'"),
        ('GRACEFUL_TIMEOUT', '-1', "GRACEFUL_TIMEOUT is '-1': set it to a number of seconds"),
        ('GRACEFUL_TIMEOUT', 'nan', "GRACEFUL_TIMEOUT is 'nan'"),
        ('GRACEFUL_TIMEOUT', 'inf', "GRACEFUL_TIMEOUT is 'inf'"),
        ('DRAIN_SECONDS', '1s', "DRAIN_SECONDS is '1s'"),
        ('DRAIN_SECONDS', '26', 'DRAIN_SECONDS (26) is more than GRACEFUL_TIMEOUT (25)'),
    ],
)
def test_invalid_setting_is_an_error(name: str, text: str, problem: str) -> None:
    """A wrong variable is an error that names it, what it contains and what to do."""
    with pytest.raises(ServeError) as error:
        read_settings({name: text})

    assert str(error.value).startswith(problem)
    assert '\n' not in str(error.value)
