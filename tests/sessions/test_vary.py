"""`Vary: Cookie` exactly when the session was touched or refreshed, as Flask sends it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask
import pytest
import quart
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from quart import Quart, Response, session
from werkzeug.datastructures import Headers

from quart_session_demo.sessions import CookieSessionInterface
from tests.conftest import KEY

Touch = Callable[[Any], object]


def _update(session: Any) -> None:
    session |= {'a': 3}


# What a view may do to a session, which holds a=1 and b=2.
TOUCHES: dict[str, Touch] = {
    'get': lambda session: session.get('a'),
    'get missing': lambda session: session.get('z'),
    'item': lambda session: session['a'],
    'in': lambda session: 'a' in session,
    'not in': lambda session: 'z' not in session,
    'len': len,
    'bool': bool,
    'iterate': list,
    'reversed': lambda session: list(reversed(session)),
    'keys': lambda session: session.keys(),
    'values': lambda session: session.values(),
    'items': lambda session: session.items(),
    'dict': dict,
    'unpack': lambda session: {**session},
    'copy': lambda session: session.copy(),
    'equal': lambda session: session == {},
    'unequal': lambda session: session != {},
    'or': lambda session: session | {},
    'or from the right': lambda session: {} | session,
    'repr': repr,
    'str': str,
    'permanent': lambda session: session.permanent,
    'set': lambda session: session.__setitem__('a', 2),
    'delete': lambda session: session.__delitem__('a'),
    'setdefault': lambda session: session.setdefault('z', 1),
    'setdefault of what is there': lambda session: session.setdefault('a', 2),
    'pop': lambda session: session.pop('a'),
    'pop missing': lambda session: session.pop('z', None),
    'popitem': lambda session: session.popitem(),
    'update': lambda session: session.update(a=2),
    'update in place': _update,
    'clear': lambda session: session.clear(),
    'set permanent': lambda session: setattr(session, 'permanent', True),
    'mark as modified': lambda session: setattr(session, 'modified', True),
}
TEMPLATES = {
    'template uses it': '{{ session.a }}',
    'template passes it by': '{{ request.path }}',
    'template asks for a flash': '{{ get_flashed_messages() }}',
}


@dataclass(frozen=True)
class Reply:
    """What a browser and a cache see."""

    vary: list[str]
    sets_cookie: bool
    session: object


def _reply(headers: Headers) -> Reply:
    cookies = headers.getlist('Set-Cookie')
    value = cookies[0].removeprefix('session=').partition(';')[0] if cookies else None
    assert len(cookies) < 2
    return Reply(headers.getlist('Vary'), bool(cookies), SERIALIZER.loads(value) if value else None)


def _flask_app() -> flask.Flask:
    app = flask.Flask('flask_app')
    app.secret_key = KEY
    return app


SERIALIZER: Any = FlaskInterface().get_signing_serializer(_flask_app())


def _cookie(**values: object) -> dict[str, str]:
    return {'Cookie': f'session={SERIALIZER.dumps(values)}'}


@pytest.fixture
def quart_app() -> Quart:
    app = Quart('quart_app')
    app.secret_key = KEY
    app.session_interface = CookieSessionInterface()
    return app


VISITORS = {
    'browser session': {'a': 1, 'b': 2},
    'permanent session': {'a': 1, 'b': 2, '_permanent': True},
}


@pytest.mark.parametrize('visitor', VISITORS)
@pytest.mark.parametrize('name', TOUCHES)
async def test_vary_is_flasks_for_every_touch(quart_app: Quart, name: str, visitor: str) -> None:
    flask_app = _flask_app()
    headers = _cookie(**VISITORS[visitor])

    @flask_app.route('/')
    def sync_view() -> str:
        TOUCHES[name](flask.session)
        return ''

    @quart_app.route('/')
    async def async_view() -> str:
        TOUCHES[name](session)
        return ''

    theirs = flask_app.test_client(use_cookies=False).get('/', headers=headers)
    ours = await quart_app.test_client(use_cookies=False).get('/', headers=headers)

    assert _reply(ours.headers) == _reply(theirs.headers)
    assert ours.headers.getlist('Vary') == ['Cookie']


@pytest.mark.parametrize('name', TEMPLATES)
async def test_vary_is_flasks_for_templates(quart_app: Quart, name: str) -> None:
    flask_app = _flask_app()
    headers = _cookie(a=1)

    @flask_app.route('/')
    def sync_view() -> str:
        return flask.render_template_string(TEMPLATES[name])

    @quart_app.route('/')
    async def async_view() -> str:
        return await quart.render_template_string(TEMPLATES[name])

    theirs = flask_app.test_client(use_cookies=False).get('/', headers=headers)
    ours = await quart_app.test_client(use_cookies=False).get('/', headers=headers)

    assert _reply(ours.headers) == _reply(theirs.headers)


async def test_vary_is_flasks_for_flashing(quart_app: Quart) -> None:
    flask_app = _flask_app()

    @flask_app.route('/')
    def sync_view() -> str:
        flask.flash('saved')
        return ''

    @quart_app.route('/')
    async def async_view() -> str:
        await quart.flash('saved')
        return ''

    theirs = flask_app.test_client().get('/')
    ours = await quart_app.test_client().get('/')

    assert _reply(ours.headers) == _reply(theirs.headers)
    assert ours.headers.getlist('Vary') == ['Cookie']


@pytest.mark.parametrize('headers', [{}, _cookie(a=1)], ids=['new', 'known'])
@pytest.mark.parametrize('path', ['/', '/missing', '/static/missing.css'])
async def test_untouched_session_leaves_no_vary(
    quart_app: Quart, path: str, headers: dict[str, str]
) -> None:
    @quart_app.route('/')
    async def view() -> str:
        return ''

    response = await quart_app.test_client(use_cookies=False).get(path, headers=headers)

    assert 'Vary' not in response.headers
    assert 'Set-Cookie' not in response.headers


async def test_refresh_of_untouched_session_varies(quart_app: Quart) -> None:
    @quart_app.route('/')
    async def view() -> str:
        return ''

    response = await quart_app.test_client(use_cookies=False).get(
        '/', headers=_cookie(a=1, _permanent=True)
    )

    assert _reply(response.headers) == Reply(['Cookie'], True, {'a': 1, '_permanent': True})


async def test_session_that_is_not_refreshed_leaves_no_vary(quart_app: Quart) -> None:
    quart_app.config['SESSION_REFRESH_EACH_REQUEST'] = False

    @quart_app.route('/')
    async def view() -> str:
        return ''

    response = await quart_app.test_client(use_cookies=False).get(
        '/', headers=_cookie(a=1, _permanent=True)
    )

    assert 'Vary' not in response.headers


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        (['Accept'], 'Accept, Cookie'),
        (['Accept, Accept-Language'], 'Accept, Accept-Language, Cookie'),
        (['Accept', 'Accept-Language'], 'Accept, Accept-Language, Cookie'),
        (['cookie'], 'cookie'),
        (['Accept, Cookie'], 'Accept, Cookie'),
    ],
)
async def test_vary_is_merged(quart_app: Quart, before: list[str], after: str) -> None:
    @quart_app.route('/')
    async def view() -> Response:
        session['a'] = 1
        response = Response('')
        for field in before:
            response.headers.add('Vary', field)
        return response

    response = await quart_app.test_client().get('/')

    assert response.headers.getlist('Vary') == [after]


async def test_touch_after_the_view_varies(quart_app: Quart) -> None:
    @quart_app.after_request
    async def look(response: Response) -> Response:
        session.get('a')
        return response

    response = await quart_app.test_client().get('/missing')

    assert response.status_code == 404
    assert response.headers.getlist('Vary') == ['Cookie']
