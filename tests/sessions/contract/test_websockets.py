"""Websockets: what a handshake reads, and what a refused one stores."""

import asyncio
import logging

import pytest
from quart import Quart, abort, copy_current_websocket_context, session, websocket
from quart.testing import WebsocketResponseError

from tests.conftest import cookie_of, get_with_cookie


async def cookie_header(app: Quart) -> dict[str, str]:
    """Return the Cookie header of a client that has been to the lesson's first page."""
    return {'Cookie': f'session={cookie_of(await app.test_client().get("/")).value}'}


def warnings_in(caplog: pytest.LogCaptureFixture) -> int:
    """Return how many lines were logged, which must be warnings."""
    assert {record.levelno for record in caplog.records} <= {logging.WARNING}
    return len(caplog.records)


async def test_websocket_reads_session(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    """A websocket reads the session that its handshake's cookie names, and logs nothing."""

    @app.websocket('/ws')
    async def view() -> None:
        await websocket.send(session['username'])

    cookie = await cookie_header(app)
    async with app.test_client().websocket('/ws', headers=cookie) as connection:
        assert await connection.receive() == 'zhiliao'

    assert warnings_in(caplog) == 0


async def test_new_session_in_accepted_websocket_warns(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that an accepted websocket starts is lost, which one warning reports."""

    @app.websocket('/ws')
    async def view() -> None:
        for key in ('one', 'two'):
            session[key] = await websocket.receive()
            await websocket.send('set')

    async with app.test_client().websocket('/ws') as connection:
        for _ in range(2):
            await connection.send('hello')
            await connection.receive()

    assert warnings_in(caplog) == 1


async def test_lost_session_of_copied_contexts_warns_once(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A session that an accepted websocket and its tasks change is lost: one warning for all."""

    @app.websocket('/ws')
    async def view() -> None:
        @copy_current_websocket_context
        async def task(key: str) -> None:
            session[key] = True

        await websocket.accept()
        for key in ('one', 'two'):
            await asyncio.create_task(task(key))
        session['three'] = True
        await websocket.send('set')

    async with app.test_client().websocket('/ws') as connection:
        await connection.receive()

    assert warnings_in(caplog) == 1


@pytest.mark.parametrize('copied', [False, True], ids=['in the handler', 'in a copied context'])
async def test_refused_handshake_sets_cookie(
    app: Quart, caplog: pytest.LogCaptureFixture, copied: bool
) -> None:
    """A new session that a websocket stores before it refuses the handshake gets its cookie."""

    @app.websocket('/ws')
    async def view() -> None:
        async def write() -> None:
            session['written'] = 'before the refusal'

        if copied:
            await asyncio.create_task(copy_current_websocket_context(write)())
        else:
            await write()
        abort(403)

    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket('/ws') as connection:
            await connection.receive()

    assert refused.value.response.status_code == 403
    value = cookie_of(refused.value.response).value
    contents = await (await get_with_cookie(app, '/contents', value)).get_json()
    assert contents == {'written': 'before the refusal'}
    assert warnings_in(caplog) == 0


async def test_unused_session_in_websocket_is_silent(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A websocket that does not use its session logs nothing."""

    @app.websocket('/ws')
    async def view() -> None:
        await websocket.send('hello')

    for headers in ({}, await cookie_header(app)):
        async with app.test_client().websocket('/ws', headers=headers) as connection:
            await connection.receive()

    assert warnings_in(caplog) == 0
