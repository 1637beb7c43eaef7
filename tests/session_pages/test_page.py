"""The page as part of an app: its addresses, errors, headers, languages and templates."""

import re
from pathlib import Path
from typing import Any

import pytest
from quart import Blueprint, Quart, Response, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from quart_session_demo.session_pages import session_pages
from quart_session_demo.sessions import create_session_interface, regenerate_session
from quart_session_demo.sessions.base import ServerSessionsRequired
from tests import cross_site
from tests.apps.session_pages_app import PREFIX, make_session_pages_app
from tests.conftest import KEY
from tests.session_pages.conftest import PAGE, Device, ids, notice
from tests.sessions.conftest import sqlite_settings

REQUESTS = (
    ('get', PAGE),
    ('post', f'{PAGE}end'),
    ('post', f'{PAGE}end-others'),
)


@pytest.fixture
def store() -> dict[str, Any]:
    """Return the settings of one store, because no test here depends on it."""
    return {'SESSION_TYPE': 'memory'}


@pytest.mark.parametrize(('method', 'address'), REQUESTS)
async def test_anonymous_user_gets_401(app: Quart, method: str, address: str) -> None:
    """Without a login every route returns 401 and a page that states why."""
    response = await getattr(app.test_client(), method)(address)

    assert response.status_code == 401
    assert response.headers['Cache-Control'] == 'no-store'
    assert 'Set-Cookie' not in response.headers
    assert 'You are not logged in.' in await response.get_data(as_text=True)


async def test_session_without_user_is_anonymous(app: Quart) -> None:
    """A session that no login bound to a user sees no sessions."""
    client = app.test_client()
    async with client.session_transaction() as session:
        session['user'] = 'ann'

    assert (await client.get(PAGE)).status_code == 401


@pytest.mark.parametrize('handled', [401, HTTPException])
@pytest.mark.parametrize(('method', 'address'), REQUESTS)
async def test_app_can_send_users_to_its_login(
    app: Quart, handled: Any, method: str, address: str
) -> None:
    """The app's own handler for 401 decides what a user without a login gets."""

    @app.errorhandler(handled)
    async def show_login(error: HTTPException) -> WerkzeugResponse:
        assert error.code == 401
        return redirect('/login', 303)

    response = await getattr(app.test_client(), method)(address)

    assert (response.status_code, response.headers['Location']) == (303, '/login')


@pytest.mark.parametrize(('method', 'address'), REQUESTS)
async def test_cookie_sessions_are_an_error(
    caplog: pytest.LogCaptureFixture, method: str, address: str
) -> None:
    """In an app with cookie sessions, the page returns 500, and the log states the reason."""
    app = make_session_pages_app(SESSION_TYPE='cookie')

    response = await getattr(app.test_client(), method)(address)

    assert response.status_code == 500
    [record] = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ServerSessionsRequired)


@pytest.mark.parametrize(('method', 'address'), REQUESTS)
async def test_unavailable_store_is_503(tmp_path: Path, method: str, address: str) -> None:
    """If the store fails, each route returns 503, before a login and after it."""
    settings = sqlite_settings(tmp_path)
    app = make_session_pages_app(**settings)
    async with app.test_app():
        device = Device(app)
        await device.log_in('ann')
        assert await device.is_logged_in()
    (tmp_path / 'sessions.db').write_bytes(b'no database, and long enough to have a header' * 9)

    response = await getattr(device.client, method)(address)

    assert (response.status_code, response.headers['Retry-After']) == (503, '5')
    assert response.headers['Cache-Control'] == 'no-store'


@pytest.mark.parametrize(
    ('method', 'address', 'status'),
    [
        ('get', f'{PAGE}missing', 404),
        ('get', f'{PAGE}style.css/x', 404),
        ('post', PAGE, 405),
        ('delete', PAGE, 405),
        ('get', f'{PAGE}end', 405),
        ('get', f'{PAGE}end-others', 405),
        ('get', PAGE.rstrip('/'), 308),
        ('head', PAGE, 200),
    ],
)
async def test_other_requests_are_answered_as_usual(
    app: Quart, method: str, address: str, status: int
) -> None:
    """Unknown addresses and methods return what Quart returns for them."""
    device = Device(app)
    await device.log_in('ann')

    assert (await getattr(device.client, method)(address)).status_code == status


async def test_form_that_is_too_large_is_413(app: Quart) -> None:
    """A form over the app's limit is refused, and ends nothing."""
    app.config['MAX_CONTENT_LENGTH'] = 1000
    device, other = Device(app), Device(app)
    await device.log_in('ann')
    await other.log_in('ann')

    response = await device.post('end', ids(await device.page())[1] + 'x' * 1000)

    assert response.status_code == 413
    assert await other.is_logged_in()


async def test_page_is_neither_cached_nor_embedded(app: Quart) -> None:
    """No cache may store the page or a redirect, and no other site may embed them."""
    device = Device(app)
    await device.log_in('ann')

    for response in (await device.get(), await device.post('end-others')):
        assert response.headers['Cache-Control'] == 'no-store'
        assert response.headers['X-Frame-Options'] == 'SAMEORIGIN'
        assert 'Cookie' in response.vary


async def test_page_sends_its_origin(app: Quart) -> None:
    """With an app's `Referrer-Policy: no-referrer`, browsers send the origin of the forms."""
    html = await (await app.test_client().get(PAGE)).get_data(as_text=True)

    assert '<meta name="referrer" content="same-origin">' in html


async def test_style_is_the_same_for_all(app: Quart) -> None:
    """The style needs no session, and browsers may store it."""
    response = await app.test_client().get(f'{PAGE}style.css')

    assert (response.status_code, response.mimetype) == (200, 'text/css')
    assert response.headers['Cache-Control'] == 'max-age=3600'
    assert 'Vary' not in response.headers
    assert 'prefers-color-scheme: dark' in await response.get_data(as_text=True)


async def test_page_has_no_inline_code(app: Quart) -> None:
    """The page has no script, and no style that a content security policy would forbid."""
    device, other = Device(app), Device(app)
    await device.log_in('ann')
    await other.log_in('ann')

    html = await (await device.get()).get_data(as_text=True)

    assert not re.search(r'<script|<style| style=| on\w+=|javascript:', html)


@pytest.mark.parametrize('action', ['end', 'end-others'])
@pytest.mark.parametrize('headers', cross_site.HEADERS)
async def test_form_of_another_site_is_403(
    app: Quart, action: str, headers: dict[str, str]
) -> None:
    """A form on a page of another origin ends no session."""
    device, other = Device(app), Device(app)
    await device.log_in('ann')
    await other.log_in('ann')
    form = {'id': ids(await device.page())[1]}

    response = await device.client.post(PAGE + action, form=form, headers=headers)

    assert response.status_code == 403
    assert 'No session was ended.' in await response.get_data(as_text=True)
    assert await other.is_logged_in()
    assert len(ids(await device.page())) == 2


@pytest.mark.parametrize(
    'headers', [{'Sec-Fetch-Site': 'same-origin'}, {'Origin': 'https://localhost'}, {}]
)
async def test_form_of_the_page_is_accepted(app: Quart, headers: dict[str, str]) -> None:
    """The page's own forms are accepted, also behind a proxy that terminates TLS."""
    device = Device(app)
    await device.log_in('ann')

    response = await device.client.post(f'{PAGE}end-others', headers=headers)

    assert response.status_code == 303


async def test_page_works_below_a_root_path(app: Quart) -> None:
    """Below a server's root path, the page's addresses and its redirects contain the path."""
    device = Device(app)
    await device.log_in('ann')
    client = device.client

    response = await client.post(f'/sub{PAGE}end-others', root_path='/sub')
    page = await client.get(f'/sub{PAGE}', root_path='/sub')

    assert (response.status_code, response.headers['Location']) == (303, f'/sub{PAGE}')
    addresses = re.findall(r'(?:action|href)="([^"]*)"', await page.get_data(as_text=True))
    assert addresses == [f'/sub{PAGE}style.css', f'/sub{PAGE}end']


async def test_page_works_with_an_application_root() -> None:
    """With `APPLICATION_ROOT`, the logout deletes the cookie of that path."""
    app = make_session_pages_app(APPLICATION_ROOT='/account')
    device = Device(app)
    await device.log_in('ann')

    response = await device.post('end', ids(await device.page())[0])

    assert 'Path=/account' in response.headers['Set-Cookie']
    assert not await device.is_logged_in()


async def test_page_works_inside_another_blueprint() -> None:
    """The blueprint can have another name, and be inside a blueprint of the app."""
    app = Quart('own_app')
    app.config.from_mapping({'SECRET_KEY': KEY, 'SESSION_TYPE': 'memory'})
    app.session_interface = create_session_interface(app)  # type: ignore[assignment]
    account = Blueprint('account', __name__, url_prefix='/account')
    account.register_blueprint(session_pages, name='devices')
    app.register_blueprint(account)

    @app.post('/login')
    async def login() -> WerkzeugResponse:
        await regenerate_session(user='ann')
        return redirect('/account/sessions/', 303)

    device = Device(app)
    await device.log_in('ann')
    html = await (await device.get('/account/sessions/')).get_data(as_text=True)
    ended = await device.client.post('/account/sessions/end-others')

    assert re.findall('(?:action|href)="([^"]*)"', html) == [
        '/account/sessions/style.css',
        '/account/sessions/end',
    ]
    assert ended.headers['Location'] == '/account/sessions/'


async def test_app_can_replace_a_template(tmp_path: Path) -> None:
    """A template of the app with the same name replaces that of the page."""
    folder = tmp_path / 'session_pages'
    folder.mkdir()
    layout = '<title>My app</title><main>{% block content %}{% endblock %}</main>'
    (folder / 'layout.html').write_text(layout)
    app = make_session_pages_app()
    app.template_folder = str(tmp_path)
    device = Device(app)
    await device.log_in('ann')

    page = await device.page()

    assert page.startswith('<title>My app</title><main>')
    assert len(ids(page)) == 1


@pytest.mark.parametrize(('method', 'address'), REQUESTS)
async def test_layout_of_the_app_has_its_own_variables(
    app: Quart, tmp_path: Path, method: str, address: str
) -> None:
    """The page's variables do not replace those of the app, which its layout uses."""
    folder = tmp_path / 'session_pages'
    folder.mkdir()
    layout = '{{ lang }} {{ translate("a") }} {{ user.name }}: {% block content %}{% endblock %}'
    (folder / 'layout.html').write_text(layout)
    app.template_folder = str(tmp_path)

    @app.context_processor
    async def own_variables() -> dict[str, Any]:
        return {'lang': 'de', 'translate': str.upper, 'user': {'name': 'Ann'}}

    device = Device(app)
    pages = [await getattr(device.client, method)(address)]
    await device.log_in('ann')
    pages.append(await device.get())

    for page in pages:
        assert (await page.get_data(as_text=True)).startswith('de A Ann: ')


@pytest.mark.parametrize('name', ['lang', 'lang_code'])
async def test_prefix_can_have_a_language(name: str) -> None:
    """The prefix can have a variable that the app removes and adds again for each address."""
    app = make_session_pages_app(prefix=f'/<{name}>{PREFIX}')

    @app.url_value_preprocessor
    def remove_language(_: str | None, values: dict[str, Any] | None) -> None:
        g.language = (values or {}).pop(name, 'en')

    @app.url_defaults
    def add_language(endpoint: str, values: dict[str, Any]) -> None:
        if app.url_map.is_endpoint_expecting(endpoint, name):
            values.setdefault(name, g.language)

    device = Device(app)
    anonymous = await device.get(f'/de{PAGE}')
    await device.log_in('ann')
    page = await device.get(f'/de{PAGE}')
    ended = await device.client.post(f'/de{PAGE}end-others')

    assert (anonymous.status_code, page.status_code) == (401, 200)
    assert f'action="/de{PAGE}end"' in await page.get_data(as_text=True)
    assert ended.headers['Location'] == f'/de{PAGE}'


async def test_page_escapes_without_autoescape() -> None:
    """The page escapes names also in an app that turns off the escaping of its templates."""
    app = make_session_pages_app(SESSION_STORE_DEVICE=True)
    app.jinja_env.autoescape = False
    device = Device(app, user_agent='<script>')
    await device.log_in('<script>')

    html = await (await device.get()).get_data(as_text=True)

    assert html.count('&lt;script&gt;') == 2
    assert '<script>' not in html


async def test_app_sees_the_blueprint_before_a_request(app: Quart) -> None:
    """The app's own `before_request` can decide who may use the page."""

    @app.before_request
    async def require_second_factor() -> str | None:
        return 'second factor' if request.blueprint == 'session_pages' else None

    response = await app.test_client().get(PAGE)

    assert await response.get_data(as_text=True) == 'second factor'


async def test_page_can_be_chinese(app: Quart) -> None:
    """`?lang=zh` shows the page in Chinese, also after a form, and also its errors."""
    app.config['SESSION_STORE_DEVICE'] = True
    device, other = Device(app), Device(app)
    await device.log_in('ann')
    await other.log_in('ann')
    pages = []

    async def text(response: Response) -> str:
        return await response.get_data(as_text=True)

    pages.append(await text(await device.get(f'{PAGE}?lang=zh')))
    response = await device.client.post(f'{PAGE}end-others?lang=zh')
    pages.append(await text(await device.get(response.headers['Location'])))
    pages.append(await text(await app.test_client().get(f'{PAGE}?lang=zh')))
    pages.append(
        await text(
            await device.client.post(f'{PAGE}end?lang=zh', headers={'Sec-Fetch-Site': 'cross-site'})
        )
    )

    assert notice(pages[1]) == '已结束 1 个 session。'
    for page in pages:
        assert '<html lang="zh-Hans">' in page
        shown = re.sub('<[^>]*>', '', re.sub('<bdi.*?</bdi>', '_', page))
        assert set(re.findall('[A-Za-z]+', shown)) <= {'session', 'Session', 'UTC'}
        assert re.findall('[，。：；、（）] ', shown) == []


async def test_two_apps_can_have_the_page() -> None:
    """The blueprint can be registered in several apps, each with its own sessions."""
    first, second = Device(make_session_pages_app()), Device(make_session_pages_app())
    for device in (first, second):
        await device.log_in('ann')

    assert len(ids(await first.page())) == len(ids(await second.page())) == 1
