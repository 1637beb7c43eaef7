"""The routes of the page: `show` lists a user's sessions, `end` and `end_others` end them."""

from typing import Any

from quart import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.cross_site import is_cross_site
from quart_session_demo.session_pages.devices import device_name
from quart_session_demo.sessions import (
    list_sessions,
    revoke_session,
    revoke_sessions,
    session_user,
)

#: The key in the session for how many sessions the last form ended. The page shows and removes it.
#: If the number were in the address, a link on another site could make the page show any number.
ENDED = '_session_pages_ended'

session_pages = Blueprint(
    'session_pages', __name__, url_prefix='/sessions', template_folder='templates'
)


@session_pages.before_request
async def refuse_cross_site() -> None:
    """Refuse a form that a page of another origin sends."""
    if request.method == 'POST' and is_cross_site(request):
        page = await _render('cross_site.html')
        abort(403, 'A page of another site sent this request.', response=Response(page, 403))


@session_pages.get('/')
async def show() -> str:
    """Show the sessions of the user, the current one first."""
    user = await _require_user()
    records = await list_sessions(user)
    ended = session.pop(ENDED, None)
    return await _render(
        'sessions.html',
        # A name may have characters that UTF-8 cannot encode.
        page_user=user.encode(errors='replace').decode(),
        records=sorted(records, key=lambda record: not record.current),
        device_name=device_name,
        ended=ended if isinstance(ended, int) else None,
    )


@session_pages.post('/end')
async def end() -> WerkzeugResponse:
    """End the session whose public id is in the form."""
    user = await _require_user()
    public_id = (await request.form).get('id', '')
    return _redirect(int(await revoke_session(public_id, user=user)))


@session_pages.post('/end-others')
async def end_others() -> WerkzeugResponse:
    """End all sessions of the user but the current one."""
    user = await _require_user()
    return _redirect(await revoke_sessions(user, keep_current=True))


@session_pages.get('/style.css')
async def style() -> Response:
    """Return the style of the page; a content security policy may forbid styles in the page."""
    css = await render_template('session_pages/style.css')
    return Response(css, mimetype='text/css', headers={'Cache-Control': 'max-age=3600'})


@session_pages.after_request
async def add_headers(response: Response) -> Response:
    """Forbid caches to store the page, and other sites to embed it; the app's headers remain."""
    response.headers.setdefault('Cache-Control', 'no-store')
    # A site could let the user click on a button of an embedded page without seeing it.
    response.headers.setdefault('X-Frame-Options', 'SAMEORIGIN')
    return response


async def _require_user() -> str:
    user = session_user()
    if user is None:
        # An app's own handler for 401 takes precedence, such as one that redirects to a login.
        page = await _render('logged_out.html')
        abort(401, 'You are not logged in.', response=Response(page, 401))
    return user


def _redirect(ended: int) -> WerkzeugResponse:
    # A user who ended the current session has no session to store a message in.
    if session_user() is not None:
        session[ENDED] = ended
    return redirect(url_for('.show', **_query()), 303)


async def _render(template: str, **context: Any) -> str:
    return await render_template(
        f'session_pages/{template}',
        # An app's own layout may use its own `user`, `lang` or `translate`.
        page_query=_query(),
        page_translate=_translate,
        **context,
    )


def _query() -> dict[str, Any]:
    # Without `lang=None`, which would replace the `lang` of an app's `url_defaults`.
    return {'lang': 'zh'} if request.args.get('lang') == 'zh' else {}


def _translate(english: str, chinese: str) -> str:
    return chinese if _query() else english
