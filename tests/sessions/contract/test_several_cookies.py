"""Of several cookies of the session's name, the first that verifies counts."""

import pytest
from quart import Quart, Response

from quart_session_demo.sessions.base import MAX_COOKIES
from tests.conftest import cookie_of

NO_SESSION = '没有session数据'
INVALID = 'invalid.left-over.cookie'


async def session_cookie(app: Quart, key: str) -> str:
    """Return the cookie of a new session with this key."""
    return cookie_of(await app.test_client().get(f'/set/{key}')).value


async def get_with_cookies(app: Quart, path: str, *values: str) -> Response:
    """Return the response to one request with these session cookies, in this order."""
    header = '; '.join(f'session={value}' for value in values)
    return await app.test_client(use_cookies=False).get(path, headers={'Cookie': header})


@pytest.mark.parametrize('invalid', [INVALID, '', '"'], ids=['text', 'empty', 'quote'])
async def test_invalid_first_cookie_is_skipped(app: Quart, invalid: str) -> None:
    """A first cookie that does not verify logs nobody out."""
    valid = await session_cookie(app, 'mine')

    response = await get_with_cookies(app, '/contents', invalid, valid)

    assert await response.get_json() == {'mine': 'mine'}


async def test_cookie_of_another_app_is_skipped(app: Quart) -> None:
    """A first cookie that an app with another key signed logs nobody out."""
    valid = await session_cookie(app, 'mine')
    app.secret_key, key = 'the key of another app', app.secret_key
    foreign = await session_cookie(app, 'foreign')
    app.secret_key = key

    response = await get_with_cookies(app, '/contents', foreign, valid)

    assert await response.get_json() == {'mine': 'mine'}


async def test_first_valid_cookie_counts(app: Quart) -> None:
    """Of two valid cookies the first counts, in both orders."""
    one, two = await session_cookie(app, 'one'), await session_cookie(app, 'two')

    first = await get_with_cookies(app, '/contents', one, two)
    second = await get_with_cookies(app, '/contents', two, one)

    assert await first.get_json() == {'one': 'one'}
    assert await second.get_json() == {'two': 'two'}


@pytest.mark.parametrize('invalid', [MAX_COOKIES - 1, MAX_COOKIES])
async def test_at_most_five_cookies_are_tried(app: Quart, invalid: int) -> None:
    """The fifth cookie counts if those before it are invalid; the sixth is ignored."""
    valid = await session_cookie(app, 'mine')

    response = await get_with_cookies(app, '/contents', *[INVALID] * invalid, valid)

    assert MAX_COOKIES == 5
    assert await response.get_json() == ({'mine': 'mine'} if invalid == 4 else {})


async def test_only_invalid_cookies_are_no_session(app: Quart) -> None:
    """Several invalid cookies give an empty session, and no cookie is set for a reader."""
    response = await get_with_cookies(app, '/get_session/', INVALID, INVALID)

    assert await response.get_data(as_text=True) == NO_SESSION
    assert 'Set-Cookie' not in response.headers


async def test_change_is_stored_in_the_session_that_counts(app: Quart) -> None:
    """A change after an invalid first cookie is stored in the session of the second."""
    valid = await session_cookie(app, 'mine')

    changed = await get_with_cookies(app, '/set/more', INVALID, valid)

    cookie = cookie_of(changed).value
    response = await get_with_cookies(app, '/contents', cookie)
    assert await response.get_json() == {'mine': 'mine', 'more': 'more'}


async def test_logout_deletes_the_session_that_counts(app: Quart) -> None:
    """A logout after an invalid first cookie deletes the session's cookie."""
    valid = await session_cookie(app, 'mine')

    response = await get_with_cookies(app, '/del_session/', INVALID, valid)

    assert cookie_of(response).value == ''
    assert response.headers['Vary'] == 'Cookie'
