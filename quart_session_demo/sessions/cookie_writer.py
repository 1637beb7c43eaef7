"""The session's `Set-Cookie` header, whatever the cookie's value means."""

from typing import Any

from flask.sessions import SessionMixin
from quart import Quart, Response
from quart.sessions import SessionInterface
from werkzeug.http import dump_cookie, parse_set_header
from werkzeug.wrappers import Response as WerkzeugResponse


class CookieWriter(SessionInterface):
    """Sets and deletes the session's cookie with all of the app's `SESSION_COOKIE_*` settings."""

    def cookie_header(self, app: Quart, session: SessionMixin, value: str) -> str:
        """Return the `Set-Cookie` header for a value, however large."""
        return dump_cookie(
            self.get_cookie_name(app),
            value,
            expires=self.get_expiration_time(app, session),
            # The limit is the caller's to check.
            max_size=0,
            **cookie_attributes(self, app),
        )

    def delete_cookie(self, app: Quart, response: Response | WerkzeugResponse) -> None:
        """Make the browser forget its session cookie."""
        response.delete_cookie(self.get_cookie_name(app), **cookie_attributes(self, app))


def cookie_attributes(interface: SessionInterface, app: Quart) -> dict[str, Any]:
    """Return what the app's settings say of the session's cookie, as Werkzeug takes it."""
    return {
        'domain': interface.get_cookie_domain(app),
        'httponly': interface.get_cookie_httponly(app),
        'partitioned': interface.get_cookie_partitioned(app),
        'path': interface.get_cookie_path(app),
        'samesite': interface.get_cookie_samesite(app),
        'secure': interface.get_cookie_secure(app),
    }


def vary_by_cookie(response: Response | WerkzeugResponse) -> None:
    """Tell caches that the response depends on the cookie."""
    fields = response.headers.getlist('Vary')
    if not fields:
        response.headers['Vary'] = 'Cookie'
        return
    # `response.vary.add` would lose the second of two Vary headers.
    vary = parse_set_header(', '.join(fields))
    vary.add('Cookie')
    response.headers['Vary'] = vary.to_header()
