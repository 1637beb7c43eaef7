"""The cookie of a cleared session, which the page can send again."""

import secrets
from collections.abc import Callable

import pytest

from tests.conftest import KEY, cookies_of
from tests.playground.conftest import LESSON, PAGE, PageUser, outcome, redirect_address


async def test_clear_alone_replays_nothing(user: PageUser) -> None:
    """Clearing reports only that the session was cleared."""
    await user.update_session(LESSON)

    report = await user.act('clear')

    assert 'session.clear()' in report
    assert 'The app accepts it' not in report
    assert 'The app refuses it' not in report


async def test_replayed_signed_cookie_is_accepted(user: PageUser) -> None:
    """The app accepts the old signed cookie: the notice shows it as a warning."""
    cookie = cookies_of(await user.client.get('/'))[0].value
    await user.act('clear')

    report = await user.act('replay')

    assert report.startswith(' class="notice warning"')
    assert 'The app accepts it:' in report
    assert "{'username': 'zhiliao', 'age': 20, '_permanent': True}" in report
    assert 'Clearing did not revoke it. A server-side session can be revoked.' in report
    for part in cookie.split('.'):
        assert part in report
    assert await user.session() == {}


async def test_replayed_id_is_refused(make_user: Callable[..., PageUser]) -> None:
    """The app refuses the old id of a session on a server: the notice shows it as safe."""
    user = make_user(SESSION_TYPE='memory')
    session_id = cookies_of(await user.client.get('/'))[0].value
    await user.act('clear')

    report = await user.act('replay')

    assert report.startswith(' class="notice safe"')
    assert 'The app refuses it.' in report
    assert 'Clearing revoked it: the server deleted that session.' in report
    assert f'session=<mark class="payload">{session_id[:6]}…</mark>' in report
    assert session_id[:10] not in report


async def test_expired_old_cookie_is_refused(user: PageUser) -> None:
    """An old signed cookie that has expired is refused, without a wrong reason."""
    await user.update_session(LESSON)
    await user.act('clear')
    user.app.config['PERMANENT_SESSION_LIFETIME'] = -1

    report = await user.act('replay')

    assert 'The app refuses it.' in report
    assert 'revoke' not in report


async def test_replay_needs_an_old_cookie(user: PageUser) -> None:
    """Before the first clear there is no button, and the action is refused."""
    await user.update_session(LESSON)

    assert 'value="replay"' not in await user.page()
    assert 'clear a session first' in outcome(await user.refused(409, 'replay'))


async def test_empty_old_cookie_is_not_replayed(user: PageUser) -> None:
    """An empty old cookie is none: the page offers no replay, and refuses it."""
    user.client.set_cookie('localhost', 'playground_old_session', '', path=PAGE)

    assert 'value="replay"' not in await user.page()
    assert 'clear a session first' in outcome(await user.refused(409, 'replay'))


async def test_clearing_an_empty_session_stores_nothing(user: PageUser) -> None:
    """Without a session there is no old cookie, also if the browser sends an invalid one."""
    user.client.set_cookie('localhost', 'session', 'garbage')

    await user.act('clear')

    assert 'value="replay"' not in await user.page()


async def test_replay_can_be_repeated_beside_a_new_session(user: PageUser) -> None:
    """The old cookie stays for a second replay, and does not change the new session."""
    await user.update_session({'a': 1})
    await user.act('clear')
    await user.act('set', key='b', value='2')

    for _ in range(2):
        assert "{'a': 1}" in await user.act('replay')
    assert await user.session() == {'b': 2}


async def test_largest_cookie_can_be_replayed(user: PageUser) -> None:
    """A cookie at the size limit can be replayed: the browser stores both."""
    await user.update_session({'a': secrets.token_urlsafe(2900)})

    response = await user.post('clear')

    old = cookies_of(response)[-1]
    assert 3800 < len(old.name) + len(old.value) <= 4096
    await user.page(await redirect_address(response))
    assert 'The app accepts it:' in await user.act('replay')


@pytest.mark.parametrize(
    ('settings', 'prefix', 'path'),
    [
        ({}, '', PAGE),
        ({'PRODUCTION': True, 'PLAYGROUND': True}, '__Host-', '/'),
    ],
)
async def test_old_cookie_is_private_and_short_lived(
    make_user: Callable[..., PageUser], settings: dict[str, bool], prefix: str, path: str
) -> None:
    """The cookie lasts ten minutes, for this page only, and scripts cannot read it."""
    user = make_user(**settings, SECRET_KEY=KEY)
    await user.update_session(LESSON)

    response = await user.post('clear')

    old = cookies_of(response)[-1]
    assert old.name == f'{prefix}playground_old_session'
    del old.attributes['expires']
    expected = {'path': path, 'max-age': '600', 'samesite': 'Strict', 'httponly': ''}
    assert old.attributes == expected | ({'secure': ''} if prefix else {})


@pytest.mark.parametrize('store', ['cookie', 'memory'])
async def test_handmade_old_cookie_is_shortened(
    make_user: Callable[..., PageUser], store: str
) -> None:
    """An old cookie that a user made is refused, and not shown whole."""
    user = make_user(SESSION_TYPE=store)
    user.client.set_cookie('localhost', 'playground_old_session', f'a.{"x" * 3000}.b')

    report = await user.act('replay')

    assert 'The app refuses it.' in report
    assert 'x' * 200 not in report
