"""Turn the response in hand into an error, when it is too late for an error handler."""

import json
import re

from markupsafe import escape
from quart import Response, has_request_context, has_websocket_context, request, websocket
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as WerkzeugResponse

# What described or addressed the view's own content, or told a server in front what to do with it.
DROPPED = (
    'Accept-Ranges',
    'Age',
    'Content-Digest',
    'Content-Disposition',
    'Content-Encoding',
    'Content-Language',
    'Content-Location',
    'Content-MD5',
    'Content-Range',
    'Digest',
    'ETag',
    'Edge-Control',
    'Expires',
    'Last-Modified',
    'Location',
    'No-Vary-Search',
    'Pragma',
    'Refresh',
    'Repr-Digest',
    'Surrogate-Control',
    'Warning',
    'X-Accel-Expires',
    'X-Accel-Redirect',
    'X-LIGHTTPD-send-file',
    'X-LiteSpeed-Location',
    'X-Reproxy-URL',
    'X-Sendfile',
)

_JSON = re.compile(r'application/([^;/]+\+)?json(;|$)')


def turn_into_error(
    response: Response | WerkzeugResponse,
    status: int,
    detail: str,
    retry_after: int | None = None,
    *,
    even_an_error: bool = False,
) -> None:
    """Make a response this error, in HTML or, when that is asked for, JSON; never cached.

    One that is an error already stays as it is, whatever its status, unless that is asked for.

    Args:
        response: The response that a view, or what stands around it, made.
        status: The new status.
        detail: What went wrong, in a sentence for the visitor.
        retry_after: After how many seconds a client should try again, if that helps.
        even_an_error: Whether to replace an error, too, of another status.
    """
    if response.status_code == status and retry_after is not None:
        # A page of the app's own for it.
        response.headers.setdefault('Retry-After', str(retry_after))
        response.headers.setdefault('Cache-Control', 'no-store')
        return
    if response.status_code == status or (response.status_code >= 400 and not even_an_error):
        return
    title = HTTP_STATUS_CODES[status]
    # Of each CDN, too: Cloudflare-CDN-Cache-Control and so on.
    cache_controls = [
        name for name, _ in response.headers if name.lower().endswith('cache-control')
    ]
    for header in (*DROPPED, *cache_controls):
        response.headers.pop(header, None)
    response.status_code = status
    response.headers['Cache-Control'] = 'no-store'
    if retry_after is not None:
        response.headers['Retry-After'] = str(retry_after)
    if _json_is_asked_for():
        response.headers['Content-Type'] = 'application/json'
        response.set_data(json.dumps({'error': title, 'detail': detail}))
    else:
        response.headers['Content-Type'] = 'text/html; charset=utf-8'
        response.set_data(
            f'<!doctype html>\n<html lang="en">\n<title>{status} {title}</title>\n'
            f'<h1>{title}</h1>\n<p>{escape(detail)}</p>\n'
        )


def _json_is_asked_for() -> bool:
    if has_request_context():
        accept = request.accept_mimetypes
    elif has_websocket_context():
        accept = websocket.accept_mimetypes
    else:
        return False
    # application/problem+json and the like, or with a charset; best_match raises for nonsense.
    kinds = [kind for kind in accept.values() if _JSON.match(kind)]
    return accept.best_match(['text/html', 'application/json', *kinds]) not in ('text/html', None)
