"""The playground: what it shows, what it does, and what it refuses."""

import json
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from http.cookies import SimpleCookie
from typing import Any, NoReturn

import flask
import pytest
import quart
from flask.sessions import SecureCookieSession
from itsdangerous import URLSafeTimedSerializer
from quart import Quart
from quart.sessions import SessionInterface
from quart.typing import TestClientProtocol as Client
from werkzeug.exceptions import ServiceUnavailable

from quart_session_demo import create_app
from quart_session_demo.playground.actions import LINES
from tests.conftest import KEY
from tests.redis_server import RedisServer

PAGE = '/playground/'
LESSON = {'username': 'zhiliao', 'age': 20, '_permanent': True}


@pytest.fixture
def client(app: Quart) -> Client:
    return app.test_client()


async def held(client: Client) -> dict[str, Any]:
    async with client.session_transaction() as inside:
        return dict(inside)


async def put(client: Client, content: dict[str, Any]) -> None:
    async with client.session_transaction() as inside:
        inside.update(content)


async def page(client: Client, address: str = PAGE) -> str:
    response = await client.get(address)
    assert response.status_code == 200
    return unescape(await response.get_data(as_text=True))


async def act(client: Client, do: str, **form: str) -> str:
    """Press a button and return the section of the page that says what it did."""
    response = await client.post(PAGE, form={'do': do, **form})
    return last(await page(client, await redirected_to(response)))


async def redirected_to(response: Any) -> str:
    """Return the address of the page that tells what an action did."""
    assert response.status_code == 303, await response.get_data(as_text=True)
    address, _, fragment = response.headers['Location'].partition('#')
    assert fragment == 'last'
    assert address.startswith(PAGE)
    return str(address)


async def refused(client: Client, status: int, do: str, **form: str) -> str:
    response = await client.post(PAGE, form={'do': do, **form})
    assert response.status_code == status
    assert response.headers['Cache-Control'] == 'no-store'
    return unescape(await response.get_data(as_text=True))


def last(text: str) -> str:
    return text.partition('id="last"')[2].partition('</section>')[0]


# On and off


async def test_playground_is_on_by_default(client: Client) -> None:
    assert 'Session playground' in await page(client)


@pytest.mark.parametrize('config', [{'PLAYGROUND': False}, {'PRODUCTION': True}])
async def test_playground_is_404_when_off(config: dict[str, Any]) -> None:
    client = create_app({'SECRET_KEY': KEY, **config}).test_client()

    for address in (PAGE, '/playground/static/playground.css'):
        assert (await client.get(address)).status_code == 404
    assert (await client.post(PAGE, form={'do': 'lesson'})).status_code == 404


async def test_playground_can_be_chosen_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('QUART_PRODUCTION', 'true')
    monkeypatch.setenv('QUART_SECRET_KEY', KEY)
    monkeypatch.setenv('QUART_PLAYGROUND', 'true')

    assert 'Never share this app’s secret key' in await page(create_app().test_client())


# Your session now, and its cookie


async def test_page_shows_keys_values_and_types(client: Client) -> None:
    await put(client, {'a': 'text', 'b': [1, 2], 'c': (True, None), 'd': b'\x00'})

    text = await page(client)

    for key, value, type_ in [
        ("'a'", "'text'", 'str'),
        ("'b'", '[1, 2]', 'list'),
        ("'c'", '(True, None)', 'tuple'),
        ("'d'", r"b'\x00'", 'bytes'),
    ]:
        row = f'<code>{key}</code></th><td><code>{value}</code></td><td>{type_}</td>'
        assert row in text


async def test_page_leaves_the_session_alone(client: Client) -> None:
    await put(client, {'a': 1})

    response = await client.get(PAGE)

    assert 'Set-Cookie' not in response.headers
    assert response.headers['Cache-Control'] == 'no-store'
    assert 'Cookie' in response.vary


async def test_page_without_a_session_says_so(client: Client) -> None:
    text = await page(client)

    assert 'It is empty.' in text
    assert 'It sent none.' in text


async def test_page_shows_when_a_permanent_session_ends(client: Client) -> None:
    await put(client, LESSON)

    text = await page(client)

    moments = re.findall('<time datetime="([^"]+)">', text)
    signed, ends = sorted({datetime.fromisoformat(moment) for moment in moments})
    assert abs(signed - datetime.now(UTC)) < timedelta(minutes=1)
    assert abs(ends - signed - timedelta(days=10)) < timedelta(minutes=1)
    assert 'data-seconds="86' in text
    assert 'Permanent: the browser keeps it' in text
    assert 'Every response renews it' in text


@pytest.mark.parametrize(
    ('content', 'config'),
    [
        ({'a': 1}, {}),
        # More than the inspector takes apart.
        ({'a': 'x' * 40_000}, {}),
        (LESSON, {'SESSION_REFRESH_EACH_REQUEST': False}),
    ],
)
async def test_session_that_is_not_renewed_ends_a_lifetime_after_its_signature(
    monkeypatch: pytest.MonkeyPatch, content: dict[str, Any], config: dict[str, Any]
) -> None:
    client = create_app({'SECRET_KEY': KEY, **config}).test_client()
    five_days_ago = datetime.now(UTC).timestamp() - 5 * 86400
    with monkeypatch.context() as past:
        past.setattr('itsdangerous.timed.time.time', lambda: five_days_ago)
        await put(client, content)

    text = await page(client)

    seconds = re.search('data-seconds="([0-9]+)"', text)
    assert seconds is not None
    assert 5 * 86400 - 60 < int(seconds[1]) <= 5 * 86400
    assert 'renews it' not in text


async def test_cookie_over_the_limit_is_not_said_to_be_renewed(app: Quart, client: Client) -> None:
    await put(client, {**LESSON, 'noise': secrets.token_hex(500)})
    app.config['MAX_COOKIE_SIZE'] = 500

    did = await act(client, 'get', key='age')

    text = await page(client)
    signed, *others = re.findall('<time datetime="([^"]+)">', text)
    ends = datetime.fromisoformat(signed) + timedelta(days=10)
    assert set(others) == {signed, ends.isoformat()}
    assert 'renews it' not in text
    assert 'No Set-Cookie came back for the session, which is over the limit.' in did


async def test_page_that_tells_of_an_overflow_does_not_renew_the_session(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    with monkeypatch.context() as past:
        five_days_ago = datetime.now(UTC).timestamp() - 5 * 86400
        past.setattr('itsdangerous.timed.time.time', lambda: five_days_ago)
        await put(client, LESSON)

    text = await refused(client, 413, 'overflow')

    assert 'data-seconds="43' in text
    assert 'renews it' not in text


async def test_page_takes_the_cookie_apart(client: Client) -> None:
    response = await client.get('/')
    cookie = SimpleCookie(response.headers['Set-Cookie'])['session']
    payload, timestamp, signature = cookie.value.split('.')

    text = await page(client)

    assert (
        f'session=<mark class="payload">{payload}</mark>.<mark class="timestamp">{timestamp}</mark>'
        f'.<mark class="signature">{signature}</mark>'
    ) in text
    assert '{"username":"zhiliao","age":20,"_permanent":true}' in text
    size = len(response.headers['Set-Cookie'])
    assert f'value="{size}"></meter> {size} of 4093 bytes' in text
    assert 'Signed, not encrypted: anyone can read it, nobody can change it.' in text


@pytest.mark.parametrize(
    ('config', 'shown'),
    [
        ({}, ['HttpOnly</code>', 'SameSite=Lax</code>', 'Path=/</code>', 'Not set.']),
        (
            {'SESSION_COOKIE_SECURE': True, 'SESSION_COOKIE_SAMESITE': 'Strict'},
            ['Secure</code></dt><dd>Keeps it off plain http.</dd>', 'SameSite=Strict</code>'],
        ),
        ({'SESSION_COOKIE_DOMAIN': 'example.com'}, ['Domain=example.com</code>']),
        (
            {'SESSION_COOKIE_DOMAIN': '.example.com:80', 'SESSION_COOKIE_PATH': '/a b'},
            ['Domain=example.com</code>', 'Path=/a%20b</code>'],
        ),
        (
            {'SESSION_COOKIE_PARTITIONED': True},
            ['Secure</code></dt><dd>Keeps it off plain http.</dd>', '<code>Partitioned</code>'],
        ),
    ],
)
async def test_page_shows_the_attributes(config: dict[str, Any], shown: list[str]) -> None:
    text = await page(create_app({'SECRET_KEY': KEY, **config}).test_client())

    for part in shown:
        assert part in text


@pytest.mark.parametrize(
    ('cookie', 'says'), [('garbage', 'Refused.'), ('eyJhIjoxfQ.aaaaaa.abc', 'not made with this')]
)
async def test_page_says_that_a_bad_cookie_is_refused(app: Quart, cookie: str, says: str) -> None:
    client = app.test_client(use_cookies=False)

    response = await client.get(PAGE, headers={'Cookie': f'session={cookie}'})

    assert response.status_code == 200
    assert says in unescape(await response.get_data(as_text=True))


# Do something


async def test_set_takes_json_or_else_text(client: Client) -> None:
    for typed, value in [
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
    ]:
        await act(client, 'set', key='k', value=typed)

        assert await held(client) == {'k': value}


async def test_get_tells_the_value(client: Client) -> None:
    await put(client, {'a': [1, 'x']})

    did = await act(client, 'get', key='a')

    assert "session.get('a')" in did
    assert "→ [1, 'x']" in did
    assert 'No Set-Cookie came back for the session, for nothing had to change.' in did


async def test_get_of_a_missing_key_tells_none(client: Client) -> None:
    assert '→ None' in await act(client, 'get', key='nope')


async def test_pop_removes_and_tells_the_value(client: Client) -> None:
    await put(client, {'a': 1, 'b': 2})

    assert '→ 1' in await act(client, 'pop', key='a')
    assert await held(client) == {'b': 2}


async def test_del_removes_the_value(client: Client) -> None:
    await put(client, {'a': 1, 'b': 2})

    assert "del session['a']" in await act(client, 'del', key='a')
    assert await held(client) == {'b': 2}


async def test_clear_removes_everything(client: Client) -> None:
    await put(client, LESSON)

    did = await act(client, 'clear')

    assert await held(client) == {}
    assert 'Set-Cookie: session=; Expires=Thu, 01 Jan 1970' in did


async def test_permanent_is_switched_on_and_off(client: Client) -> None:
    await put(client, {'a': 1})

    assert 'Expires=' in await act(client, 'permanent')
    assert await held(client) == {'a': 1, '_permanent': True}
    assert 'Expires=' not in await act(client, 'browser')
    assert await held(client) == {'a': 1, '_permanent': False}


async def test_lesson_adds_its_own_values(client: Client) -> None:
    await act(client, 'lesson')

    assert await held(client) == LESSON


async def test_line_shown_does_the_same_in_flask_and_quart(client: Client) -> None:
    flask_app = flask.Flask('lesson')
    quart_app = Quart('lesson')
    flask_app.secret_key = quart_app.secret_key = KEY
    for do in LINES.keys() - {'overflow'}:
        before = {'k': 'old', '_permanent': do == 'browser'}
        line = LINES[do].format(key="'k'", value="'new'")
        with flask_app.test_request_context():
            flask.session.update(before)
            exec(line, {'session': flask.session})  # noqa: S102
            in_flask = dict(flask.session)
        async with quart_app.test_request_context('/'):
            quart.session.update(before)
            exec(line, {'session': quart.session})  # noqa: S102
            in_quart = dict(quart.session)
        await act(client, 'clear')
        await put(client, before)

        await act(client, do, key='k', value='new')

        assert in_flask == in_quart == await held(client), line


async def test_page_tells_the_very_cookie_that_came_back(client: Client) -> None:
    response = await client.post(PAGE, form={'do': 'set', 'key': 'a', 'value': '1'})
    header = response.headers.getlist('Set-Cookie')[0]

    assert f'Set-Cookie: {header}</code>' in last(await page(client, await redirected_to(response)))


async def test_page_tells_of_an_action_once(client: Client) -> None:
    address = await redirected_to(await client.post(PAGE, form={'do': 'lesson'}))

    assert last(await page(client, address)) != ''
    assert last(await page(client, address)) == ''


async def test_refused_action_tells_that_the_cookie_was_renewed(client: Client) -> None:
    await put(client, LESSON)
    response = await client.post(PAGE, form={'do': 'pop', 'key': 'missing'})
    assert response.headers['Set-Cookie'].startswith('session=')
    assert 'A Set-Cookie came back all the same' in last(await response.get_data(as_text=True))

    await act(client, 'browser')
    response = await client.post(PAGE, form={'do': 'pop', 'key': 'missing'})
    assert 'Set-Cookie' not in response.headers
    assert 'Set-Cookie' not in last(await response.get_data(as_text=True))


async def test_each_tab_tells_of_its_own_action(client: Client) -> None:
    first = await redirected_to(await client.post(PAGE, form={'do': 'lesson'}))
    second = await redirected_to(await client.post(PAGE, form={'do': 'get', 'key': 'age'}))

    assert last(await page(client)) == ''
    assert last(await page(client, f'{PAGE}?notice=other')) == ''
    assert "session.get('age')" in last(await page(client, second))
    assert "session['age'] = 20" in last(await page(client, first))


async def test_notice_is_shown_to_a_client_that_follows_the_redirect_itself(client: Client) -> None:
    form = {'do': 'lesson'}

    response = await client.post(PAGE, form=form, follow_redirects=True)

    assert "session['age'] = 20" in last(unescape(await response.get_data(as_text=True)))


async def test_session_holds_nothing_of_the_playgrounds_own(client: Client) -> None:
    for do in ('set', 'get', 'permanent', 'browser', 'character', 'key', 'time'):
        await act(client, do, key='a', value='1')

    assert await held(client) == {'a': 1, '_permanent': False}


async def test_notice_cookie_is_short_lived_and_its_own(client: Client) -> None:
    response = await client.post(PAGE, form={'do': 'set', 'key': 'a', 'value': 'x' * 2000})
    header = response.headers.getlist('Set-Cookie')[1]

    (cookie,) = SimpleCookie(header).values()
    assert cookie.key.startswith('playground_notice_')
    assert (cookie['path'], cookie['max-age'], cookie['samesite']) == (PAGE, '60', 'Strict')
    assert cookie['httponly']
    assert len(header) < 4096


async def test_notice_stays_small_whatever_is_typed(client: Client) -> None:
    noise = ''.join(chr(secrets.choice(range(0x10000, 0x20000))) for _ in range(100))
    await put(client, {'a': noise})
    response = await client.post(PAGE, form={'do': 'pop', 'key': 'a', 'value': noise})

    assert len(response.headers.getlist('Set-Cookie')[1]) < 4096
    response = await client.post(PAGE, form={'do': 'get', 'key': 'a', 'value': noise * 50})
    assert len(response.headers.getlist('Set-Cookie')[0]) < 4096


async def test_forged_notice_is_not_shown(app: Quart) -> None:
    other = create_app({'SECRET_KEY': 'another key'}).test_client()
    response = await other.post(PAGE, form={'do': 'set', 'key': 'forged', 'value': ''})
    address = await redirected_to(response)
    (forged,) = SimpleCookie(response.headers.getlist('Set-Cookie')[1]).values()

    for value in (forged.value, 'garbage'):
        response = await app.test_client(use_cookies=False).get(
            address, headers={'Cookie': f'{forged.key}={value}'}
        )
        assert last(await response.get_data(as_text=True)) == ''


# Break it


@pytest.mark.parametrize('kind', ['character', 'key', 'time'])
async def test_altered_copy_is_refused_and_the_session_stays(client: Client, kind: str) -> None:
    await put(client, {'a': 1})

    did = await act(client, kind)

    assert 'is refused' in did
    assert 'the app reads <code>{}</code>' in did
    assert await held(client) == {'a': 1}


async def test_copy_with_nothing_wrong_would_be_accepted(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    # Shows that the copies are refused for what is wrong with them, and nothing else.
    monkeypatch.setattr(
        'quart_session_demo.playground.altered_copies.secrets.token_hex', lambda: KEY
    )
    await put(client, {'a': 1})

    did = await act(client, 'key')

    assert 'is accepted' in did
    assert "the app reads <code>{'a': 1}</code>" in did


async def test_copy_cannot_expire_where_a_lifetime_is_longer_than_time() -> None:
    client = create_app({'SECRET_KEY': KEY, 'PERMANENT_SESSION_LIFETIME': 3e9}).test_client()
    await put(client, {'a': 1})

    assert 'no signature is too old' in last(await refused(client, 409, 'time'))
    assert 'is refused' in await act(client, 'key')


async def test_altered_copy_needs_a_session(client: Client) -> None:
    assert 'set a key first' in last(await refused(client, 409, 'character'))


async def test_overflow_is_413_and_the_session_stays(client: Client) -> None:
    await put(client, {'a': 1})

    text = await refused(client, 413, 'overflow')

    assert re.search('would be [0-9]+ bytes long; the limit is 4093 bytes', last(text))
    assert "<code>'a'</code></th><td><code>1</code>" in text
    assert "'big'</code></th>" not in text
    assert await held(client) == {'a': 1}
    assert '4093' in await page(client)


@pytest.mark.parametrize('end', [';x=1', '\\073x=1', '\\012', ' '])
async def test_overflow_with_a_garbage_cookie_is_413_and_empty(client: Client, end: str) -> None:
    signed = SimpleCookie((await client.get('/')).headers['Set-Cookie'])['session'].value
    garbage = {'Cookie': f'session="{signed}{end}"'}

    response = await client.post(PAGE, form={'do': 'overflow'}, headers=garbage)

    assert response.status_code == 413
    assert 'It is empty.' in await response.get_data(as_text=True)


async def test_value_that_outgrows_the_cookie_is_413_with_the_form_as_it_was(
    client: Client,
) -> None:
    typed = secrets.token_hex(4093)

    text = await refused(client, 413, 'set', key='mine', value=typed)

    assert 'name="key" value="mine"' in text
    assert f'name="value" value="{typed}"' in text
    assert 'It is empty.' in text
    assert await held(client) == {}


async def test_replayed_cookie_is_still_accepted_after_a_clear(client: Client) -> None:
    await put(client, LESSON)

    did = await act(client, 'clear')

    assert 'is still accepted' in did
    assert "'username': 'zhiliao'" in did
    assert await held(client) == {}


@pytest.mark.parametrize('cookie', [None, 'garbage'])
async def test_nothing_is_said_of_a_replay_when_there_was_no_session(
    app: Quart, cookie: str | None
) -> None:
    client = app.test_client()
    if cookie:
        client.set_cookie('localhost', 'session', cookie)

    did = await act(client, 'clear')

    assert 'session.clear()' in did
    assert 'The old cookie' not in did


# Bad input and other sites


@pytest.mark.parametrize(
    ('status', 'form', 'says'),
    [
        (400, {'do': 'set', 'key': '', 'value': 'kept'}, 'A key of 1 to 100 characters'),
        (400, {'do': 'set', 'key': 'k' * 101, 'value': 'kept'}, 'A key of 1 to 100 characters'),
        (400, {'do': 'set', 'key': 'k', 'value': '[' * 60 + ']' * 60}, 'nested too deeply'),
        (400, {'do': 'set', 'key': 'k', 'value': '[' * 5000 + ']' * 5000}, 'nested too deeply'),
        (400, {'do': 'set', 'key': 'k', 'value': 'v' * 10_001}, 'more than 10000 characters'),
        (400, {'do': 'fly', 'key': 'k', 'value': 'kept'}, 'no such action'),
        (400, {'do': '', 'key': 'k', 'value': 'kept'}, 'no such action'),
        (404, {'do': 'pop', 'key': 'k', 'value': 'kept'}, "KeyError: 'k'"),
        (404, {'do': 'del', 'key': 'k', 'value': 'kept'}, "KeyError: 'k'"),
    ],
)
async def test_bad_input_is_told_on_the_page_with_the_form_as_it_was(
    client: Client, status: int, form: dict[str, str], says: str
) -> None:
    await put(client, {'a': 1})

    text = await refused(client, status, **form)

    assert says in last(text)
    assert f'name="value" value="{form["value"]}"' in text
    assert f'name="key" value="{form["key"]}"' in text
    assert await held(client) == {'a': 1}


@pytest.mark.parametrize('do', [*LINES, 'character', 'key', 'time', 'fly'])
@pytest.mark.parametrize('key', ['a', ''])
async def test_what_was_typed_stays_after_every_button(client: Client, do: str, key: str) -> None:
    await put(client, {'a': 1})
    typed = '[' * 100

    response = await client.post(PAGE, form={'do': do, 'key': key, 'value': typed})

    if response.status_code == 303:
        response = await client.get(await redirected_to(response))
    text = unescape(await response.get_data(as_text=True))
    assert f'name="key" value="{key}"' in text
    assert f'name="value" value="{typed}"' in text


async def test_value_that_is_not_used_may_be_anything(client: Client) -> None:
    for value in ('[' * 60 + ']' * 60, 'v' * 20_000):
        await act(client, 'clear', key='', value=value)


async def test_form_that_is_too_large_is_413(app: Quart, client: Client) -> None:
    app.config['MAX_CONTENT_LENGTH'] = 1000

    assert '413' in last(await refused(client, 413, 'set', key='k', value='v' * 1000))


async def test_values_are_escaped_whatever_they_hold(client: Client) -> None:
    for nasty in ('<script>alert(1)</script>', '"><img src=x>', '{{ 7*7 }}', "';--", '\x00\x1b'):
        response = await client.post(PAGE, form={'do': 'set', 'key': nasty, 'value': nasty})
        response = await client.get(await redirected_to(response))
        shown = await response.get_data(as_text=True)
        response = await client.post(PAGE, form={'do': 'pop', 'key': f'no {nasty}', 'value': nasty})

        assert response.status_code == 404
        for text in (shown, await response.get_data(as_text=True)):
            assert '<script>alert' not in text
            assert '<img' not in text
            assert '49' not in last(text)


async def test_post_from_another_site_is_403(client: Client) -> None:
    await put(client, {'a': 1})

    for headers in (
        {'Sec-Fetch-Site': 'cross-site'},
        {'Sec-Fetch-Site': 'same-site'},
        {'Sec-Fetch-Site': 'cross-site', 'Origin': 'http://localhost'},
        {'Origin': 'https://evil.example'},
        {'Origin': 'http://localhost:8001'},
        {'Origin': 'null'},
        {'Origin': 'http://['},
    ):
        response = await client.post(PAGE, form={'do': 'clear'}, headers=headers)

        assert response.status_code == 403, headers
        assert await held(client) == {'a': 1}


async def test_post_from_the_page_itself_is_accepted(client: Client) -> None:
    own: list[dict[str, str]] = [
        {'Sec-Fetch-Site': 'same-origin', 'Origin': 'http://localhost'},
        {'Sec-Fetch-Site': 'none'},
        {'Origin': 'https://localhost'},
        {},
    ]
    for headers in own:
        response = await client.post(PAGE, form={'do': 'lesson'}, headers=headers)

        assert response.status_code == 303, headers


@pytest.mark.parametrize(
    ('name', 'headers'),
    [
        ('a' * 300, {}),
        ('a' * 9000, {}),
        ('icon.svg', {'If-Modified-Since': 'Thu, 01 Jan 99999999999 00:00:00 GMT'}),
    ],
)
async def test_file_that_cannot_be_is_404_without_a_traceback(
    client: Client, caplog: pytest.LogCaptureFixture, name: str, headers: dict[str, str]
) -> None:
    response = await client.get(f'/playground/static/{name}', headers=headers)

    assert response.status_code == 404
    assert caplog.text == ''


async def test_missing_trailing_slash_redirects(client: Client) -> None:
    assert (await client.get('/playground')).status_code == 308


# The page's language and size


async def test_page_can_be_chinese(client: Client) -> None:
    response = await client.post(f'{PAGE}?lang=zh', form={'do': 'lesson'})

    text = await page(client, await redirected_to(response))
    assert '<html lang="zh-Hans">' in text
    for chinese in ('刚才发生了什么', '你现在的 session', '签名而不加密', '动手操作', '重放'):
        assert chinese in text
    assert 'action="/playground/?lang=zh"' in text


@pytest.mark.parametrize(
    ('status', 'do', 'says'),
    [
        (400, 'fly', '>400 请求有误<'),
        (404, 'pop', '>404 未找到<'),
        (404, 'pop', '里没有这个键'),
        (409, 'character', '>409 冲突<'),
        (413, 'overflow', '>413 内容过大<'),
        (413, 'overflow', '字节，上限是 4093 字节。'),
    ],
)
async def test_errors_can_be_chinese(client: Client, status: int, do: str, says: str) -> None:
    response = await client.post(f'{PAGE}?lang=zh', form={'do': do, 'key': 'x'})

    assert response.status_code == status
    told = last(await response.get_data(as_text=True))
    assert says in told
    assert 'lang="en"' not in told


async def test_errors_in_werkzeugs_words_are_marked_as_english(app: Quart, client: Client) -> None:
    app.config['MAX_CONTENT_LENGTH'] = 10

    response = await client.post(f'{PAGE}?lang=zh', form={'do': 'set', 'key': 'key'})

    assert response.status_code == 413
    told = last(await response.get_data(as_text=True))
    assert '>413 内容过大<' in told
    assert '<p lang="en">The data value' in told


async def test_english_page_has_the_lessons_words_marked(client: Client) -> None:
    text = await page(client)

    assert '<html lang="en">' in text
    for chinese in ('设置', '获取', '删除 方式1', '删除 方式2', '删除 方式3', '有效期'):
        assert f'<span lang="zh-Hans">{chinese}</span>' in text
    unmarked = re.sub('<(span|a) [^>]*lang="zh-Hans"[^>]*>[^<]*</', '', text)
    assert re.findall('[\u4e00-\u9fff]', unmarked) == []


async def test_page_and_all_it_loads_are_under_30_kilobytes(client: Client) -> None:
    response = await client.post(PAGE, form={'do': 'lesson'})

    text = await page(client, await redirected_to(response))

    total = len(text.encode())
    loaded = re.findall('(?:href|src)="(/playground/static/[^"]+)"', text)
    assert len(loaded) == 3
    for address in loaded:
        response = await client.get(address)
        assert response.status_code == 200
        total += len(await response.get_data())
    assert total < 30_000


# Sessions on a server


class OnTheServer(SessionInterface):
    """The smallest store: what a server-side session is to the page."""

    def __init__(self) -> None:
        self.stored: dict[str, str] = {}

    async def open_session(self, app: Quart, request: Any) -> SecureCookieSession:
        session_id = request.cookies.get('session')
        content = self.stored.get(session_id or '')
        return SecureCookieSession(json.loads(content) if content else None)

    async def save_session(self, app: Quart, session: Any, response: Any) -> None:
        if session.modified and session:
            session_id = secrets.token_hex()
            self.stored[session_id] = json.dumps(session)
            response.set_cookie('session', session_id)
        elif session.modified:
            self.stored.clear()
            response.delete_cookie('session')


async def test_page_tells_what_the_cookie_of_a_stored_session_is(app: Quart) -> None:
    app.session_interface = OnTheServer()  # type: ignore[assignment]
    client = app.test_client()

    await act(client, 'set', key='a', value='1')

    text = await page(client)
    assert "<code>'a'</code></th><td><code>1</code>" in text
    assert 'It holds nothing but an id.' in text
    assert 'value="overflow"' not in text
    assert 'is refused' in await act(client, 'character')
    for do in ('key', 'time', 'overflow'):
        await refused(client, 409, do)
    assert 'is refused</strong>: the server forgot that session.' in await act(client, 'clear')


async def test_id_of_a_stored_session_is_never_shown_whole(app: Quart) -> None:
    app.session_interface = OnTheServer()  # type: ignore[assignment]
    client = app.test_client()
    await put(client, {'a': 1})
    notices = URLSafeTimedSerializer(KEY, salt='playground-notice')

    for do in ('set', 'get', 'character'):
        response = await client.post(PAGE, form={'do': do, 'key': 'a', 'value': '1'})

        told = SimpleCookie(response.headers.getlist('Set-Cookie')[-1])
        (notice,) = (notices.loads(cookie.value) for cookie in told.values())
        (session_id,) = (
            cookie.value for cookie in client.cookie_jar or () if cookie.name == 'session'
        )
        assert session_id
        text = await page(client, await redirected_to(response))
        assert f'session={session_id[:6]}…' in text
        # The altered character is the 33rd of 64.
        for part in (session_id[:10], session_id[-10:]):
            assert part not in text
            assert part not in json.dumps(notice)


@pytest.mark.parametrize('content', [{'a': 1}, LESSON])
async def test_page_says_nothing_of_an_end_that_it_cannot_know(
    app: Quart, content: dict[str, Any]
) -> None:
    app.session_interface = OnTheServer()  # type: ignore[assignment]
    client = app.test_client()
    await put(client, content)

    text = await page(client)

    assert '<time' not in text
    assert ('Expires</code>' in text) == (content is not LESSON)
    assert 'below' not in text


@pytest.mark.parametrize(
    ('config', 'passed', 'ends_after', 'says'),
    [
        ({}, 1000, 11_000, 'lifetime has passed.'),
        ({}, 100, 10_000, 'lifetime has passed.'),
        ({'SESSION_REFRESH_EACH_REQUEST': False}, 1000, 10_000, None),
        ({'SESSION_ABSOLUTE_LIFETIME': 10_500}, 100, 10_000, 'but never beyond the absolute end.'),
        ({'SESSION_ABSOLUTE_LIFETIME': 10_500}, 1000, 10_500, 'but never beyond the absolute end.'),
        ({'SESSION_ABSOLUTE_LIFETIME': 5000}, 1000, 5000, 'but never beyond the absolute end.'),
    ],
)
async def test_page_tells_when_a_session_on_redis_ends(
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, Any],
    passed: int,
    ends_after: int,
    says: str | None,
) -> None:
    on_redis = {'SESSION_TYPE': 'redis', 'SESSION_REDIS_URL': redis_server.url}
    lifetime = {'PERMANENT_SESSION_LIFETIME': 10_000}
    app = create_app({'SECRET_KEY': KEY, **on_redis, **lifetime, **config})
    async with app.test_app():
        client = app.test_client()
        await client.get('/')
        now = time.time()
        monkeypatch.setattr(
            'quart_session_demo.sessions.server.lifetime.now', lambda: round((now + passed) * 1000)
        )
        text = await page(client)

    # The end, and as the cookie's attribute.
    (ends,) = set(re.findall('<time datetime="([^"]+)">', text))
    assert abs(datetime.fromisoformat(ends).timestamp() - now - ends_after) < 60
    assert ('renews it' in text) == (says is not None)
    assert says is None or says in text


async def test_store_that_is_down_stays_503(app: Quart) -> None:
    class Down(OnTheServer):
        async def open_session(self, app: Quart, request: Any) -> SecureCookieSession:
            class Unavailable(SecureCookieSession):
                def keys(self) -> NoReturn:
                    raise ServiceUnavailable(retry_after=5)

            return Unavailable()

    app.session_interface = Down()  # type: ignore[assignment]

    response = await app.test_client().get(PAGE)

    assert (response.status_code, response.headers['Retry-After']) == (503, '5')
