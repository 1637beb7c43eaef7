"""What every test has: an environment without QUART_* and a fresh app."""

import os
from pathlib import Path

import pytest
from quart import Quart

from quart_session_demo import create_app

ROOT = Path(__file__).parent.parent
KEY = 'a key for tests, which is long enough for production'


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith('QUART_'):
            monkeypatch.delenv(name)


@pytest.fixture
def app() -> Quart:
    return create_app({'TESTING': True, 'SECRET_KEY': KEY})
