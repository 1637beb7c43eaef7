"""The statements of the tutorial, in English and in Chinese."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import quart
import time_machine
from quart import Quart, session, websocket

from quart_session_demo import create_app
from quart_session_demo.playground import notice, replay
from tests.conftest import KEY, ROOT, session_contents
from tests.docs.markdown import code_blocks, read, section, table_rows
from tests.serving import serving

PAGES = ['docs/tutorial.md', 'docs/tutorial.zh.md']
NO_SESSION = '没有session数据'


def walk(page: str) -> list[tuple[str, str]]:
    """Return the paths of the walk, each with the text that its comment promises."""
    heading = '## The walk' if page == 'docs/tutorial.md' else '## 动手试一遍'
    (block, *_) = code_blocks(section(read(page), heading), 'sh')
    steps = re.findall(r'^get (\S+) +# (\S+)', block, re.MULTILINE)
    assert len(steps) == block.count('#')
    return steps


@pytest.mark.parametrize('page', PAGES)
async def test_walk_returns_what_its_comments_show(app: Quart, page: str) -> None:
    """Each step of the walk returns the text beside it."""
    client = app.test_client()

    for path, text in walk(page):
        assert await (await client.get(path)).get_data(as_text=True) == text


def test_walk_is_the_same_in_both_languages() -> None:
    """The Chinese page has the same steps as the English one."""
    english, chinese = (walk(page) for page in PAGES)

    assert english == chinese


async def test_walk_without_bash_is_the_same(app: Quart) -> None:
    """The walk in Python requests the same paths, and prints the same texts with their status."""
    async with serving(app) as port:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, ROOT / 'examples/walk.py', f'http://127.0.0.1:{port}/'),
            env={**os.environ, 'PYTHONIOENCODING': 'utf-8'},
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()

    steps = [line.split() for line in output.decode().splitlines()]
    assert [(path, text) for _, path, text in steps] == walk('docs/tutorial.md')
    assert [status for status, *_ in steps] == ['200'] * 9 + ['404']


def test_walk_without_the_app_is_one_line() -> None:
    """If the app does not run, the walk in Python prints what to do."""
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{closed.getsockname()[1]}'
        command = (sys.executable, ROOT / 'examples/walk.py', url)
        result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f'{url} cannot be reached')
    assert line.endswith(': start the app first')


@pytest.mark.parametrize(
    'heading',
    [
        '## 运行',
        '### Python 版本太低',
        '### 端口被占用',
        '### Windows',
        '## 测试',
        '## 动手试一遍',
        '## 原教程里的错误',
        '## 演练场',
        '## 用在自己的应用里',
        '## 迁移和对比',
        '## 保存在 Redis 里',
        '## 部署',
    ],
)
def test_chinese_page_has_every_subject(heading: str) -> None:
    """The Chinese page has a section for each thing that a reader does."""
    assert f'\n{heading}\n' in read('docs/tutorial.zh.md')


@pytest.mark.parametrize('page', PAGES)
def test_slips_are_those_of_the_lesson(page: str) -> None:
    """The pages quote each incorrect line of the lesson."""
    for line in ('timedelta(hour=2)', 'session.pop(key)', 'del session[key]', 'os.urandom(24)'):
        assert line in read(page)


@pytest.mark.parametrize('page', PAGES)
def test_lifetime_in_code_is_the_variables(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two ways that set a lifetime of two hours give the same lifetime."""
    text = read(page)
    own = Quart('own')
    (line,) = [block for block in code_blocks(text, 'python') if 'hours=2' in block]
    exec(line, {'app': own, 'timedelta': timedelta})  # noqa: S102
    (variable,) = re.findall('`(QUART_PERMANENT_SESSION_LIFETIME)=7200`', text)
    monkeypatch.setenv(variable, '7200')

    app = create_app({'SECRET_KEY': KEY})

    assert own.permanent_session_lifetime == app.permanent_session_lifetime == timedelta(hours=2)


def test_default_lifetimes_are_31_and_10_days() -> None:
    """The default lifetime is 31 days in Quart and 10 days in this app."""
    assert Quart('own').permanent_session_lifetime == timedelta(days=31)
    assert create_app({'SECRET_KEY': KEY}).permanent_session_lifetime == timedelta(days=10)


def test_hour_is_no_argument_of_timedelta() -> None:
    """The lesson's `timedelta(hour=2)` raises TypeError."""
    arguments: dict[str, Any] = {'hour': 2}

    with pytest.raises(TypeError):
        timedelta(**arguments)


async def stored_after(
    app: Quart, view: Callable[[], Any], before: dict[str, Any]
) -> dict[str, Any]:
    """Return what is in a session after a view."""
    app.add_url_rule('/view/', view_func=view)
    client = app.test_client()
    async with client.session_transaction() as stored:
        stored.update(before)
    await (await client.get('/view/')).get_data()
    return await session_contents(client)


@pytest.mark.parametrize('line', ["session.pop('missing')", "del session['missing']"])
async def test_deleting_a_missing_key_raises(app: Quart, line: str) -> None:
    """`pop` without a default, and `del`, raise KeyError for a missing key."""

    async def view() -> str:
        with pytest.raises(KeyError):
            exec(line, {'session': session})  # noqa: S102
        return ''

    assert await stored_after(app, view, {'there': 1}) == {'there': 1}


async def test_change_inside_a_value_is_not_noticed(app: Quart) -> None:
    """A change inside a value is not saved."""

    async def view() -> str:
        session['cart'].append('tea')
        return ''

    assert await stored_after(app, view, {'cart': []}) == {'cart': []}


async def test_change_inside_a_value_is_saved_when_marked(app: Quart) -> None:
    """A change inside a value is saved with `session.modified = True`."""

    async def view() -> str:
        session['cart'].append('tea')
        session.modified = True
        return ''

    assert await stored_after(app, view, {'cart': []}) == {'cart': ['tea']}


async def test_calls_that_change_nothing_are_no_change(app: Quart) -> None:
    """`setdefault` of an existing key and `pop` with a default leave `modified` false."""

    async def view() -> str:
        session.setdefault('there', 2)
        session.pop('missing', None)
        return str(session.modified)

    app.add_url_rule('/view/', view_func=view)
    client = app.test_client()
    async with client.session_transaction() as stored:
        stored['there'] = 1

    assert await (await client.get('/view/')).get_data() == b'False'


async def test_clear_makes_it_a_browser_session(app: Quart) -> None:
    """`clear()` deletes `permanent` too."""

    async def view() -> str:
        session.clear()
        session['username'] = 'zhiliao'
        return ''

    assert await stored_after(app, view, {'_permanent': True}) == {'username': 'zhiliao'}


async def test_browser_session_expires_after_the_lifetime(app: Quart) -> None:
    """A browser session is not accepted later than the lifetime after its signature."""
    client = app.test_client()
    with time_machine.travel(datetime.now(UTC) - timedelta(days=11)):
        await client.get('/browser_session/')

    response = await client.get('/get_session/')

    assert await response.get_data(as_text=True) == NO_SESSION


async def test_write_in_a_stream_is_lost(app: Quart) -> None:
    """A write in a streaming generator is lost, and its response has no `Vary`."""
    client = app.test_client()

    @app.get('/stream/')
    async def view() -> AsyncIterator[str]:
        @quart.stream_with_context
        async def stream() -> AsyncIterator[str]:
            session['late'] = 1
            yield 'x'

        body: AsyncIterator[str] = stream()
        return body

    response = await client.get('/stream/')

    assert await response.get_data() == b'x'
    assert 'Vary' not in response.headers
    assert await session_contents(client) == {}


async def test_write_in_a_background_task_is_lost(app: Quart) -> None:
    """A write in a background task is lost."""
    done = asyncio.Event()

    async def view() -> str:
        @quart.copy_current_request_context
        async def task() -> None:
            await asyncio.sleep(0.01)
            session['late'] = 1
            done.set()

        app.add_background_task(task)
        return ''

    assert await stored_after(app, view, {}) == {}
    await done.wait()


async def test_one_of_two_simultaneous_changes_is_lost(app: Quart) -> None:
    """Of two requests that set different keys at the same time, one loses its change."""
    both = asyncio.Barrier(2)

    @app.get('/set/<key>/')
    async def set_key(key: str) -> str:
        session[key] = 1
        await both.wait()
        return ''

    client = app.test_client()
    await asyncio.gather(client.get('/set/a/'), client.get('/set/b/'))

    assert len(await session_contents(client)) == 1


async def test_copy_of_a_cookie_outlives_clear(app: Quart) -> None:
    """A copied cookie is still accepted after `clear()`."""
    client = app.test_client()
    cookie = (await client.get('/')).headers['Set-Cookie'].partition(';')[0]
    await client.get('/del_session/')

    response = await app.test_client().get('/get_session/', headers={'Cookie': cookie})

    assert await response.get_data(as_text=True) == 'zhiliao'


async def test_websocket_sees_the_session_of_its_start(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    """A websocket does not see later changes, and its own write is lost with one warning."""

    @app.websocket('/ws')
    async def ws() -> None:
        await websocket.send('')
        await websocket.receive()
        session['late'] = 1
        await websocket.send(session.get('username', 'none'))

    client = app.test_client()
    async with client.websocket('/ws') as connection:
        await connection.receive()
        await client.get('/')
        await connection.send('go on')
        assert await connection.receive() == 'none'

    assert 'late' not in await session_contents(client)
    assert [record.levelname for record in caplog.records] == ['WARNING']


def playground_steps(page: str) -> list[str]:
    """Return the labels of the playground's steps, as a page lists them."""
    english = page == 'docs/tutorial.md'
    heading, head = ('## The playground', 'step') if english else ('## 演练场', '步骤')
    return [cells[0] for cells in table_rows(section(read(page), heading), head)]


@pytest.mark.parametrize(
    ('page', 'address'),
    [(PAGES[0], '/playground/?lang=en'), (PAGES[1], '/playground/?lang=zh')],
)
async def test_playground_suggests_the_listed_steps(app: Quart, page: str, address: str) -> None:
    """The page's filled button has the label of each listed step in turn, then the first again."""
    client = app.test_client()
    steps = playground_steps(page)
    labels = []
    target = address
    for _ in [*steps, steps[0]]:
        html = unescape(await (await client.get(target)).get_data(as_text=True))
        button = re.search('class="primary"([^>]*)>([^<]*)<', html)
        assert button is not None
        labels.append(button[2])
        attributes = dict(re.findall('([a-z]+)="([^"]*)"', button[1]))
        form = {attributes['name']: attributes['value'], 'next_key': 'username'}
        target = (await client.post(address, form=form)).headers['Location']

    assert labels == [*steps, steps[0]]


@pytest.mark.parametrize('page', PAGES)
def test_playground_cookies_last_as_long_as_documented(page: str) -> None:
    """The cookies of the page last a minute and 10 minutes."""
    assert (notice.MAX_AGE, replay.MAX_AGE) == (60, 600)
    text = section(read(page), '## The playground' if page == PAGES[0] else '## 演练场')
    assert ('for a minute' in text and 'for 10 minutes' in text) or (
        '保存一分钟' in text and '保存 10 分钟' in text
    )
