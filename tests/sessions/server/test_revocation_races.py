"""Requests that run while their sessions are revoked."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart, Response, session, stream_with_context

from quart_session_demo.sessions import (
    regenerate_session,
    revoke_session,
)
from tests.conftest import contents_of, cookies_of, get_with_cookie
from tests.sessions.server.devices import Device, log_in, records, user_of


async def test_new_ids_cannot_escape(users_app: Quart, user: str) -> None:
    """Sessions that get new ids while all are revoked are revoked too."""
    devices = [await log_in(users_app, user) for _ in range(10)]

    async def change_ids(device: Device) -> None:
        for _ in range(5):
            await device.post('/new-id')

    async def revoke() -> None:
        await asyncio.sleep(0)
        await Device(users_app).post('/revoke-all', user=user)

    await asyncio.gather(*map(change_ids, devices), revoke())

    assert await records(users_app, user) == []
    assert [await user_of(users_app, device.cookie) for device in devices] == [None] * 10


#: What a slow request may do, and whether it changes the session.
SLOW_ACTIONS = {
    'read': False,
    'unused': False,
    'set': True,
    'append': True,
    'pop': True,
    'permanent': True,
    'lifetime': True,
    'clear': True,
    'clear and set': True,
    'new id': True,
    'log in': True,
    'log in as another': True,
    'clear and log in': True,
    'revoke': False,
}


@pytest.mark.parametrize('revocation', ['/revoke', '/revoke-all'])
async def test_slow_request_cannot_restore(
    users_app: Quart, user: str, caplog: pytest.LogCaptureFixture, revocation: str
) -> None:
    """Nothing is stored of what a request does whose session is revoked meanwhile.

    It sets no cookie, and one line is logged for each request that changed something.
    """
    other = f'{user} 2'
    ready, revoked = asyncio.Semaphore(0), asyncio.Event()

    @users_app.get('/slow/<action>')
    async def slow(action: str) -> str:
        if action != 'unused':
            session.get('cart')
        ready.release()
        await revoked.wait()
        match action:
            case 'set':
                session['slow'] = 'slow'
            case 'append':
                session['list'].append('slow')
            case 'pop':
                session.pop('list')
            case 'permanent':
                session.permanent = True
            case 'lifetime':
                session.lifetime = timedelta(days=99)  # type: ignore[attr-defined]
            case 'clear':
                session.clear()
            case 'clear and set':
                session.clear()
                session['slow'] = 'slow'
            case 'new id':
                await regenerate_session()
            case 'log in':
                await regenerate_session(user=user)
            case 'log in as another':
                await regenerate_session(user=other)
            case 'clear and log in':
                session.clear()
                await regenerate_session(user=user)
            case 'revoke':
                await revoke_session('0123456789abcdef', user=user)
        return action

    @users_app.get('/list')
    async def set_list() -> dict[str, Any]:
        session['list'] = []
        return {}

    devices = [await log_in(users_app, user) for _ in SLOW_ACTIONS]
    for device in devices:
        await device.get('/list')
    requests = [
        asyncio.create_task(get_with_cookie(users_app, f'/slow/{action}', device.cookie))
        for action, device in zip(SLOW_ACTIONS, devices, strict=True)
    ]
    for _ in requests:
        await ready.acquire()
    if revocation == '/revoke-all':
        revoker = Device(users_app)
        assert await revoker.post(revocation, user=user) == {'revoked': len(devices)}
    else:
        for record in await records(users_app, user):
            await Device(users_app).post(revocation, id=record['id'], user=user)
    with caplog.at_level(logging.WARNING):
        revoked.set()
        responses: list[Response] = await asyncio.gather(*requests)

    assert {response.status_code for response in responses} == {200}
    assert [cookies_of(response) for response in responses] == [[]] * len(responses)
    assert await records(users_app, user) == await records(users_app, other) == []
    for device in devices:
        assert await user_of(users_app, device.cookie) is None
        assert await contents_of(users_app, device.cookie) == {}
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == sum(SLOW_ACTIONS.values())


async def test_stream_cannot_restore(
    users_app: Quart, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What a stream changes after its session was revoked is dropped with one log line."""
    device = await log_in(users_app, user)
    revoked = asyncio.Event()
    started = asyncio.Event()

    @users_app.get('/stream')
    async def stream() -> Any:
        @stream_with_context
        async def generate() -> AsyncIterator[str]:
            yield 'one'
            started.set()
            await revoked.wait()
            session['streamed'] = 'yes'
            yield 'two'

        return generate()

    response = asyncio.create_task(get_with_cookie(users_app, '/stream', device.cookie))
    await started.wait()
    assert await Device(users_app).post('/revoke-all', user=user) == {'revoked': 1}
    with caplog.at_level(logging.WARNING):
        revoked.set()
        assert await (await response).get_data() == b'onetwo'

    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    assert await records(users_app, user) == []
    assert await user_of(users_app, device.cookie) is None
