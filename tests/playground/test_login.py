"""The playground's login, and the page of sessions beside it."""

from collections.abc import Callable
from html import unescape

import pytest
from quart import Quart, abort

from quart_session_demo.playground import playground
from quart_session_demo.playground.login import MAX_NAME_LENGTH
from quart_session_demo.sessions import MemoryStore, ServerSessionInterface
from tests.conftest import KEY, make_app
from tests.playground.conftest import PAGE, PageUser, outcome, redirect_address

SESSIONS = '/sessions/'


@pytest.fixture
def user(make_user: Callable[..., PageUser]) -> PageUser:
    """Return a user of an app with its sessions in memory."""
    return make_user(SESSION_TYPE='memory')


async def log_in(user: PageUser, name: str) -> str:
    """Log in under a name, and return the whole page after it."""
    response = await user.client.post(PAGE, form={'do': 'login', 'user': name})
    return await user.page(await redirect_address(response))


async def test_login_binds_the_session(user: PageUser) -> None:
    """A login under any name runs `regenerate_session`, and the page shows the user."""
    assert 'You are not logged in.' in await user.page()

    page = await log_in(user, 'ann')

    assert "<code>await regenerate_session(user='ann')</code>" in outcome(page)
    assert 'Set-Cookie: session=' in outcome(page)
    assert '<bdi>ann</bdi>' in page
    # The session is empty, but it exists.
    assert 'Refused' not in page
    assert f'<a href="{SESSIONS}">Your sessions</a>' in page


async def test_logout_clears_the_session(user: PageUser) -> None:
    """The logout of the card deletes the session."""
    await log_in(user, 'ann')

    report = await user.act('clear')

    assert 'Set-Cookie: session=;' in report
    assert 'You are not logged in.' in await user.page()
    assert (await user.client.get(SESSIONS)).status_code == 303


async def test_login_gives_a_new_id(user: PageUser) -> None:
    """What is in the session stays at a login, under a new id."""
    await user.act('set', key='a', value='1')
    before = [cookie.value for cookie in user.client.cookie_jar or ()]

    await log_in(user, 'ann')

    assert await user.session() == {'a': 1}
    assert before != [cookie.value for cookie in user.client.cookie_jar or ()]


async def test_user_can_change_the_name(user: PageUser) -> None:
    """A second login under another name changes the user."""
    await log_in(user, 'ann')

    page = await log_in(user, ' 王小明 ')

    assert '<bdi>王小明</bdi>' in page
    assert '<bdi>ann</bdi>' not in page


@pytest.mark.parametrize('name', ['', ' ', '\t\n', 'x' * (MAX_NAME_LENGTH + 1), '名' * 10_000])
async def test_wrong_name_is_refused(user: PageUser, name: str) -> None:
    """An empty or very long name is an error that the page shows, and logs nobody in."""
    response = await user.client.post(PAGE, form={'do': 'login', 'user': name})

    assert response.status_code == 400
    page = unescape(await response.get_data(as_text=True))
    assert 'The name must have 1 to 100 characters.' in outcome(page)
    assert 'You are not logged in.' in page


@pytest.mark.parametrize('name', ['<script>alert(1)</script>', '\x00\x1b[31m', "';--", '名' * 100])
async def test_names_are_escaped(user: PageUser, name: str) -> None:
    """A name never becomes HTML of the page."""
    response = await user.client.post(PAGE, form={'do': 'login', 'user': name})
    response = await user.client.get(await redirect_address(response))
    html = await response.get_data(as_text=True)

    assert 'You are not logged in.' not in html
    assert '<script>alert' not in html


async def test_login_from_another_site_is_403(user: PageUser) -> None:
    """A form on a page of another origin can log nobody in."""
    response = await user.client.post(
        PAGE, form={'do': 'login', 'user': 'ann'}, headers={'Sec-Fetch-Site': 'cross-site'}
    )

    assert response.status_code == 403
    assert 'You are not logged in.' in await user.page()


async def test_cookie_page_states_why_there_is_no_login(
    make_user: Callable[..., PageUser],
) -> None:
    """With cookie sessions the page explains that they cannot be listed, and refuses a login."""
    user = make_user()

    response = await user.client.post(PAGE, form={'do': 'login', 'user': 'ann'})

    assert response.status_code == 409
    assert 'This login needs sessions that are stored on a server.' in outcome(
        await response.get_data(as_text=True)
    )
    page = await user.page()
    assert 'Not possible with a signed cookie' in page
    assert 'value="login"' not in page


@pytest.mark.parametrize(
    ('config', 'registered'),
    [
        ({'SESSION_TYPE': 'memory'}, True),
        ({'SESSION_TYPE': 'cookie'}, False),
        ({'SESSION_TYPE': 'memory', 'PLAYGROUND': False}, False),
    ],
)
def test_demo_has_the_page_beside_the_playground(
    config: dict[str, object], registered: bool
) -> None:
    """The demo has the page of sessions if they are on a server, and the playground is on."""
    app = make_app(**config)

    assert ('session_pages' in app.blueprints) == registered


@pytest.mark.parametrize('query', ['', '?lang=zh'])
async def test_demo_sends_users_to_its_login(user: PageUser, query: str) -> None:
    """Without a login, the demo's page of sessions redirects to the login of the playground."""
    response = await user.client.get(SESSIONS + query)

    assert (response.status_code, response.headers['Location']) == (303, f'{PAGE}{query}#login')


async def test_other_401_is_unchanged(user: PageUser) -> None:
    """A view that somebody adds to the demo returns 401 as usual."""

    @user.app.get('/other')
    async def other() -> str:
        abort(401)

    assert (await user.client.get('/other')).status_code == 401


async def test_own_app_can_have_the_playground_alone() -> None:
    """Without the page of sessions, the card has the login and no link."""
    app = Quart('own')
    app.secret_key = KEY
    app.session_interface = ServerSessionInterface(app, MemoryStore())  # type: ignore[assignment]
    app.register_blueprint(playground)

    page = await log_in(PageUser(app), 'ann')

    assert '<bdi>ann</bdi>' in page
    # The session is empty, but it exists.
    assert 'Refused' not in page
    assert 'Your sessions' not in page


async def test_login_can_be_chinese(user: PageUser) -> None:
    """The card and its errors are Chinese with `?lang=zh`."""
    response = await user.client.post(f'{PAGE}?lang=zh', form={'do': 'login', 'user': ''})
    text = await response.get_data(as_text=True)

    assert '名字的长度必须是 1 到 100 个字符。' in text
    assert '你还没有登录。' in text
