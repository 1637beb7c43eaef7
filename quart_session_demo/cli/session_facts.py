"""What `sessions info` shows: where an app stores its sessions, and for how long."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from quart import Quart

from quart_session_demo.terminal import Terminal

#: The problem if the command was stopped before the store responded.
NOT_ASKED = 'unknown: stopped before the store responded'


@dataclass(frozen=True)
class SessionFacts:
    """Where an app stores its sessions, and for how long.

    Attributes:
        stored_in: Where the content is stored.
        interface: The class of the session interface.
        store: The class of the store; None if there is none, or none that is known.
        ready: Whether sessions can be read and stored now; None if the store cannot be asked.
        problem: Why they cannot, without secrets; None if they can.
        cookie_name: The name of the session cookie.
        cookie_attributes: The attributes of the session cookie, as they are sent.
        permanent_by_default: Whether each session is permanent, unless the app sets otherwise.
        permanent_lifetime: The lifetime of a permanent session, in seconds.
        browser_lifetime: The lifetime of another session, in seconds. Its cookie has no date.
        refresh_each_request: Whether uses extend a session, and not changes alone.
        absolute_lifetime: The seconds after which a session expires even if it is used; None for
            no limit.
    """

    stored_in: Literal['cookie', 'server']
    interface: str
    store: str | None
    ready: bool | None
    problem: str | None
    cookie_name: str
    cookie_attributes: list[str]
    permanent_by_default: bool
    permanent_lifetime: float
    browser_lifetime: float
    refresh_each_request: bool
    absolute_lifetime: float | None


async def find_problem(app: Quart) -> str | None:
    """Return why an app's sessions cannot be read and stored now, without secrets."""
    from quart_session_demo.sessions.server.interface import ServerSessionInterface
    from quart_session_demo.sessions.server.store import StoreError

    if isinstance(app.session_interface, ServerSessionInterface):
        store = app.session_interface.store
        try:
            await store.ping()
        except StoreError as error:
            return str(error)
        finally:
            await store.close()
    return None if app.secret_key else 'SECRET_KEY is not set'


def collect_facts(app: Quart, problem: str | None) -> SessionFacts:
    """Return the facts about an app's sessions.

    Args:
        app: The app.
        problem: What `find_problem` found, or `NOT_ASKED`.
    """
    from werkzeug.http import dump_cookie

    from quart_session_demo.sessions.base import (
        cookie_attributes,
        permanent_by_default,
        stores_in_cookie,
    )
    from quart_session_demo.sessions.server.interface import ServerSessionInterface

    interface = app.session_interface
    in_cookie = stores_in_cookie(interface)
    store = interface.store if isinstance(interface, ServerSessionInterface) else None
    is_known = in_cookie or store is not None
    permanent_lifetime = app.permanent_session_lifetime.total_seconds()
    browser_lifetime = app.config.get('SESSION_BROWSER_LIFETIME') or permanent_lifetime
    # Read from a header, because Werkzeug changes some attributes: Partitioned adds Secure.
    header = dump_cookie('name', **cookie_attributes(interface, app))
    return SessionFacts(
        stored_in='cookie' if in_cookie else 'server',
        interface=type(interface).__name__,
        store=None if store is None else type(store).__name__,
        ready=problem is None if is_known and problem != NOT_ASKED else None,
        problem=problem if is_known else None,
        cookie_name=interface.get_cookie_name(app),
        cookie_attributes=header.split('; ')[1:],
        permanent_by_default=permanent_by_default(interface, app),
        permanent_lifetime=permanent_lifetime,
        browser_lifetime=permanent_lifetime if in_cookie else browser_lifetime,
        refresh_each_request=app.config['SESSION_REFRESH_EACH_REQUEST'],
        absolute_lifetime=None if in_cookie else app.config.get('SESSION_ABSOLUTE_LIFETIME'),
    )


def print_facts(terminal: Terminal, facts: SessionFacts) -> None:
    """Print the facts as text, with one line for each."""
    in_cookie = facts.stored_in == 'cookie'
    extension = 'the last change'
    if facts.refresh_each_request:
        extension = 'the last response' if in_cookie else 'the last use'
    # As in Flask, a response does not sign the cookie of a browser session again.
    extension_of_browser = 'the last change' if in_cookie else extension
    absolute = facts.absolute_lifetime
    rows = {
        'stored in': 'the cookie' if in_cookie else 'a server',
        'interface': facts.interface,
        'store': facts.store or 'none',
        'ready': {True: 'yes', False: f'NO: {facts.problem}', None: facts.problem or 'unknown'}[
            facts.ready
        ],
        'cookie': '; '.join([facts.cookie_name, *facts.cookie_attributes]),
        'default': 'permanent' if facts.permanent_by_default else 'not permanent',
        'permanent': f'expires {timedelta(seconds=facts.permanent_lifetime)} after {extension}',
        'browser': f'expires {timedelta(seconds=facts.browser_lifetime)} after '
        f'{extension_of_browser}, and when the browser closes',
        'absolute': 'no limit'
        if absolute is None
        else f'expires {timedelta(seconds=absolute)} after its creation',
    }
    for name, text in rows.items():
        terminal.print(text, prefix=name, indent=10)
