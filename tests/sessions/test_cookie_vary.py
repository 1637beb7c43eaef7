"""The cookie session's Vary and Set-Cookie headers, compared with Flask's own responses."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask
import pytest
import quart
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from hypothesis import given, settings
from hypothesis import strategies as st
from quart import Quart, session
from werkzeug.datastructures import Headers

from tests.apps.sessions_app import make_cookie_app
from tests.conftest import KEY
from tests.sessions.uses import USES

TEMPLATES = ['{{ session.a }}', '{{ request.path }}', '{{ get_flashed_messages() }}']
SESSIONS: dict[str, dict[str, Any]] = {
    'browser session': {'a': 1, 'b': 2},
    'permanent session': {'a': 1, 'b': 2, '_permanent': True},
}


def make_flask_app() -> flask.Flask:
    app = flask.Flask('flask_app')
    app.secret_key = KEY
    return app


SERIALIZER: Any = FlaskInterface().get_signing_serializer(make_flask_app())


@dataclass(frozen=True)
class SessionHeaders:
    """What the session adds to a response: all that a browser and a cache see of it."""

    vary: list[str]
    sets_cookie: bool
    contents: object


def session_headers(headers: Headers) -> SessionHeaders:
    cookies = headers.getlist('Set-Cookie')
    assert len(cookies) < 2
    value = cookies[0].removeprefix('session=').partition(';')[0] if cookies else None
    contents = SERIALIZER.loads(value) if value else None
    return SessionHeaders(headers.getlist('Vary'), bool(cookies), contents)


def cookie_header(**values: object) -> dict[str, str]:
    return {'Cookie': f'session={SERIALIZER.dumps(values)}'}


@pytest.mark.parametrize('kind', SESSIONS)
@pytest.mark.parametrize('name', USES)
async def test_use_sends_flasks_headers(cookie_app: Quart, name: str, kind: str) -> None:
    """Each way to use a session sends the same Vary and cookie as in Flask."""
    flask_app = make_flask_app()
    headers = cookie_header(**SESSIONS[kind])

    @flask_app.route('/')
    def sync_view() -> str:
        USES[name](flask.session)
        return ''

    @cookie_app.route('/')
    async def async_view() -> str:
        USES[name](session)
        return ''

    theirs = flask_app.test_client(use_cookies=False).get('/', headers=headers)
    ours = await cookie_app.test_client(use_cookies=False).get('/', headers=headers)

    assert session_headers(ours.headers) == session_headers(theirs.headers)


@pytest.mark.parametrize('template', TEMPLATES)
async def test_template_sends_flasks_headers(cookie_app: Quart, template: str) -> None:
    """A template sends the same Vary and cookie as in Flask, whether it uses the session or not."""
    flask_app = make_flask_app()
    headers = cookie_header(a=1)

    @flask_app.route('/')
    def sync_view() -> str:
        return flask.render_template_string(template)

    @cookie_app.route('/')
    async def async_view() -> str:
        return await quart.render_template_string(template)

    theirs = flask_app.test_client(use_cookies=False).get('/', headers=headers)
    ours = await cookie_app.test_client(use_cookies=False).get('/', headers=headers)

    assert session_headers(ours.headers) == session_headers(theirs.headers)


async def test_flash_sends_flasks_headers(cookie_app: Quart) -> None:
    """Flashing a message sends the same Vary and cookie as in Flask."""
    flask_app = make_flask_app()

    @flask_app.route('/')
    def sync_view() -> str:
        flask.flash('saved')
        return ''

    @cookie_app.route('/')
    async def async_view() -> str:
        await quart.flash('saved')
        return ''

    theirs = flask_app.test_client().get('/')
    ours = await cookie_app.test_client().get('/')

    assert session_headers(ours.headers) == session_headers(theirs.headers)


async def test_unused_permanent_session_is_refreshed(cookie_app: Quart) -> None:
    """A permanent session is sent again at each request, unchanged and with `Vary: Cookie`."""
    client = cookie_app.test_client(use_cookies=False)

    response = await client.get('/unused', headers=cookie_header(a=1, _permanent=True))

    assert session_headers(response.headers) == SessionHeaders(
        ['Cookie'], True, {'a': 1, '_permanent': True}
    )


#: What a view may also do.
ASSIGNMENTS: dict[str, Callable[[Any], object]] = {
    'not accessed': lambda session: setattr(session, 'accessed', False),
    'not modified': lambda session: setattr(session, 'modified', False),
}


def use_in_order(proxy: Any, names: list[str]) -> list[object]:
    """Use a session in several ways; return what each one did to it."""
    raw = proxy._get_current_object()
    # In Flask each access to the proxy counts as a use, also for an assignment.
    raw.accessed = False
    seen: list[object] = []
    for name in names:
        error = None
        try:
            if name in USES:
                USES[name](proxy)
            else:
                ASSIGNMENTS[name](raw)
        except KeyError as raised:
            error = str(raised)
        seen.append((name, error, raw.accessed, raw.modified))
    accessed = raw.accessed
    seen.append(sorted(raw.items()))
    raw.accessed = accessed
    return seen


@given(st.lists(st.sampled_from([*USES, *ASSIGNMENTS]), min_size=1), st.sampled_from([*SESSIONS]))
@settings(max_examples=100, derandomize=True, deadline=None, database=None)
def test_uses_in_any_order_are_flasks(names: list[str], kind: str) -> None:
    """Uses in any order leave the same content, `accessed`, `modified` and headers as in Flask."""
    flask_app, quart_app = make_flask_app(), make_cookie_app()
    headers = cookie_header(**SESSIONS[kind])
    seen: list[list[object]] = []

    @flask_app.route('/')
    def sync_view() -> str:
        seen.append(use_in_order(flask.session, names))
        return ''

    @quart_app.route('/')
    async def async_view() -> str:
        seen.append(use_in_order(session, names))
        return ''

    theirs = flask_app.test_client(use_cookies=False).get('/', headers=headers)
    client = quart_app.test_client(use_cookies=False)
    ours = asyncio.run(client.get('/', headers=headers))

    assert seen[1] == seen[0]
    assert session_headers(ours.headers) == session_headers(theirs.headers)
