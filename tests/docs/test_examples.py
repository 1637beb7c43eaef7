"""The scripts in examples/ and the development server, each run as a user runs it."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from quart_session_demo.compare.harness.steps_file import load_steps
from tests.conftest import KEY, ROOT
from tests.docs.markdown import code_blocks, read, section

HELLO = ['examples/hello.py', 'examples/hello_flask.py']
LOGIN = ['examples/login.py', 'examples/login_flask.py']


@contextmanager
def started(script: str, folder: Path) -> Iterator[str]:
    """Run a script of the repository on a free port; yield its address."""
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        port = found.getsockname()[1]
    log = folder / 'log.txt'
    with log.open('wb') as output:
        server = subprocess.Popen(
            [
                sys.executable,
                ROOT / 'tests/apps/run_on_port.py',
                str(port),
                ROOT / script,
            ],
            env={**os.environ, 'PYTHONPATH': str(ROOT), 'QUART_SECRET_KEY': KEY},
            stdout=output,
            stderr=output,
        )
    try:
        while not accepts(port):
            assert server.poll() is None, log.read_text('utf-8')
            time.sleep(0.05)
        yield f'http://127.0.0.1:{port}'
    finally:
        server.terminate()
        server.wait()


def accepts(port: int) -> bool:
    """Return whether a server listens on a port."""
    with socket.socket() as client:
        return client.connect_ex(('127.0.0.1', port)) == 0


@pytest.mark.parametrize('name', HELLO)
def test_hello_is_the_lesson(name: str, tmp_path: Path) -> None:
    """The example returns the lesson's texts, and its session lasts ten days."""
    with started(name, tmp_path) as url, httpx.Client(base_url=url) as client:
        paths = ('/get_session/', '/', '/get_session/', '/del_session/', '/get_session/')
        responses = [client.get(path) for path in paths]

    assert [response.text for response in responses] == [
        '没有session数据',
        '设置session成功',
        'zhiliao',
        '删除session成功...',
        '没有session数据',
    ]
    (lifetime,) = re.findall(r'Expires=(.*?);', responses[1].headers['Set-Cookie'])
    date = time.mktime(time.strptime(lifetime, '%a, %d %b %Y %H:%M:%S GMT')) - time.timezone
    assert abs(date - time.time() - 10 * 86400) < 60


def test_hello_differs_from_flask_in_three_ways() -> None:
    """Import, class and `async` are all that differs between the two files."""
    quart, flask = ((ROOT / name).read_text('utf-8') for name in HELLO)

    ported = flask.replace('from flask import Flask', 'from quart import Quart')
    ported = ported.replace('Flask(__name__)', 'Quart(__name__)').replace('\ndef ', '\nasync def ')
    # Imports are sorted by the module's name.
    flask_imports, _, flask_code = ported.partition('\n\napp = ')
    quart_imports, _, quart_code = quart.partition('\n\napp = ')
    assert sorted(flask_imports.splitlines()) == sorted(quart_imports.splitlines())
    assert flask_code == quart_code


def test_development_server_serves_the_lesson(tmp_path: Path) -> None:
    """`python -m quart_session_demo` serves the lesson, as the lesson's `app.run` does."""
    with started('quart_session_demo', tmp_path) as url:
        assert httpx.get(url).text == '设置session成功'


def fields(**more: str) -> dict[str, str]:
    """Return a login form's fields, with the right password unless another is given."""
    return {'user': 'zhiliao', 'password': 'tea', **more}


@pytest.fixture(scope='module', params=LOGIN)
def login(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Yield the address of one of the examples of a login, with one registered user."""
    with started(request.param, tmp_path_factory.mktemp('login')) as url:
        assert httpx.post(f'{url}/register/', data=fields()).status_code == 302
        yield url


@pytest.fixture(scope='module')
def server_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of the login in Quart, whose sessions are on a server."""
    with started(LOGIN[0], tmp_path_factory.mktemp('login')) as url:
        yield url


def test_login_protects_a_page(login: str) -> None:
    """The page needs a login, a wrong password gives 401, and logging out protects it again."""
    with httpx.Client(base_url=login, follow_redirects=True) as client:
        assert client.get('/').url.path == '/login/'
        assert client.post('/login/', data=fields(password='wrong')).status_code == 401
        assert client.post('/login/', data=fields(user='nobody')).status_code == 401
        assert client.post('/login/', data={}).status_code == 400
        assert client.get('/').url.path == '/login/'

        logged_in = client.post('/login/', data=fields())
        assert (logged_in.url.path, 'Logged in as zhiliao' in logged_in.text) == ('/', True)

        assert client.post('/logout/').url.path == '/login/'
        assert client.get('/').url.path == '/login/'


def test_registration_logs_in(login: str) -> None:
    """A new user is logged in, a name is given once, and neither it nor a password may be empty."""
    new = fields(user='<b>知了</b>', remember='on')
    with httpx.Client(base_url=login, follow_redirects=True) as client:
        assert client.get('/register/').status_code == 200
        for incomplete in ({}, fields(user=''), fields(user='new', password='')):
            assert client.post('/register/', data=incomplete).status_code == 400
        assert client.post('/register/', data=fields(password='other')).status_code == 409
        assert client.get('/').url.path == '/login/'

        assert 'Logged in as &lt;b&gt;知了&lt;/b&gt;.' in client.post('/register/', data=new).text

    with httpx.Client(base_url=login) as client:
        assert client.post('/login/', data=fields(password='other')).status_code == 401
        assert client.post('/login/', data=new).status_code == 302


def page_with(url: str, cookie: str) -> int:
    """Return the status of the page for users, for a copy of a cookie: 302 without a login."""
    return httpx.get(url, headers={'Cookie': f'session={cookie}'}).status_code


def test_login_gives_a_new_id(server_login: str) -> None:
    """After a login, an older cookie of the same browser does not work."""
    with httpx.Client(base_url=server_login) as client:
        client.post('/register/', data=fields(user='twice'))
        before = client.cookies['session']
        client.post('/login/', data=fields(user='twice'))
        after = client.cookies['session']

    assert [page_with(server_login, cookie) for cookie in (before, after)] == [302, 200]


def test_logout_is_final_on_a_server_only(login: str) -> None:
    """After a logout a copy of the cookie is useless in Quart, and valid in Flask."""
    with httpx.Client(base_url=login) as client:
        client.post('/login/', data=fields())
        copy = client.cookies['session']
        has_buttons = '/logout/everywhere/' in client.get('/').text
        client.post('/logout/')

    assert page_with(login, copy) == (302 if has_buttons else 200)


def test_logout_everywhere_ends_all_sessions(server_login: str) -> None:
    """Logging out everywhere ends the user's session in each browser, and no other user's."""
    with (
        httpx.Client(base_url=server_login) as first,
        httpx.Client(base_url=server_login) as second,
        httpx.Client(base_url=server_login) as other,
        httpx.Client(base_url=server_login) as anonymous,
    ):
        first.post('/register/', data=fields(user='everywhere'))
        second.post('/login/', data=fields(user='everywhere', remember='on'))
        other.post('/register/', data=fields(user='other'))
        cookies = [client.cookies['session'] for client in (first, second, other)]

        assert anonymous.post('/logout/everywhere/').headers['Location'] == '/login/'
        assert [page_with(server_login, cookie) for cookie in cookies] == [200, 200, 200]
        assert second.post('/logout/everywhere/').headers['Location'] == '/login/'

        assert 'session' not in second.cookies
        assert [page_with(server_login, cookie) for cookie in cookies] == [302, 302, 200]


def test_login_pair_is_compared() -> None:
    """The tutorial's command finds only the differences that its steps file declares."""
    text = section(read('docs/tutorial.md'), '## The login lesson')
    [command] = [block for block in code_blocks(text, 'sh') if 'parity' in block]
    words = shlex.split(command.partition('\n')[2].replace('\\\n', ''))
    assert words.pop(0) == '.venv/bin/quart'

    result = subprocess.run(
        [sys.executable, '-m', 'quart', *words], cwd=ROOT, capture_output=True, text=True
    )

    summary = result.stdout.splitlines()[-1]
    assert (result.returncode, result.stderr) == (0, '')
    assert f'`{summary}`' in text
    # A declared difference that does not occur would hide others.
    steps = load_steps(ROOT / 'examples/login.toml')
    printed = ' '.join(result.stdout.split())
    assert all(declared.reason in printed for declared in steps.declared)


def test_remember_me_outlives_the_browser(login: str) -> None:
    """The session's cookie has an expiry date with "remember me", and none without."""
    with httpx.Client(base_url=login) as client:
        browser = client.post('/login/', data=fields())
        remembered = client.post('/login/', data=fields(remember='on'))

    assert 'Expires=' not in browser.headers['Set-Cookie']
    assert 'Expires=' in remembered.headers['Set-Cookie']
    assert 'SameSite=Lax' in remembered.headers['Set-Cookie']
