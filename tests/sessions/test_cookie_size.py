"""The cookie session's size: a change that is too large is refused with 413."""

import random
import re
from typing import Any

import flask
import pytest
import quart
from quart import Quart, Response, session

from tests.apps.sessions_app import make_cookie_app
from tests.conftest import KEY, get_with_cookie, session_contents

# Random, so that it stays large when it is compressed.
LARGE = random.Random(1).randbytes(4000).hex()  # noqa: S311


def assert_413(response: Response) -> None:
    assert response.status_code == 413
    assert response.headers['Cache-Control'] == 'no-store'
    assert response.headers.getlist('Vary') == ['Cookie']
    assert 'Set-Cookie' not in response.headers


async def test_too_large_cookie_reports_size_and_limit(
    cookie_app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """The 413 page and one log line state the size and the limit, and nothing of the content."""

    @cookie_app.route('/large')
    async def view() -> str:
        session['large'] = LARGE
        return 'stored'

    client = cookie_app.test_client()
    await client.get('/set/small')

    response = await client.get('/large')

    assert_413(response)
    text = await response.get_data(as_text=True)
    size, limit = re.findall(r'(\d+) bytes', text)
    assert limit == '4093'
    assert 4093 < int(size) < 2 * len(LARGE)
    assert response.mimetype == 'text/html'
    assert int(response.headers['Content-Length']) == len(text)
    [record] = caplog.records
    assert size in record.getMessage()
    assert LARGE[:20] not in text + caplog.text
    assert await session_contents(client) == {'small': 'small'}


async def test_size_is_that_of_the_whole_cookie(cookie_app: Quart) -> None:
    """Cookies up to nearly 4093 bytes are sent, with name and attributes; none is larger."""

    @cookie_app.route('/<int:length>')
    async def view(length: int) -> str:
        session['large'] = LARGE[:length]
        return ''

    client = cookie_app.test_client()
    largest = 0
    for length in range(2000, 8000, 50):
        response = await client.get(f'/{length}')
        if response.status_code == 413:
            break
        largest = len(response.headers['Set-Cookie'])

    assert 4093 - 100 < largest <= 4093


async def test_cookie_of_exactly_the_limit_is_sent(cookie_app: Quart) -> None:
    """A cookie of `MAX_COOKIE_SIZE` bytes is sent; one more byte is refused."""
    client = cookie_app.test_client(use_cookies=False)
    size = len((await client.get('/set/small')).headers['Set-Cookie'])

    cookie_app.config['MAX_COOKIE_SIZE'] = size
    sent = await client.get('/set/small')
    cookie_app.config['MAX_COOKIE_SIZE'] = size - 1
    refused = await client.get('/set/small')

    assert (sent.status_code, len(sent.headers['Set-Cookie'])) == (200, size)
    assert_413(refused)


async def test_too_large_flash_is_refused(cookie_app: Quart) -> None:
    """A flashed message that makes the cookie too large is refused like any other change."""

    @cookie_app.route('/flash')
    async def view() -> str:
        await quart.flash(LARGE)
        return 'flashed'

    client = cookie_app.test_client()
    await client.get('/set/small')

    assert_413(await client.get('/flash'))
    assert await session_contents(client) == {'small': 'small'}


@pytest.mark.parametrize('limit', [0, 100_000])
async def test_limit_can_be_raised(limit: int) -> None:
    """`MAX_COOKIE_SIZE` sets the limit, and 0 means that there is none."""
    app = make_cookie_app(MAX_COOKIE_SIZE=limit)

    @app.route('/')
    async def view() -> str:
        session['large'] = LARGE
        return 'stored'

    response = await app.test_client().get('/')

    assert response.status_code == 200
    assert len(response.headers['Set-Cookie']) > 4093


async def test_too_large_refresh_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """A session that became too large to refresh is still read: only the refresh is skipped."""
    data: dict[str, Any] = {'_permanent': True, 'large': LARGE}
    flask_app = flask.Flask('flask_app')
    flask_app.secret_key = KEY

    @flask_app.route('/')
    def sync_view() -> str:
        flask.session.update(data)
        return ''

    # A limit that Flask's shorter attributes just respect.
    with pytest.warns(UserWarning, match='cookie is too large'):
        header = flask_app.test_client().get('/').headers['Set-Cookie']
    app = make_cookie_app(MAX_COOKIE_SIZE=len(header), SESSION_COOKIE_SAMESITE='Lax')
    value = header.partition(';')[0].removeprefix('session=')

    @app.route('/page')
    async def page() -> tuple[str, dict[str, str]]:
        return 'a page', {'Cache-Control': 'max-age=5'}

    unused = await get_with_cookie(app, '/page', value)
    read = await get_with_cookie(app, '/contents', value)

    assert (unused.status_code, read.status_code) == (200, 200)
    assert unused.headers['Cache-Control'] == 'max-age=5'
    assert 'Vary' not in unused.headers
    assert 'Set-Cookie' not in unused.headers
    assert await read.get_json() == data
    assert ['refreshed' in record.getMessage() for record in caplog.records] == [True, True]
