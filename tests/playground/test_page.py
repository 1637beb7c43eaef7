"""The page shows the session, its cookie and the cookie's attributes."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from quart import Quart

from quart_session_demo import create_app, lesson
from tests.conftest import KEY, cookies_of
from tests.playground.conftest import PAGE, PageUser, outcome, redirect_address


async def test_page_is_on_by_default(user: PageUser) -> None:
    """The page is on if no setting turns it off."""
    assert 'Session playground' in await user.page()


@pytest.mark.parametrize('config', [{'PLAYGROUND': False}, {'PRODUCTION': True}])
async def test_page_is_404_when_off(
    make_user: Callable[..., PageUser], config: dict[str, Any]
) -> None:
    """With PLAYGROUND off, or in production, the page and its files return 404."""
    user = make_user(**config)

    for address in (PAGE, '/playground/static/playground.css'):
        assert (await user.client.get(address)).status_code == 404
    assert (await user.post('lesson')).status_code == 404


async def test_page_can_be_on_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """PLAYGROUND turns the page on in production."""
    monkeypatch.setenv('QUART_PRODUCTION', 'true')
    monkeypatch.setenv('QUART_SECRET_KEY', KEY)
    monkeypatch.setenv('QUART_PLAYGROUND', 'true')

    assert 'Never share this app’s secret key' in await PageUser(create_app()).page()


async def test_page_shows_keys_values_and_types(user: PageUser) -> None:
    """Each key of the session has a row with its value and its Python type."""
    await user.update_session({'a': 'text', 'b': [1, 2], 'c': (True, None), 'd': b'\x00'})

    text = await user.page()

    for key, value, type_ in [
        ("'a'", "'text'", 'str'),
        ("'b'", '[1, 2]', 'list'),
        ("'c'", '(True, None)', 'tuple'),
        ("'d'", r"b'\x00'", 'bytes'),
    ]:
        row = f'<code>{key}</code></th><td><code>{value}</code></td><td>{type_}</td>'
        assert row in text


async def test_page_changes_nothing(user: PageUser) -> None:
    """The page sets no cookie, and no cache may store it."""
    await user.update_session({'a': 1})

    response = await user.client.get(PAGE)

    assert 'Set-Cookie' not in response.headers
    assert response.headers['Cache-Control'] == 'no-store'
    assert 'Cookie' in response.vary


async def test_page_shows_an_empty_session(user: PageUser) -> None:
    """Without a session the page states that there is none, and no cookie."""
    text = await user.page()

    assert 'It is empty.' in text
    assert 'Your browser sent no session cookie.' in text


async def test_page_shows_the_parts_of_the_cookie(user: PageUser) -> None:
    """The page marks payload, time and signature, and shows the content and the size."""
    response = await user.client.get('/')
    payload, timestamp, signature = cookies_of(response)[0].value.split('.')

    text = await user.page()

    assert (
        f'session=<mark class="payload">{payload}</mark>.<mark class="timestamp">{timestamp}</mark>'
        f'.<mark class="signature">{signature}</mark>'
    ) in text
    assert '{"username":"zhiliao","age":20,"_permanent":true}' in text
    size = len(response.headers['Set-Cookie'])
    assert f'value="{size}"></meter> {size} of 4093 bytes' in text
    assert 'Signed, not encrypted: anyone can read it, but only this app can change it.' in text


@pytest.mark.parametrize(
    ('config', 'shown'),
    [
        ({}, ['HttpOnly</code>', 'SameSite=Lax</code>', 'Path=/</code>']),
        (
            {'SESSION_COOKIE_SECURE': True, 'SESSION_COOKIE_SAMESITE': 'Strict'},
            ['Secure</code></dt><dd>Limits it to HTTPS.</dd>', 'SameSite=Strict</code>'],
        ),
        ({'SESSION_COOKIE_DOMAIN': 'example.com'}, ['Domain=example.com</code>']),
        (
            {'SESSION_COOKIE_DOMAIN': '.example.com:80', 'SESSION_COOKIE_PATH': '/a b'},
            ['Domain=example.com</code>', 'Path=/a%20b</code>'],
        ),
        (
            {'SESSION_COOKIE_PARTITIONED': True},
            ['Secure</code></dt><dd>Limits it to HTTPS.</dd>', '<code>Partitioned</code>'],
        ),
    ],
)
async def test_page_shows_the_attributes(
    make_user: Callable[..., PageUser], config: dict[str, Any], shown: list[str]
) -> None:
    """The page shows the cookie's attributes as they are sent."""
    text = await make_user(**config).page()

    for part in shown:
        assert part in text


@pytest.mark.parametrize(
    ('cookie', 'shown'),
    [('garbage', 'Refused.'), ('eyJhIjoxfQ.aaaaaa.abc', 'refused: made without this')],
)
async def test_page_shows_that_a_cookie_is_refused(app: Quart, cookie: str, shown: str) -> None:
    """The page states why the app refuses a cookie."""
    client = app.test_client(use_cookies=False)

    response = await client.get(PAGE, headers={'Cookie': f'session={cookie}'})

    assert response.status_code == 200
    assert shown in await response.get_data(as_text=True)


async def test_page_is_smaller_than_30_kilobytes(user: PageUser) -> None:
    """The page and the three files that it loads have less than 30 kB."""
    text = await user.page(await redirect_address(await user.post('lesson')))

    total = len(text.encode())
    loaded = re.findall('(?:href|src)="(/playground/static/[^"]+)"', text)
    assert len(loaded) == 3
    for address in loaded:
        response = await user.client.get(address)
        assert response.status_code == 200
        total += len(await response.get_data())
    assert total < 30_000


@pytest.mark.parametrize(
    ('address', 'shown'),
    [
        ('http://localhost:8000', 'normal over http on localhost'),
        ('http://localhost', 'normal over http on localhost'),
        ('http://app.localhost', 'normal over http on localhost'),
        ('http://127.0.0.1:8000', 'normal over http on localhost'),
        ('http://[::1]:8000', 'normal over http on localhost'),
        ('http://[::1]', 'normal over http on localhost'),
        ('http://shop.example', '<strong class="no">Not set.</strong>'),
        ('http://localhost.example', '<strong class="no">Not set.</strong>'),
        ('https://localhost', '<strong class="no">Not set.</strong>'),
    ],
)
async def test_missing_secure_is_normal_on_localhost(
    user: PageUser, address: str, shown: str
) -> None:
    """Without Secure, the page warns, except over http on localhost."""
    scheme, _, host = address.partition('://')

    response = await user.client.get(PAGE, scheme=scheme, headers={'Host': host})

    text = await response.get_data(as_text=True)
    assert shown in text.partition('<code>Secure</code>')[2].partition('</dd>')[0]


@pytest.mark.parametrize('permanent', [True, False])
async def test_what_ends_the_session_is_bold(user: PageUser, permanent: bool) -> None:
    """The countdown of a permanent session is bold; else it is "until the browser is closed"."""
    await user.update_session({'a': 1, '_permanent': permanent})

    text = await user.page()

    assert ('class="clock lasting"' in text) == permanent
    assert ('<strong>Until the browser is closed</strong>' in text) != permanent


async def test_page_links_the_lesson(user: PageUser) -> None:
    """The page links the six routes of the lesson, each with what it does, and its source."""
    text = await user.page()

    links = dict(re.findall('<dt><a href="(/[^"]*)">[^<]*</a></dt><dd>([^<]+)</dd>', text))
    rules = {
        rule.rule for rule in user.app.url_map.iter_rules() if rule.endpoint.startswith('lesson.')
    }
    assert set(links) == rules
    assert len(links) == 6
    assert 'href="/playground/lesson.py"' in text


async def test_source_of_the_lesson_is_text(user: PageUser) -> None:
    """The lesson's source is shown as it is in the file."""
    response = await user.client.get('/playground/lesson.py')

    assert response.content_type == 'text/plain; charset=utf-8'
    source = await response.get_data(as_text=True)
    assert source == inspect.getsource(lesson)
    assert '设置session成功' in source


async def test_missing_slash_redirects(user: PageUser) -> None:
    """The address without its slash redirects to the page."""
    assert (await user.client.get('/playground')).status_code == 308


@pytest.mark.parametrize(
    ('name', 'headers'),
    [
        ('a' * 300, {}),
        ('a' * 9000, {}),
        ('icon.svg', {'If-Modified-Since': 'Thu, 01 Jan 99999999999 00:00:00 GMT'}),
    ],
)
async def test_impossible_file_is_404(
    user: PageUser, caplog: pytest.LogCaptureFixture, name: str, headers: dict[str, str]
) -> None:
    """A file name or a date that cannot exist returns 404 without a traceback."""
    response = await user.client.get(f'/playground/static/{name}', headers=headers)

    assert response.status_code == 404
    assert caplog.text == ''


async def test_page_works_below_a_root_path(user: PageUser) -> None:
    """Below a server's root path, the page's addresses and its redirects contain the path."""
    response = await user.client.post(
        f'/sub{PAGE}', form={'do': 'set', 'key': 'a', 'value': '1'}, root_path='/sub'
    )

    address = response.headers['Location'].partition('#')[0]
    assert (response.status_code, address.partition('?')[0]) == (303, f'/sub{PAGE}')
    page = await user.client.get(address, root_path='/sub')
    text = await page.get_data(as_text=True)
    assert 'session[&#39;a&#39;] = 1' in outcome(text)
    addresses = re.findall(r'(?:action|href|src)="(/[^"]*)"', text)
    assert addresses
    assert all(address.startswith('/sub/') for address in addresses)
