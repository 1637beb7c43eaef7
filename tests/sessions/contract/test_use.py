"""Use: each one is noticed and sends `Vary: Cookie`; without a use nothing is sent."""

from typing import Any

import pytest
from quart import Quart, Response, flash, render_template_string, session

from tests.conftest import session_contents
from tests.sessions.uses import USES

TEMPLATES = {
    '{{ session.a }}': True,
    '{{ get_flashed_messages() }}': True,
    '{{ request.path }}': False,
}


@pytest.mark.parametrize('permanent', [False, True], ids=['browser session', 'permanent'])
async def test_every_use_varies_and_counts(app: Quart, permanent: bool) -> None:
    """Each way to use a session adds `Cookie` to Vary, and stores what it changed."""
    seen: dict[str, Any] = {}

    @app.get('/use/<name>')
    async def view(name: str) -> tuple[str, dict[str, str]]:
        USES[name](session)
        seen[name] = dict(session)
        return 'used', {'Vary': 'Accept'}

    varies, stored = {}, {}
    for name in USES:
        client = app.test_client()
        async with client.session_transaction() as written:
            written.update(a=1, b=2, **({'_permanent': True} if permanent else {}))
        response = await client.get(f'/use/{name}')
        varies[name] = response.headers.getlist('Vary')
        stored[name] = await session_contents(client)

    assert varies == {name: ['Accept, Cookie'] for name in USES}
    assert stored == seen


@pytest.mark.parametrize('template', TEMPLATES)
async def test_template_varies_only_if_it_uses_session(app: Quart, template: str) -> None:
    """A template sends `Vary: Cookie` exactly if it reads the session or a flashed message."""

    @app.get('/template')
    async def view() -> str:
        return await render_template_string(template)

    client = app.test_client()
    await client.get('/browser_session/')

    response = await client.get('/template')

    expected = ['Cookie'] if TEMPLATES[template] else []
    assert response.headers.getlist('Vary') == expected


async def test_flash_varies(app: Quart) -> None:
    """Flashing a message is a use of the session."""

    @app.get('/flash')
    async def view() -> str:
        await flash('saved')
        return ''

    response = await app.test_client().get('/flash')

    assert response.headers.getlist('Vary') == ['Cookie']


@pytest.mark.parametrize('known', [False, True], ids=['new', 'known'])
@pytest.mark.parametrize('path', ['/unused', '/missing', '/static/missing.css'])
async def test_unused_session_sends_nothing(app: Quart, path: str, known: bool) -> None:
    """A response that did not use the session has neither Vary nor Set-Cookie."""
    client = app.test_client()
    if known:
        await client.get('/browser_session/')

    response = await client.get(path)

    assert 'Vary' not in response.headers
    assert 'Set-Cookie' not in response.headers


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
async def test_vary_is_merged(app: Quart, before: list[str], after: str) -> None:
    """`Cookie` joins the view's own Vary fields, once, in one header."""

    @app.get('/vary')
    async def view() -> Response:
        session['a'] = 1
        response = Response('')
        for field in before:
            response.headers.add('Vary', field)
        return response

    response = await app.test_client().get('/vary')

    assert response.headers.getlist('Vary') == [after]


async def test_use_after_the_view_varies(app: Quart) -> None:
    """A use in `after_request` sends `Vary: Cookie`, even for a path without a view."""

    @app.after_request
    async def read(response: Any) -> Any:
        session.get('a')
        return response

    response = await app.test_client().get('/missing')

    assert response.status_code == 404
    assert response.headers.getlist('Vary') == ['Cookie']
