"""The 404 page for browsers, which shows where the playground and the lesson are."""

from operator import itemgetter

from quart import Response, current_app, has_request_context, render_template, request
from werkzeug.exceptions import HTTPException

from quart_session_demo.playground.language import language_context


async def show_not_found(error: HTTPException) -> HTTPException | Response:
    """Return the page for a 404 in a browser, else the error as it is."""
    # A websocket has no request context. An error may have a response of its own.
    if error.code != 404 or error.response is not None or not has_request_context():
        return error
    if not _prefers_html():
        return error
    page = await render_template(
        'playground/not_found.html',
        **language_context(),
        has_lesson='lesson.index' in current_app.view_functions,
    )
    return Response(page, 404, headers={'Vary': 'Accept, Accept-Language'})


def _prefers_html() -> bool:
    """Return whether a client names HTML before all other types, as browsers do."""
    # Werkzeug sorts a type with a parameter first, such as Chrome's
    # `application/signed-exchange;v=b3;q=0.7`. Programs such as curl name no type: `*/*`.
    named = (item for item in request.accept_mimetypes if '*' not in item[0])
    first, quality = max(named, key=itemgetter(1), default=('', 0))
    return quality > 0 and first.partition(';')[0].lower() == 'text/html'
