"""What opening and saving the cookie session costs: processor time, without a server.

Every contender opens the same cookie, and saves its session as `/get_session/` of the lesson
does: read, unchanged, refreshed; on Redis, which then has nothing to save, with one value changed.
"""

import base64
import gc
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, cast

import flask
from flask.sessions import SecureCookieSession as Session
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from itsdangerous import URLSafeTimedSerializer
from quart import Quart, Response
from quart.sessions import SecureCookieSessionInterface as QuartInterface

from quart_session_demo.sessions import CookieSessionInterface

KEY = 'a key that signs nothing but this measurement'
SETTINGS = {'SECRET_KEY': KEY, 'SESSION_COOKIE_SAMESITE': 'Lax'}
CALLS = 100  # between two looks at the clock

FLASK = 'stock Flask'
QUART = 'stock Quart'
OURS = 'ours'
FLOOR = 'floor'

LESSON = 'lesson'
LARGE = '2 KB'
SESSIONS: Mapping[str, Mapping[str, Any]] = {
    LESSON: {'username': 'zhiliao', 'age': 20, '_permanent': True},
    LARGE: {
        'username': 'zhiliao',
        '_permanent': True,
        'cart': [
            {'id': number, 'title': f'Book number {number}', 'cents': 1000 + 37 * number}
            for number in range(41)
        ],
    },
}


@dataclass(frozen=True)
class Subject:
    """One way to keep the session: each function makes `CALLS` calls and returns their seconds."""

    name: str
    open: Callable[[], Awaitable[float]]
    save: Callable[[], Awaitable[float]]


@dataclass(frozen=True)
class Cost:
    """The median cost of one call, in microseconds."""

    session: str
    contender: str
    open: float
    save: float

    @property
    def both(self) -> float:
        """What a request pays."""
        return self.open + self.save


async def measure(rounds: int, redis_url: str | None = None) -> list[Cost]:
    """Measure every contender, in turns, so that a machine that slows down slows them all.

    Args:
        rounds: How often each has its turn.
        redis_url: A Redis to keep sessions in too, if any.
    """
    costs = []
    for session, data in SESSIONS.items():
        async with AsyncExitStack() as stack:
            contenders = list(_contenders(data))
            if redis_url is not None:
                # redis-py is an extra.
                from quart_session_demo.compare.cost import redis_benchmark

                contenders += await stack.enter_async_context(
                    redis_benchmark.contenders(data, redis_url)
                )
            times: dict[str, list[tuple[float, float]]] = {it.name: [] for it in contenders}
            for _ in range(rounds + 1):
                for contender in contenders:
                    with _no_garbage_collection():
                        times[contender.name].append(
                            (await contender.open(), await contender.save())
                        )
        for name, pairs in times.items():
            # The first round warms up.
            opens, saves = zip(*pairs[1:], strict=True)
            costs.append(Cost(session, name, _microseconds(opens), _microseconds(saves)))
    return costs


def table(costs: list[Cost]) -> str:
    """Lay out the costs, with each one's share of what stock Quart takes."""
    lines = ['session  contender      open µs   save µs   both µs   of stock Quart']
    for cost in costs:
        stock = next(
            other for other in costs if (other.session, other.contender) == (cost.session, QUART)
        )
        lines.append(
            f'{cost.session:8} {cost.contender:12} {cost.open:9.1f} {cost.save:9.1f} '
            f'{cost.both:9.1f} {cost.both / stock.both:10.2f}'
        )
    return '\n'.join(lines)


def _contenders(data: Mapping[str, Any]) -> Iterator[Subject]:
    yield _flask(data)
    yield _quart(QUART, QuartInterface(), data)
    yield _quart(OURS, CookieSessionInterface(), data)
    yield _floor(data)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Put it off until after a turn, as `timeit` does: its time is not the session's."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _microseconds(seconds: tuple[float, ...]) -> float:
    return median(seconds) / CALLS * 1_000_000


def _quart(name: str, interface: QuartInterface, data: Mapping[str, Any]) -> Subject:
    app = Quart(__name__)
    app.config.from_mapping(SETTINGS)
    serializer = cast(URLSafeTimedSerializer, interface.get_signing_serializer(app))
    cookie = f'{interface.get_cookie_name(app)}={serializer.dumps(data)}'

    async def open_sessions() -> float:
        async with app.test_request_context('/', headers={'Cookie': cookie}) as context:
            request = context.request
            start = time.process_time()
            for _ in range(CALLS):
                await interface.open_session(app, request)
            return time.process_time() - start

    async def save_sessions() -> float:
        async with app.test_request_context('/', headers={'Cookie': cookie}) as context:
            pairs = []
            for _ in range(CALLS):
                session = cast(Session, await interface.open_session(app, context.request))
                session.get('username')
                pairs.append((session, Response('')))
            start = time.process_time()
            for session, response in pairs:
                await interface.save_session(app, session, response)
            return time.process_time() - start

    return Subject(name, open_sessions, save_sessions)


def _flask(data: Mapping[str, Any]) -> Subject:
    app = flask.Flask(__name__)
    app.config.from_mapping(SETTINGS)
    interface = FlaskInterface()
    serializer = cast(URLSafeTimedSerializer, interface.get_signing_serializer(app))
    cookie = f'{interface.get_cookie_name(app)}={serializer.dumps(data)}'

    async def open_sessions() -> float:
        with app.test_request_context('/', headers={'Cookie': cookie}) as context:
            request = context.request
            start = time.process_time()
            for _ in range(CALLS):
                interface.open_session(app, request)
            return time.process_time() - start

    async def save_sessions() -> float:
        with app.test_request_context('/', headers={'Cookie': cookie}) as context:
            pairs = []
            for _ in range(CALLS):
                session = cast(Session, interface.open_session(app, context.request))
                session.accessed = True
                pairs.append((session, flask.Response('')))
            start = time.process_time()
            for session, response in pairs:
                interface.save_session(app, session, response)
            return time.process_time() - start

    return Subject(FLASK, open_sessions, save_sessions)


def _floor(data: Mapping[str, Any]) -> Subject:
    """What no such cookie can do without: HMAC, JSON and base64, and nothing around them."""
    key = hmac.digest(KEY.encode(), b'cookie-session', 'sha1')

    def dump() -> bytes:
        content = json.dumps(data, separators=(',', ':')).encode()
        signed = base64.urlsafe_b64encode(content)
        return signed + b'.' + base64.urlsafe_b64encode(hmac.digest(key, signed, 'sha1'))

    def load(cookie: bytes) -> object:
        signed, _, signature = cookie.rpartition(b'.')
        expected = hmac.digest(key, signed, 'sha1')
        if not hmac.compare_digest(base64.urlsafe_b64decode(signature), expected):
            raise ValueError('The floor cannot read its own cookie')
        return json.loads(base64.urlsafe_b64decode(signed))

    cookie = dump()

    async def open_sessions() -> float:
        start = time.process_time()
        for _ in range(CALLS):
            load(cookie)
        return time.process_time() - start

    async def save_sessions() -> float:
        start = time.process_time()
        for _ in range(CALLS):
            dump()
        return time.process_time() - start

    return Subject(FLOOR, open_sessions, save_sessions)
