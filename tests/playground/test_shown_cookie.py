"""What the page shows about the session cookie, also about one that is not a session."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import KEY, cookies_of, make_app
from tests.playground.conftest import PAGE, PageUser


async def page_with_cookie(user: PageUser, cookie: str) -> str:
    """Return the page for a browser that sends this session cookie."""
    user.client = user.app.test_client(use_cookies=False)
    response = await user.client.get(PAGE, headers={'Cookie': f'session={cookie}'})
    assert response.status_code == 200
    return await response.get_data(as_text=True)


@pytest.mark.parametrize('store', ['cookie', 'memory'])
@pytest.mark.parametrize('cookie', ['garbage', 'a.b', '<b>', '"a b"'])
async def test_malformed_cookie_is_shown_as_received(
    make_user: Callable[..., PageUser], store: str, cookie: str
) -> None:
    """A value that is no session cookie is shown, with the reason for which it is refused."""
    page = await page_with_cookie(make_user(SESSION_TYPE=store), cookie)

    shown = cookie.strip('"').replace('<', '&lt;').replace('>', '&gt;')
    assert f'<code>session={shown}</code>' in page
    assert 'Refused.' in page
    assert 'It holds nothing but an id.' not in page


async def test_control_characters_are_shown_as_escapes(user: PageUser) -> None:
    """Characters that a browser would not show are escaped."""
    page = await page_with_cookie(user, '"a\\033[1m\\012b"')

    assert r'<code>session=a\x1b[1m\nb</code>' in page


async def test_long_malformed_cookie_is_folded(user: PageUser) -> None:
    """Of a long value 200 characters are shown, and the rest is folded."""
    page = await page_with_cookie(user, 'x' * 9000)

    assert f'<code>session={"x" * 192}…</code>' in page
    assert '<summary>All 9000 characters</summary>' in page


async def test_id_of_another_interface_is_not_shown(user: PageUser) -> None:
    """An app with signed cookies shows only the beginning of an id that a server still accepts."""
    other = make_app(SESSION_TYPE='memory')
    session_id = cookies_of(await other.test_client().get('/'))[0].value

    page = await page_with_cookie(user, session_id)

    assert f'<code>session={session_id[:6]}…</code>' in page
    assert session_id[:10] not in page


@pytest.mark.parametrize(
    ('case', 'shown'),
    [
        ('another key', 'Refused: made without this app’s key, or changed later.'),
        ('deleted', 'Refused: the server has no session with this id.'),
    ],
)
async def test_refused_id_is_explained(
    make_user: Callable[..., PageUser], case: str, shown: str
) -> None:
    """The page states why the app refuses the id of a session on a server."""
    key = case if case == 'another key' else KEY
    other = make_app(SESSION_TYPE='memory', SECRET_KEY=key)
    session_id = cookies_of(await other.test_client().get('/'))[0].value

    page = await page_with_cookie(make_user(SESSION_TYPE='memory'), session_id)

    assert shown in page
    assert f'session={session_id[:6]}…' in page
    assert session_id[:10] not in page


@pytest.mark.parametrize(
    'content',
    [{'a': 1}, {'a': 'v' * 500}, {'name': '王小明 "x" \\ \'y\''}, {'t': (1, b'\x00')}],
    ids=['short', 'compressed', 'chinese', 'tagged'],
)
async def test_decode_commands_print_the_payload(user: PageUser, content: dict[str, Any]) -> None:
    """The three commands of Python print what the page shows as the payload."""
    await user.update_session(content)
    page = await user.page()
    (commands,) = re.findall(r'<pre><code>(import base64.*?)</code></pre>', page, re.DOTALL)

    command = [sys.executable, '-X', 'utf8', '-c', commands]
    printed = await asyncio.to_thread(subprocess.check_output, command, encoding='utf-8')

    assert len(commands.splitlines()) == 3
    tagged = {'t': {' t': [1, {' b': 'AA=='}]}} if 't' in content else content
    assert eval(printed) == tagged  # noqa: S307


async def test_chinese_payload_is_shown_in_both_forms(user: PageUser) -> None:
    """Chinese text in the payload is shown as such beside its escaped form."""
    await user.update_session({'name': '小明'})
    page = await user.page()

    assert r'{"name":"\u5c0f\u660e"}' in page
    assert '{"name":"小明"}' in page


async def test_readable_form_is_not_repeated(user: PageUser) -> None:
    """A payload without escapes is shown once."""
    await user.update_session({'name': 'ann'})

    assert (await user.page()).count('{"name":"ann"}') == 1


async def test_lone_surrogate_in_the_payload_is_shown(user: PageUser) -> None:
    """A payload that UTF-8 cannot encode does not break the page."""
    await user.act('set', key='a', value=r'"\ud800中\u202e"')

    assert r'{"a":"\ud800中\u202e"}' in await user.page()


async def test_long_cookie_is_folded(user: PageUser) -> None:
    """Of a long cookie the page shows about 200 characters, and folds the rest."""
    await user.update_session({'a': ''.join(map(str, range(900)))})
    cookie = next(iter(user.client.cookie_jar or ())).value or ''
    assert len(cookie) > 1000

    page = await user.page()

    shown = re.sub('<[^>]*>', '', page.partition('<pre class="cookie">')[2].partition('</pre>')[0])
    assert len(shown) < 220
    assert cookie.endswith(shown[-40:])
    assert f'<summary>All {len(cookie)} characters</summary>' in page
    assert page.count(cookie) == 1


@pytest.mark.parametrize(
    ('store', 'formula'),
    [
        ('cookie', 'content + time + secret key → signature'),
        ('memory', 'id + secret key → signature'),
    ],
)
async def test_picture_explains_the_signature(
    make_user: Callable[..., PageUser], store: str, formula: str
) -> None:
    """The page shows what a signature is: content and key, checked on return."""
    page = await make_user(SESSION_TYPE=store).page()

    picture = page.partition('<figure>')[2].partition('</figure>')[0]
    text = ' '.join(re.sub('<[^>]*>', '', picture).split())
    assert formula in text
    assert 'yes → accept no → refuse' in text
