"""The app of the contract tests, once for each store."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from quart import Quart

from tests.apps.sessions_app import make_sessions_app


@pytest.fixture
async def app(store: dict[str, Any]) -> AsyncIterator[Quart]:
    """Yield an app with its sessions in the store; an error in a view returns 500."""
    app = make_sessions_app(**store)
    async with app.test_app():
        yield app
