"""The README is short, and its statements are true."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, session

from quart_session_demo import create_app
from quart_session_demo.sessions.server.signing import is_signed_id
from tests.conftest import KEY, ROOT
from tests.docs.markdown import code_blocks, read, section
from tests.redis_server import RedisServer

README = read('README.md')


def test_readme_is_a_front_page() -> None:
    """The README has at most 150 lines, and links the Chinese page in its second line."""
    lines = README.splitlines()

    assert len(lines) <= 150
    assert '](docs/tutorial.zh.md)' in lines[1]


@pytest.mark.parametrize('page', ['README.md', 'docs/tutorial.zh.md'])
def test_run_and_test_commands_stay(page: str) -> None:
    """Run and Test are one command each, the same in each language."""
    headings = ('## Run', '## Test') if page == 'README.md' else ('## 运行', '## 测试')
    run, test = (code_blocks(section(read(page), heading), 'sh')[0] for heading in headings)

    check = """python3 -c 'import sys; sys.version_info < (3, 11) and sys.exit(""" + (
        """"Python 3.11 or later is needed")' &&\n    python3 -m venv --clear .venv && """
    )
    assert run == (
        f'{check}.venv/bin/pip install -q -e . &&\n    .venv/bin/hypercorn quart_session_demo:app\n'
    )
    assert test == (
        f"{check}.venv/bin/pip install -q -e '.[test]' &&\n"
        '    .venv/bin/python -m pytest -n 4 --dist loadfile\n'
    )


def test_duration_of_the_tests_is_the_same_in_chinese() -> None:
    """The Chinese page states the same minutes for the tests as the README."""
    english = section(README, '## Test')
    chinese = section(read('docs/tutorial.zh.md'), '## 测试')

    minutes = re.findall(r'(\d+) minute', english)
    assert len(minutes) == 1
    assert minutes == re.findall(r'(\d+) 分钟', chinese)


def listed_folders() -> list[Path]:
    """Return the paths in the map of the folders, which shows their depth by indentation."""
    (text,) = code_blocks(section(README, '## Folders and documentation'), 'text')
    parents: list[str] = []
    found = []
    for line in text.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        parents[depth:] = [name]
        found.append(ROOT.joinpath(*parents))
    return found


def test_folder_map_is_complete() -> None:
    """The map of the folders names all rooms of the package, and nothing that does not exist."""
    folders = listed_folders()
    package = ROOT / 'quart_session_demo'
    rooms = {path.parent for pattern in ('*/*.py', '*/*/*.py') for path in package.glob(pattern)}

    assert [path for path in folders if not path.exists()] == []
    deep = {
        package / 'cli/compare',
        package / 'compare/apps',
        package / 'port/analysis',
        package / 'port/changes',
        package / 'port/findings',
        package / 'sessions/server/redis',
        package / 'sessions/server/sql',
    }
    assert rooms - deep <= set(folders)


@pytest.mark.parametrize('page', ['README.md', 'docs/tutorial.zh.md'])
async def test_session_interface_serves_your_own_app(page: str) -> None:
    """The lines for your own app give it the cookie session with the right `Vary`."""
    app = Quart('own')
    app.secret_key = KEY
    (lines,) = [block for block in code_blocks(read(page), 'python') if 'Interface' in block]
    exec(lines, {'app': app})  # noqa: S102

    @app.get('/')
    async def index() -> str:
        session['username'] = 'zhiliao'
        return ''

    response = await app.test_client().get('/')

    assert response.headers['Vary'] == 'Cookie'
    assert 'session=' in response.headers['Set-Cookie']


@pytest.mark.parametrize('page', ['README.md', 'docs/tutorial.zh.md'])
async def test_redis_command_stores_sessions_in_redis(
    page: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two variables of the Redis command store the lesson's session in that Redis."""
    (block,) = [block for block in code_blocks(read(page), 'sh') if 'SESSION_TYPE' in block]
    words = shlex.split(block.splitlines()[1])
    settings: dict[str, Any] = dict(word.split('=') for word in words if '=' in word)
    assert settings.keys() == {'QUART_SESSION_TYPE', 'QUART_SESSION_REDIS_URL'}
    for name, value in (settings | {'QUART_SESSION_REDIS_URL': redis_server.url}).items():
        monkeypatch.setenv(name, value)
    app = create_app({'SECRET_KEY': KEY})

    async with app.test_app() as running:
        client = running.test_client()
        response = await client.get('/')
        text = await (await client.get('/get_session/')).get_data(as_text=True)

    cookie = response.headers['Set-Cookie'].partition(';')[0]
    assert is_signed_id(cookie.partition('=')[2])
    assert text == 'zhiliao'


@pytest.mark.parametrize('page', ['README.md', 'docs/tutorial.zh.md'])
def test_key_command_prints_a_good_key(page: str) -> None:
    """The command for a secret key prints one that production accepts."""
    code = 'import secrets; print(secrets.token_hex(32))'
    assert f"python3 -c '{code}'" in read(page)

    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)

    create_app({'PRODUCTION': True, 'SECRET_KEY': result.stdout.strip()})


@pytest.mark.parametrize('page', ['README.md', 'docs/tutorial.zh.md'])
def test_port_command_prints_a_diff(page: str) -> None:
    """The command ports one of the examples, and leaves the file as it is."""
    (block,) = [block for block in code_blocks(read(page), 'sh') if 'demo.port' in block]
    (line,) = [line for line in block.splitlines() if 'demo.port' in line]
    command = [sys.executable, *shlex.split(line)[1:]]
    before = (ROOT / command[-1]).read_bytes()

    diff = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert '\n+async def register' in diff
    assert (ROOT / command[-1]).read_bytes() == before
