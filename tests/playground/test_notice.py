"""The message about the last action, which a cookie passes to the page."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from tests.conftest import KEY, cookies_of
from tests.playground.conftest import LESSON, PAGE, PageUser, outcome, redirect_address


async def test_notice_is_shown_once(user: PageUser) -> None:
    """The page shows a message once."""
    address = await redirect_address(await user.post('lesson'))

    assert outcome(await user.page(address)) != ''
    assert outcome(await user.page(address)) == ''


async def test_each_tab_shows_its_own_notice(user: PageUser) -> None:
    """Each browser tab shows the message about its own action, in any order."""
    first = await redirect_address(await user.post('lesson'))
    second = await redirect_address(await user.post('get', key='age'))

    assert outcome(await user.page()) == ''
    assert outcome(await user.page(f'{PAGE}?notice=other')) == ''
    assert "session.get('age')" in outcome(await user.page(second))
    assert "session['age'] = 20" in outcome(await user.page(first))


async def test_notice_is_shown_after_followed_redirect(user: PageUser) -> None:
    """A client that follows redirects by itself gets the message."""
    response = await user.client.post(PAGE, form={'do': 'lesson'}, follow_redirects=True)

    text = await response.get_data(as_text=True)
    assert 'session[&#39;age&#39;] = 20' in outcome(text)


async def test_session_holds_no_notice(user: PageUser) -> None:
    """The session contains only what the actions stored."""
    for action in ('set', 'get', 'permanent', 'browser', 'character', 'key', 'time'):
        await user.act(action, key='a', value='1')

    assert await user.session() == {'a': 1, '_permanent': False}


async def test_notice_cookie_is_short_lived_and_private(user: PageUser) -> None:
    """The cookie lasts one minute, for this page only, and scripts cannot read it."""
    response = await user.post('set', key='a', value='x' * 2000)

    cookie = cookies_of(response)[1]
    assert cookie.name.startswith('playground_notice_')
    del cookie.attributes['expires']
    assert cookie.attributes == {
        'path': PAGE,
        'max-age': '60',
        'samesite': 'Strict',
        'httponly': '',
    }
    assert len(response.headers.getlist('Set-Cookie')[1]) < 4096


async def test_notice_is_shown_for_one_minute(user: PageUser) -> None:
    """A client that still sends the cookie after a minute gets no message."""
    for seconds, is_shown in ((59, True), (62, False)):
        address = await redirect_address(await user.post('lesson'))

        with time_machine.travel(timedelta(seconds=seconds)):
            assert (outcome(await user.page(address)) != '') == is_shown


@pytest.mark.parametrize(('length', 'is_repeated'), [(1000, True), (2600, False)])
async def test_notice_of_a_long_form_is_small(
    make_user: Callable[..., PageUser], length: int, is_repeated: bool
) -> None:
    """A notice over 2,000 bytes loses the texts of the form, so that browsers store it."""
    user = make_user(SESSION_TYPE='memory')
    value = secrets.token_urlsafe(length)[:length]

    response = await user.post('set', key='a', value=value)

    assert len(cookies_of(response)[1].value) <= 2000
    page = await user.page(await redirect_address(response))
    assert "session['a'] = " in outcome(page)
    assert (f'name="value" value="{value}"' in page) == is_repeated


@pytest.mark.parametrize(
    ('settings', 'prefix', 'path'),
    [
        ({}, '', PAGE),
        ({'SESSION_COOKIE_NAME': '__Secure-sid'}, '__Secure-', PAGE),
        ({'SESSION_COOKIE_NAME': '__Host-sid'}, '__Host-', '/'),
        ({'PRODUCTION': True}, '__Host-', '/'),
        ({'PRODUCTION': True, 'SESSION_COOKIE_DOMAIN': 'example.com'}, '__Secure-', PAGE),
    ],
)
async def test_notice_cookie_has_the_prefix_of_the_session(
    make_user: Callable[..., PageUser], settings: dict[str, Any], prefix: str, path: str
) -> None:
    """The notice's cookie has the session's prefix, and what browsers demand for it."""
    secure = {'SESSION_COOKIE_SECURE': True, 'PLAYGROUND': True, 'SECRET_KEY': KEY.ljust(32, '-')}
    user = make_user(**secure, **settings)

    response = await user.post('set', key='a', value='1')

    cookie = cookies_of(response)[1]
    assert cookie.name.startswith(f'{prefix}playground_notice_')
    assert (cookie.attributes['path'], cookie.attributes['secure']) == (path, '')
    assert 'domain' not in cookie.attributes
    address = await redirect_address(response)
    assert "session['a'] = 1" in outcome(await user.page(address))
    assert outcome(await user.page(address)) == ''


async def test_partitioned_session_cookie_is_reported(make_user: Callable[..., PageUser]) -> None:
    """The notice shows the header of a session cookie that has the attribute Partitioned."""
    user = make_user(SESSION_COOKIE_PARTITIONED=True)

    response = await user.post('set', key='a', value='1')

    session, notice = cookies_of(response)
    assert (session.name, session.attributes['partitioned']) == ('session', '')
    assert notice.name.startswith('playground_notice_')
    text = outcome(await user.page(await redirect_address(response)))
    assert '; Secure; HttpOnly; Path=/; SameSite=Lax; Partitioned</code>' in text


async def test_notice_cookie_is_small_for_any_input(user: PageUser) -> None:
    """The cookie fits into a browser with any key and value."""
    noise = ''.join(chr(secrets.choice(range(0x10000, 0x20000))) for _ in range(100))
    await user.update_session({'a': noise})

    response = await user.post('pop', key='a', value=noise)
    assert len(response.headers.getlist('Set-Cookie')[1]) < 4096

    response = await user.post('get', key='a', value=noise * 50)
    assert len(response.headers.getlist('Set-Cookie')[0]) < 4096


async def test_forged_notice_is_not_shown(
    user: PageUser, make_user: Callable[..., PageUser]
) -> None:
    """The page shows no message that another key signed."""
    response = await make_user(SECRET_KEY='another key').post('set', key='forged', value='')
    address = await redirect_address(response)
    forged = cookies_of(response)[1]

    for value in (forged.value, 'garbage'):
        headers = {'Cookie': f'{forged.name}={value}'}
        client = user.app.test_client(use_cookies=False)
        response = await client.get(address, headers=headers)
        assert outcome(await response.get_data(as_text=True)) == ''


async def test_error_reports_a_renewed_cookie(user: PageUser) -> None:
    """The page of a refused action states that the cookie was renewed, if it was."""
    await user.update_session(LESSON)
    response = await user.post('pop', key='missing')
    assert response.headers['Set-Cookie'].startswith('session=')
    assert 'The response still contained a Set-Cookie' in outcome(
        await response.get_data(as_text=True)
    )

    await user.act('browser')
    response = await user.post('pop', key='missing')
    assert 'Set-Cookie' not in response.headers
    assert 'Set-Cookie' not in outcome(await response.get_data(as_text=True))


async def test_long_value_does_not_lose_the_key(user: PageUser) -> None:
    """The key stays in the form if the value is too long for the notice."""
    response = await user.post('set', key='mine', value=secrets.token_urlsafe(2000))

    page = await user.page(await redirect_address(response))

    assert 'name="key" value="mine"' in page
