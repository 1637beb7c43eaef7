"""The functions for the current session, in apps without one of our sessions."""

from collections.abc import Callable
from typing import Any

import pytest
from quart import Quart

from quart_session_demo.sessions import (
    CookieSessionInterface,
    do_not_extend_session,
    session_expires_at,
)
from tests.conftest import KEY


@pytest.mark.parametrize('function', [do_not_extend_session, session_expires_at])
async def test_stock_interface_is_an_error(function: Callable[[], Any]) -> None:
    """With Quart's own session interface each function raises an error that names it."""
    app = Quart('own')
    app.secret_key = KEY

    async with app.test_request_context('/'):
        with pytest.raises(AttributeError, match='SecureCookieSessionInterface'):
            function()


@pytest.mark.parametrize('function', [do_not_extend_session, session_expires_at])
async def test_app_without_key_has_no_session(function: Callable[[], Any]) -> None:
    """Without a secret key nothing is extended, and nothing expires."""
    app = Quart('own')
    app.session_interface = CookieSessionInterface()

    async with app.test_request_context('/'):
        assert function() is None
