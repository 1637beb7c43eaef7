"""Measure sessions on Redis, and the same Redis commands alone."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from quart import Quart, Response
from redis.asyncio import Redis

from quart_session_demo.compare.cost.subjects import APP_SETTINGS, CALLS, Subject
from quart_session_demo.sessions.redis import RedisSession, RedisSessionInterface
from quart_session_demo.sessions.serializer import signing_keys
from quart_session_demo.sessions.server.redis.scripts import WRITE
from quart_session_demo.sessions.server.signing import id_signer
from quart_session_demo.sessions.server.store import current_time, new_token

# The names of the subjects.
REDIS = 'Redis'
ROUND_TRIPS = 'round trips'


@asynccontextmanager
async def redis_subjects(data: Mapping[str, Any], url: str) -> AsyncIterator[list[Subject]]:
    """Yield the session on Redis, and the round trips of its two Redis commands.

    Saving is that of a request that changes one value: without a change nothing is saved.

    Args:
        data: The session's values.
        url: The Redis server. Two keys are stored there, and deleted afterwards.
    """
    app = Quart(__name__)
    app.config.from_mapping(APP_SETTINGS, SESSION_REDIS_URL=url)
    interface = RedisSessionInterface(app)
    fields = RedisSession()
    fields.update(data)
    now = current_time()
    session_id = await interface.store.create(fields.encode_fields(), lifetime=3_600_000, now=now)
    cookie = id_signer(signing_keys(app)).sign(session_id)
    headers = {'Cookie': f'{interface.get_cookie_name(app)}={cookie}'}

    async def open_sessions() -> float:
        async with app.test_request_context('/', headers=headers) as context:
            start = time.process_time()
            for _ in range(CALLS):
                await interface.open_session(app, context.request)
            return time.process_time() - start

    async def save_sessions() -> float:
        async with app.test_request_context('/', headers=headers) as context:
            pairs = []
            for number in range(CALLS):
                session = cast(RedisSession, await interface.open_session(app, context.request))
                session['age'] = -number
                pairs.append((session, Response('')))
            start = time.process_time()
            for session, response in pairs:
                await interface.save_session(app, session, response)
            return time.process_time() - start

    client = Redis.from_url(url, protocol=2)
    key = 'compare-cost'
    for name, text in fields.encode_fields().items():
        await client.hset(key, name, text)
    script = client.register_script(WRITE)

    async def read() -> float:
        start = time.process_time()
        for _ in range(CALLS):
            await client.hgetall(key)
        return time.process_time() - start

    async def write() -> float:
        start = time.process_time()
        for number in range(CALLS):
            await script(keys=[key], args=[0, 3_600_000, now, 2, b'"age"', -number])
        return time.process_time() - start

    try:
        yield [
            Subject(REDIS, open_sessions, save_sessions),
            Subject(ROUND_TRIPS, read, write),
        ]
    finally:
        await interface.store.delete(session_id, new_token())
        await interface.store.close()
        await client.delete(key)
        await client.aclose()
