"""Each button runs its line of Python on the session."""

import re
import secrets
from collections.abc import Callable
from typing import Any

import flask
import pytest
import quart
from quart import Quart

from quart_session_demo.playground.actions import ACTION_LINES
from tests.conftest import KEY, cookies_of
from tests.playground.conftest import LESSON, PAGE, PageUser, outcome, redirect_address


@pytest.mark.parametrize(
    ('typed', 'value'),
    [
        ('text', 'text'),
        ('"text"', 'text'),
        ('20', 20),
        ('[1, {"a": null}]', [1, {'a': None}]),
        ('', ''),
        ('NaN', 'NaN'),
        ('1e999', '1e999'),
        ('[-1e999]', '[-1e999]'),
        ('1.5', 1.5),
        ('{broken', '{broken'),
        ('9' * 5000, '9' * 5000),
        ('中文', '中文'),
        (r'"\ud800"', '\ud800'),
        ('<script>alert(1)</script>', '<script>alert(1)</script>'),
    ],
    ids=lambda text: repr(text)[:20],
)
async def test_set_stores_json_or_text(user: PageUser, typed: str, value: Any) -> None:
    """A value that is JSON is stored as that value, any other as text."""
    await user.act('set', key='k', value=typed)

    assert await user.session() == {'k': value}


async def test_get_shows_the_value(user: PageUser) -> None:
    """Get shows the line and the value, and states that no cookie was needed."""
    await user.update_session({'a': [1, 'x']})

    report = await user.act('get', key='a')

    assert "session.get('a')" in report
    assert "→ [1, 'x']" in report
    assert 'no Set-Cookie header for the session, because the session did not change' in report


async def test_get_explains_the_renewed_cookie(user: PageUser) -> None:
    """A read of a permanent session sends its cookie, and the page states why."""
    await user.update_session(LESSON)

    report = await user.act('get', key='username')

    assert 'The session did not change, but every response renews the cookie:' in report
    assert 'Set-Cookie: session=' in report


async def test_get_shows_none_without_the_key(user: PageUser) -> None:
    """Get shows None if there is no such key."""
    assert '→ None' in await user.act('get', key='nope')


async def test_pop_removes_and_shows_the_value(user: PageUser) -> None:
    """Pop removes one key and shows its value."""
    await user.update_session({'a': 1, 'b': 2})

    assert '→ 1' in await user.act('pop', key='a')
    assert await user.session() == {'b': 2}


async def test_del_removes_the_value(user: PageUser) -> None:
    """Delete removes one key."""
    await user.update_session({'a': 1, 'b': 2})

    assert "del session['a']" in await user.act('del', key='a')
    assert await user.session() == {'b': 2}


async def test_clear_removes_everything(user: PageUser) -> None:
    """Clear empties the session and deletes its cookie."""
    await user.update_session(LESSON)

    report = await user.act('clear')

    assert await user.session() == {}
    assert 'Set-Cookie: session=; Expires=Thu, 01 Jan 1970' in report


async def test_permanent_changes_the_cookie(user: PageUser) -> None:
    """The cookie of a permanent session has Expires, and other cookies do not."""
    await user.update_session({'a': 1})

    assert 'Expires=' in await user.act('permanent')
    assert await user.session() == {'a': 1, '_permanent': True}
    assert 'Expires=' not in await user.act('browser')
    assert await user.session() == {'a': 1, '_permanent': False}


async def test_lesson_sets_its_values(user: PageUser) -> None:
    """The lesson's button sets the lesson's three values."""
    await user.act('lesson')

    assert await user.session() == LESSON


@pytest.mark.parametrize('action', sorted(ACTION_LINES.keys() - {'overflow'}))
async def test_line_works_in_flask_and_quart(user: PageUser, action: str) -> None:
    """The line beside a button has the same effect in Flask, in Quart and on the page."""
    flask_app = flask.Flask('lesson')
    quart_app = Quart('lesson')
    flask_app.secret_key = quart_app.secret_key = KEY
    before = {'k': 'old', '_permanent': action == 'browser'}
    line = ACTION_LINES[action].format(key="'k'", value="'new'")
    with flask_app.test_request_context():
        flask.session.update(before)
        exec(line, {'session': flask.session})  # noqa: S102
        in_flask = dict(flask.session)
    async with quart_app.test_request_context('/'):
        quart.session.update(before)
        exec(line, {'session': quart.session})  # noqa: S102
        in_quart = dict(quart.session)
    await user.update_session(before)

    await user.act(action, key='k', value='new')

    assert in_flask == in_quart == await user.session()


async def test_outcome_shows_the_set_cookie_header(user: PageUser) -> None:
    """The page shows the session's Set-Cookie header exactly as it was sent."""
    response = await user.post('set', key='a', value='1')
    header = response.headers.getlist('Set-Cookie')[0]

    page = await user.page(await redirect_address(response))

    assert f'Set-Cookie: {header}</code>' in outcome(page)


async def test_overflow_is_413_and_the_session_stays(user: PageUser) -> None:
    """A session that is too large is refused with its size, and the old one stays."""
    await user.update_session({'a': 1})

    text = await user.refused(413, 'overflow')

    (size,) = set(map(int, re.findall('would be ([0-9]+) bytes long', outcome(text))))
    assert size > 4093
    assert 'the limit is 4093 bytes' in outcome(text)
    assert "<code>'a'</code></th><td><code>1</code>" in text
    assert "'big'</code></th>" not in text
    assert await user.session() == {'a': 1}
    assert '4093' in await user.page()


async def test_overflow_is_json_for_a_json_client(user: PageUser) -> None:
    """A client that asks for JSON gets the refused save as JSON."""
    response = await user.post('overflow', headers={'Accept': 'application/json'})

    assert response.status_code == 413
    assert response.mimetype == 'application/json'
    assert 'bytes' in (await response.get_json())['detail']


@pytest.mark.parametrize('end', [';x=1', '\\073x=1', '\\012', ' '])
async def test_overflow_with_a_garbage_cookie_is_empty(user: PageUser, end: str) -> None:
    """A refused save after a cookie that the app refuses shows an empty session."""
    signed = cookies_of(await user.client.get('/'))[0].value
    user.client = user.app.test_client(use_cookies=False)

    response = await user.post('overflow', headers={'Cookie': f'session="{signed}{end}"'})

    assert response.status_code == 413
    assert 'It is empty.' in await response.get_data(as_text=True)


async def test_large_value_is_413_with_the_form(user: PageUser) -> None:
    """A value that is too large for the cookie is refused, and the form stays as it was."""
    typed = secrets.token_hex(4093)

    text = await user.refused(413, 'set', key='mine', value=typed)

    assert 'name="key" value="mine"' in text
    assert f'name="value" value="{typed}"' in text
    assert 'It is empty.' in text
    assert await user.session() == {}


@pytest.mark.parametrize('key', ['a', ''])
@pytest.mark.parametrize('action', [*ACTION_LINES, 'character', 'key', 'time', 'fly'])
async def test_form_stays_after_every_button(user: PageUser, action: str, key: str) -> None:
    """What the user typed stays in the form, also after an error."""
    await user.update_session({'a': 1})
    typed = '[' * 100

    response = await user.post(action, key=key, value=typed)

    if response.status_code == 303:
        response = await user.client.get(await redirect_address(response))
    text = await response.get_data(as_text=True)
    assert f'name="key" value="{key}"' in text
    assert f'name="value" value="{typed}"' in text


@pytest.mark.parametrize('value', ['[' * 60 + ']' * 60, 'v' * 20_000], ids=['nested', 'long'])
async def test_unused_value_is_not_checked(user: PageUser, value: str) -> None:
    """An action that uses no value accepts any text in its field."""
    await user.act('clear', key='', value=value)


@pytest.mark.parametrize(
    ('settings', 'english', 'chinese'),
    [
        (
            {'SESSION_COOKIE_MAX_DECOMPRESSED': 100},
            'The session would be 210 bytes long before its compression; the limit is 100 bytes.',
            'session 在压缩前会达到 210 字节，上限是 100 字节。',
        ),
        (
            {'SESSION_TYPE': 'memory', 'SESSION_MAX_STORED_SIZE': 100},
            'The session would be 207 bytes long; the limit is 100 bytes.',
            'session 会达到 207 字节，上限是 100 字节。',
        ),
    ],
    ids=['content', 'stored'],
)
async def test_other_limits_are_413_with_their_size(
    make_user: Callable[..., PageUser], settings: dict[str, Any], english: str, chinese: str
) -> None:
    """A session that exceeds another limit is refused with its size, in both languages."""
    user = make_user(**settings)
    await user.update_session({'a': 1})

    for address, sentence in ((PAGE, english), (f'{PAGE}?lang=zh', chinese)):
        response = await user.post('set', 'a', 'v' * 202, address=address)

        assert response.status_code == 413
        assert sentence in outcome(await response.get_data(as_text=True))
    assert await user.session() == {'a': 1}


async def test_page_shows_that_content_is_too_large(user: PageUser) -> None:
    """The page of a cookie with larger content than the app reads shows why it is refused."""
    await user.update_session({'a': 'v' * 200})
    user.app.config['SESSION_COOKIE_MAX_DECOMPRESSED'] = 100

    text = await user.page()

    assert 'refused: its content is too large' in text
    assert 'It is empty.' in text
