"""Error responses: what a client gets in place of a response whose session cannot be stored.

A cookie may be too large (413), a value unstorable (500), a server store unreachable (503).
"""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import quart
from quart import Quart, Response, session
from werkzeug.http import HTTP_STATUS_CODES

from tests.apps.sessions_app import make_sessions_app
from tests.conftest import session_contents
from tests.sessions.conftest import settings_of

# Random, so that it stays large when it is compressed.
LARGE = random.Random(1).randbytes(4000).hex()  # noqa: S311

#: Headers that describe or address the view's own content, that instruct a proxy, or are unknown.
CONTENT_HEADERS = {
    'ETag': '"1"',
    'Last-Modified': 'Tue, 24 Nov 2026 00:00:00 GMT',
    'Expires': 'Tue, 24 Nov 2027 00:00:00 GMT',
    'CDN-Cache-Control': 'max-age=60',
    'Cloudflare-CDN-Cache-Control': 'max-age=60',
    'Surrogate-Control': 'max-age=60',
    'X-Accel-Expires': '60',
    'X-Accel-Redirect': '/files/1',
    'X-Sendfile': '/files/1',
    'X-LiteSpeed-Location': '/files/1',
    'Edge-Control': 'max-age=60',
    'Warning': '110 - "Response is stale"',
    'Digest': 'sha-256=AAAA',
    'Content-Language': 'zh',
    'Content-Disposition': 'attachment',
    'Accept-Ranges': 'bytes',
    'Location': '/unused',
    'X-Other': 'unknown',
}


@dataclass(frozen=True)
class Failure:
    """A way in which a session cannot be stored.

    Attributes:
        settings: The settings of the app.
        value: What a view sets.
        status: The status of the response.
    """

    settings: dict[str, Any]
    value: object
    status: int

    def cause(self) -> None:
        """Change the session of this request so that it cannot be stored."""
        session['value'] = self.value


def _failure(kind: str, request: pytest.FixtureRequest) -> Failure:
    match kind:
        case 'too large':
            return Failure(settings_of('cookie', request), LARGE, 413)
        case 'memory too large':
            settings = settings_of('memory', request)
            return Failure({**settings, 'SESSION_MAX_STORED_SIZE': 500}, 'a' * 500, 413)
        case 'redis unreachable':
            # Nothing listens there.
            url = 'redis://127.0.0.1:1'
            return Failure({'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': url}, 1, 503)
        case 'postgresql unreachable':
            url = 'postgresql://127.0.0.1:1/postgres'
            return Failure({'SESSION_TYPE': 'sqlalchemy', 'SESSION_SQLALCHEMY_URL': url}, 1, 503)
        case _:
            store = kind.removesuffix(' unstorable')
            return Failure(settings_of(store, request), {'a', 'set'}, 500)


FAILURES = [
    'too large',
    'memory too large',
    'cookie unstorable',
    'sqlite unstorable',
    pytest.param('postgresql unstorable', marks=pytest.mark.postgres),
    pytest.param('redis unstorable', marks=pytest.mark.redis),
]


@pytest.fixture(params=[*FAILURES, 'redis unreachable', 'postgresql unreachable'])
def failure(request: pytest.FixtureRequest) -> Failure:
    """Return each way in which storing a session fails."""
    return _failure(request.param, request)


@pytest.fixture
async def app(failure: Failure) -> AsyncIterator[Quart]:
    app = make_sessions_app(**failure.settings)
    async with app.test_app():
        yield app


async def failed_response(
    app: Quart, failure: Failure, path: str = '/fail', **options: Any
) -> Response:
    """Store a small session, request a path that fails, and check that the session is as before."""
    client = app.test_client()
    if failure.status == 503:
        return await client.open(path, **options)
    await client.get('/set/small')
    response = await client.open(path, **options)
    assert await session_contents(client) == {'small': 'small'}
    return response


def assert_error(response: Response, failure: Failure) -> None:
    assert response.status_code == failure.status
    assert response.headers['Cache-Control'] == 'no-store'
    assert response.headers.getlist('Vary') == ['Cookie']
    assert ('Retry-After' in response.headers) == (failure.status == 503)
    assert 'Set-Cookie' not in response.headers


@pytest.mark.parametrize(
    ('accept', 'mimetype'),
    [
        ('application/json', 'application/json'),
        ('application/json; charset=utf-8', 'application/json'),
        ('application/problem+json', 'application/json'),
        ('text/html;q=0.5, application/vnd.api+json', 'application/json'),
        ('application/*', 'application/json'),
        ('', 'text/html'),
        ('*/*', 'text/html'),
        ('image/png', 'text/html'),
        ('*/json, +json, application/, /+json, json', 'text/html'),
        ('text/html, application/problem+json;q=0.9', 'text/html'),
        ('application/problem+json;q=0, */*', 'text/html'),
        ('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'),
    ],
)
async def test_error_has_accepted_type(
    app: Quart, failure: Failure, accept: str, mimetype: str
) -> None:
    """The error is JSON for a client that prefers JSON, and HTML for every other."""

    @app.get('/fail')
    async def view() -> str:
        failure.cause()
        return 'stored'

    response = await failed_response(app, failure, headers={'Accept': accept})

    assert_error(response, failure)
    assert response.mimetype == mimetype
    text = await response.get_data(as_text=True)
    assert int(response.headers['Content-Length']) == len(text.encode())
    if mimetype == 'application/json':
        error = await response.get_json()
        assert set(error) == {'error', 'detail'}
        assert error['error'] == HTTP_STATUS_CODES[failure.status]
    else:
        assert text.startswith('<!doctype html>')


async def test_error_replaces_redirect(app: Quart, failure: Failure) -> None:
    """An error in place of a redirect redirects nowhere."""

    @app.get('/fail')
    async def view() -> Any:
        failure.cause()
        return quart.redirect('/unused')

    response = await failed_response(app, failure)

    assert_error(response, failure)
    assert 'Location' not in response.headers


async def test_error_drops_content_headers(app: Quart, failure: Failure) -> None:
    """An error has none of the headers that belong to the view's content; CORS headers stay."""

    @app.get('/fail')
    async def view() -> Response:
        failure.cause()
        cors = {'Access-Control-Allow-Origin': 'https://example.com'}
        headers = {**CONTENT_HEADERS, **cors, 'Cache-Control': 'public, max-age=60'}
        return Response('stored', 201, headers)

    response = await failed_response(app, failure)

    assert_error(response, failure)
    assert [name for name in CONTENT_HEADERS if name in response.headers] == []
    assert response.headers['Access-Control-Allow-Origin'] == 'https://example.com'


@pytest.mark.parametrize('headers', [{}, {'Range': 'bytes=0-9'}], ids=['whole', 'range'])
async def test_error_replaces_file(
    app: Quart, failure: Failure, tmp_path: Path, headers: dict[str, str]
) -> None:
    """An error in place of a file, or of a part of it, has nothing of the file."""
    path = tmp_path / 'file.txt'
    path.write_text('a file of some length')

    @app.get('/fail')
    async def view() -> Response:
        failure.cause()
        return await quart.send_file(path, conditional=True)

    response = await failed_response(app, failure, headers=headers)

    assert_error(response, failure)
    for name in ('Accept-Ranges', 'Content-Range', 'ETag', 'Last-Modified'):
        assert name not in response.headers
    assert 'session' in await response.get_data(as_text=True)


async def test_error_replaces_not_modified(app: Quart, failure: Failure, tmp_path: Path) -> None:
    """An error is sent in place of a 304 to a client that has the file."""
    path = tmp_path / 'file.txt'
    path.write_text('a file')

    @app.get('/file')
    async def fresh() -> Response:
        return await quart.send_file(path)

    @app.get('/fail')
    async def view() -> Response:
        failure.cause()
        return await quart.send_file(path, conditional=True)

    etag = (await app.test_client().get('/file')).headers['ETag']

    assert_error(await failed_response(app, failure, headers={'If-None-Match': etag}), failure)


async def test_error_replaces_stream(app: Quart, failure: Failure) -> None:
    """An error is sent in place of a stream that has not started."""

    @app.get('/fail')
    async def view() -> tuple[AsyncIterator[str], dict[str, str]]:
        async def numbers() -> AsyncIterator[str]:
            yield 'one'

        failure.cause()
        return numbers(), {'Content-Type': 'text/plain'}

    response = await failed_response(app, failure)

    assert_error(response, failure)
    assert 'one' not in await response.get_data(as_text=True)


async def test_error_replaces_response_to_head(app: Quart, failure: Failure) -> None:
    """An error is the response to HEAD, too."""

    @app.get('/fail')
    async def view() -> str:
        failure.cause()
        return 'stored'

    assert_error(await failed_response(app, failure, method='HEAD'), failure)


async def test_error_after_the_view(app: Quart, failure: Failure) -> None:
    """A change in `after_request` that cannot be stored is the same error."""

    @app.get('/fail')
    async def view() -> str:
        quart.g.fail = True
        return 'stored'

    @app.after_request
    async def cause(response: Response) -> Response:
        if quart.g.get('fail'):
            failure.cause()
        return response

    assert_error(await failed_response(app, failure), failure)


async def test_error_keeps_other_cookies(app: Quart, failure: Failure) -> None:
    """A view's other cookies are sent with the error."""

    @app.get('/fail')
    async def view() -> Response:
        failure.cause()
        response = Response('')
        response.set_cookie('other', 'one')
        return response

    response = await failed_response(app, failure)

    assert response.status_code == failure.status
    names = [header.partition('=')[0] for header in response.headers.getlist('Set-Cookie')]
    assert names == ['other']


@pytest.mark.parametrize('status', [400, 403, 404, 422, 500])
@pytest.mark.parametrize('failure', FAILURES, indirect=True)
async def test_error_of_the_view_stays(
    app: Quart, failure: Failure, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """A view's own error is sent as it is: only its change of the session is lost, and logged."""

    @app.get('/fail')
    async def view() -> tuple[str, int, dict[str, str]]:
        failure.cause()
        return 'what is wrong', status, {'Cache-Control': 'max-age=5'}

    response = await failed_response(app, failure)

    assert response.status_code == status
    assert await response.get_data() == b'what is wrong'
    assert response.headers['Cache-Control'] == 'max-age=5'
    assert 'Set-Cookie' not in response.headers
    assert len(caplog.records) == 1


@pytest.mark.parametrize('failure', ['redis unreachable', 'postgresql unreachable'], indirect=True)
async def test_unavailable_replaces_error_of_the_view(app: Quart, failure: Failure) -> None:
    """A view's own error becomes a 503 if the store does not answer: the change must be retried."""

    @app.get('/fail')
    async def view() -> tuple[str, int]:
        failure.cause()
        return 'wrong password', 401

    assert_error(await failed_response(app, failure), failure)
