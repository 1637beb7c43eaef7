"""`inspect-cookie`: show what a session cookie contains and whether the app would accept it."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click
from quart.cli import ScriptInfo, pass_script_info

from quart_session_demo.cli.checks import load_valid_app, reported_errors

if TYPE_CHECKING:
    from quart_session_demo.sessions.inspector import InspectedCookie, InspectedId


# A session id may begin with a hyphen.
@click.command(
    context_settings={'ignore_unknown_options': True},
    short_help='Show the content of a session cookie.',
)
@click.argument('value')
@click.option('--json', 'as_json', is_flag=True, help='Print everything as JSON.')
@pass_script_info
def inspect_cookie(info: ScriptInfo, value: str, as_json: bool) -> None:
    """Show what the VALUE of a session cookie contains; - reads standard input.

    Exit status: 0 only for a cookie that the app would accept: it verifies and has not expired.
    """
    from quart_session_demo import secret_key
    from quart_session_demo.sessions import inspector
    from quart_session_demo.sessions.server.signing import is_signed_id

    if value == '-':
        if not sys.stdin:
            raise click.ClickException('There is no standard input to read the cookie from.')
        limit = inspector.MAX_VALUE_SIZE + 1
        value = sys.stdin.buffer.read(limit).decode('ascii', 'replace').strip()
    # A Cookie header may have quotes around the value.
    value = value.strip('"')
    app = load_valid_app(info)
    if secret_key.is_generated(app) and not secret_key.key_file(app).exists():
        # This key exists only in this process, so no cookie was signed with it.
        app.secret_key = None
    if is_signed_id(value):
        signed_id = inspector.inspect_id(value, app)
        _print(json.dumps(asdict(signed_id), indent=2) if as_json else format_id(signed_id))
        sys.exit(1)
    try:
        cookie = inspector.inspect_cookie(value, app)
    except inspector.NotASessionCookie as error:
        # The cookie may be valid, but too large to be read.
        raise click.ClickException(
            f'This value cannot be read as a session cookie. {error}'
        ) from None
    _print(format_cookie_json(cookie) if as_json else format_cookie(cookie))
    if not cookie.accepted:
        sys.exit(1)


def _print(text: str) -> None:
    encoding = (sys.stdout and sys.stdout.encoding) or 'utf-8'
    with reported_errors():
        click.echo(text.encode(encoding, 'backslashreplace').decode(encoding))


def format_id(signed_id: 'InspectedId') -> str:
    """Return who signed the id of a session on a server, as text."""
    rows = [
        ('content', 'the signed id of a session on a server'),
        ('signature', _format_signature(signed_id)),
        ('accepted', 'only the server can show whether the session exists'),
    ]
    if not signed_id.in_use:
        rows[-1] = ('accepted', 'no, because this app stores its sessions in the cookie')
    return _format_rows(rows)


def format_cookie_json(cookie: 'InspectedCookie') -> str:
    """Return everything about a cookie as JSON, with the payload in tagged JSON."""
    facts = asdict(cookie)
    facts['payload'] = facts.pop('tagged')
    for name in ('room', 'content_too_large', 'expired', 'signed_in_the_future', 'accepted'):
        facts[name] = getattr(cookie, name)
    # Standard JSON has no NaN and no infinities, so they become strings.
    standard = json.loads(json.dumps(facts, default=_isoformat), parse_constant=str)
    return json.dumps(standard, indent=2)


def _isoformat(value: datetime) -> str:
    return value.isoformat()


def format_cookie(cookie: 'InspectedCookie') -> str:
    """Return everything about a cookie as text, with one line for each fact."""
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
    accepted = 'yes' if cookie.accepted else 'no'
    if not cookie.in_use:
        accepted += ', because this app stores its sessions on a server'
    elif cookie.content_too_large:
        accepted += f', because its content is TOO LARGE: {cookie.content_size} bytes before its'
        accepted += f' compression, and the app reads {cookie.content_limit}'
    rows = [
        # repr() escapes the characters that control a terminal.
        *(('session', f'{key!r}: {value!r}') for key, value in cookie.payload.items()),
        ('signed', signed),
        ('expires', expires),
        ('signature', _format_signature(cookie)),
        ('size', size),
        ('compressed', 'yes' if cookie.compressed else 'no'),
        ('accepted', accepted),
    ]
    return _format_rows(rows)


def _format_signature(inspected: 'InspectedCookie | InspectedId') -> str:
    from quart_session_demo.sessions.inspector import SignedBy

    return {
        SignedBy.CURRENT: 'valid, with the current key',
        SignedBy.FALLBACK: f'valid, with fallback key {inspected.fallback_number}',
        SignedBy.NO_KEY: 'NOT VALID with any key of the app',
        SignedBy.UNCHECKED: 'unknown, because the app has no key',
    }[inspected.signed_by]


def _format_rows(rows: list[tuple[str, str]]) -> str:
    return '\n'.join(f'{name:11} {text}' for name, text in rows)
