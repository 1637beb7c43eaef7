"""The page's two routes: showing the session, and doing what a button says."""

from typing import NoReturn

from quart import (
    Blueprint,
    Response,
    abort,
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

from quart_session_demo.playground import notice
from quart_session_demo.playground.actions import LINES, WITH_KEY, run
from quart_session_demo.playground.altered_copies import KINDS, NothingExpires, altered_copy
from quart_session_demo.playground.cross_site import is_cross_site
from quart_session_demo.playground.language import language, t
from quart_session_demo.playground.outcome import tell
from quart_session_demo.playground.page import render
from quart_session_demo.playground.session_reader import (
    cookie_sent,
    in_cookie,
    read_session,
    showable,
)
from quart_session_demo.playground.values import NestedTooDeeply, parse

MAX_KEY_LENGTH = 100
# Enough to outgrow any cookie.
MAX_VALUE_LENGTH = 10_000
# What makes sense with a signed cookie alone.
COOKIE_ONLY = ('key', 'time', 'overflow')

playground = Blueprint(
    'playground',
    __name__,
    url_prefix='/playground',
    template_folder='templates',
    static_folder='static',
)


def refuse(status: int, english: str, chinese: str) -> NoReturn:
    """End the request with an error, which the page shows."""
    abort(status, t(english, chinese))


@playground.before_request
async def refuse_cross_site() -> None:
    """Refuse a change that another site asks for."""
    if request.method == 'POST' and is_cross_site(request):
        refuse(
            403,
            'This came from a page of another site, so nothing was changed.',
            '这个请求来自另一个网站的页面，因此什么都没有改变。',
        )


@playground.get('/')
async def show() -> Response | WerkzeugResponse:
    """Show the session, its cookie and what the last action did; change nothing."""
    last = notice.find()
    response = await make_response(await render(dict(session), notice=last))
    if last:
        notice.remove(last, response)
    return response


@playground.post('/')
async def act() -> WerkzeugResponse:
    """Do what a button says, and have the page tell of it after a redirect."""
    form = g.form = await request.form
    do = form.get('do', '')
    if do in COOKIE_ONLY and not in_cookie():
        refuse(
            409,
            'This session is on the server: its cookie holds nothing that could be signed.',
            '这个 session 保存在服务器上：它的 cookie 里没有可以签名的内容。',
        )
    g.cleared = do == 'clear' and bool(session)
    if do in KINDS:
        g.notice = await _try_altered_copy(do)
    elif do in LINES:
        g.notice = _run(do, form.get('key', ''), form.get('value', ''))
    else:
        refuse(400, 'There is no such action.', '没有这个操作。')
    g.notice['id'] = notice.new_id()
    typed = {name: form[name] for name in ('key', 'value') if name in form}
    g.notice['form'] = {name: text for name, text in typed.items() if len(text) <= MAX_VALUE_LENGTH}
    shown_at = url_for('.show', lang=language(), notice=g.notice['id'], _anchor='last')
    return redirect(shown_at, 303)


def _run(do: str, key: str, text: str) -> notice.Notice:
    if do in WITH_KEY and not 0 < len(key) <= MAX_KEY_LENGTH:
        refuse(
            400,
            f'A key of 1 to {MAX_KEY_LENGTH} characters is needed.',
            f'需要一个 1 到 {MAX_KEY_LENGTH} 个字符的键。',
        )
    if do == 'set' and len(text) > MAX_VALUE_LENGTH:
        refuse(
            400,
            f'The value has more than {MAX_VALUE_LENGTH} characters.',
            f'值超过了 {MAX_VALUE_LENGTH} 个字符。',
        )
    limit = current_app.config['MAX_COOKIE_SIZE']
    if do == 'overflow' and not limit:
        refuse(409, 'This app sets no limit.', '这个应用没有设置上限。')
    try:
        value = parse(text) if do == 'set' else None
        result = run(do, key, value)
    except NestedTooDeeply:
        refuse(400, 'This JSON is nested too deeply.', '这段 JSON 嵌套得太深。')
    except KeyError:
        refuse(
            404,
            f'KeyError: {key!r}. The session has no such key.',
            f'KeyError: {key!r}。session 里没有这个键。',
        )
    line = LINES[do].format(key=repr(key), value=notice.shorten(repr(value)), limit=limit)
    return {
        'do': do,
        'line': line,
        'result': notice.shorten(repr(result)) if do in ('get', 'pop') else None,
    }


async def _try_altered_copy(kind: str) -> notice.Notice:
    cookie = cookie_sent()
    if not cookie or not session:
        refuse(
            409,
            'There is no session to copy yet: set a key first.',
            '还没有可以复制的 session：请先设置一个键。',
        )
    try:
        copy = altered_copy(kind, cookie, dict(session), current_app)
    except NothingExpires:
        refuse(
            409,
            'This app’s sessions last so long that no signature is too old.',
            '这个应用的 session 有效期太长，没有哪个签名会过期。',
        )
    read = await read_session(copy)
    return {
        'do': kind,
        'altered': notice.shorten(showable(copy)),
        'read': notice.shorten(repr(read)),
        'refused': not read,
    }


@playground.errorhandler(HTTPException)
async def show_error(error: HTTPException) -> HTTPException | tuple[str, int]:
    """Show a client's error on the page, with the form as it was."""
    if error.code is None or error.code >= 500:
        return error
    return await render(dict(session), form=g.get('form'), error=error), error.code


@playground.errorhandler(OSError)
@playground.errorhandler(OverflowError)
async def refuse_impossible_file(error: OSError | OverflowError) -> tuple[str, int]:
    """Answer what Quart's static files trip over: a name or a date that no file can have."""
    if request.endpoint != 'playground.static':
        raise error
    return 'Not Found', 404


@playground.after_request
async def keep_out_of_caches(response: Response) -> Response:
    """Keep what is a visitor's own out of every cache."""
    if request.endpoint != 'playground.static':
        response.headers['Cache-Control'] = 'no-store'
    return response


@playground.record_once
def listen(state: BlueprintSetupState) -> None:
    """Have `tell` called once the session is saved, which is after `after_request`."""
    request_finished.connect(tell, state.app)
