"""Turn a finished response into an error; an error handler cannot do so after the view."""

import json
import re

from markupsafe import escape
from quart import Quart, Response, has_request_context, has_websocket_context, request, websocket
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.sessions.limits import SessionTooLarge
from quart_session_demo.sessions.session_json import UnstorableValue
from quart_session_demo.sessions.tracking import TrackedSession

#: The headers of the original response that the error keeps, in lower case. The others describe the
#: view's content, or make a browser or proxy act: ETag, Location, HX-Redirect, Clear-Site-Data …
ALLOWED_HEADERS = {
    # Other cookies, such as those of an after_request function.
    'set-cookie',
    # Caches need it.
    'vary',
    # The security headers of the OWASP Secure Headers Project.
    'content-security-policy',
    'content-security-policy-report-only',
    'origin-agent-cluster',
    'permissions-policy',
    'referrer-policy',
    # The addresses to which a browser reports violations of a content security policy.
    'report-to',
    'reporting-endpoints',
    'strict-transport-security',
    'x-content-type-options',
    'x-frame-options',
    'x-permitted-cross-domain-policies',
    # They help a user to report the error, and an operator to find its log lines.
    'x-correlation-id',
    'x-request-id',
}
#: CORS, without which a script of another origin cannot read the error, and isolation.
ALLOWED_PREFIXES = ('access-control-', 'cross-origin-')

#: The text of the error for a session with a value that cannot be stored.
SAVE_ERROR = 'The session cannot be saved.'

_JSON_TYPE = re.compile(r'application/([^;/]+\+)?json(;|$)')


def turn_into_error(
    response: Response | WerkzeugResponse,
    status: int,
    detail: str,
    retry_after: int | None = None,
    *,
    replace_errors: bool = False,
) -> None:
    """Turn a response into an error that is not cached, in HTML or the JSON a client prefers.

    A response that is already an error does not change, unless `replace_errors` is true.

    Args:
        response: The finished response.
        status: The new status.
        detail: What went wrong, in one sentence for the user.
        retry_after: The seconds after which the client may try again, if that helps.
        replace_errors: Whether to replace an error with another status too.
    """
    if response.status_code == status and retry_after is not None:
        # The app has its own page for this error.
        response.headers.setdefault('Retry-After', str(retry_after))
        response.headers.setdefault('Cache-Control', 'no-store')
        return
    if response.status_code == status or (response.status_code >= 400 and not replace_errors):
        return
    allowed = [(name, value) for name, value in response.headers if _is_allowed(name.lower())]
    response.headers.clear()
    response.headers.extend(allowed)
    response.headers['Cache-Control'] = 'no-store'
    if retry_after is not None:
        response.headers['Retry-After'] = str(retry_after)
    response.status_code = status
    title = HTTP_STATUS_CODES[status]
    if _client_prefers_json():
        response.headers['Content-Type'] = 'application/json'
        response.set_data(json.dumps({'error': title, 'detail': detail}))
    else:
        response.headers['Content-Type'] = 'text/html; charset=utf-8'
        response.set_data(
            f'<!doctype html>\n<html lang="en">\n<title>{status} {title}</title>\n'
            f'<h1>{title}</h1>\n<p>{escape(detail)}</p>\n'
        )


class NewIdError(RuntimeError):
    """Raised by `regenerate_session` where the client would not get the new id."""


def log_save_error(app: Quart, session: TrackedSession, error: Exception) -> None:
    """Log why a session cannot be saved; call it where the error is handled."""
    if not isinstance(error, UnstorableValue | NewIdError):
        app.logger.exception('The session cannot be saved')
    # A websocket may be saved several times.
    elif session.save_error != (text := str(error)):
        session.save_error = text
        app.logger.error('The session cannot be saved: %s', text)


def refuse_save(
    app: Quart,
    session: TrackedSession,
    response: Response | WerkzeugResponse | None,
    error: SessionTooLarge,
) -> None:
    """Log that a changed session is too large, and turn the response into 413."""
    # A websocket may be saved several times.
    if session.refusal != error.refusal:
        app.logger.warning('Session not saved (%s): %s', error.refusal.setting, error)
    session.refusal = error.refusal
    if response is not None:
        turn_into_error(response, 413, f'{error} The stored session was not changed.')


def _is_allowed(name: str) -> bool:
    return name in ALLOWED_HEADERS or name.startswith(ALLOWED_PREFIXES)


def _client_prefers_json() -> bool:
    if has_request_context():
        accept = request.accept_mimetypes
    elif has_websocket_context():
        accept = websocket.accept_mimetypes
    else:
        return False
    # Includes application/problem+json and types with a charset, but no malformed types, for which
    # `best_match` raises.
    json_types = [media_type for media_type in accept.values() if _JSON_TYPE.match(media_type)]
    best = accept.best_match(['text/html', 'application/json', *json_types])
    return best not in ('text/html', None)
