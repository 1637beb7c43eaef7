"""The guided minute: six steps, of which the page suggests one."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from quart import session

from quart_session_demo.playground.guide import Step, next_step
from tests.playground.conftest import LESSON, PAGE, PageUser, outcome, redirect_address


def suggested(page: str) -> str:
    """Return the name of the step that the only filled button suggests."""
    (filled,) = re.findall('<[^>]*class="primary"[^>]*>', page)
    (name,) = re.findall('name="next" value="([a-z]+)"', filled)
    return str(name)


async def press_next(user: PageUser, page: str) -> str:
    """Press the suggested button with the page's own form, and return the next page."""
    name = suggested(page)
    (key,) = re.findall('name="next_key" value="([^"]*)"', page)
    form = {'next': name, 'next_key': key, 'key': 'typed', 'value': '"typed"'}
    response = await user.client.post(PAGE, form=form)
    return await user.page(await redirect_address(response))


@pytest.mark.parametrize('store', ['cookie', 'memory'])
async def test_guide_has_six_steps(make_user: Callable[..., PageUser], store: str) -> None:
    """The suggestions lead from an empty session through all steps, and then to the start."""
    user = make_user(SESSION_TYPE=store)
    page = await user.page()
    names = []
    for _ in range(7):
        names.append(suggested(page))
        page = await press_next(user, page)

    assert names == ['lesson', 'get', 'cookie', 'character', 'clear', 'replay', 'lesson']
    assert await user.session() == LESSON


@pytest.mark.parametrize(
    ('action', 'step'),
    [
        ('set', 'get'),
        ('permanent', 'get'),
        ('get', 'cookie'),
        ('pop', 'get'),
        ('character', 'clear'),
        ('key', 'clear'),
        ('time', 'clear'),
    ],
)
async def test_every_action_suggests_a_step(user: PageUser, action: str, step: str) -> None:
    """After each action, in any order, one step is suggested."""
    await user.update_session({'a': 1, 'b': 2})

    report = await user.act(action, key='a', value='3')

    assert suggested(report) == step


@pytest.mark.parametrize(
    ('content', 'action', 'offered', 'step'),
    [
        ({}, None, {'replay'}, Step('lesson', 1)),
        ({}, 'cookie', {'replay'}, Step('lesson', 1)),
        ({}, 'clear', set(), Step('lesson', 1)),
        ({}, 'clear', {'replay'}, Step('replay', 6)),
        ({}, 'replay', {'replay'}, Step('lesson', 1)),
        ({'a': 1}, None, {'character'}, Step('get', 2)),
        ({'a': 1}, 'get', {'character'}, Step('cookie', 3)),
        ({'a': 1}, 'cookie', {'character'}, Step('character', 4)),
        ({'a': 1}, 'cookie', set(), Step('get', 2)),
        ({'a': 1}, 'overflow', {'character'}, Step('clear', 5)),
        ({'a': 1}, 'replay', {'character', 'replay'}, Step('clear', 5)),
    ],
)
def test_step_depends_on_the_session_and_the_action(
    content: dict[str, Any], action: str | None, offered: set[str], step: Step
) -> None:
    """The next step follows from the session, the last action and what the page can do."""
    assert next_step(content, action, offered) == step


async def test_page_counts_the_steps(user: PageUser) -> None:
    """The suggestion states which of the six steps it is."""
    assert 'Step 1 of 6:' in await user.page()
    assert 'Step 2 of 6:' in await user.act('lesson')


@pytest.mark.parametrize(('action', 'key'), [('pop', 'missing'), ('overflow', ''), ('fly', '')])
async def test_errors_suggest_a_step(user: PageUser, action: str, key: str) -> None:
    """After an error, one step is suggested."""
    for content, steps in (({}, {'lesson'}), ({'a': 1}, {'get', 'clear'})):
        await user.update_session(content)

        response = await user.post(action, key=key)

        assert response.status_code >= 400
        assert suggested(outcome(await response.get_data(as_text=True))) in steps


@pytest.mark.parametrize(
    ('content', 'shown'),
    [
        ({'cart': 3}, "session.get('cart')"),
        ({'cart': 3, 'username': 'zhiliao'}, "session.get('username')"),
        ({'_permanent': True}, "session.get('_permanent')"),
        ({'k' * 200: 1, 'cart': 3}, "session.get('cart')"),
        ({'': 1, 'cart': 3}, "session.get('cart')"),
        ({"it's": 1}, 'session.get("it\'s")'),
    ],
)
async def test_suggested_key_can_be_read(
    user: PageUser, content: dict[str, Any], shown: str
) -> None:
    """The step "read" uses a key of the session that the action accepts."""
    await user.update_session(content)
    page = await user.page()

    report = outcome(await press_next(user, page))

    assert shown in page
    assert shown in report
    assert '→ None' not in report


async def test_key_that_was_set_is_read_next(user: PageUser) -> None:
    """After "set", the step "read" uses the same key."""
    await user.update_session(LESSON)

    response = await user.post('set', key='cart', value='3')
    page = await user.page(await redirect_address(response))

    assert "session.get('cart')" in page
    assert '→ 3' in outcome(await press_next(user, page))


async def test_session_without_usable_keys_skips_reading(user: PageUser) -> None:
    """A session whose keys cannot be read by the form suggests the cookie."""
    await user.update_session({'k' * 200: 1})

    assert suggested(await user.page()) == 'cookie'


async def test_guided_steps_repeat_what_was_typed(user: PageUser) -> None:
    """The fields have what the user typed, also after a guided step with another key."""
    page = await press_next(user, await user.page())
    page = await press_next(user, page)

    assert 'name="key" value="typed"' in page
    assert 'name="value" value=""typed""' in page


@pytest.mark.parametrize(
    ('content', 'offered'),
    [
        ({}, {'set', 'get'}),
        (
            {'a': 1},
            {
                'set',
                'get',
                'pop',
                'del',
                'clear',
                'permanent',
                'lesson',
                'character',
                'key',
                'time',
                'overflow',
            },
        ),
    ],
)
async def test_only_working_buttons_are_offered(
    user: PageUser, content: dict[str, Any], offered: set[str]
) -> None:
    """Buttons that cannot work on the session are not on the page."""
    await user.update_session(content)

    page = await user.page()

    assert set(re.findall('<button form="act" name="do" value="([a-z]+)"', page)) == offered


@pytest.mark.parametrize(
    ('settings', 'missing'),
    [
        ({'PERMANENT_SESSION_LIFETIME': 3e9}, 'time'),
        ({'MAX_COOKIE_SIZE': 0}, 'overflow'),
        ({'SESSION_TYPE': 'memory'}, 'key'),
    ],
)
async def test_settings_remove_buttons(
    make_user: Callable[..., PageUser], settings: dict[str, Any], missing: str
) -> None:
    """Buttons that cannot work with the app's settings are not on the page."""
    user = make_user(**settings)
    await user.update_session({'a': 1})

    page = await user.page()

    assert 'value="character"' in page
    assert f'value="{missing}"' not in page


async def test_permanent_session_can_become_temporary(user: PageUser) -> None:
    """For a permanent session the page offers the opposite button."""
    await user.update_session({'a': 1, '_permanent': True})

    page = await user.page()

    assert 'name="do" value="browser"' in page
    assert 'name="do" value="permanent"' not in page


async def test_session_without_its_cookie_offers_nothing_to_break(user: PageUser) -> None:
    """A session that the app itself filled, without a cookie, has no cookie to attack."""

    @user.app.before_request
    async def count() -> None:
        session['count'] = 1

    page = await user.page()

    assert 'name="do" value="clear"' in page
    assert 'name="do" value="character"' not in page


@pytest.mark.parametrize('cookie', ['garbage', 'eyJhIjoxfQ.aaaaaa.abc'])
async def test_refused_cookie_offers_nothing_to_break(user: PageUser, cookie: str) -> None:
    """With a cookie that the app refuses, the session is empty and the guide starts."""
    response = await user.client.get(PAGE, headers={'Cookie': f'session={cookie}'})

    page = await response.get_data(as_text=True)
    assert suggested(page) == 'lesson'
    assert 'value="character"' not in page


async def test_back_link_leads_to_the_used_button(user: PageUser) -> None:
    """The link leads to the button that was used, or to the card if that is not there any more."""
    for action, anchor in (('lesson', 'do-lesson'), ('get', 'do-get'), ('clear', 'do')):
        response = await user.post(action, key='age')
        page = await user.page(await redirect_address(response))

        assert f'<a href="#{anchor}">Back to the buttons</a>' in page
        assert f'id="{anchor}"' in page


@pytest.mark.parametrize('key', ['\ud800', 'a\nb', '\0'])
async def test_key_that_a_form_cannot_send_is_not_suggested(user: PageUser, key: str) -> None:
    """The suggestion reads no key with a surrogate or a control character."""
    await user.update_session({key: 1})

    assert suggested(await user.page()) == 'cookie'
