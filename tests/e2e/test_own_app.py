"""An app outside the repository, installed and deployed as the pages show."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from tests.conftest import ROOT, parse_set_cookie
from tests.deploy_check.apps import KEY
from tests.docs.markdown import code, code_blocks, read, section, table_rows
from tests.docs.test_own_app import PLATFORM
from tests.processes import PATH

pytestmark = pytest.mark.e2e

ADDRESS = 'https://git.example/you/quart_session_demo@COMMIT'

OWN_APP = section(read('docs/deployment.md'), '## Your own app')
SHOP = code_blocks(OWN_APP, 'python')[0]
PROCFILE, REQUIREMENTS = code_blocks(OWN_APP, 'text')
[ON_OWN_MACHINE] = code_blocks(OWN_APP, 'sh')
INSTALL = [
    code(command).removeprefix('pip install ').strip("'")
    for _, command in table_rows(
        section(read('docs/sessions.md'), '## In your own app'), 'from | command'
    )
]


@pytest.fixture(scope='module')
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a copy of what the wheel is made of."""
    folder = tmp_path_factory.mktemp('own') / 'quart_session_demo'
    folder.mkdir()
    for name in ('pyproject.toml', 'README.md', 'LICENSE'):
        shutil.copy(ROOT / name, folder)
    ignored = shutil.ignore_patterns('__pycache__')
    shutil.copytree(ROOT / 'quart_session_demo', folder / 'quart_session_demo', ignore=ignored)
    return folder


@pytest.fixture(scope='module')
def commit(repository: Path) -> str:
    """Commit the folder with Git; return the commit's hash."""
    git = ['git', '-C', str(repository), '-c', 'user.name=test', '-c', 'user.email=test@localhost']
    for command in (['init', '-q'], ['add', '.'], ['commit', '-qm', 'Copy']):
        subprocess.run([*git, *command], check=True)
    found = subprocess.run([*git, 'rev-parse', 'HEAD'], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def install(requirement: str, folder: Path) -> Path:
    """Install a line of a requirements.txt in that folder; return where the package is."""
    (folder / 'requirements.txt').write_text(requirement)
    target = folder / 'installed'
    # The packages that it needs are installed, and there may be no network.
    options = ['-q', '--no-compile', '--no-deps', '--no-build-isolation', '--no-index']
    pip = [sys.executable, '-m', 'pip', 'install', *options]
    subprocess.run(
        [*pip, '--target', target, '-r', 'requirements.txt'],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return target


def test_lines_name_the_package_and_its_extras() -> None:
    """The lines differ in what precedes the folder or address, which pip can read."""
    folder, folder_with_extras, *from_git = INSTALL

    assert f'{folder}[redis,sql]' == folder_with_extras
    for line in [*from_git, REQUIREMENTS.splitlines()[1]]:
        requirement = Requirement(line)
        assert (requirement.name, requirement.url) == ('quart_session_demo', f'git+{ADDRESS}')


@pytest.mark.git
def test_commit_can_be_installed(repository: Path, commit: str, tmp_path: Path) -> None:
    """The line with an address and a commit installs the package."""
    # pip 23 refuses `git+file:///`.
    copy = f'file://localhost{repository}@{commit}'

    installed = install(REQUIREMENTS.splitlines()[1].replace(ADDRESS, copy), tmp_path)

    assert (installed / 'quart_session_demo/sessions/cookie.py').exists()


@pytest.fixture(scope='module')
def shop(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of the page's app, with a copy of the repository in `vendor`."""
    folder = tmp_path_factory.mktemp('shop')
    (folder / 'shop.py').write_text(SHOP)
    shutil.copytree(repository, folder / 'vendor/quart_session_demo')
    install(REQUIREMENTS.splitlines()[0], folder)
    return folder


def environment(shop: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a platform: the installed package, and nothing of this folder."""
    return {'PATH': PATH, 'PYTHONPATH': f'{shop / "installed"}{os.pathsep}.', **variables}


def process(name: str) -> str:
    """Return the command of a process in the page's Procfile."""
    [command] = re.findall(rf'^{name}: (.*)$', PROCFILE, re.MULTILINE)
    return str(command)


@pytest.mark.parametrize(('key', 'passes'), [(KEY, True), ('', False), ('a short key', False)])
def test_release_line_checks_the_key(shop: Path, key: str, passes: bool) -> None:
    """The `release:` line passes with a good key, and fails with another one."""
    variables = {**PLATFORM, 'QUART_SECRET_KEY': key}
    result = subprocess.run(
        ['sh', '-c', process('release')],
        cwd=shop,
        env=environment(shop, **variables),
        capture_output=True,
        text=True,
    )

    assert (result.returncode == 0) is passes, result.stdout + result.stderr
    assert ('No problems found' in result.stdout) is passes


def test_web_line_serves_the_app(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `web:` line serves the app with a cookie that is safe."""
    monkeypatch.chdir(shop)
    command = ('sh', '-c', f'PORT={{port}} {process("web").removeprefix("exec ")}')
    headers = {'Host': 'shop.example', 'X-Forwarded-Proto': 'https'}

    with run_servers(ServerCommand('shop', command, environment(shop, **PLATFORM))) as [server]:
        added = httpx.post(f'{server.url}/items', data={'name': 'tea'}, headers=headers)
        cookie = parse_set_cookie(added.headers['Set-Cookie'])
        headers['Cookie'] = f'{cookie.name}={cookie.value}'
        page = httpx.get(server.url, headers=headers)

    assert page.json() == {'items': ['tea'], 'address': 'https://shop.example/'}
    assert cookie.name == '__Host-session'
    assert {'secure', 'httponly', 'samesite'} <= cookie.attributes.keys()
    assert added.headers['Vary'] == page.headers['Vary'] == 'Cookie'


def test_shop_works_on_ones_own_machine(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the page's variables, browsers accept the cookie over plain http."""
    monkeypatch.chdir(shop)
    command = ('sh', '-c', f'{ON_OWN_MACHINE.rstrip()} --port {{port}}')

    with (
        run_servers(ServerCommand('shop', command, environment(shop))) as [server],
        httpx.Client(base_url=server.url) as client,
    ):
        client.post('/items', data={'name': 'tea'})
        page = client.get('/')

    assert page.json() == {'items': ['tea'], 'address': f'{server.url}/'}
