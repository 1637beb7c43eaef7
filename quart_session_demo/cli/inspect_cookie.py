"""`inspect-cookie`: show what a session cookie contains and whether the app would accept it."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click
from quart import Quart
from quart.cli import ScriptInfo, pass_script_info

from quart_session_demo.cli.checks import CheckError, load_valid_app, reported_errors
from quart_session_demo.cli.command import Command
from quart_session_demo.terminal import print_json, standard_output

if TYPE_CHECKING:
    from quart_session_demo.cli.cookie_text import FoundCookie
    from quart_session_demo.sessions.inspector import InspectedCookie, InspectedId

T = TypeVar('T', 'InspectedCookie', 'InspectedId')

#: How many bytes of standard input are read: some headers with all their cookies.
MAX_TEXT_SIZE = 64 * 1024
#: The value of a cookie with a signed session or id. It may begin with a hyphen.
VALUE = re.compile(r'"?\.?[\w-]+\.([\w-]{6}\.[\w-]{27,}|[\w-]{43})"?', re.ASCII)


class InspectCommand(Command):
    """A command whose argument may begin with a hyphen, if it is a cookie's value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. A value is no option."""
        if '--' not in args and (values := list(filter(VALUE.fullmatch, args))):
            args = [*(arg for arg in args if arg not in values), '--', *values]
        return super().parse_args(ctx, args)


@click.command(
    cls=InspectCommand,
    short_help='Show the content of a session cookie.',
    example='inspect-cookie session=eyJhIjoxfQ.aSY0gA.CMhTGZ5u',
    statuses={
        0: 'The app would accept the cookie: it verifies and has not expired.',
        1: 'It would not, that is unknown, or there is no such cookie. Or a setting is invalid.',
        2: 'The arguments are wrong, or the result could not be printed.',
    },
)
@click.argument('cookie')
@click.option('--json', 'as_json', is_flag=True, help='Print everything as JSON.')
@pass_script_info
def inspect_cookie(info: ScriptInfo, cookie: str, as_json: bool) -> None:
    """Show what a session cookie contains, with the settings of the app.

    COOKIE is the value, NAME=VALUE, or a whole Cookie or Set-Cookie line in quotes. If it is -,
    the command reads standard input.
    """
    from quart_session_demo import secret_key
    from quart_session_demo.cli.cookie_text import NoSessionCookie, find_session_cookie
    from quart_session_demo.sessions import inspector

    text = _read_standard_input() if cookie == '-' else cookie
    app = load_valid_app(info)
    if secret_key.is_generated(app) and not secret_key.key_file(app).exists():
        # This key exists only in this process, so no cookie was signed with it.
        app.secret_key = None
    try:
        found = find_session_cookie(text, app.session_interface.get_cookie_name(app))
        accepted = _show(app, found, as_json)
    except NoSessionCookie as error:
        raise CheckError(str(error)) from None
    except inspector.NotASessionCookie as error:
        # The cookie may be valid, but too large to be read.
        raise CheckError(f'This value cannot be read as a session cookie. {error}') from None
    if not accepted:
        sys.exit(1)


def _read_standard_input() -> str:
    if not sys.stdin:
        raise CheckError('There is no standard input to read the cookie from.')
    text = sys.stdin.buffer.read(MAX_TEXT_SIZE + 1).decode('ascii', 'replace')
    if len(text) > MAX_TEXT_SIZE:
        raise CheckError(f'Standard input is longer than {MAX_TEXT_SIZE} bytes: give one cookie.')
    return text


def _show(app: Quart, found: 'FoundCookie', as_json: bool) -> bool:
    """Print everything about a cookie, and return whether the app would accept it."""
    from quart_session_demo.cli.cookie_report import cookie_rows, id_rows, json_content
    from quart_session_demo.sessions.base import stores_in_cookie
    from quart_session_demo.sessions.inspector import inspect_cookie, inspect_id
    from quart_session_demo.sessions.server.signing import is_signed_id

    ids = [value for value in found.values if is_signed_id(value)]
    if ids and (len(ids) == len(found.values) or not stores_in_cookie(app.session_interface)):
        signed_id, number = _first_accepted(app, ids, inspect_id, _verifies)
        _print(asdict(signed_id), id_rows(signed_id), _position(number, ids), as_json)
        return False
    cookie, number = _first_accepted(app, found.values, inspect_cookie, _is_accepted)
    rows, facts = cookie_rows(cookie), json_content(cookie)
    expected = app.session_interface.get_cookie_name(app)
    facts['name'] = found.name
    if found.name not in (None, expected):
        rows[-1] = ('accepted', f'no, because the session cookie of this app is named {expected}')
        facts['accepted'] = False
    _print(facts, rows, _position(number, found.values), as_json)
    return facts['accepted'] is True


def _first_accepted(
    app: Quart,
    values: Sequence[str],
    inspect: Callable[[str, Quart], T],
    accepts: Callable[[T], bool],
) -> tuple[T, int]:
    """Return what is known about the cookie that the app would read, and its position from 1.

    If it would read none of them, that is the first that is a session cookie.

    Raises:
        NotASessionCookie: None of them is a session cookie; the reason is that of the first.
    """
    from quart_session_demo.sessions.base import MAX_COOKIES, SessionInterface
    from quart_session_demo.sessions.inspector import NotASessionCookie

    # Quart's own interface reads the first cookie alone.
    limit = MAX_COOKIES if isinstance(app.session_interface, SessionInterface) else 1
    inspected: list[tuple[T, int]] = []
    errors: list[NotASessionCookie] = []
    for number, value in enumerate(values[:limit], 1):
        try:
            inspected.append((inspect(value, app), number))
        except NotASessionCookie as error:
            errors.append(error)
    if not inspected:
        if len(values) > limit:
            raise NotASessionCookie(
                f'{errors[0]} There are {len(values)} cookies of this name, and the app reads '
                f'{limit} of them.'
            )
        raise errors[0]
    return next((item for item in inspected if accepts(item[0])), inspected[0])


def _is_accepted(cookie: 'InspectedCookie') -> bool:
    return bool(cookie.accepted)


def _verifies(signed_id: 'InspectedId') -> bool:
    from quart_session_demo.sessions.inspector import SignedBy

    return signed_id.signed_by in (SignedBy.CURRENT, SignedBy.FALLBACK)


def _position(number: int, values: Sequence[str]) -> list[tuple[str, str]]:
    """Return a row with the position of a cookie, if there are several."""
    return [('cookie', f'number {number} of {len(values)}')] if len(values) > 1 else []


def _print(
    facts: dict[str, Any],
    rows: list[tuple[str, str]],
    position: list[tuple[str, str]],
    as_json: bool,
) -> None:
    terminal = standard_output()
    with reported_errors():
        if as_json:
            print_json(facts)
            return
        for name, text in [*position, *rows]:
            terminal.print(text, prefix=name, indent=12)
