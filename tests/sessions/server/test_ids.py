"""Session ids: random, never chosen by the client."""

from typing import Any

from quart import Quart

from quart_session_demo.sessions.server.signing import is_signed_id
from quart_session_demo.sessions.server.store import new_session_id
from tests.apps.sessions_app import make_sessions_app
from tests.conftest import cookie_of, get_with_cookie, signed_id

NO_SESSION = '没有session数据'


async def test_cookie_is_a_random_id(app: Quart) -> None:
    """Each new session's cookie is another id, in the form of an id."""
    ids = {cookie_of(await app.test_client().get('/')).value for _ in range(20)}

    assert len(ids) == 20
    assert all(map(is_signed_id, ids))


async def test_unknown_id_is_never_adopted(app: Quart) -> None:
    """A session that a client starts with an id of its choice gets another id."""
    chosen = signed_id(new_session_id())

    response = await get_with_cookie(app, '/', chosen)

    assert cookie_of(response).value != chosen
    replay = await get_with_cookie(app, '/get_session/', chosen)
    assert await replay.get_data(as_text=True) == NO_SESSION


async def test_request_without_session_needs_no_store(unreachable_store: dict[str, Any]) -> None:
    """A request without a cookie, or with a malformed id, does not ask the store."""
    client = make_sessions_app(**unreachable_store).test_client(use_cookies=False)

    for headers in ({}, {'Cookie': 'session=malformed'}):
        response = await client.get('/get_session/', headers=headers)

        assert await response.get_data(as_text=True) == NO_SESSION
