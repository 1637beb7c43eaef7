"""Input that the page refuses."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from quart import Quart, Response, abort, session

from quart_session_demo.sessions import MemoryStore, ServerSessionInterface, StoreError
from tests import cross_site
from tests.playground.conftest import LESSON, PAGE, PageUser, outcome


@pytest.mark.parametrize(
    ('status', 'action', 'key', 'value', 'shown'),
    [
        (400, 'set', '', 'old', 'The key must have 1 to 100 characters'),
        (400, 'set', 'k' * 101, 'old', 'The key must have 1 to 100 characters'),
        (400, 'set', 'k', '[' * 60 + ']' * 60, 'nested too deeply'),
        (400, 'set', 'k', '[' * 5000 + ']' * 5000, 'nested too deeply'),
        (400, 'set', 'k', 'v' * 10_001, 'at most 10000 characters'),
        (400, 'fly', 'k', 'old', 'no such action'),
        (400, '', 'k', 'old', 'no such action'),
        (404, 'pop', 'k', 'old', "KeyError: 'k'"),
        (404, 'del', 'k', 'old', "KeyError: 'k'"),
    ],
)
async def test_bad_input_is_refused(
    user: PageUser, status: int, action: str, key: str, value: str, shown: str
) -> None:
    """Bad input is reported on the page, with the form as it was and the session unchanged."""
    await user.update_session({'a': 1})

    text = await user.refused(status, action, key=key, value=value)

    assert shown in outcome(text)
    assert f'name="value" value="{value}"' in text
    assert f'name="key" value="{key}"' in text
    assert await user.session() == {'a': 1}


async def test_large_form_is_413(user: PageUser) -> None:
    """A form over MAX_CONTENT_LENGTH is refused on the page."""
    user.app.config['MAX_CONTENT_LENGTH'] = 1000

    assert '413' in outcome(await user.refused(413, 'set', key='k', value='v' * 1000))


@pytest.mark.parametrize(
    ('action', 'line'), [('pop', "session.pop('k')"), ('del', "del session['k']")]
)
async def test_missing_key_shows_the_line(user: PageUser, action: str, line: str) -> None:
    """The page shows the line that failed."""
    await user.update_session({'a': 1})

    report = outcome(await user.refused(404, action, key='k'))

    assert f'<pre><code>{line}</code></pre>' in report


CROSS_SITE = {'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://other.example'}
SAME_SITE = {'Sec-Fetch-Site': 'same-site', 'Origin': 'http://localhost:9'}


@pytest.mark.parametrize(
    ('headers', 'sends_cookie', 'settings', 'explanation'),
    [
        (CROSS_SITE, False, {}, 'its cookie has the attribute SameSite=Lax'),
        (
            CROSS_SITE,
            False,
            {'SESSION_COOKIE_SAMESITE': 'Strict'},
            'its cookie has the attribute SameSite=Strict',
        ),
        (
            CROSS_SITE,
            True,
            {'SESSION_COOKIE_SAMESITE': 'None', 'SESSION_COOKIE_SECURE': True},
            'SameSite did not withhold it',
        ),
        (SAME_SITE, True, {}, 'The other page is on the same site'),
        ({'Origin': 'http://other.example'}, True, {}, 'SameSite did not withhold it'),
    ],
)
async def test_cross_site_request_is_explained(
    make_user: Callable[..., PageUser],
    headers: dict[str, str],
    sends_cookie: bool,
    settings: dict[str, Any],
    explanation: str,
) -> None:
    """The page of a 403 shows this request, and explains what SameSite did with its cookie."""
    user = make_user(**settings)

    page = await user.refused_headers(headers | ({'Cookie': 'session=a'} if sends_cookie else {}))

    for name, value in headers.items():
        assert f'{name}: {value}' in page
    assert 'Host: localhost' in page
    assert explanation in page
    assert ('It contained the session cookie' in page) == sends_cookie
    assert 'Nothing was changed.' in page


async def test_missing_cookie_of_same_site_is_not_explained_by_samesite(user: PageUser) -> None:
    """SameSite withholds no cookie from the same site: the user has none."""
    page = await user.refused_headers(SAME_SITE)

    assert 'It contained no session cookie.' in page
    assert 'SameSite=Lax' not in page


async def test_long_header_is_shortened(user: PageUser) -> None:
    """A long header does not make the page of a 403 long."""
    page = await user.refused_headers({'Origin': f'https://{"x" * 4000}.example'})

    assert 'Origin: https://xxx' in page
    assert 'x' * 200 not in page


@pytest.mark.parametrize('headers', cross_site.HEADERS)
async def test_cross_site_page_hides_the_session(user: PageUser, headers: dict[str, str]) -> None:
    """The page of a 403 has no panel and no button, and links a fresh page."""
    await user.update_session(LESSON)

    page = await user.refused_headers(headers)

    assert 'It is empty' not in page
    assert 'zhiliao' not in page
    assert '<button' not in page
    assert f'<a class="primary" href="{PAGE}">' in page


class FragileStore(MemoryStore):
    """A store whose methods with these names fail."""

    failing: tuple[str, ...] = ()

    def __getattribute__(self, name: str) -> Any:
        if name in super().__getattribute__('failing'):
            raise StoreError('The store does not respond.')
        return super().__getattribute__(name)


@pytest.mark.parametrize(
    ('method', 'failing'),
    [('GET', 'read'), ('POST', 'read'), ('POST', 'write')],
)
@pytest.mark.parametrize(
    ('lang', 'shown'), [('en', 'The session store does not respond'), ('zh', '没有响应')]
)
async def test_unavailable_store_has_its_own_page(
    app: Quart, method: str, failing: str, lang: str, shown: str
) -> None:
    """While the store is down, the page is a styled 503 with Retry-After, in both languages."""
    store = FragileStore()
    app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    user = PageUser(app)
    await user.update_session({'a': 1})
    store.failing = (failing,)

    address = f'{PAGE}?lang={lang}'
    if method == 'GET':
        response = await user.client.get(address)
    else:
        response = await user.post('set', key='a', value='2', address=address)

    assert (response.status_code, response.headers['Retry-After']) == (503, '5')
    assert response.headers['Cache-Control'] == 'no-store'
    page = await response.get_data(as_text=True)
    assert shown in page
    assert 'playground.css' in page
    assert '<button' not in page
    store.failing = ()
    assert await user.session() == {'a': 1}


async def test_unavailable_store_is_json_for_programs(app: Quart) -> None:
    """A client that prefers JSON gets the 503 of a failed save as JSON."""
    store = FragileStore()
    app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    user = PageUser(app)
    await user.update_session({'a': 1})
    store.failing = ('write',)

    headers = {'Accept': 'application/json'}
    response = await user.post('set', key='a', value='2', headers=headers)

    assert response.status_code == 503
    assert (await response.get_json())['error'] == 'Service Unavailable'


async def test_unavailable_store_elsewhere_is_unchanged(app: Quart) -> None:
    """The lesson's own 503 is not the page's."""
    store = FragileStore()
    app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    client = app.test_client()
    await client.get('/')
    store.failing = ('read',)

    response = await client.get('/get_session/')

    assert response.status_code == 503
    assert 'playground' not in await response.get_data(as_text=True)


async def test_store_that_fails_after_a_refused_save(app: Quart) -> None:
    """A save that is refused returns 413, also if the store fails before the page is made."""
    store = FragileStore()
    app.config['SESSION_MAX_STORED_SIZE'] = 100
    app.session_interface = ServerSessionInterface(app, store)  # type: ignore[assignment]
    user = PageUser(app)
    await user.update_session({'a': 1})

    @app.after_request
    async def stop_store(response: Response) -> Response:
        store.failing = ('read',)
        return response

    assert (await user.post('set', key='b', value='v' * 1000)).status_code == 413


async def test_own_503_is_unchanged(user: PageUser) -> None:
    """A 503 that the app itself returns has the app's own text."""

    @user.app.before_request
    async def close() -> None:
        abort(503, 'Closed until noon.')

    response = await user.client.get(PAGE)

    assert response.status_code == 503
    assert 'Closed until noon.' in await response.get_data(as_text=True)


async def test_own_403_is_not_explained_by_samesite(user: PageUser) -> None:
    """A 403 that the app itself returns is shown with the app's own text alone."""

    @user.app.before_request
    async def forbid() -> None:
        abort(403, 'Members only.')

    response = await user.client.get(PAGE)

    page = await response.get_data(as_text=True)
    assert response.status_code == 403
    assert 'Members only.' in page
    assert 'SameSite=Lax: browsers' not in page


async def test_app_that_overfills_the_session_shows_one_step(user: PageUser) -> None:
    """If the app itself makes the session too large, one next step is suggested."""
    await user.update_session({'a': 1})

    @user.app.before_request
    async def overfill() -> None:
        session['big'] = secrets.token_urlsafe(9000)

    page = await user.refused(413, 'cookie')

    assert page.count('class="primary"') == 1


async def test_long_key_is_shortened(user: PageUser) -> None:
    """A key of many escapes does not make the error long."""
    await user.update_session({'a': 1})

    report = outcome(await user.refused(404, 'pop', key='\U000e0001' * 100))

    assert report.count('e0001') < 40


async def test_refused_name_stays_in_the_form(make_user: Callable[..., PageUser]) -> None:
    """The name of a refused login stays in its field."""
    user = make_user(SESSION_TYPE='memory')

    response = await user.client.post(PAGE, form={'do': 'login', 'user': 'n' * 101})

    assert response.status_code == 400
    assert f'name="user" value="{"n" * 101}"' in await response.get_data(as_text=True)
