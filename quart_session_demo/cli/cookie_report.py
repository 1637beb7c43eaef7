"""What `inspect-cookie` reports of a cookie: as rows of text, and as JSON."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quart_session_demo.sessions.inspector import InspectedCookie, InspectedId


def id_rows(signed_id: 'InspectedId') -> list[tuple[str, str]]:
    """Return who signed the id of a session on a server, as names and texts."""
    rows = [
        ('content', 'the signed id of a session on a server'),
        ('signature', _format_signature(signed_id)),
        ('accepted', 'only the server can show whether the session exists'),
    ]
    if not signed_id.in_use:
        rows[-1] = ('accepted', 'no, because this app stores its sessions in the cookie')
    return rows


def json_content(cookie: 'InspectedCookie') -> dict[str, Any]:
    """Return everything about a cookie for `json.dumps`, with the payload in tagged JSON."""
    facts = asdict(cookie)
    facts['payload'] = facts.pop('tagged')
    for name in ('room', 'content_too_large', 'expired', 'signed_in_the_future', 'accepted'):
        facts[name] = getattr(cookie, name)
    # Standard JSON has no NaN and no infinities, so they become strings.
    standard: dict[str, Any] = json.loads(json.dumps(facts, default=_isoformat), parse_constant=str)
    return standard


def _isoformat(value: datetime) -> str:
    return value.isoformat()


def cookie_rows(cookie: 'InspectedCookie') -> list[tuple[str, str]]:
    """Return everything about a cookie as names and texts, `accepted` last."""
    size = f'{cookie.value_size} bytes, {cookie.cookie_size} with its name and attributes'
    if cookie.room is not None:
        size += f'; room for {cookie.room} more' if cookie.room >= 0 else '; TOO LARGE'
    signed = f'{cookie.signed_at:%Y-%m-%d %H:%M:%S} UTC'
    if cookie.signed_in_the_future:
        signed += ', IN THE FUTURE'
    expires = f'{cookie.expires_at:%Y-%m-%d %H:%M:%S} UTC'
    if not cookie.permanent:
        expires += ', or when the browser closes'
    if cookie.expired:
        expires += ', EXPIRED'
    accepted = {
        True: 'yes',
        False: 'no',
        None: 'unknown, because there is no key to check it with',
    }[cookie.accepted]
    if not cookie.in_use:
        accepted += ', because this app stores its sessions on a server'
    elif cookie.content_too_large:
        accepted += f', because its content is TOO LARGE: {cookie.content_size} bytes before its'
        accepted += f' compression, and the app reads {cookie.content_limit}'
    return [
        # repr() escapes the characters that control a terminal.
        *(('session', f'{key!r}: {value!r}') for key, value in cookie.payload.items()),
        ('signed', signed),
        ('expires', expires),
        ('signature', _format_signature(cookie)),
        ('size', size),
        ('compressed', 'yes' if cookie.compressed else 'no'),
        ('accepted', accepted),
    ]


def _format_signature(inspected: 'InspectedCookie | InspectedId') -> str:
    from quart_session_demo.sessions.inspector import SignedBy

    return {
        SignedBy.CURRENT: 'valid, with the current key',
        SignedBy.FALLBACK: f'valid, with fallback key {inspected.fallback_number}',
        SignedBy.NO_KEY: 'NOT VALID with any key of the app',
        SignedBy.UNCHECKED: 'unknown, because the app has no key',
    }[inspected.signed_by]
