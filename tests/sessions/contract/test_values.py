"""Values: what every session stores and gives back."""

import asyncio
import logging
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from markupsafe import Markup
from quart import Quart, copy_current_websocket_context, session, websocket
from quart.typing import ResponseReturnValue

from quart_session_demo.sessions import session_expires_at
from tests.conftest import session_contents

VALUES: Any = {
    'text': '数据 😀 \udc80',
    'none': None,
    'number': 1,
    'large number': 2**70,
    'fraction': 0.1,
    'truth': True,
    'list': [1, [2, {'three': 3}]],
    'tuple': (1, (2,)),
    'bytes': b'\x00\xff',
    'uuid': uuid.UUID(int=1),
    'markup': Markup('<b>bold</b>'),
    'time': datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    'tag': {' t': [1]},
    'empty': {},
    '': 'the empty key',
    ' t': 'a key that is a tag',
    'created': 'a key with the name of a stored field',
    '键\udc80': 'a key in Chinese, with half of a surrogate pair',
}
LESSON = {'username': 'zhiliao', 'age': 20, '_permanent': True}


def nested_list() -> list[Any]:
    """Return a list that is nested more deeply than Python's recursion limit allows."""
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


class Color:
    """A type without a tag."""


#: The content that a view sets, and the key and the problem that the log shows.
UNSTORABLE: dict[str, tuple[dict[Any, Any], str]] = {
    'set': ({'first': 1, 'key': {1, 2}}, r"\['key'\] .* type set,"),
    'object': ({'key': Color(), 'last': 1}, r"\['key'\] .* type Color,"),
    'inner value': ({'key': {'inner': [(1, {'color': Color()})]}}, r"\['key'\] .* type Color,"),
    'inner key': ({'key': {'inner': [{Color(): 1}]}}, r"\['key'\] .* Color"),
    'tuple as key': ({(1, 2): 'value'}, r'\[\(1, 2\)\] .* tuple'),
    'huge integer': ({'key': [10**5000]}, r"\['key'\] .* digits"),
    'too deeply nested': ({'key': nested_list()}, r"\['key'\] is nested too deeply"),
}


async def test_values_keep_types(app: Quart) -> None:
    """Values and keys are read with the types that Flask's tagged JSON preserves."""
    client = app.test_client()
    async with client.session_transaction() as written:
        written.update(VALUES)

    contents = await session_contents(client)

    assert contents == VALUES
    assert {key: type(value) for key, value in contents.items()} == {
        key: type(value) for key, value in VALUES.items()
    }


@pytest.mark.parametrize('kind', UNSTORABLE)
async def test_unstorable_value_changes_nothing(
    app: Quart, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """A value that cannot be stored is 500, and one line with its key; nothing is stored."""
    content, problem = UNSTORABLE[kind]

    @app.get('/bad')
    async def view() -> str:
        session['good'] = 1
        session.update(content)
        return 'set'

    client = app.test_client()
    await client.get('/')

    response = await client.get('/bad')

    assert response.status_code == 500
    assert 'session' in await response.get_data(as_text=True)
    assert 'Set-Cookie' not in response.headers
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert len(caplog.text.splitlines()) == 1
    assert re.search(f'The session cannot be saved: session{problem}', caplog.text)
    assert await session_contents(client) == LESSON


@pytest.mark.parametrize('kind', UNSTORABLE)
async def test_unstorable_value_in_websocket_is_one_line(
    app: Quart, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """A websocket with copies of its context reports a value that cannot be stored once."""
    content, _ = UNSTORABLE[kind]

    @app.websocket('/bad')
    async def view() -> None:
        await websocket.accept()
        session.update(content)

        @copy_current_websocket_context
        async def copy() -> None:
            session.get('key')

        await asyncio.gather(copy(), copy())
        await websocket.send('set')

    client = app.test_client()
    await client.get('/')

    async with client.websocket('/bad') as connection:
        await connection.receive()

    assert len(caplog.text.splitlines()) == 1
    assert await session_contents(client) == LESSON


@pytest.mark.parametrize('kind', UNSTORABLE)
async def test_expiry_of_unstorable_session_is_one_line(
    app: Quart, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """A view may ask when a session expires that cannot be stored: only the save reports it."""
    content, _ = UNSTORABLE[kind]

    @app.get('/bad')
    async def view() -> str:
        session.update(content)
        expiry = session_expires_at()
        assert expiry is not None
        return expiry.isoformat()

    client = app.test_client()
    await client.get('/')

    response = await client.get('/bad')

    assert response.status_code == 500
    assert len(caplog.text.splitlines()) == 1


async def test_error_response_stores_session(app: Quart) -> None:
    """A view that returns an error stores its session all the same."""

    @app.get('/fail')
    async def view() -> ResponseReturnValue:
        session['tried'] = True
        return 'no', 404

    client = app.test_client()

    response = await client.get('/fail')

    assert response.status_code == 404
    assert (await session_contents(client))['tried'] is True


async def test_after_request_stores_session(app: Quart) -> None:
    """A change in `after_request` is stored, even for a path without a view."""

    @app.after_request
    async def count(response: Any) -> Any:
        session['visits'] = session.get('visits', 0) + 1
        return response

    client = app.test_client()
    await client.get('/')
    await client.get('/nowhere')

    assert (await session_contents(client))['visits'] == 2
