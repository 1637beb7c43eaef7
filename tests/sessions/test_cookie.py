"""The cookie session: what is too large, Flask's own wire, every cookie setting."""

import logging
import random
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask
import pytest
import quart
from flask.sessions import SecureCookieSession
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from markupsafe import Markup
from quart import Quart, Response, session

from quart_session_demo.sessions import CookieSession, CookieSessionInterface
from tests.conftest import KEY

# Random, so that it stays large when it is compressed.
LARGE = random.Random(1).randbytes(4000).hex()  # noqa: S311


def _app(**config: object) -> Quart:
    app = Quart('quart_app')
    app.config.from_mapping({'SECRET_KEY': KEY, 'PROPAGATE_EXCEPTIONS': False, **config})
    app.session_interface = CookieSessionInterface()

    @app.route('/small')
    async def small() -> str:
        session['small'] = 'kept'
        return 'stored'

    @app.route('/read')
    async def read() -> str:
        return repr(dict(session))

    return app


def _flask_app(**config: object) -> flask.Flask:
    app = flask.Flask('flask_app')
    app.config.from_mapping({'SECRET_KEY': KEY, **config})
    return app


def _flask_serializer(**config: object) -> Any:
    return FlaskInterface().get_signing_serializer(_flask_app(**config))


@pytest.fixture
def app() -> Quart:
    return _app()


def _overgrow() -> None:
    session['large'] = LARGE


async def _reply_to_overflow(app: Quart, path: str = '/', **options: Any) -> Response:
    """Store a small session, then overgrow it; check that the next request has the small one."""
    client = app.test_client()
    await client.get('/small')
    response = await client.open(path, **options)
    after = await client.get('/read')
    assert await after.get_data(as_text=True) == "{'small': 'kept'}"
    return response


def _assert_413(response: Response) -> None:
    assert response.status_code == 413
    assert response.headers['Cache-Control'] == 'no-store'
    assert response.headers.getlist('Vary') == ['Cookie']
    assert 'Set-Cookie' not in response.headers


async def test_overflow_says_how_large_and_what_the_limit_is(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route('/')
    async def view() -> str:
        _overgrow()
        return 'stored'

    response = await _reply_to_overflow(app)

    _assert_413(response)
    text = await response.get_data(as_text=True)
    sizes = re.search(r'would be (\d+) bytes long; the limit is 4093 bytes', text)
    assert sizes is not None
    assert 4093 < int(sizes[1]) < 2 * len(LARGE)
    assert response.mimetype == 'text/html'
    assert int(response.headers['Content-Length']) == len(text)
    [record] = caplog.records
    assert sizes[1] in record.getMessage()
    assert LARGE[:20] not in caplog.text


async def test_overflow_size_is_that_of_the_whole_cookie(app: Quart) -> None:
    @app.route('/<int:length>')
    async def view(length: int) -> str:
        session['large'] = LARGE[:length]
        return ''

    client = app.test_client()
    largest = 0
    for length in range(2000, 8000, 50):
        response = await client.get(f'/{length}')
        if response.status_code == 413:
            break
        largest = len(response.headers['Set-Cookie'])

    assert 4093 - 100 < largest <= 4093


async def test_cookie_of_exactly_the_limit_is_sent(app: Quart) -> None:
    client = app.test_client(use_cookies=False)
    size = len((await client.get('/small')).headers['Set-Cookie'])

    app.config['MAX_COOKIE_SIZE'] = size
    kept = await client.get('/small')
    app.config['MAX_COOKIE_SIZE'] = size - 1
    refused = await client.get('/small')

    assert (kept.status_code, len(kept.headers['Set-Cookie'])) == (200, size)
    _assert_413(refused)


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
async def test_overflow_is_json_when_asked_for(app: Quart, accept: str, mimetype: str) -> None:
    @app.route('/')
    async def view() -> str:
        _overgrow()
        return 'stored'

    response = await _reply_to_overflow(app, headers={'Accept': accept})

    _assert_413(response)
    assert response.mimetype == mimetype
    if mimetype == 'application/json':
        assert set(await response.get_json()) == {'error', 'detail'}


async def test_overflow_of_a_redirect_goes_nowhere(app: Quart) -> None:
    @app.route('/')
    async def view() -> Any:
        _overgrow()
        return quart.redirect('/read')

    response = await _reply_to_overflow(app)

    _assert_413(response)
    assert 'Location' not in response.headers


async def test_overflow_drops_what_described_the_content(app: Quart) -> None:
    described = {
        'ETag': '"1"',
        'Last-Modified': 'Tue, 24 Nov 2026 00:00:00 GMT',
        'Expires': 'Tue, 24 Nov 2027 00:00:00 GMT',
        'Cache-Control': 'public, max-age=60',
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
        'Location': '/read',
    }

    @app.route('/')
    async def view() -> Response:
        _overgrow()
        return Response('stored', 201, {**described, 'X-Other': 'goes'})

    response = await _reply_to_overflow(app)

    _assert_413(response)
    assert [name for name in described if name in response.headers] == ['Cache-Control']
    assert 'X-Other' not in response.headers


@pytest.mark.parametrize('headers', [{}, {'Range': 'bytes=0-9'}])
async def test_overflow_of_a_file_has_no_part_of_it(
    app: Quart, tmp_path: Path, headers: dict[str, str]
) -> None:
    path = tmp_path / 'file.txt'
    path.write_text('a file of some length')

    @app.route('/')
    async def view() -> Response:
        _overgrow()
        return await quart.send_file(path, conditional=True)

    response = await _reply_to_overflow(app, headers=headers)

    _assert_413(response)
    for name in ('Accept-Ranges', 'Content-Range', 'ETag', 'Last-Modified'):
        assert name not in response.headers
    assert 'limit is 4093 bytes' in await response.get_data(as_text=True)


async def test_overflow_of_a_file_the_browser_has_is_an_error(app: Quart, tmp_path: Path) -> None:
    path = tmp_path / 'file.txt'
    path.write_text('a file')

    @app.route('/file')
    async def fresh() -> Response:
        return await quart.send_file(path)

    @app.route('/')
    async def view() -> Response:
        _overgrow()
        return await quart.send_file(path, conditional=True)

    etag = (await app.test_client().get('/file')).headers['ETag']

    _assert_413(await _reply_to_overflow(app, headers={'If-None-Match': etag}))


async def test_overflow_of_a_stream_is_an_error(app: Quart) -> None:
    @app.route('/')
    async def view() -> tuple[AsyncIterator[str], dict[str, str]]:
        async def numbers() -> AsyncIterator[str]:
            yield 'one'

        _overgrow()
        return numbers(), {'Content-Type': 'text/plain'}

    response = await _reply_to_overflow(app)

    _assert_413(response)
    assert 'one' not in await response.get_data(as_text=True)


async def test_overflow_of_head_is_an_error(app: Quart) -> None:
    @app.route('/')
    async def view() -> str:
        _overgrow()
        return 'stored'

    _assert_413(await _reply_to_overflow(app, method='HEAD'))


async def test_overflow_by_flashing_is_an_error(app: Quart) -> None:
    @app.route('/')
    async def view() -> str:
        await quart.flash(LARGE)
        return 'stored'

    _assert_413(await _reply_to_overflow(app))


async def test_overflow_after_the_view_is_an_error(app: Quart) -> None:
    @app.route('/')
    async def view() -> str:
        quart.g.grow = True
        return 'stored'

    @app.after_request
    async def grow(response: Response) -> Response:
        if quart.g.get('grow'):
            _overgrow()
        return response

    _assert_413(await _reply_to_overflow(app))


@pytest.mark.parametrize('status', [400, 403, 404, 422, 500])
async def test_overflow_of_an_error_loses_only_the_cookie(
    app: Quart, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route('/')
    async def view() -> tuple[str, int, dict[str, str]]:
        _overgrow()
        return 'what is wrong', status, {'Cache-Control': 'max-age=5'}

    response = await _reply_to_overflow(app)

    assert response.status_code == status
    assert await response.get_data() == b'what is wrong'
    assert response.headers['Cache-Control'] == 'max-age=5'
    assert 'Set-Cookie' not in response.headers
    assert len(caplog.records) == 1


async def test_overflow_keeps_other_cookies(app: Quart) -> None:
    @app.route('/')
    async def view() -> Response:
        _overgrow()
        response = Response('')
        response.set_cookie('other', 'one')
        return response

    response = await _reply_to_overflow(app)

    assert [field.partition('=')[0] for field in response.headers.getlist('Set-Cookie')] == [
        'other'
    ]


@pytest.mark.parametrize('limit', [0, 100_000])
async def test_overflow_has_the_limit_that_is_set(limit: int) -> None:
    app = _app(MAX_COOKIE_SIZE=limit)

    @app.route('/')
    async def view() -> str:
        _overgrow()
        return 'stored'

    response = await app.test_client().get('/')

    assert response.status_code == 200
    assert len(response.headers['Set-Cookie']) > 4093


async def test_refresh_that_would_overflow_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    data = {'_permanent': True, 'large': LARGE}
    flask_app = _flask_app()

    @flask_app.route('/')
    def sync_view() -> str:
        flask.session.update(data)
        return ''

    # The limit that Flask's shorter attributes just keep.
    with pytest.warns(UserWarning, match='cookie is too large'):
        made = flask_app.test_client().get('/').headers['Set-Cookie']
    app = _app(MAX_COOKIE_SIZE=len(made), SESSION_COOKIE_SAMESITE='Lax')

    @app.route('/page')
    async def page() -> tuple[str, dict[str, str]]:
        return 'a page', {'Cache-Control': 'max-age=5'}

    headers = {'Cookie': made.partition(';')[0]}
    page_reply = await app.test_client(use_cookies=False).get('/page', headers=headers)
    read_reply = await app.test_client(use_cookies=False).get('/read', headers=headers)

    assert (page_reply.status_code, read_reply.status_code) == (200, 200)
    assert page_reply.headers['Cache-Control'] == 'max-age=5'
    assert 'Vary' not in page_reply.headers
    assert 'Set-Cookie' not in page_reply.headers
    assert await read_reply.get_data(as_text=True) == repr(data)
    assert ['not refreshed' in record.getMessage() for record in caplog.records] == [True, True]


async def test_value_that_cannot_be_stored_is_500_and_loses_nothing(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route('/')
    async def view() -> str:
        session['a'] = {1, 2}
        return 'stored'

    response = await _reply_to_overflow(app)

    assert response.status_code == 500
    assert 'Set-Cookie' not in response.headers
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_value_nested_too_deeply_is_500_and_one_line(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.route('/')
    async def view() -> str:
        nested: list[Any] = []
        for _ in range(100_000):
            nested = [nested]
        session['a'] = nested
        return 'stored'

    response = await _reply_to_overflow(app)

    assert response.status_code == 500
    assert 'Set-Cookie' not in response.headers
    assert len(caplog.text.splitlines()) == 1


async def test_session_that_cannot_tell_whether_it_changed_is_500(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(CookieSession):
        @property
        def modified(self) -> bool:
            raise ValueError('it fails')

        @modified.setter
        def modified(self, value: bool) -> None: ...

    class Interface(CookieSessionInterface):
        session_class = Failing

    app.session_interface = Interface()

    response = await app.test_client().get('/small')

    assert response.status_code == 500
    assert [record.getMessage() for record in caplog.records] == ['The session cannot be saved']


def test_session_class_that_could_not_be_saved_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r'Interface.session_class must derive from .*CookieSession'
    ):

        class Interface(CookieSessionInterface):
            session_class = SecureCookieSession  # type: ignore[assignment]


async def test_session_class_that_derives_from_ours_is_used(app: Quart) -> None:
    class Mine(CookieSession):
        pass

    class Interface(CookieSessionInterface):
        session_class = Mine

    app.session_interface = Interface()
    async with app.test_request_context('/'):
        assert isinstance(session, Mine)


TYPED: dict[str, Any] = {
    'tuple': (1, ('two', (b'three',))),
    'bytes': b'\x00\xff',
    'uuid': uuid.UUID(int=7),
    'markup': Markup('<b>bold</b>'),
    'datetime': datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC),
    'dict like a tag': {' t': [1]},
    'list': [None, True, 1, 1.5, '中文', {'deep': (1,)}],
}


async def _reading_quart(value: str, name: str, **config: object) -> object:
    app = _app(**config)
    async with app.test_request_context('/', headers={'Cookie': f'session={value}'}):
        return session.get(name)


def _reading_flask(value: str, name: str, **config: object) -> object:
    app = _flask_app(**config)
    with app.test_request_context('/', headers={'Cookie': f'session={value}'}):
        return flask.session.get(name)


def _signed_by_ours(data: dict[str, Any], **config: object) -> str:
    serializer = CookieSessionInterface().get_signing_serializer(_app(**config))
    assert serializer is not None
    return str(serializer.dumps(data))


@pytest.mark.parametrize('name', TYPED)
async def test_wire_keeps_every_type_both_ways(name: str) -> None:
    value = TYPED[name]
    by_flask = _flask_serializer().dumps({name: value})
    by_ours = _signed_by_ours({name: value})

    for read in (await _reading_quart(by_flask, name), _reading_flask(by_ours, name)):
        assert read == value
        assert type(read) is type(value)


async def test_wire_is_stock_quarts_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('time.time', lambda: 1_800_000_000.0)
    stock = quart.sessions.SecureCookieSessionInterface().get_signing_serializer(_app())
    assert stock is not None

    for data in ({'username': 'zhiliao', 'age': 20}, TYPED, {'long': 'again ' * 500}):
        assert _signed_by_ours(data) == stock.dumps(data)


ROTATED: dict[str, Any] = {'SECRET_KEY': 'new key', 'SECRET_KEY_FALLBACKS': [KEY, 'oldest key']}


@pytest.mark.parametrize('key', [KEY, 'oldest key', 'new key'])
async def test_wire_stays_through_key_rotation(key: str) -> None:
    by_flask = _flask_serializer(SECRET_KEY=key).dumps({'a': 1})
    by_ours = _signed_by_ours({'a': 1}, SECRET_KEY=key)

    assert await _reading_quart(by_flask, 'a', **ROTATED) == 1
    assert _reading_flask(by_ours, 'a', **ROTATED) == 1


async def test_rotated_key_signs_anew() -> None:
    by_ours = _signed_by_ours({'a': 1}, **ROTATED)

    assert _reading_flask(by_ours, 'a', SECRET_KEY='new key') == 1
    assert _reading_flask(by_ours, 'a') is None


async def test_key_changed_while_running_counts_at_once(app: Quart) -> None:
    client = app.test_client()
    await client.get('/small')

    app.secret_key = 'another key'

    assert await (await client.get('/read')).get_data() == b'{}'


async def test_fallbacks_given_as_one_string_are_one_key() -> None:
    app = _app(SECRET_KEY_FALLBACKS='12')
    forged = _flask_serializer(SECRET_KEY='1').dumps({'admin': True})
    rightful = _flask_serializer(SECRET_KEY='12').dumps({'admin': True})

    client = app.test_client(use_cookies=False)
    for value, text in ((forged, b'{}'), (rightful, b"{'admin': True}")):
        response = await client.get('/read', headers={'Cookie': f'session={value}'})

        assert await response.get_data() == text


async def test_empty_fallback_is_no_key() -> None:
    forger = _flask_serializer()
    forger.secret_keys = [b'']
    forged = forger.dumps({'a': 1})
    rightful = _flask_serializer(SECRET_KEY='old').dumps({'a': 1})

    for fallbacks in (['', 'old', b''], ('old', '')):
        assert await _reading_quart(forged, 'a', SECRET_KEY_FALLBACKS=fallbacks) is None
        assert await _reading_quart(rightful, 'a', SECRET_KEY_FALLBACKS=fallbacks) == 1


@pytest.mark.parametrize('content', [[1], 'text', None, 5])
async def test_signed_content_that_is_no_session_is_empty(app: Quart, content: object) -> None:
    value = _flask_serializer().dumps(content)

    response = await app.test_client().get('/read', headers={'Cookie': f'session={value}'})

    assert await response.get_data() == b'{}'


async def test_no_key_is_said_when_written(app: Quart) -> None:
    app.secret_key = None

    assert (await app.test_client().get('/read')).status_code == 200
    assert (await app.test_client().get('/small')).status_code == 500


SETTINGS: list[dict[str, Any]] = [
    {},
    {'SESSION_COOKIE_NAME': '__Host-session', 'SESSION_COOKIE_SECURE': True},
    {'SESSION_COOKIE_DOMAIN': 'example.com'},
    {'SESSION_COOKIE_PATH': '/app'},
    {'APPLICATION_ROOT': '/root'},
    {'SESSION_COOKIE_HTTPONLY': False},
    {'SESSION_COOKIE_SAMESITE': 'Strict'},
    {'SESSION_COOKIE_SAMESITE': 'None', 'SESSION_COOKIE_SECURE': True},
    {'SESSION_COOKIE_PARTITIONED': True, 'SESSION_COOKIE_SECURE': True},
    {'SESSION_COOKIE_PARTITIONED': True},
]


def _attributes(field: str) -> dict[str, object]:
    """Return the attributes of a `Set-Cookie` header, but those that tell the time."""
    first, *others = field.split('; ')
    attributes: dict[str, object] = {'name': first.partition('=')[0]}
    for attribute in others:
        key, _, value = attribute.partition('=')
        if key not in {'Expires', 'Max-Age'}:
            attributes[key] = value
    return attributes


@pytest.mark.parametrize('settings', SETTINGS, ids=str)
async def test_settings_apply_to_setting_refreshing_and_deleting(settings: dict[str, Any]) -> None:
    app = _app(**settings)
    flask_app = _flask_app(**settings)
    name = settings.get('SESSION_COOKIE_NAME', 'session')

    @app.route('/set')
    async def set_it() -> str:
        session['a'] = 1
        session.permanent = True
        return ''

    @app.route('/clear')
    async def clear() -> str:
        session.clear()
        return ''

    @flask_app.route('/set')
    def set_in_flask() -> str:
        flask.session['a'] = 1
        return ''

    client = app.test_client(use_cookies=False)
    made = (await client.get('/set')).headers['Set-Cookie']
    value = made.partition(';')[0].partition('=')[2]
    headers = {'Cookie': f'{name}={value}'}
    refreshed = (await client.get('/read', headers=headers)).headers['Set-Cookie']
    deleted = (await client.get('/clear', headers=headers)).headers['Set-Cookie']
    flasks = flask_app.test_client().get('/set', base_url='http://example.com')

    expected = _attributes(flasks.headers['Set-Cookie'])
    assert _attributes(made) == _attributes(refreshed) == _attributes(deleted) == expected
    assert 'Max-Age=0' in deleted
