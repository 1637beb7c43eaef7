"""Each rule of `--check` finds what breaks, and not what looks like it."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from quart_session_demo.middleware import TrustedProxiesMiddleware
from tests.port.checking import check, check_source

HEAD = """\
from quart import Quart, current_app, g, render_template, request, session
app = Quart(__name__)
async def load(x=1): return x
async def numbers():
    yield await load()
"""
LINES = HEAD.count('\n')

FOUND = {
    'app-run': 'import flask.json.tag\napp.run()',
    'blocking-call': 'async def f():\n    import time\n    time.sleep(1)',
    'blocking-call connection': (
        'import sqlite3\ndb = sqlite3.connect("x")\nasync def f():\n    db.execute("x")'
    ),
    'blocking-call session': (
        'import requests\nasync def f():\n    with requests.Session() as s:\n        s.get("x")'
    ),
    'blocking-call path': (
        'from pathlib import Path\nasync def f():\n    return Path("x").parent.read_text()'
    ),
    'cannot-await': 'x = load()',
    'cannot-await lambda': 'app.add_url_rule("/", view_func=lambda: render_template("x"))',
    'cannot-await view': 'app.add_url_rule("/", view_func=lambda: load())',
    'cannot-await handler': 'app.errorhandler(404)(lambda error: load())',
    'cannot-await background': 'app.add_background_task(lambda: load())',
    'command-context': (
        '@app.cli.command("a")\ndef a(): return db()\n'
        'def db(): return inner()\ndef inner(): return current_app.name'
    ),
    'client-globals': (
        'async def f():\n    async with app.test_client() as c:\n        return g.user'
    ),
    'coroutine-callback': 'async def f(xs):\n    return list(map(load, xs))',
    'coroutine-callback sort': 'def f(xs):\n    xs.sort(key=load)',
    'coroutine-callback thread': 'import threading\nthreading.Thread(target=load).start()',
    'coroutine-callback cache': 'from functools import cache\n@cache\nasync def f(): return 1',
    'event-loop': 'import asyncio\nasync def f():\n    return asyncio.run(load())',
    'event-loop loop': 'async def f(loop):\n    return loop.run_until_complete(load())',
    'extension': 'from flask_login import LoginManager',
    'extension unknown': 'import flask_unheard_of',
    'missing-await': 'async def f():\n    return render_template("x")',
    'missing-async-with': (
        'import aiohttp\nasync def f():\n    with aiohttp.ClientSession() as s: return s'
    ),
    'missing-async-with lock': (
        'import asyncio\nlock = asyncio.Lock()\nasync def f():\n    with lock: pass'
    ),
    'coroutine-callback task': (
        'import asyncio\nasync def f():\n    await asyncio.gather(load, load(1))'
    ),
    'no-counterpart before_first_request': '@app.before_first_request\nasync def f(): pass',
    'needless-await item': 'async def f():\n    return await session["x"]',
    'needless-await form': 'async def f():\n    return await (await request.form)["x"]',
    'needless-await args': 'async def f():\n    return await request.args.get("x")',
    'missing-await lost': 'async def f():\n    task = load()\n    return task.name',
    'missing-await argument': 'from quart import jsonify\nasync def f(): return jsonify(load())',
    'needless-await': 'async def f():\n    return await session.get("x")',
    'no-counterpart': 'async def f():\n    return request.stream.read()',
    'sync-iteration': 'async def f():\n    for x in numbers(): pass',
    'sync-iteration list': 'async def f():\n    return list(numbers())',
    'sync-iteration await': 'async def f():\n    return await numbers()',
    'sync-iteration body': 'async def f():\n    for x in request.body: pass',
    'sync-iteration any': 'async def f(xs):\n    return any(await load(x) for x in xs)',
    'template-call': 'from quart import get_template_attribute as a\ndef f(): return a("x", "y")',
    'template-call app': ('async def f():\n    return app.jinja_env.get_template("x").render()'),
    'template-call own': ('import jinja2\nenv = jinja2.Environment()\nenv.filters["load"] = load'),
    'thread-context': (
        'import threading\ndef f(): return request.path\nthreading.Thread(target=f).start()'
    ),
    'thread-context called': (
        'def f(): return inner()\ndef inner(): return current_app.name\n'
        'def start(pool): pool.submit(f)'
    ),
    'unused-setting': 'app.config["JSON_SORT_KEYS"] = False',
    'unused-setting update': 'app.config.update(SESSION_TYPE="redis")',
    'unused-setting class': 'class Config:\n    USE_X_SENDFILE = True',
    'wsgi': 'from werkzeug.middleware.proxy_fix import ProxyFix',
    'wsgi environ': 'async def f(): return request.environ["x"]',
    'wsgi app': 'def wrap(app: Quart): app.wsgi_app = app.wsgi_app',
    'wsgi call': 'class M:\n    def __call__(self, environ, start_response): pass',
}

NOT_FOUND = {
    'app-run on Quart': 'app.run()',
    'blocking call in a sync function': 'import time\ndef f():\n    time.sleep(1)',
    'blocking call in a thread': (
        'import asyncio, time\nasync def f():\n    await asyncio.to_thread(time.sleep, 1)'
    ),
    'blocking call in run_sync': (
        'import requests\nfrom quart.utils import run_sync\n'
        'async def f():\n    await run_sync(lambda: requests.get("x"))()'
    ),
    'result of a blocking call': (
        'import bcrypt\ndef check(hashed=bcrypt.hashpw("a", "b")):\n'
        '    async def f(): return hashed.decode()'
    ),
    'exception of a blocking library': (
        'import requests\nasync def f():\n    raise requests.ConnectionError()'
    ),
    'sync helper': 'import sqlite3\ndef db(): return sqlite3.connect("x")\nasync def f(): db()',
    'method of something unknown': 'async def f(db):\n    db.execute("x")',
    'coroutine in gather': (
        'import asyncio\nasync def f():\n    await asyncio.gather(*[load(x) for x in "ab"])'
    ),
    'coroutine awaited later': 'async def f():\n    x = load()\n    return await x',
    'coroutine passed on': 'def f(): return load()\nasync def h(): return await f()',
    'coroutine for a parameter': (
        'from typing import Awaitable\ndef start(x: Awaitable[int]): pass\ndef f(): start(load())'
    ),
    'coroutine for an unknown method': 'async def f(pool): await pool.run(load())',
    'coroutine of a lambda': 'def f(run): run(lambda: load())',
    'coroutine of a lambda for an async function': (
        'async def retry(f): return await f()\n'
        'async def f(x):\n    await retry(lambda: render_template("x"))\n'
        '    await retry(lambda: load(1) if x else load(2))'
    ),
    'coroutines of map': (
        'import asyncio\nasync def f():\n    await asyncio.gather(*map(load, "ab"))'
    ),
    'command without a context': '@app.cli.command("a")\ndef a(): print("a")',
    'method of an unknown base': (
        'from wtforms import Form\nclass F(Form):\n'
        '    async def validate(self): return super().validate()'
    ),
    'asynchronous generator of a base': (
        'from typing import AsyncIterator\nclass A:\n'
        '    def items(self) -> AsyncIterator[int]: raise NotImplementedError\n'
        'class B(A):\n    async def items(self): yield await load()\n'
        'async def f(a: A): return [x async for x in a.items()]'
    ),
    'asynchronous generator of an async base': (
        'class A:\n    async def items(self): raise NotImplementedError\n'
        'class B(A):\n    async def items(self): yield await load()\n'
        'async def f(a: A):\n    async for x in a.items(): pass'
    ),
    'body of a request': 'async def f(): return await request.body',
    'callback of an unknown function': 'def f(serve): serve(load)',
    'event loop in a command': 'import asyncio\ndef f():\n    return asyncio.run(load())',
    'counterpart of an extension': 'from quart_auth import QuartAuth',
    'async iteration': 'async def f():\n    return [x async for x in numbers()]',
    'list with await': 'async def f(xs):\n    return any([await load(x) for x in xs])',
    'asynchronous environment': (
        'import jinja2\nenv = jinja2.Environment(enable_async=True)\nenv.filters["load"] = load'
    ),
    'template global': 'app.add_template_global(load)\napp.jinja_env.globals["load"] = load',
    'thread with a context': (
        'import threading\nfrom quart import copy_current_request_context\n'
        'def start():\n    @copy_current_request_context\n    def f(): return request.path\n'
        '    threading.Thread(target=f).start()'
    ),
    'settings that Quart reads': 'app.config["SESSION_COOKIE_SECURE"] = True',
    'settings of other objects': 'def f(other): other["JSON_SORT_KEYS"] = True',
    'ASGI': 'class M:\n    async def __call__(self, scope, receive, send): pass',
    'session after a request': (
        'async def f():\n    async with app.test_client() as c:\n        return session["x"]'
    ),
}


@pytest.mark.parametrize(('name', 'source'), FOUND.items(), ids=list(FOUND))
def test_rule_finds_mistake(tmp_path: Path, name: str, source: str) -> None:
    """The mistake, and nothing else, is found."""
    found = check_source(tmp_path, HEAD + source)
    other = {'flask-import'} if name == 'app-run' else set()
    assert {item.partition(' ')[2] for item in found} - other == {name.partition(' ')[0]}
    assert all(int(item.partition(' ')[0]) > LINES for item in found)


@pytest.mark.parametrize('source', NOT_FOUND.values(), ids=list(NOT_FOUND))
def test_rule_accepts_what_is_right(tmp_path: Path, source: str) -> None:
    """What looks like a mistake is no finding."""
    assert check_source(tmp_path, HEAD + source) == []


def test_proxy_fix_has_a_counterpart_in_this_package(tmp_path: Path) -> None:
    """The remedy names a class that obeys proxies, and the module that has it."""
    (tmp_path / 'app.py').write_text(HEAD + FOUND['wsgi'])
    [finding] = check(tmp_path / 'app.py')

    [name, module] = re.findall('`([^`]+)`', finding.remedy)
    assert getattr(import_module(module), name) is TrustedProxiesMiddleware


def test_blocking_call_in_test_is_no_finding(tmp_path: Path) -> None:
    """What blocks the event loop of a test keeps nobody waiting."""
    source = '    import time\n    time.sleep(1)\n'
    (tmp_path / 'pytest.ini').write_text('[pytest]\nasyncio_mode = auto\n')
    assert check_source(tmp_path, f'{HEAD}async def test_a():\n{source}', 'test_a.py') == []


def test_session_settings_of_this_package_are_read(tmp_path: Path) -> None:
    """With this package's sessions, Flask-Session's settings that they read are no findings."""
    source = 'import quart_session_demo.sessions\napp.config["SESSION_TYPE"] = "redis"'
    assert check_source(tmp_path, HEAD + source) == []


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('pytest.ini', '[pytest]\nasyncio_mode = auto\n'),
        ('pyproject.toml', '[tool.pytest.ini_options]\nasyncio_mode = "auto"\n'),
        ('setup.cfg', '[tool:pytest]\nasyncio_mode=auto\n'),
        ('tox.ini', '[pytest]\naddopts = --asyncio-mode=auto\n'),
    ],
)
def test_setting_lets_pytest_await_tests(tmp_path: Path, name: str, text: str) -> None:
    """Async tests are a finding until a setting, also of a folder above, lets pytest await them."""
    folder = tmp_path / 'tests'
    folder.mkdir()
    source = 'async def test_a(): pass\nasync def test_b(): pass\n'
    assert check_source(folder, source, 'test_a.py') == ['1 pytest-asyncio']
    (tmp_path / name).write_text(text)
    assert check(folder) == []


@pytest.mark.parametrize(
    ('text', 'is_found'),
    [
        ('{{ await f() }}', True),
        ('{% if await f() %}{% endif %}', True),
        ('{{ f() }} Please await f(x)', False),
        ('<script>{ await f() }</script>', False),
        ('{{ "await f()" }}', False),
    ],
)
def test_await_in_template_is_found(tmp_path: Path, text: str, is_found: bool) -> None:
    """Jinja has no `await`."""
    (tmp_path / 'index.html').write_text(text)
    assert bool(check(tmp_path)) == is_found
