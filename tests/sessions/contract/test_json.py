"""JSON of a whole session: its content and `Vary: Cookie`, whichever encoder the app uses.

Encoders written in C read a dict without calling its methods.
"""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import orjson
import pytest
from jinja2 import DictLoader
from markupsafe import Markup
from quart import (
    Quart,
    jsonify,
    render_template,
    render_template_string,
    session,
    stream_template,
    websocket,
)

from quart_session_demo.sessions.tracking import current_session
from tests.apps.json_providers import PROVIDERS
from tests.sessions.conftest import each_kind

pytestmark = each_kind

#: Where each template has the session, and what that is as JSON, given the session's content.
TEMPLATES = {
    'tojson.html': '{{ session|tojson }}',
    'nested.html': "{{ {'s': session}|tojson }}",
    'indent.html': '{{ [session]|tojson(indent=2) }}',
    'loop.html': '[{% for n in [1] %}{{ session|tojson }}{% endfor %}]',
    'include.html': '{% include "tojson.html" %}',
    'import.html': '{% from "macro.html" import dump %}{{ dump(session) }}',
    'extends.html': '{% extends "base.html" %}{% block all %}{{ session|tojson }}{% endblock %}',
    'own.html': '{{ session|own }}',
    # Templates of the others.
    'macro.html': '{% macro dump(value) %}{{ value|tojson }}{% endmacro %}',
    'base.html': '{% block all %}{% endblock %}',
    'unused.html': '{{ [1]|tojson }}',
}
SHAPES: dict[str, Callable[[dict[str, Any]], object]] = {
    'tojson.html': lambda content: content,
    'nested.html': lambda content: {'s': content},
    'indent.html': lambda content: [content],
    'loop.html': lambda content: [content],
    'include.html': lambda content: content,
    'import.html': lambda content: content,
    'extends.html': lambda content: content,
    'own.html': lambda content: content,
}
#: What a view returns.
RESULTS: dict[str, Any] = {
    'jsonify a copy': lambda app: jsonify(dict(session)),
    'jsonify the session itself': lambda app: jsonify(current_session()),
    'a copy': lambda app: dict(session),
    'the session itself': lambda app: current_session(),
    'dumps': lambda app: app.json.dumps(current_session()),
}
#: The same with Quart's proxy, which is not a dict.
PROXY_RESULTS: dict[str, Any] = {
    'jsonify the proxy': lambda app: jsonify(session),
    'the proxy': lambda app: session,
}
CONTENTS: list[dict[str, Any]] = [{}, {'a': '<1>'}]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    """Return the name of each JSON provider."""
    return str(request.param)


@pytest.fixture
def json_app(app: Quart, provider: str) -> Quart:
    """Return an app with the provider, and with the templates and results of this module."""
    app.json = PROVIDERS[provider](app)
    app.jinja_env.loader = DictLoader(TEMPLATES)

    @app.template_filter('own')
    def own(value: Any) -> Markup:
        return Markup(app.json.dumps(value))  # noqa: S704

    @app.get('/template/<name>')
    async def template(name: str) -> str:
        return await render_template(name)

    @app.get('/result/<name>')
    async def result(name: str) -> Any:
        return {**RESULTS, **PROXY_RESULTS}[name](app)

    return app


async def get(app: Quart, path: str, content: dict[str, Any]) -> Any:
    """Return the response for a client whose session has this content."""
    client = app.test_client()
    async with client.session_transaction() as written:
        written.update(content)
    return await client.get(path)


async def test_template_writes_whole_session(json_app: Quart) -> None:
    """A template that writes the session to JSON has its content and sends `Vary: Cookie`."""
    for name, content in product(SHAPES, CONTENTS):
        response = await get(json_app, f'/template/{name}', content)

        assert response.status_code == 200, name
        assert json.loads(await response.get_data()) == SHAPES[name](content)
        assert response.headers.getlist('Vary') == ['Cookie']


async def test_json_of_something_else_sends_nothing(json_app: Quart) -> None:
    """A template that writes other values to JSON sends no `Vary`, also after one that did."""
    for content in CONTENTS:
        await get(json_app, '/template/tojson.html', content)

        response = await get(json_app, '/template/unused.html', content)

        assert await response.get_data(as_text=True) == '[1]'
        assert 'Vary' not in response.headers


async def test_view_returns_whole_session(json_app: Quart) -> None:
    """A view that returns the session as JSON has its content and sends `Vary: Cookie`."""
    for name, content in product(RESULTS, CONTENTS):
        response = await get(json_app, f'/result/{name}', content)

        assert response.status_code == 200, name
        assert json.loads(await response.get_data()) == content
        assert response.headers.getlist('Vary') == ['Cookie']


async def test_proxy_is_not_written(json_app: Quart, provider: str) -> None:
    """An encoder fails for Quart's proxy as in plain Quart; a lenient one writes its own text."""
    for name, content in product(PROXY_RESULTS, CONTENTS):
        response = await get(json_app, f'/result/{name}', content)

        body = await response.get_data(as_text=True)
        assert response.status_code == (200 if 'lenient' in provider else 500)
        # The text is the type of the proxy, or describes the session.
        assert response.headers.getlist('Vary') == ([] if body == '"LocalProxy"' else ['Cookie'])
        assert 'ud800' not in body


async def test_overridden_filter_writes_whole_session(app: Quart) -> None:
    """An app's own `tojson`, also in an overlay of the environment, has the session's content."""
    environment = app.jinja_env.overlay(trim_blocks=True)

    @app.template_filter('tojson')
    def to_json(value: Any) -> Markup:
        return Markup(orjson.dumps(value).decode())  # noqa: S704

    @app.get('/overlay')
    async def overlay() -> str:
        template = environment.from_string('{{ session|tojson }}')
        return await template.render_async(session=current_session())

    @app.get('/string')
    async def string() -> str:
        return await render_template_string('{{ session|tojson }}')

    for content in CONTENTS:
        response = await get(app, '/string', content)
        assert await response.get_json(force=True) == content
        assert response.headers.getlist('Vary') == ['Cookie']

        # The filter is known now.
        response = await get(app, '/overlay', content)
        assert await response.get_json(force=True) == content
        assert response.headers.getlist('Vary') == ['Cookie']


async def test_overlay_alone_writes_whole_session(app: Quart) -> None:
    """An overlay that no template of the app preceded has the session's content."""
    environment = app.jinja_env.overlay(trim_blocks=True)

    @app.get('/overlay')
    async def overlay() -> str:
        template = environment.from_string('{{ session|tojson }}')
        return await template.render_async(session=current_session())

    app.json = PROVIDERS['orjson lenient'](app)

    for content in CONTENTS:
        response = await get(app, '/overlay', content)

        assert response.status_code == 200
        assert await response.get_json(force=True) == content
        assert response.headers.getlist('Vary') == ['Cookie']


async def test_json_of_session_in_streamed_template(json_app: Quart) -> None:
    """A streamed template has the session's content; the view must use it before, for `Vary`."""

    @json_app.get('/stream')
    async def stream() -> Any:
        return await stream_template('tojson.html')

    for content in CONTENTS:
        response = await get(json_app, '/stream', content)

        assert json.loads(await response.get_data()) == content


async def test_json_of_session_in_websocket(json_app: Quart) -> None:
    """A websocket that writes the session to JSON has its content."""

    @json_app.websocket('/ws')
    async def view() -> None:
        await websocket.send(json_app.json.dumps(current_session()))

    for content in CONTENTS:
        client = json_app.test_client()
        async with client.session_transaction() as written:
            written.update(content)
        async with client.websocket('/ws') as connection:
            assert json.loads(await connection.receive()) == content
