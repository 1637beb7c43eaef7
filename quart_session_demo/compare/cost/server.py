"""Measure sessions in a store, and the bare round trips of its back end."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from quart import Quart, Response

from quart_session_demo.compare.cost.subjects import APP_SETTINGS, CALLS, Subject
from quart_session_demo.sessions import ServerSession, ServerSessionInterface, SessionStore
from quart_session_demo.sessions.serializer import signing_keys
from quart_session_demo.sessions.server.signing import id_signer
from quart_session_demo.sessions.server.store import current_time, new_token, store_key
from quart_session_demo.sessions.server.stored_json import StoredJSON

#: How long the measured session lasts, in milliseconds.
LIFETIME = 3_600_000


@dataclass(frozen=True)
class BareSteps:
    """What a store does at least, without a session around it.

    Attributes:
        read: Read the stored session.
        write: Set the field `"age"` of the stored session to a number.
    """

    read: Callable[[], Awaitable[object]]
    write: Callable[[int], Awaitable[object]]


@dataclass(frozen=True)
class MeasuredStore:
    """A store to measure.

    Attributes:
        name: The name of its rows in the table.
        store: The store. One session is stored there, and deleted afterwards.
        bare_steps: Opens the bare steps for the session with this `store_key`.
    """

    name: str
    store: SessionStore
    bare_steps: Callable[[str], AbstractAsyncContextManager[BareSteps]]


@asynccontextmanager
async def store_subjects(
    measured: MeasuredStore, data: Mapping[str, Any]
) -> AsyncIterator[list[Subject]]:
    """Yield the sessions in a store, and the bare round trips.

    Saving is that of a request that changes one value: without a change nothing is saved.

    Raises:
        StoreError: The store failed.
    """
    store = measured.store
    try:
        session_id = await store.create(
            StoredJSON().encode_fields(data), lifetime=LIFETIME, now=current_time()
        )
        try:
            async with measured.bare_steps(store_key(session_id)) as bare:
                minimum = f'bare {measured.name}'
                yield [
                    _session_subject(measured.name, minimum, store, session_id),
                    _bare_subject(minimum, bare),
                ]
        finally:
            await store.delete(store_key(session_id), new_token())
    finally:
        await store.close()


def _session_subject(name: str, minimum: str, store: SessionStore, session_id: str) -> Subject:
    app = Quart(__name__)
    app.config.from_mapping(APP_SETTINGS)
    interface = ServerSessionInterface(app, store)
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
                session = cast(ServerSession, await interface.open_session(app, context.request))
                session['age'] = -number
                pairs.append((session, Response('')))
            start = time.process_time()
            for session, response in pairs:
                await interface.save_session(app, session, response)
            return time.process_time() - start

    return Subject(name, minimum, open_sessions, save_sessions)


def _bare_subject(name: str, bare: BareSteps) -> Subject:
    async def read() -> float:
        start = time.process_time()
        for _ in range(CALLS):
            await bare.read()
        return time.process_time() - start

    async def write() -> float:
        start = time.process_time()
        for number in range(CALLS):
            await bare.write(number)
        return time.process_time() - start

    return Subject(name, name, read, write)
