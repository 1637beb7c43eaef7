"""Measure cookie sessions: Flask's, Quart's, ours, and the minimum that each must do."""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, cast

import flask
from flask.sessions import SecureCookieSession
from flask.sessions import SecureCookieSessionInterface as FlaskInterface
from itsdangerous import URLSafeTimedSerializer
from quart import Quart, Response
from quart.sessions import SecureCookieSessionInterface as QuartInterface

from quart_session_demo.compare.cost.subjects import APP_SETTINGS, CALLS, KEY, Subject
from quart_session_demo.sessions import CookieSessionInterface

# The names of the subjects.
STOCK_FLASK = 'stock Flask'
STOCK_QUART = 'stock Quart'
OURS = 'ours'
MINIMUM = 'minimum'


def cookie_subjects(data: Mapping[str, Any]) -> list[Subject]:
    """Return the implementations, each of which opens and saves a session with these values.

    Saving is that of a request which reads a permanent session: the cookie is refreshed.
    """
    return [
        _flask(data),
        _quart(STOCK_QUART, QuartInterface(), data),
        _quart(OURS, CookieSessionInterface(), data),
        _minimum(data),
    ]


def _flask(data: Mapping[str, Any]) -> Subject:
    app = flask.Flask(__name__)
    app.config.from_mapping(APP_SETTINGS)
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
                session = cast(SecureCookieSession, interface.open_session(app, context.request))
                session.accessed = True
                pairs.append((session, flask.Response('')))
            start = time.process_time()
            for session, response in pairs:
                interface.save_session(app, session, response)
            return time.process_time() - start

    return Subject(STOCK_FLASK, MINIMUM, open_sessions, save_sessions)


def _quart(name: str, interface: QuartInterface, data: Mapping[str, Any]) -> Subject:
    app = Quart(__name__)
    app.config.from_mapping(APP_SETTINGS)
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
                session = cast(
                    SecureCookieSession, await interface.open_session(app, context.request)
                )
                session.get('username')
                pairs.append((session, Response('')))
            start = time.process_time()
            for session, response in pairs:
                await interface.save_session(app, session, response)
            return time.process_time() - start

    return Subject(name, MINIMUM, open_sessions, save_sessions)


def _minimum(data: Mapping[str, Any]) -> Subject:
    """Return the work that no signed cookie can avoid: HMAC, JSON and base64."""
    key = hmac.digest(KEY.encode(), b'cookie-session', 'sha1')

    def dump() -> bytes:
        content = json.dumps(data, separators=(',', ':')).encode()
        signed = base64.urlsafe_b64encode(content)
        return signed + b'.' + base64.urlsafe_b64encode(hmac.digest(key, signed, 'sha1'))

    def load(cookie: bytes) -> object:
        signed, _, signature = cookie.rpartition(b'.')
        expected = hmac.digest(key, signed, 'sha1')
        if not hmac.compare_digest(base64.urlsafe_b64decode(signature), expected):
            raise ValueError('the signature of the measured cookie is wrong')
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

    return Subject(MINIMUM, MINIMUM, open_sessions, save_sessions)
