"""The pages of errors that do not show the session: 403 and 503."""

from quart import render_template, request

from quart_session_demo.playground.attributes import sent_attributes
from quart_session_demo.playground.language import language_context
from quart_session_demo.playground.long_text import shorten
from quart_session_demo.playground.session_cookie import request_cookie

#: The headers by which the page recognizes a request of another site.
SITE_HEADERS = (
    'Sec-Fetch-Site',
    'Origin',
    'Host',
)


async def render_forbidden() -> str:
    """Return a page that explains why a request of another site was refused."""
    return await render_template(
        'playground/forbidden.html',
        **language_context(),
        headers=[
            (name, shorten(request.headers[name]))
            for name in SITE_HEADERS
            if name in request.headers
        ],
        is_same_site=request.headers.get('Sec-Fetch-Site') == 'same-site',
        has_cookie=request_cookie() is not None,
        samesite=sent_attributes()['SameSite'],
    )


async def render_unavailable() -> str:
    """Return a page for 503: the store of the sessions does not respond."""
    return await render_template('playground/unavailable.html', **language_context())
