"""`session.accessed` and `session.modified`: what they mean in Flask, on every kind of session."""

from typing import Any

import pytest
from quart import Quart, Response, after_this_request, render_template_string, session

from tests.conftest import session_contents
from tests.sessions.conftest import each_kind
from tests.sessions.uses import USES

pytestmark = each_kind


async def write(client: Any) -> None:
    async with client.session_transaction() as written:
        written.update(a=1, b=2)


async def test_every_use_is_accessed(app: Quart) -> None:
    """`accessed` is false before the first use of a session, and true after any use."""
    seen: dict[str, tuple[bool, bool]] = {}

    @app.get('/use/<name>')
    async def view(name: str) -> str:
        before = session.accessed
        USES[name](session)
        seen[name] = before, session.accessed
        return ''

    for name in USES:
        client = app.test_client()
        await write(client)
        await client.get(f'/use/{name}')

    assert seen == dict.fromkeys(USES, (False, True))


async def test_template_that_ignores_session_is_no_use(app: Quart) -> None:
    """A template that does not use the session leaves `accessed` false, also on Quart 0.23."""
    seen: list[bool] = []

    @app.get('/seen')
    async def view() -> str:
        await render_template_string('{{ request.path }}')
        seen.append(session.accessed)
        await render_template_string('{{ session.a }}')
        seen.append(session.accessed)
        return ''

    client = app.test_client()
    await write(client)

    await client.get('/seen')

    assert seen == [False, True]


@pytest.mark.parametrize('permanent', [False, True], ids=['browser session', 'permanent'])
async def test_accessed_is_seen_everywhere(app: Quart, permanent: bool) -> None:
    """Functions before, after and at the end of a request see whether the session was used."""
    seen: list[bool] = []

    def see(result: Any = None) -> Any:
        seen.append(session.accessed)
        return result

    app.before_request(see)
    app.after_request(see)
    app.teardown_request(see)
    client = app.test_client()
    async with client.session_transaction() as written:
        written.update({'a': 1, **({'_permanent': True} if permanent else {})})
    seen.clear()

    await client.get('/unused')
    await client.get('/contents')

    assert seen == [False, False, False, False, True, True]


@pytest.mark.parametrize('place', ['view', 'after_this_request'])
async def test_accessed_can_be_false(app: Quart, place: str) -> None:
    """After `session.accessed = False` a read sends no `Vary`, and a later read sends it again."""

    @app.get('/read/<int:again>')
    async def view(again: int) -> str:
        assert session['a'] == 1

        def forget(response: Any = None) -> Any:
            session.accessed = False
            assert not session.accessed
            if again:
                session.get('a')
            return response

        if place == 'view':
            forget()
        else:
            after_this_request(forget)
        return ''

    client = app.test_client()
    await write(client)

    for again, vary in ((0, []), (1, ['Cookie'])):
        response = await client.get(f'/read/{again}')
        assert response.headers.getlist('Vary') == vary
        assert 'Set-Cookie' not in response.headers


async def test_change_varies_although_not_accessed(app: Quart) -> None:
    """`session.accessed = False` after a change hides neither the cookie nor its `Vary`."""

    @app.get('/change')
    async def view() -> str:
        session['a'] = 'changed'
        session.accessed = False
        return ''

    client = app.test_client()
    response: Response = await client.get('/change')

    assert response.headers.getlist('Vary') == ['Cookie']
    assert 'Set-Cookie' in response.headers
    assert await session_contents(client) == {'a': 'changed'}


async def test_new_session_that_is_not_modified_is_not_stored(app: Quart) -> None:
    """After `session.modified = False` a new session is neither stored nor sent, as in Flask."""

    @app.get('/change')
    async def view() -> str:
        session['a'] = 'changed'
        session.modified = False
        return ''

    client = app.test_client()
    response = await client.get('/change')

    assert 'Set-Cookie' not in response.headers
    assert response.headers.getlist('Vary') == ['Cookie']
    assert await session_contents(client) == {}
