"""Whether two apps are found to share a key."""

import json
from typing import Any

import pytest

from quart_session_demo.compare.harness.servers import ServerCommand
from quart_session_demo.compare.parity.shared_key import share_key
from tests.compare.conftest import APPS


def configured_app(config: str, **variables: str) -> tuple[str, ServerCommand]:
    """Return the app of tests/apps/configured_app.py with a configuration in JSON."""
    environment = {'PYTHONPATH': str(APPS), 'APP_CONFIG': config, **variables}
    return 'configured_app:app', ServerCommand('Test app', (), environment)


@pytest.mark.parametrize(
    ('sync', 'async_', 'shared'),
    [
        ({'SECRET_KEY': 'a'}, {'SECRET_KEY': 'a'}, True),
        ({'SECRET_KEY': 'a'}, {'SECRET_KEY': 'b'}, False),
        ({'SECRET_KEY': 'a', 'SECRET_KEY_FALLBACKS': ['b']}, {'SECRET_KEY': 'b'}, False),
        (
            {'SECRET_KEY': 'a', 'SECRET_KEY_FALLBACKS': ['b']},
            {'SECRET_KEY': 'b', 'SECRET_KEY_FALLBACKS': ['a']},
            True,
        ),
        ({'SECRET_KEY': 'a'}, {'SECRET_KEY': None}, None),
    ],
)
def test_share_key_needs_both_directions(
    sync: dict[str, Any], async_: dict[str, Any], shared: bool | None
) -> None:
    """Apps share a key if each can read what the other signs now; without a key it is unknown."""
    assert share_key(configured_app(json.dumps(sync)), configured_app(json.dumps(async_))) is shared


def test_share_key_is_unknown_after_failed_import() -> None:
    """If an app cannot be imported, nothing is known."""
    apps = configured_app('{"SECRET_KEY": "a"}'), configured_app('not JSON')

    assert share_key(*apps) is None


def test_share_key_ignores_threads_of_the_app() -> None:
    """A thread that the app has started does not delay the result."""
    assert share_key(configured_app('{"SECRET_KEY": "a"}', APP_THREAD='1')) is True
