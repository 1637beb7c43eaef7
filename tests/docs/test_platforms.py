"""The platforms of docs/deployment.md: their files and settings are valid and fit the starter."""

import json
import re
import shlex
import tomllib
from typing import Any

import pytest
import yaml
from quart import Quart, request

from quart_session_demo import create_app
from quart_session_demo.middleware import TrustedProxiesMiddleware
from quart_session_demo.serve.settings import ABANDON_SECONDS, read_settings
from quart_session_demo.sessions.platforms import PLATFORMS
from tests.deploy_check.apps import KEY, demo_app, found
from tests.docs.markdown import code, code_blocks, code_spans, read, section, table_rows

TEXT = section(read('docs/deployment.md'), '## Platforms')
COMMON, *PARTS = TEXT.split('\n### ')
SECTIONS = {part.partition('\n')[0]: part for part in PARTS}
LABELS = ['Port', 'Stop', 'Health check', 'Release', 'Proxies', 'Processes', 'Sources']
PROCFILE = dict(line.split(': ', 1) for line in read('Procfile').splitlines())
START = PROCFILE['web']
CHECK = PROCFILE['release']


def row_name(row: list[str]) -> str:
    """Return the platform of a row of the table, without its link."""
    return row[0].partition(']')[0].removeprefix('[')


ROWS = {row_name(row): row[1:] for row in table_rows(COMMON, 'platform | port')}


def file(name: str, language: str) -> str:
    """Return the one code block of a platform's section in this language."""
    (block,) = code_blocks(SECTIONS[name], language)
    # A shell continues these lines, shlex does not.
    return block.replace('\\\n', ' ')


def seconds(name: str) -> int:
    """Return how long a platform waits until SIGKILL, by the table."""
    return int(ROWS[name][1].split()[0])


FLY = tomllib.loads(file('Fly.io', 'toml'))
(RENDER,) = yaml.safe_load(file('Render', 'yaml'))['services']
RAILWAY = json.loads(file('Railway', 'json'))['deploy']
DIGITALOCEAN = yaml.safe_load(file('DigitalOcean App Platform', 'yaml'))
(DIGITALOCEAN_WEB,), (DIGITALOCEAN_JOB,) = DIGITALOCEAN['services'], DIGITALOCEAN['jobs']
CLOUD_RUN = shlex.split(file('Cloud Run', 'sh'))
AZURE = shlex.split(file('Azure App Service', 'sh'))
HEALTH_PATHS = {
    FLY['http_service']['checks'][0]['path'],
    RENDER['healthCheckPath'],
    RAILWAY['healthcheckPath'],
    DIGITALOCEAN_WEB['health_check']['http_path'],
    DIGITALOCEAN_WEB['liveness_health_check']['http_path'],
    *(word.partition('=')[2] for word in CLOUD_RUN if word.startswith('httpGet.path=')),
}


def test_sections_have_the_same_order() -> None:
    """Each platform of the table has a section, whose items are in one order, with sources."""
    assert list(ROWS) == list(SECTIONS)
    for part in SECTIONS.values():
        *_, sources = re.findall(r'^- \*\*(.*?)\*\*: (.*)$', part, re.MULTILINE)
        assert re.findall(r'^- \*\*(.*?)\*\*: ', part, re.MULTILINE) == LABELS
        assert '](https://' in sources[1]


def test_commands_are_those_of_the_procfile() -> None:
    """Each file starts the server and checks the settings with the commands of the Procfile."""
    start, check = table_rows(COMMON, 'command | this repository')
    (both,) = code_blocks(COMMON, 'sh')
    azure = AZURE[AZURE.index('--startup-file') + 1]

    assert [code(start[1]), code(check[1])] == [START, CHECK]
    assert PROCFILE['postdeploy'] == CHECK
    assert azure == both.strip() == f'{CHECK} && {START}'
    # Fly starts no shell. Railway starts the CMD of the Dockerfile, without one.
    assert 'startCommand' not in RAILWAY
    assert {
        f'exec {FLY["processes"]["app"]}',
        RENDER['startCommand'],
        DIGITALOCEAN_WEB['run_command'],
    } == {START}
    assert {
        FLY['deploy']['release_command'],
        RENDER['preDeployCommand'],
        *RAILWAY['preDeployCommand'],
        DIGITALOCEAN_JOB['run_command'],
    } == {CHECK}
    assert DIGITALOCEAN_JOB['kind'] == 'PRE_DEPLOY'


def test_own_app_has_the_same_commands() -> None:
    """The commands for an own app differ in the app and in the production setting."""
    start, check = table_rows(COMMON, 'command | this repository')

    for row, app, own in (
        (start, 'quart_session_demo:app', 'MODULE:APP'),
        (check, 'quart_session_demo', 'MODULE'),
    ):
        command = code(row[1]).replace('env QUART_PRODUCTION=true ', '')
        assert code(row[2]) == command.replace(app, own)


@pytest.mark.parametrize('name', ROWS)
def test_starter_ends_before_it_is_killed(name: str) -> None:
    """With the table's setting the starter ends itself before the platform kills it."""
    number, _, default = ROWS[name][2].partition(' ')

    settings = read_settings({} if default else {'GRACEFUL_TIMEOUT': number})

    assert settings.graceful_timeout == int(number)
    assert settings.graceful_timeout + ABANDON_SECONDS < seconds(name)
    set_there = set(re.findall(r'GRACEFUL_TIMEOUT=(\d+)', SECTIONS[name]))
    assert set_there == (set() if default else {number})


def test_files_set_the_time_of_the_table() -> None:
    """Where the table's time must be set, the file sets it, and the signal is one that drains."""
    azure = dict(word.split('=') for word in AZURE if re.fullmatch(r'[A-Z_]+=\d+', word))

    assert FLY['kill_timeout'] == seconds('Fly.io')
    assert FLY['kill_signal'] == 'SIGTERM'
    # Railway refuses a string.
    assert RAILWAY['drainingSeconds'] == seconds('Railway')
    assert RENDER['maxShutdownDelaySeconds'] == seconds('Render')
    assert int(azure['WEBSITES_CONTAINER_STOP_TIME_LIMIT']) == seconds('Azure App Service')
    assert read_settings(azure).port == int(ROWS['Azure App Service'][0].split(',')[0])


def test_files_agree_about_the_port() -> None:
    """The port that is requested is the one on which the starter listens."""
    assert read_settings(FLY['env']).port == FLY['http_service']['internal_port'] == 8080
    assert ROWS['Fly.io'][0].startswith('8080')
    assert ROWS['DigitalOcean App Platform'][0].endswith(f' to {DIGITALOCEAN_WEB["http_port"]}')


@pytest.mark.parametrize('path', sorted(HEALTH_PATHS))
async def test_health_checks_accept_any_host_and_http(path: str) -> None:
    """The files' health checks pass by IP address and http; the app trusts other hosts only."""
    app = demo_app(TRUSTED_PROXIES=1, TRUSTED_HOSTS=['www.example.com'], FORCE_HTTPS=True)

    response = await app.test_client().get(path, headers={'Host': '10.0.0.1:8080'})

    assert response.status_code == 200


def test_numbers_of_proxies_are_those_of_check_deploy() -> None:
    """The table and `check-deploy` have the same numbers, and none that is not documented."""
    known = {platform.name: platform.proxies for platform in PLATFORMS}

    for name, row in ROWS.items():
        number = known.get(name.split(' and ')[0])
        assert row[4] == (str(number) if number else 'not documented'), name


@pytest.mark.parametrize('platform', PLATFORMS, ids=lambda platform: platform.name)
def test_settings_of_all_platforms_are_safe(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the three settings of the page, `check-deploy` finds nothing on any platform."""
    (settings,) = re.findall(r'^- \*\*Settings\*\*: (.*)$', COMMON, re.MULTILINE)
    key, hosts, proxies = code_spans(settings)
    values = {
        key: KEY,
        **dict([shlex.split(hosts)[0].split('=')]),
        proxies: str(platform.proxies or 1),
        'QUART_PRODUCTION': 'true',
        platform.variables[0]: 'x',
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    assert found(create_app()) == {}


async def test_number_of_proxies_can_be_found() -> None:
    """Too low a number shows a proxy, too high a number the address that the client forged."""
    shown = []
    for number in (1, 2, 3):
        app = Quart('own')

        @app.get('/')
        async def index() -> str:
            return str(request.remote_addr)

        app.asgi_app = TrustedProxiesMiddleware(app.asgi_app, number)  # type: ignore[method-assign]
        headers = {'X-Forwarded-For': '192.0.2.1, 198.51.100.7, 10.0.0.1'}
        response = await app.test_client().get('/', headers=headers)
        shown.append(await response.get_data(as_text=True))

    assert shown == ['10.0.0.1', '198.51.100.7', '192.0.2.1']
    assert '`X-Forwarded-For: 192.0.2.1`' in COMMON
