"""The routes of the page: `show` shows the session, `act` runs the action of a button."""

from importlib import resources

from quart import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    request,
    request_finished,
    session,
    url_for,
)
from quart.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.cross_site import is_cross_site
from quart_session_demo.playground.actions import (
    ACTION_LINES,
    ACTIONS_WITH_KEY,
    MAX_KEY_LENGTH,
    MAX_VALUE_NESTING,
    NestedTooDeeply,
    is_valid_key,
    parse_value,
    run_action,
)
from quart_session_demo.playground.altered_copies import ALTERATIONS, try_altered_copy
from quart_session_demo.playground.errors import render_forbidden
from quart_session_demo.playground.language import chosen_language, refuse
from quart_session_demo.playground.login import log_in
from quart_session_demo.playground.long_text import shorten
from quart_session_demo.playground.not_found import show_not_found
from quart_session_demo.playground.notice import (
    Notice,
    delete_notice,
    new_id,
    read_notice,
)
from quart_session_demo.playground.outcome import record_outcome
from quart_session_demo.playground.page import render
from quart_session_demo.playground.replay import replay_old_cookie
from quart_session_demo.playground.session_cookie import content_in_cookie

#: In characters. With a value of this length, a user can exceed the size limit of a cookie.
MAX_VALUE_LENGTH = 10_000
#: The actions that need the session's content in the cookie.
SIGNED_COOKIE_ACTIONS = (
    'key',
    'time',
    'overflow',
)

playground = Blueprint(
    'playground',
    __name__,
    url_prefix='/playground',
    template_folder='templates',
    static_folder='static',
)


@playground.before_request
async def refuse_cross_site() -> tuple[str, int] | None:
    """Refuse an action that a page of another origin sends."""
    if request.method == 'POST' and is_cross_site(request):
        return await render_forbidden(), 403
    return None


@playground.get('/')
async def show() -> Response | WerkzeugResponse:
    """Show the session, its cookie and the outcome of the last action, without changes."""
    notice = read_notice()
    response = await make_response(await render(dict(session), notice=notice))
    if notice:
        delete_notice(notice, response)
    return response


@playground.get('/lesson.py')
async def show_lesson() -> Response:
    """Show the source of the lesson."""
    source = resources.files('quart_session_demo').joinpath('lesson.py').read_text('utf-8')
    return Response(source, mimetype='text/plain')


@playground.post('/')
async def act() -> WerkzeugResponse:
    """Run the action of a button, and redirect to the page, which shows the outcome."""
    form = g.form = await request.form
    is_guided = 'next' in form
    action = form['next'] if is_guided else form.get('do', '')
    key = form.get('next_key' if is_guided else 'key', '')
    if action in SIGNED_COOKIE_ACTIONS and not content_in_cookie():
        refuse(
            409,
            'This session is stored on the server. This button needs its content in the cookie.',
            'session 保存在服务器上，cookie 里没有内容，所以不能使用这个按钮。',
        )
    g.cleared = action == 'clear' and bool(session)
    if action in ALTERATIONS:
        g.notice = await try_altered_copy(action)
    elif action == 'replay':
        g.notice = await replay_old_cookie()
    elif action == 'cookie':
        # Not a link: what the user typed must stay in the form.
        g.notice = {'action': action}
    elif action == 'login':
        g.notice = await log_in(form.get('user', ''))
    elif action in ACTION_LINES:
        g.notice = _run_line(action, key, form.get('value', ''))
    else:
        refuse(400, 'There is no such action.', '没有这个操作。')
    g.notice['id'] = new_id()
    typed = {name: form[name] for name in ('key', 'value') if name in form}
    g.notice['form'] = {name: text for name, text in typed.items() if len(text) <= MAX_VALUE_LENGTH}
    anchor = 'cookie' if action == 'cookie' else 'last'
    address = url_for('.show', lang=chosen_language(), notice=g.notice['id'], _anchor=anchor)
    return redirect(address, 303)


def _run_line(action: str, key: str, text: str) -> Notice:
    if action in ACTIONS_WITH_KEY and not is_valid_key(key):
        refuse(
            400,
            f'The key must have 1 to {MAX_KEY_LENGTH} characters.',
            f'键的长度必须是 1 到 {MAX_KEY_LENGTH} 个字符。',
        )
    if action == 'set' and len(text) > MAX_VALUE_LENGTH:
        refuse(
            400,
            f'The value must have at most {MAX_VALUE_LENGTH} characters.',
            f'值最多 {MAX_VALUE_LENGTH} 个字符。',
        )
    limit = current_app.config['MAX_COOKIE_SIZE']
    if action == 'overflow' and not limit:
        refuse(409, 'This app has no cookie size limit.', '这个应用没有限制 cookie 的大小。')
    try:
        value = parse_value(text) if action == 'set' else None
    except NestedTooDeeply:
        refuse(
            400,
            f'The JSON value is nested too deeply: use at most {MAX_VALUE_NESTING} levels.',
            f'JSON 值嵌套得太深：最多 {MAX_VALUE_NESTING} 层。',
        )
    shown_key = shorten(repr(key))
    line = ACTION_LINES[action].format(key=shown_key, value=shorten(repr(value)), limit=limit)
    try:
        result = run_action(action, key, value)
    except KeyError:
        g.failed_line = line
        refuse(
            404,
            f'KeyError: {shown_key}. The session has no such key.',
            f'KeyError: {shown_key}。session 里没有这个键。',
        )
    return {
        'action': action,
        'key': key,
        'line': line,
        'result': shorten(repr(result)) if action in ('get', 'pop') else None,
    }


@playground.errorhandler(HTTPException)
async def show_error(error: HTTPException) -> HTTPException | Response | tuple[str, int]:
    """Show a 4xx error on the page, with the texts that the user typed."""
    if request.endpoint == 'playground.static':
        return await show_not_found(error)
    if error.code is None or error.code >= 500:
        return error
    line = g.get('failed_line')
    return await render(dict(session), error=error, line=line, form=g.get('form')), error.code


@playground.errorhandler(OSError)
@playground.errorhandler(OverflowError)
async def refuse_impossible_file(error: OSError | OverflowError) -> tuple[str, int]:
    """Return 404 where Quart's static files fail on an impossible file name or date."""
    if request.endpoint != 'playground.static':
        raise error
    return 'Not Found', 404


@playground.after_request
async def add_headers(response: Response) -> Response:
    """Forbid caches to store the page, and name the header that chooses its language."""
    if request.endpoint != 'playground.static':
        response.headers['Cache-Control'] = 'no-store'
        response.vary.add('Accept-Language')
    return response


@playground.record_once
def connect_outcome(state: BlueprintSetupState) -> None:
    """Call `record_outcome` after the session is saved; `after_request` would be too early."""
    request_finished.connect(record_outcome, state.app)
