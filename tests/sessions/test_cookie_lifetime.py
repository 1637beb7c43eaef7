"""Cookie sessions have Flask's behavior, and no lifetime of their own."""

from datetime import timedelta
from typing import Any

import flask
import pytest
import quart
from quart import Quart

from quart_session_demo.sessions import CookieSessionInterface
from tests.apps.sessions_app import make_cookie_app
from tests.conftest import KEY, cookie_of, cookies_of, get_with_cookie


async def test_recipe_sets_the_cookie_of_flask(cookie_app: Quart) -> None:
    """With `session.permanent = True` before each request Flask sets a cookie, and so do we."""

    @cookie_app.before_request
    async def make_permanent() -> None:
        quart.session.permanent = True

    flask_app = flask.Flask('flask_app')
    flask_app.secret_key = KEY

    @flask_app.before_request
    def make_permanent_in_flask() -> None:
        flask.session.permanent = True

    cookie = cookie_of(await get_with_cookie(cookie_app, '/unused', ''))
    expected = cookie_of(flask_app.test_client().get('/unused'))

    # The value ends with the time and the signature.
    assert cookie.value.partition('.')[0] == expected.value.partition('.')[0]
    assert cookie.attributes.keys() == expected.attributes.keys()


@pytest.mark.parametrize('value', [timedelta(hours=1), 3600])
async def test_own_lifetime_is_an_error(cookie_app: Quart, value: Any) -> None:
    """A cookie session cannot have a lifetime of its own, and the error names the remedy."""
    errors = []

    @cookie_app.get('/lifetime')
    async def set_lifetime() -> str:
        session: Any = quart.session
        assert session.lifetime is None
        session.lifetime = None
        with pytest.raises(RuntimeError) as info:
            session.lifetime = value
        errors.append(str(info.value))
        return 'set'

    response = await cookie_app.test_client().get('/lifetime')

    assert response.status_code == 200
    assert cookies_of(response) == []
    assert errors[0].endswith('use sessions on a server')


async def test_silent_interface_sets_no_cookie() -> None:
    """A subclass whose `should_set_cookie` returns False begins no session, and may delete one."""

    class SilentInterface(CookieSessionInterface):
        def should_set_cookie(self, app: Quart, session: Any) -> bool:
            return False

    app = make_cookie_app()
    value = cookie_of(await app.test_client().get('/set/user')).value
    app.session_interface = SilentInterface()

    assert cookies_of(await get_with_cookie(app, '/set/more', value)) == []
    assert cookies_of(await get_with_cookie(app, '/set/more', '')) == []
    deleted = cookie_of(await get_with_cookie(app, '/pop_all', value))
    assert deleted.attributes['max-age'] == '0'
