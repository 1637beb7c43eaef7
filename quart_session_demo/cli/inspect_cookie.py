"""`inspect-cookie`: what a session cookie holds, and whether the app would accept it."""

import sys
from typing import Any

import click
from quart import Quart, current_app
from quart.cli import with_appcontext


# An id may begin with a hyphen.
@click.command(context_settings={'ignore_unknown_options': True})
@click.argument('value')
@click.option('--json', 'as_json', is_flag=True, help='Print it as JSON.')
@with_appcontext
def inspect_cookie(value: str, as_json: bool) -> None:
    """Take apart a session cookie's VALUE, or - for standard input.

    Exit status: 0 only for a cookie that verifies and has not expired.
    """
    from quart_session_demo import secret_key
    from quart_session_demo.cli import cookie_report
    from quart_session_demo.sessions import inspector
    from quart_session_demo.sessions.server.store import is_session_id

    if value == '-':
        if not sys.stdin:
            raise click.ClickException('There is no standard input to read the cookie from.')
        most = inspector.MAX_VALUE_SIZE + 1
        value = sys.stdin.buffer.read(most).decode('ascii', 'replace').strip()
    # A Cookie header may have the value in quotes, which are no part of it.
    value = value.strip('"')
    if is_session_id(value):
        raise click.ClickException(
            'This is the random id of a session on a server. Only the server knows what is in it, '
            'and whether it still lives.'
        )
    proxy: Any = current_app
    app: Quart = proxy._get_current_object()
    if secret_key.stands_in(app) and not secret_key.key_file(app).exists():
        # A key made up for this process tells nothing about a cookie.
        app.secret_key = None
    try:
        cookie = inspector.inspect_cookie(value, app)
    except inspector.NotASessionCookie as error:
        # It may be a genuine one that is too large.
        raise click.ClickException(
            f'This cannot be taken apart as a session cookie. {error}'
        ) from None
    text = cookie_report.as_json(cookie) if as_json else cookie_report.as_table(cookie)
    encoding = (sys.stdout and sys.stdout.encoding) or 'utf-8'
    click.echo(text.encode(encoding, 'backslashreplace').decode(encoding))
    if not cookie.accepted:
        sys.exit(1)
