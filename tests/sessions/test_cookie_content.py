"""The content of the session cookie: a size and a nesting that are not read or written."""

import tracemalloc
import zlib
from typing import Any

import pytest
from itsdangerous.encoding import base64_encode
from quart import Quart, session
from quart.testing.app import LifespanError

from quart_session_demo.sessions import CookieSessionInterface
from quart_session_demo.sessions.inspector import inspect_cookie
from quart_session_demo.sessions.limits import CONTENT_LIMIT, SaveRefusal
from quart_session_demo.sessions.serializer import SessionSerializer
from quart_session_demo.sessions.tracking import current_session
from tests.apps.sessions_app import make_cookie_app
from tests.conftest import contents_of, get_with_cookie, session_contents

#: In a Flask app without the limit, this content is a cookie of about 2 KB.
LARGE = 'a' * 1_900_000


def unlimited_serializer(app: Quart) -> SessionSerializer:
    """Return the app's serializer without the limit of the content."""
    serializer = CookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    serializer.max_size = None
    return serializer


def signed_content(app: Quart, content: bytes) -> str:
    """Return the cookie with this content, compressed and signed by the app."""
    payload = b'.' + base64_encode(zlib.compress(content, 9))
    return unlimited_serializer(app).make_signer().sign(payload).decode()


def test_default_is_256_kb(cookie_app: Quart) -> None:
    """The limit is 256 KB, in an app without our settings too."""
    serializer = CookieSessionInterface().get_signing_serializer(cookie_app)

    assert serializer is not None
    assert serializer.max_size == 262_144


@pytest.mark.parametrize('value', [0, -1, '1000', 1.5, True, None])
async def test_setting_must_be_a_size(value: Any) -> None:
    """A setting that is no positive number of bytes stops the start, which names it."""
    app = make_cookie_app(**{CONTENT_LIMIT: value})

    with pytest.raises(LifespanError, match=f'{CONTENT_LIMIT} is .*: set it to'):
        async with app.test_app():
            pass


async def test_larger_content_is_not_read(
    cookie_app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A cookie with larger content is an empty session and one log line, in little memory."""
    value = str(unlimited_serializer(cookie_app).dumps({'large': LARGE}))
    assert len(value) < 4093
    assert (await get_with_cookie(cookie_app, '/nowhere', '')).status_code == 404

    tracemalloc.start()
    try:
        response = await get_with_cookie(cookie_app, '/nowhere', value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert response.status_code == 404
    assert peak < len(LARGE) / 2
    assert caplog.messages == [
        f'Session cookie not read: its content is larger than 262144 bytes ({CONTENT_LIMIT})'
    ]
    assert await contents_of(cookie_app, value) == {}


@pytest.mark.parametrize('compressed', [True, False])
async def test_limit_is_exact(compressed: bool) -> None:
    """Content of exactly the limit is written and read, compressed or not; one byte more is not."""
    app = make_cookie_app()
    data = {'key': 'a' * 1000 if compressed else 'abc'}
    value = str(unlimited_serializer(app).dumps(data))
    assert value.startswith('.') is compressed
    size = inspect_cookie(value, app).content_size
    assert size == len('{"key":""}') + len(data['key'])

    for limit, read in ((size, data), (size - 1, {})):
        app = make_cookie_app(**{CONTENT_LIMIT: limit})

        @app.get('/write')
        async def write() -> str:
            session.update(data)
            return 'written'

        assert await contents_of(app, value) == read
        assert (await app.test_client().get('/write')).status_code == (200 if read else 413)
        inspected = inspect_cookie(value, app)
        assert (inspected.accepted, inspected.content_too_large) == (bool(read), not read)


async def test_another_cookie_is_tried(cookie_app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    """Several cookies with larger content are one log line, and the next cookie is read."""
    serializer = unlimited_serializer(cookie_app)
    large, small = serializer.dumps({'large': LARGE}), serializer.dumps({'small': 1})
    cookies = f'session={large!s}; session={large!s}; session={small!s}'

    client = cookie_app.test_client(use_cookies=False)
    response = await client.get('/contents', headers={'Cookie': cookies})

    assert await response.get_json() == {'small': 1}
    assert len(caplog.records) == 1


async def test_larger_content_is_refused(
    cookie_app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A changed session with larger content is 413 with both sizes, and is not stored."""
    sessions: list[Any] = []

    @cookie_app.get('/large')
    async def large() -> str:
        sessions.append(current_session())
        session['large'] = LARGE
        return 'stored'

    client = cookie_app.test_client()
    await client.get('/set/small')

    response = await client.get('/large')

    size = len('{"small":"small","large":""}') + len(LARGE)
    sentence = (
        f'The session would be {size} bytes long before its compression; the limit is 262144 bytes.'
    )
    assert response.status_code == 413
    assert sentence in await response.get_data(as_text=True)
    assert caplog.messages == [f'Session not saved ({CONTENT_LIMIT}): {sentence}']
    assert sessions[0].refusal == SaveRefusal(size, 262_144, CONTENT_LIMIT)
    assert await session_contents(client) == {'small': 'small'}


async def test_content_nested_too_deeply_is_not_read(
    cookie_app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A cookie whose content Python cannot read is an empty session and one log line."""
    value = signed_content(cookie_app, b'{"a":' + b'[' * 100_000 + b']' * 100_000 + b'}')

    assert await contents_of(cookie_app, value) == {}
    assert caplog.messages == ['Session cookie not read: its content is nested too deeply']
    assert len(caplog.text.splitlines()) == 1


async def test_truncated_content_is_not_read(
    cookie_app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A signed cookie with cut or wrong content is an empty session and one log line."""
    signer = unlimited_serializer(cookie_app).make_signer()
    for data in (zlib.compress(b'{"a":1}')[:-5], b'{"a":1}', zlib.compress(b'[')):
        value = signer.sign(b'.' + base64_encode(data)).decode()

        caplog.clear()
        assert await contents_of(cookie_app, value) == {}
        assert len(caplog.messages) == 1
