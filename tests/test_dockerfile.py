"""The Dockerfile, line by line, and its commands in a virtual environment: no image is built."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import psutil
import pytest
from packaging.specifiers import SpecifierSet

from quart_session_demo.serve import settings
from tests.conftest import ROOT
from tests.container_image import build, environment, exec_form, instructions, is_ignored
from tests.docs.markdown import code_blocks, read, section
from tests.processes import wait_until
from tests.serve.conftest import end
from tests.sockets import free_port, refuses

DOCKERFILE = read('Dockerfile')
INSTRUCTIONS = instructions(DOCKERFILE)
BY_NAME = dict(INSTRUCTIONS)
COMMAND = exec_form(BY_NAME['CMD'])
HEALTH_CHECK = exec_form(BY_NAME['HEALTHCHECK'])
PROJECT = tomllib.loads(read('pyproject.toml'))['project']

SECTION = section(read('docs/deployment.md'), '## A container')
OWN_APP = section(SECTION, '### A container for your own app')
[COMMANDS] = code_blocks(SECTION, 'sh')
BUILD, CHECK, RUN = COMMANDS.splitlines()

KEY = '8b1c2c003bf84aae7e975d8b29a2f328e08433ad8be9bb6bfe4106071e2fa0de'
#: Files that are beside the app on a developer's machine, and must not be in the image.
PRIVATE = (
    '.env',
    '.git/config',
    'instance/secret_key',
    'key.pem',
    'quart_session_demo/.env',
    'quart_session_demo/__pycache__/old.pyc',
    'tests/conftest.py',
)


def test_each_instruction_is_known() -> None:
    """The Dockerfile has these instructions, which the other tests check, and no ARG.

    The dependencies are installed before the source is copied.
    """
    assert [name for name, _ in INSTRUCTIONS] == [
        'FROM',
        'WORKDIR',
        *('COPY', 'RUN'),
        *('COPY', 'RUN'),
        'USER',
        'ENV',
        'EXPOSE',
        'HEALTHCHECK',
        'STOPSIGNAL',
        'CMD',
    ]


def test_python_is_a_tested_one() -> None:
    """The image's Python is slim, is supported, and is one that CI tests."""
    found = re.fullmatch(r'python:(3\.\d+)-slim', BY_NAME['FROM'])

    assert found
    assert found[1] in SpecifierSet(PROJECT['requires-python'])
    assert f'Programming Language :: Python :: {found[1]}' in PROJECT['classifiers']
    assert f"'{found[1]}'" in read('.github/workflows/ci.yml')
    assert f'Python {found[1]}' in SECTION


def test_dependencies_are_pinned() -> None:
    """The image has what requirements.txt pins, and pip checks the hashes."""
    assert INSTRUCTIONS[2:4] == [
        ('COPY', 'requirements.txt .'),
        ('RUN', 'pip install --no-cache-dir --require-hashes -r requirements.txt'),
    ]


def test_command_is_that_of_the_procfile() -> None:
    """The container runs the `web:` line, without a shell between it and the signals."""
    production = f'QUART_PRODUCTION={environment(DOCKERFILE)["QUART_PRODUCTION"]}'

    assert f'web: exec env {production} {shlex.join(COMMAND)}\n' in read('Procfile')
    assert BY_NAME['STOPSIGNAL'] == 'SIGTERM'


def test_environment_has_no_secret() -> None:
    """The image sets the mode and the port, which is the exposed one, and no other variable."""
    port = str(settings.DEFAULT_PORT)

    assert environment(DOCKERFILE) == {'QUART_PRODUCTION': 'true', 'PORT': port}
    assert BY_NAME['EXPOSE'] == port


def test_user_is_a_number_and_not_root() -> None:
    """The user and the group are numbers, so that a platform can check that none is root."""
    assert re.fullmatch('[1-9][0-9]*:[1-9][0-9]*', BY_NAME['USER'])


def test_page_allows_the_stop_its_time() -> None:
    """The page's command waits longer for the stop than the starter needs."""
    words = shlex.split(RUN)

    stop_timeout = int(words[words.index('--stop-timeout') + 1])
    assert stop_timeout > settings.DEFAULT_GRACEFUL_TIMEOUT + settings.ABANDON_SECONDS


def test_page_uses_one_image_and_port() -> None:
    """The page's commands build the image that they run, and publish the exposed port."""
    tag = re.findall('-t ([a-z]+) ', BUILD)

    assert tag == [shlex.split(RUN)[-1]]
    assert f' {tag[0]} quart ' in CHECK
    assert f':{BY_NAME["EXPOSE"]} ' in RUN


def test_page_hides_the_file_of_the_key() -> None:
    """The page's commands read the key from a file that is in no commit and no image."""
    assert ' --env-file .env ' in CHECK
    assert ' --env-file .env ' in RUN
    assert '.env' in read('.gitignore').splitlines()
    assert is_ignored('.env', read('.dockerignore'))


@pytest.mark.parametrize(
    ('path', 'ignored'),
    [
        ('a.py', True),
        ('folder/a.py', True),
        ('app/a.py', False),
        ('app/data/.a/b', True),
        ('app/data/a.b', False),
        ('application/a.py', True),
    ],
)
def test_last_matching_pattern_decides(path: str, ignored: bool) -> None:
    """A file or folder is left out if the last pattern that matches it has no `!`."""
    assert is_ignored(path, '# comment\n*\n!app\n**/.*\n') is ignored


def test_build_receives_only_what_is_copied() -> None:
    """The Dockerfile copies two paths, and .dockerignore leaves out all others by default."""
    dockerignore = read('.dockerignore')
    copied = [arguments.split()[0] for name, arguments in INSTRUCTIONS if name == 'COPY']

    assert copied == ['requirements.txt', 'quart_session_demo']
    assert [path for path in (*copied, *PRIVATE) if not is_ignored(path, dockerignore)] == copied


def test_own_app_lines_copy_what_is_sent() -> None:
    """The page's lines for an own app install without hashes, and copy nothing that is ignored."""
    [lines] = code_blocks(OWN_APP, 'dockerfile')
    own = instructions(lines)
    [line, *added] = re.findall('`(!.*?)`', OWN_APP)
    assert line in read('.dockerignore').splitlines()
    dockerignore = read('.dockerignore').replace(line, '\n'.join(added))

    assert [name for name, _ in own] == ['COPY', 'COPY', 'RUN', 'COPY']
    assert own[2][1] == INSTRUCTIONS[3][1].replace('--require-hashes ', '')
    copied = [arguments.split()[0] for name, arguments in own if name == 'COPY']
    assert copied == ['requirements.txt', 'vendor', 'shop.py']
    assert [is_ignored(path, dockerignore) for path in copied] == [False, False, False]
    assert is_ignored('.env', dockerignore)


@pytest.fixture(scope='module')
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the image in a folder, from a source folder that also has private files."""
    source = tmp_path_factory.mktemp('source')
    shutil.copytree(ROOT / 'quart_session_demo', source / 'quart_session_demo')
    for name in ('Dockerfile', '.dockerignore', 'requirements.txt'):
        shutil.copy(ROOT / name, source)
    for name in PRIVATE:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text('private')
    folder = tmp_path_factory.mktemp('image')
    build(source, folder)
    return folder


def variables(image: Path, **values: str) -> dict[str, str]:
    """Return the environment of a container, without this machine's settings."""
    # The port 1 has no proxy.
    proxy = {'HTTP_PROXY': 'http://127.0.0.1:1', 'http_proxy': 'http://127.0.0.1:1'}
    path = f'{image}/venv/bin:{os.defpath}'
    return {'PATH': path, 'HOME': '/', **proxy, **environment(DOCKERFILE), **values}


def run(image: Path, command: list[str], **values: str) -> subprocess.CompletedProcess[str]:
    """Run a command as `docker run` or a health check would."""
    return subprocess.run(
        command, cwd=image / 'app', env=variables(image, **values), capture_output=True, text=True
    )


@pytest.fixture(scope='module')
def container() -> list[str]:
    """Return a command whose child is process 1, not root, with files that are read-only.

    Where that is not allowed, the child is a usual process.
    """
    user, group = BY_NAME['USER'].split(':')
    # The Python of the tests may be in a folder that only root may read.
    read_all = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
    users = ['setpriv', f'--reuid={user}', f'--regid={group}', '--clear-groups', *read_all]
    unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child']
    read_only = ['sh', '-c', 'mount -o remount,bind,ro / && exec "$@"', 'sh']
    for command in (
        [*unshare, *read_only, *users],
        [*unshare, '--user', '--map-root-user', *read_only],
    ):
        try:
            subprocess.run([*command, sys.executable, '-V'], check=True, capture_output=True)
        except (FileNotFoundError, subprocess.CalledProcessError):
            continue
        return command
    return ['sh', '-c', '"$@" & wait $!', 'sh']


@pytest.mark.e2e
def test_image_has_only_the_app(image: Path) -> None:
    """The image has requirements.txt and the package: no secret, no test and no old cache."""
    package = ROOT / 'quart_session_demo'
    source = {
        f'quart_session_demo/{path.relative_to(package)}'
        for path in package.rglob('*')
        if path.is_file() and path.suffix != '.pyc'
    }
    app = image / 'app'
    files = {str(path.relative_to(app)) for path in app.rglob('*') if path.is_file()}

    assert {file for file in files if not file.endswith('.pyc')} == {'requirements.txt', *source}
    assert not {name for name in PRIVATE if (app / name).exists()}


@pytest.mark.e2e
def test_container_starts_and_stops(image: Path, container: list[str]) -> None:
    """The app runs as process 1 without root or a writable file, and exits with 0 at SIGTERM.

    The health check obeys the port, and no host, redirect or proxy.
    """
    port = str(free_port())
    values = {
        'PORT': port,
        'QUART_SECRET_KEY': KEY,
        'QUART_SERVER_NAME': 'example.com',
        'QUART_TRUSTED_HOSTS': '["example.com"]',
        'QUART_TRUSTED_PROXIES': '1',
        'QUART_FORCE_HTTPS': 'true',
        'WEB_CONCURRENCY': '2',
        'DRAIN_SECONDS': '0.1',
    }
    environ = variables(image, **values)
    assert run(image, HEALTH_CHECK, PORT=port).returncode == 1

    with subprocess.Popen([*container, *COMMAND], cwd=image / 'app', env=environ) as parent:
        try:
            wait_until(lambda: parent.poll() is not None or not refuses(int(port)))
            health = run(image, HEALTH_CHECK, PORT=port)
            headers = {'Host': 'example.com', 'X-Forwarded-Proto': 'https'}
            response = httpx.get(f'http://127.0.0.1:{port}/', headers=headers)
            psutil.Process(parent.pid).children()[0].terminate()

            assert (health.returncode, health.stderr) == (0, '')
            assert parent.wait(60) == 0
            assert response.headers['Set-Cookie'].startswith('__Host-session=')
        finally:
            end(parent)
    assert run(image, HEALTH_CHECK, PORT=port).returncode == 1


@pytest.mark.e2e
@pytest.mark.parametrize('response', ['', 'HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n'])
def test_health_check_fails_without_the_right_response(image: Path, response: str) -> None:
    """A server that closes the connection, or that returns another status, is unhealthy."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = str(listener.getsockname()[1])
        with subprocess.Popen(
            HEALTH_CHECK, env=variables(image, PORT=port), stderr=subprocess.DEVNULL
        ) as check:
            connection, _ = listener.accept()
            with connection:
                assert connection.recv(65536).startswith(b'GET /health ')
                connection.sendall(response.encode())

            assert check.wait(60) == 1


@pytest.mark.e2e
def test_page_checks_the_settings(image: Path) -> None:
    """The page's command passes with a key, and fails with the quotes that Docker passes on."""
    command = shlex.split(CHECK.partition(' demo ')[2])

    passed = run(image, command, QUART_SECRET_KEY=KEY)
    quoted = run(image, command, QUART_SECRET_KEY=KEY, QUART_TRUSTED_HOSTS='\'["example.com"]\'')

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert quoted.returncode == 1
    assert 'QUART_TRUSTED_HOSTS' in quoted.stdout + quoted.stderr
