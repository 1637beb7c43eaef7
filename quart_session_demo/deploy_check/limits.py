"""Check that no size limit refuses what an app needs."""

import json
from collections.abc import Iterator
from typing import Any

from quart import Quart

from quart_session_demo.sessions.base import (
    Finding,
    SessionInterface,
    cookie_header,
    stores_in_cookie,
)
from quart_session_demo.sessions.cookie import CookieSessionInterface
from quart_session_demo.sessions.limits import (
    CONTENT_LIMIT,
    DEFAULT_CONTENT_LIMIT,
    DEFAULT_STORED_LIMIT,
    STORED_LIMIT,
    SessionTooLarge,
)

#: The session of the lesson. Others contain no less than a user's id and whether they last.
SMALL_SESSION: dict[str, Any] = {'_permanent': True, 'username': 'zhiliao', 'age': 20}
#: OWASP ASVS 5.0, 3.3.5.
MAX_COOKIE_SIZE = 4096
#: A form is seldom smaller. A limit below it was probably meant in megabytes.
MIN_BODY_LIMIT = 1024

SESSION_LIMIT = Finding(
    'session-limit',
    'error',
    'A session as small as that of the lesson is refused with 413: it needs {size} bytes, and '
    'QUART_{name} is {limit}',
    'Set QUART_{name} to {default}, the default',
)
COOKIE_UNLIMITED = Finding(
    'cookie-unlimited',
    'warning',
    'QUART_MAX_COOKIE_SIZE allows cookies of more than 4096 bytes, which browsers ignore, so that '
    'changes of a large session are lost (OWASP ASVS 5.0, 3.3.5)',
    'Set it to 4093, the default',
)
BODY_LIMIT = Finding(
    'body-limit',
    'warning',
    'Most forms are refused with 413, because QUART_{name} is {limit} bytes',
    'Set QUART_{name} to a number of bytes such as {default}, the default',
)
FINDINGS = (
    SESSION_LIMIT,
    COOKIE_UNLIMITED,
    BODY_LIMIT,
)

DEFAULTS = {
    CONTENT_LIMIT: DEFAULT_CONTENT_LIMIT,
    STORED_LIMIT: DEFAULT_STORED_LIMIT,
    'MAX_COOKIE_SIZE': 4093,
}


def limit_findings(app: Quart) -> Iterator[Finding]:
    """Yield which limits refuse small sessions and forms, or let browsers lose large sessions."""
    interface = app.session_interface
    try:
        _check_small_session(app)
    except SessionTooLarge as error:
        refusal = error.refusal
        yield SESSION_LIMIT.fill(
            name=refusal.setting,
            size=refusal.size,
            limit=refusal.limit,
            default=DEFAULTS[refusal.setting],
        )
    limit = app.config['MAX_COOKIE_SIZE']
    if stores_in_cookie(interface) and not 0 < limit <= MAX_COOKIE_SIZE:
        yield COOKIE_UNLIMITED
    if any({'POST', 'PUT', 'PATCH'} & (rule.methods or set()) for rule in app.url_map.iter_rules()):
        yield from _body_findings(app)


def _check_small_session(app: Quart) -> None:
    """Raise `SessionTooLarge` if an app with our sessions would refuse a small one."""
    interface = app.session_interface
    if isinstance(interface, CookieSessionInterface):
        serializer = interface.get_signing_serializer(app)
        if serializer is None:
            return
        session = interface.session_class(SMALL_SESSION)
        header = cookie_header(interface, app, session, str(serializer.dumps(SMALL_SESSION)))
        limit = app.config['MAX_COOKIE_SIZE']
        if limit and len(header) > limit:
            raise SessionTooLarge(len(header), limit, 'MAX_COOKIE_SIZE')
    elif isinstance(interface, SessionInterface) and not stores_in_cookie(interface):
        # Names are stored as JSON, too.
        size = sum(len(json.dumps(part)) for item in SMALL_SESSION.items() for part in item)
        limit = app.config.get(STORED_LIMIT, DEFAULT_STORED_LIMIT)
        if size > limit:
            raise SessionTooLarge(size, limit, STORED_LIMIT)


def _body_findings(app: Quart) -> Iterator[Finding]:
    for name in ('MAX_CONTENT_LENGTH', 'MAX_FORM_MEMORY_SIZE'):
        limit = app.config.get(name)
        if limit is not None and limit < MIN_BODY_LIMIT:
            yield BODY_LIMIT.fill(name=name, limit=limit, default=Quart.default_config[name])
