"""The units of docs/deployment.md: checked by systemd, and their commands run without it."""

import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quart_session_demo.serve.settings import ABANDON_SECONDS, DEFAULT_GRACEFUL_TIMEOUT
from tests.conftest import ROOT
from tests.docs.markdown import code_blocks, read, section
from tests.proxies import Proxy
from tests.serve.conftest import Launch, Started, environment
from tests.serve.load import load

DEPLOYMENT = ROOT / 'docs/deployment'
SERVICE = DEPLOYMENT / 'quart-session-demo.service'
SOCKET = DEPLOYMENT / 'quart-session-demo.socket'
PYTHON = '/opt/quart-session-demo/.venv/bin/python'
# Without the indentation of the steps.
PAGE = re.sub(
    '^ +', '', section(read('docs/deployment.md'), '## A server of your own'), flags=re.MULTILINE
)
#: As nginx sends it, if the client has used https.
REQUEST = (
    b'GET /get_session/ HTTP/1.1\r\nHost: example.com\r\nX-Forwarded-Proto: https\r\n'
    b'Connection: close\r\n\r\n'
)

RunUnit = Callable[[], Started]


def read_unit(file: Path) -> dict[str, list[str]]:
    """Return the values of each option of a unit, in order."""
    options: dict[str, list[str]] = {}
    for line in file.read_text('utf-8').splitlines():
        if line and not line.startswith(('#', '[')):
            name, _, value = line.partition('=')
            options.setdefault(name, []).append(value)
    return options


UNIT = read_unit(SERVICE)


def seconds(name: str) -> int:
    """Return an option of the unit that is a time."""
    number, unit = re.fullmatch('([0-9]+)(min)?', UNIT[name][0]).groups()  # type: ignore[union-attr]
    return int(number) * (60 if unit else 1)


@pytest.fixture(scope='module')
def environment_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the environment file that the page's own commands write."""
    folder = tmp_path_factory.mktemp('etc')
    [commands] = [block for block in code_blocks(PAGE, 'sh') if 'install -m 0600' in block]
    subprocess.run(['sh', '-ec', commands.replace('/etc/', f'{folder}/')], check=True)
    return folder / Path(UNIT['EnvironmentFile'][0]).name


@pytest.fixture
def variables(environment_file: Path) -> dict[str, str]:
    """Return the environment variables of the unit and of its file."""
    words = [word for value in UNIT['Environment'] for word in shlex.split(value)]
    words += shlex.split(environment_file.read_text('utf-8'))
    return dict(word.split('=', 1) for word in words)


@pytest.fixture
def run_unit(launch: Launch, variables: dict[str, str]) -> Iterator[RunUnit]:
    """Yield a function that runs the unit's command, each time on the same socket."""
    host = read_unit(SOCKET)['ListenStream'][0].partition(':')[0]
    with socket.create_server((host, 0), backlog=1024) as listener:
        number = listener.fileno()
        # systemd gives the socket the number 3, which is taken here.
        line = UNIT['ExecStart'][0].replace('fd://3', f'fd://{number}')

        def run() -> Started:
            started = launch(_command(line), pass_fds=(number,), **variables)
            started.wait_for('Running on', 2)
            return started

        yield run


def _command(line: str) -> list[str]:
    return [sys.executable if word == PYTHON else word for word in shlex.split(line)]


@pytest.fixture
def units(tmp_path: Path) -> tuple[Path, Path]:
    """Return copies of the service and the socket, with a Python that exists."""
    for file in (SERVICE, SOCKET):
        text = file.read_text('utf-8').replace(PYTHON, sys.executable)
        (tmp_path / file.name).write_text(text)
    return tmp_path / SERVICE.name, tmp_path / SOCKET.name


@pytest.mark.systemd
def test_units_are_valid(units: tuple[Path, Path]) -> None:
    """systemd knows each option, and finds each program."""
    result = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', *units], capture_output=True, text=True
    )

    # It also reports the mistakes in units of the machine.
    assert [line for line in result.stderr.splitlines() if SERVICE.stem in line] == []


@pytest.mark.systemd
def test_unit_is_hardened(units: tuple[Path, Path]) -> None:
    """systemd rates the exposure with at most 2 of 10. Without these options it is 9.6."""
    result = subprocess.run(
        ['systemd-analyze', 'security', '--offline=true', '--threshold=20', units[0]],
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stdout


def test_systemd_waits_for_the_stop() -> None:
    """systemd kills the starter only after it has had the time to end each request."""
    last = DEFAULT_GRACEFUL_TIMEOUT + ABANDON_SECONDS + 1

    assert seconds('TimeoutStopSec') > last
    assert not any('GRACEFUL_TIMEOUT' in value for value in UNIT['Environment'])
    assert UNIT['KillMode'] == ['mixed']


def test_wrong_setting_is_not_tried_forever() -> None:
    """All starts that are allowed fit in the interval, if each takes half a minute."""
    burst = int(UNIT['StartLimitBurst'][0])

    assert UNIT['Restart'] == ['on-failure']
    assert burst * (seconds('RestartSec') + 30) < seconds('StartLimitIntervalSec')


def test_environment_file_is_secret(environment_file: Path) -> None:
    """Only its owner, who is root, can read the file with the key."""
    assert stat.S_IMODE(environment_file.stat().st_mode) == 0o600
    assert 'KEY' not in ''.join(UNIT['Environment'])


def test_app_cannot_change_its_code() -> None:
    """The app can write to one folder, from which no Python imports."""
    assert UNIT['ProtectSystem'] == ['strict']
    assert UNIT['StateDirectory'] == [SERVICE.stem]
    assert UNIT['WorkingDirectory'] == ['/opt/quart-session-demo']
    assert 'ReadWritePaths' not in UNIT


@pytest.mark.e2e
def test_reload_checks_the_settings(variables: dict[str, str]) -> None:
    """The first command of a reload finds nothing in the settings of the page and the unit."""
    check, _ = UNIT['ExecReload']

    result = subprocess.run(
        _command(check), env=environment(**variables), capture_output=True, text=True, check=True
    )

    assert result.stdout.startswith('No problems found')


@pytest.mark.e2e
async def test_unit_loses_nothing(run_unit: RunUnit) -> None:
    """A reload and a restart under load lose no request, and no connection is refused."""
    started = run_unit()
    old = started.pids()
    _, reload = UNIT['ExecReload']
    stop = signal.Signals[UNIT['KillSignal'][0]]

    async with load(started.port, REQUEST, clients=4) as clients:
        # The shell's own `kill`.
        line = reload.removeprefix('/bin/').replace('$MAINPID', str(started.process.pid))
        subprocess.run(['sh', '-c', line], check=True)  # noqa: ASYNC221
        await clients.wait_until(lambda: not started.pids() & old)
        await clients.wait_until(lambda: started.log.count('Running on') == 4)
        started.send(stop)
        await clients.wait_until(lambda: started.process.poll() is not None)
        restarted = run_unit()
        await clients.wait_for_responses(20)

    assert clients.outcomes.keys() == {'200'}
    assert started.process.returncode == restarted.stop(stop) == 0


@pytest.mark.e2e
@pytest.mark.nginx
def test_unit_works_with_nginx(run_unit: RunUnit, tmp_path: Path, certificate: Path) -> None:
    """Behind the page's nginx, http is redirected, and https has HSTS and a safe cookie."""
    started = run_unit()
    folder = tmp_path / 'nginx'
    folder.mkdir()
    headers = {'Host': 'example.com'}
    with (
        Proxy('nginx', folder, certificate, f'127.0.0.1:{started.port}') as proxy,
        proxy.client() as client,
    ):
        page = client.get('/', headers=headers)
        redirect = client.get(proxy.http_url, headers=headers)
        other_host = client.get('/', headers={'Host': 'example.org'})

    assert page.status_code == 200
    assert page.headers['Set-Cookie'].startswith('__Host-session=')
    assert 'Strict-Transport-Security' in page.headers
    assert (redirect.status_code, redirect.headers['Location']) == (308, 'https://example.com/')
    assert other_host.status_code == 400
