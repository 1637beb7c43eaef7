"""The page with sessions that are stored on a server."""

import json
import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

import pytest
import time_machine
from flask.sessions import SecureCookieSession
from itsdangerous import URLSafeTimedSerializer
from quart import Quart
from quart.sessions import SessionInterface
from werkzeug.exceptions import ServiceUnavailable

from tests.conftest import KEY, cookie_of, cookies_of
from tests.playground.conftest import LESSON, PAGE, PageUser, redirect_address
from tests.redis_server import RedisServer


class ThirdPartyInterface(SessionInterface):
    """A small server-side session interface that does not implement our contract."""

    def __init__(self) -> None:
        self.stored: dict[str, str] = {}

    async def open_session(self, app: Quart, request: Any) -> SecureCookieSession:
        session_id = request.cookies.get('session')
        content = self.stored.get(session_id or '')
        return SecureCookieSession(json.loads(content) if content else None)

    async def save_session(self, app: Quart, session: Any, response: Any) -> None:
        if session.modified and session:
            session_id = secrets.token_hex()
            self.stored[session_id] = json.dumps(session)
            response.set_cookie('session', session_id)
        elif session.modified:
            self.stored.clear()
            response.delete_cookie('session')


@pytest.fixture
def user(user: PageUser) -> PageUser:
    """Return a user of an app with the third-party interface."""
    user.app.session_interface = ThirdPartyInterface()  # type: ignore[assignment]
    return user


async def test_page_works_with_stored_sessions(user: PageUser) -> None:
    """The page shows the content, offers no signing, and shows that a replay is refused."""
    await user.act('set', key='a', value='1')

    text = await user.page()

    assert "<code>'a'</code></th><td><code>1</code>" in text
    assert 'It holds nothing but an id.' in text
    assert 'value="overflow"' not in text
    report = await user.act('character')
    assert 'refuses the copy</strong>: the server has no session with this id.' in report
    for action in ('key', 'time', 'overflow'):
        await user.refused(409, action)
    await user.act('clear')
    assert 'Clearing revoked it: the server deleted that session.' in await user.act('replay')


@pytest.mark.parametrize('action', ['set', 'get', 'character'])
async def test_id_is_never_shown_whole(user: PageUser, action: str) -> None:
    """Neither the page nor the notice contains more of the id than its beginning."""
    await user.update_session({'a': 1})
    serializer = URLSafeTimedSerializer(KEY, salt='playground-notice')

    response = await user.post(action, key='a', value='1')

    notice = serializer.loads(cookies_of(response)[-1].value)
    jar = user.client.cookie_jar or ()
    (session_id,) = (cookie.value for cookie in jar if cookie.name == 'session')
    assert session_id
    text = await user.page(await redirect_address(response))
    assert f'session={session_id[:6]}…' in text
    # The altered character is the 33rd of 64.
    for part in (session_id[:10], session_id[-10:]):
        assert part not in text
        assert part not in json.dumps(notice)


@pytest.mark.parametrize('content', [{'a': 1}, LESSON])
async def test_unknown_expiry_is_not_shown(user: PageUser, content: dict[str, Any]) -> None:
    """The page shows no expiry if the session interface does not know it."""
    await user.update_session(content)

    text = await user.page()

    assert '<time' not in text
    assert ('Expires</code>' in text) == (content is not LESSON)
    assert 'below' not in text


async def test_unavailable_store_is_503(user: PageUser) -> None:
    """The page does not hide that the store is unavailable."""

    class UnavailableSession(SecureCookieSession):
        def keys(self) -> NoReturn:
            raise ServiceUnavailable(retry_after=5)

    class UnavailableInterface(ThirdPartyInterface):
        async def open_session(self, app: Quart, request: Any) -> SecureCookieSession:
            return UnavailableSession()

    user.app.session_interface = UnavailableInterface()  # type: ignore[assignment]

    response = await user.client.get(PAGE)

    assert (response.status_code, response.headers['Retry-After']) == (503, '5')


async def test_signed_id_is_explained(make_user: Callable[..., PageUser]) -> None:
    """The page explains a signed id, and shows that a changed or deleted one is refused."""
    user = make_user(SESSION_TYPE='memory')
    await user.act('set', key='a', value='1')

    text = await user.page()

    assert "<code>'a'</code></th><td><code>1</code>" in text
    assert 'The app signed the id' in text
    assert 'The signature no longer matches.' in text
    assert 'The server has no session with that id.' not in text
    report = await user.act('character')
    assert 'refuses the copy</strong>: the signature was made for other content.' in report
    assert 'This button needs its content in the cookie.' in await user.refused(409, 'key')
    await user.act('clear')
    assert 'Clearing revoked it: the server deleted that session.' in await user.act('replay')


@pytest.mark.parametrize('store', ['cookie', 'memory'])
async def test_cookie_that_counts_is_shown(make_user: Callable[..., PageUser], store: str) -> None:
    """Of several session cookies the page shows, and replays, the one that the app reads."""
    user = make_user(SESSION_TYPE=store)
    cookie = cookies_of(await user.client.get('/'))[0].value
    headers = {'Cookie': f'session=left-over; session={cookie}'}
    client = user.app.test_client(use_cookies=False)

    page = await (await client.get(PAGE, headers=headers)).get_data(as_text=True)

    assert f'session={cookie[:6]}' in re.sub('<[^>]*>', '', page)
    altered = await client.post(PAGE, headers=headers, form={'do': 'character'})
    assert altered.status_code == 303


async def test_expired_cookie_does_not_count(make_user: Callable[..., PageUser]) -> None:
    """Of two signed cookies the page stores the one that has not expired for the replay."""
    user = make_user()
    user.client = user.app.test_client(use_cookies=False)
    with time_machine.travel('2020-01-01 12:00 +0000'):
        expired = cookies_of(await user.client.get('/'))[0].value
    valid = cookies_of(await user.client.get('/'))[0].value

    response = await user.post('clear', headers={'Cookie': f'session={expired}; session={valid}'})

    assert cookie_of(response, 'playground_old_session').value == valid


@pytest.mark.redis
@pytest.mark.parametrize(
    ('config', 'passed', 'expires_after', 'shown'),
    [
        ({}, 1000, 11_000, 'lifetime has passed.'),
        ({}, 100, 10_000, 'lifetime has passed.'),
        ({'SESSION_REFRESH_EACH_REQUEST': False}, 1000, 10_000, None),
        ({'SESSION_ABSOLUTE_LIFETIME': 10_500}, 100, 10_000, 'never beyond the absolute lifetime.'),
        (
            {'SESSION_ABSOLUTE_LIFETIME': 10_500},
            1000,
            10_500,
            'never beyond the absolute lifetime.',
        ),
        ({'SESSION_ABSOLUTE_LIFETIME': 5000}, 1000, 5000, 'never beyond the absolute lifetime.'),
    ],
)
async def test_redis_session_shows_its_expiry(
    redis_server: RedisServer,
    make_user: Callable[..., PageUser],
    config: dict[str, Any],
    passed: int,
    expires_after: int,
    shown: str | None,
) -> None:
    """The page shows when a session in Redis expires, and what renews it. Times in seconds."""
    user = make_user(
        SESSION_TYPE='redis',
        SESSION_REDIS_URL=redis_server.url,
        PERMANENT_SESSION_LIFETIME=10_000,
        **config,
    )
    async with user.app.test_app():
        await user.client.get('/')
        now = time.time()
        with time_machine.travel(now + passed):
            text = await user.page()

    # Shown as the expiry, and as the cookie's attribute.
    (expires,) = set(re.findall('<time datetime="([^"]+)">', text))
    assert abs(datetime.fromisoformat(expires).timestamp() - now - expires_after) < 60
    assert ('renews it' in text) == (shown is not None)
    assert shown is None or shown in text
