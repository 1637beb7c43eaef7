"""What the inspector found, as text for people and JSON for programs."""

import json
from dataclasses import asdict
from typing import Any

from quart_session_demo.sessions.inspector import InspectedCookie, SignedBy


def as_json(cookie: InspectedCookie) -> str:
    """Write all that is known, the payload in tagged JSON."""
    facts = asdict(cookie)
    facts['payload'] = facts.pop('tagged')
    for name in ('permanent', 'room', 'expired', 'signed_in_the_future', 'accepted'):
        facts[name] = getattr(cookie, name)
    # NaN and the infinities, which JSON proper does not know, become text.
    proper = json.loads(json.dumps(facts, default=_time), parse_constant=str)
    return json.dumps(proper, indent=2)


def _time(value: Any) -> str:
    return str(value.isoformat())


def as_table(cookie: InspectedCookie) -> str:
    """Write what a person wants to know."""
    size = f'{cookie.value_size} bytes, {cookie.cookie_size} with its name and attributes'
    if cookie.room is not None:
        size += f'; room for {cookie.room} more' if cookie.room >= 0 else '; TOO LARGE'
    signature = {
        SignedBy.CURRENT: 'holds, with the current key',
        SignedBy.FALLBACK: f'holds, with fallback key {cookie.fallback_number}',
        SignedBy.NO_KEY: 'DOES NOT HOLD, with any of the keys',
        SignedBy.UNCHECKED: 'unknown, for there is no key',
    }[cookie.signed_by]
    signed = f'{cookie.signed_at:%Y-%m-%d %H:%M:%S} UTC'
    if cookie.signed_in_the_future:
        signed += ', IN THE FUTURE'
    expires = f'{cookie.expires_at:%Y-%m-%d %H:%M:%S} UTC'
    if not cookie.permanent:
        expires += ', or when the browser closes'
    if cookie.expired:
        expires += ', EXPIRED'
    accepted = 'yes' if cookie.accepted else 'no'
    if not cookie.in_use:
        accepted += ', for this app keeps its sessions on a server'
    rows = [
        # repr() lets no character through that a terminal would obey.
        *(('session', f'{key!r}: {value!r}') for key, value in cookie.payload.items()),
        ('signed', signed),
        ('expires', expires),
        ('signature', signature),
        ('size', size),
        ('compressed', 'yes' if cookie.compressed else 'no'),
        ('accepted', accepted),
    ]
    return '\n'.join(f'{name:11} {text}' for name, text in rows)
