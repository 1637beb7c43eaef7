"""The wheel: it holds what a user runs, and the lesson runs from it without the repository."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from quart_session_demo.compare.harness.servers import Server, ServerCommand, hypercorn, run_servers
from tests.conftest import ROOT
from tests.wheels import build_wheel, install_wheel

pytestmark = pytest.mark.e2e

PACKAGE = 'quart_session_demo'
#: Every file of the package that is not Python.
DATA_FILES = {
    f'{PACKAGE}/compare/apps/database/schema.sql',
    f'{PACKAGE}/compare/apps/database/steps.toml',
    f'{PACKAGE}/compare/apps/lesson/steps.toml',
    f'{PACKAGE}/compare/apps/service/steps.toml',
    f'{PACKAGE}/compare/apps/waiting/steps.toml',
    f'{PACKAGE}/compare/load/report.html',
    f'{PACKAGE}/playground/static/icon.svg',
    f'{PACKAGE}/playground/static/playground.css',
    f'{PACKAGE}/playground/static/playground.js',
    f'{PACKAGE}/playground/templates/playground/actions.html',
    f'{PACKAGE}/playground/templates/playground/altered.html',
    f'{PACKAGE}/playground/templates/playground/attack.html',
    f'{PACKAGE}/playground/templates/playground/cookie.html',
    f'{PACKAGE}/playground/templates/playground/forbidden.html',
    f'{PACKAGE}/playground/templates/playground/layout.html',
    f'{PACKAGE}/playground/templates/playground/lesson.html',
    f'{PACKAGE}/playground/templates/playground/login.html',
    f'{PACKAGE}/playground/templates/playground/macros.html',
    f'{PACKAGE}/playground/templates/playground/next.html',
    f'{PACKAGE}/playground/templates/playground/not_found.html',
    f'{PACKAGE}/playground/templates/playground/notice.html',
    f'{PACKAGE}/playground/templates/playground/page.html',
    f'{PACKAGE}/playground/templates/playground/replay.html',
    f'{PACKAGE}/playground/templates/playground/replayed.html',
    f'{PACKAGE}/playground/templates/playground/session.html',
    f'{PACKAGE}/playground/templates/playground/start.html',
    f'{PACKAGE}/playground/templates/playground/unavailable.html',
    f'{PACKAGE}/port/analysis/signatures.toml',
    f'{PACKAGE}/port/findings/blocking.toml',
    f'{PACKAGE}/port/findings/extensions.toml',
    f'{PACKAGE}/port/findings/ids.toml',
    f'{PACKAGE}/port/findings/members.toml',
    f'{PACKAGE}/port/findings/servers.toml',
    f'{PACKAGE}/port/findings/settings.toml',
    f'{PACKAGE}/py.typed',
    f'{PACKAGE}/session_pages/templates/session_pages/cross_site.html',
    f'{PACKAGE}/session_pages/templates/session_pages/layout.html',
    f'{PACKAGE}/session_pages/templates/session_pages/logged_out.html',
    f'{PACKAGE}/session_pages/templates/session_pages/sessions.html',
    f'{PACKAGE}/session_pages/templates/session_pages/style.css',
}
DIST_INFO = f'{PACKAGE}-0.1.0.dist-info'
METADATA_FILES = {
    f'{DIST_INFO}/METADATA',
    f'{DIST_INFO}/RECORD',
    f'{DIST_INFO}/WHEEL',
    f'{DIST_INFO}/licenses/LICENSE',
}


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with flit_core, which needs no network."""
    return build_wheel(tmp_path_factory.mktemp('wheel'))


@pytest.fixture(scope='module')
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a folder of its own; return the folder."""
    folder = tmp_path_factory.mktemp('installed')
    install_wheel(wheel, folder)
    return folder


@pytest.fixture(scope='module')
def server(installed: Path) -> Iterator[Server]:
    """Serve the lesson from the installed wheel, in a folder that is not the repository."""
    environment = {'PYTHONPATH': str(installed), 'QUART_SESSION_TYPE': 'memory'}
    command = ServerCommand('Hypercorn', hypercorn(f'{PACKAGE}:app'), environment)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(installed.parent)
        with run_servers(command) as [server]:
            yield server


def test_wheel_holds_the_package_only(wheel: Path) -> None:
    """The wheel holds each Python and data file of the package, its metadata and nothing else."""
    python_files = {path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob('*.py')}

    with ZipFile(wheel) as archive:
        assert set(archive.namelist()) == python_files | DATA_FILES | METADATA_FILES


def test_wheel_metadata_describes_the_project(wheel: Path) -> None:
    """The metadata names the authors, the license and the supported versions of Python."""
    with ZipFile(wheel) as archive:
        metadata = archive.read(f'{DIST_INFO}/METADATA').decode()

    assert 'Author: The quart_session_demo contributors' in metadata
    assert 'License-Expression: BSD-3-Clause' in metadata
    assert 'Requires-Python: >=3.11' in metadata
    for version in ('3.11', '3.12', '3.13', '3.14'):
        assert f'Programming Language :: Python :: {version}\n' in metadata


def test_wheel_is_used_instead_of_the_repository(installed: Path) -> None:
    """The package that the following tests serve is the installed one."""
    result = subprocess.run(
        [sys.executable, '-c', f'import {PACKAGE}; print({PACKAGE}.__file__)'],
        cwd=installed.parent,
        env={**os.environ, 'PYTHONPATH': str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout.strip() == str(installed / PACKAGE / '__init__.py')


def test_lesson_runs_from_the_wheel(server: Server) -> None:
    """The lesson sets, gets and deletes session values when served from the wheel."""
    with httpx.Client(base_url=server.url) as client:
        texts = [client.get(path).text for path in ('/', '/get_session/', '/del_session/')]
        texts.append(client.get('/get_session/').text)

    assert texts == ['设置session成功', 'zhiliao', '删除session成功...', '没有session数据']


@pytest.mark.parametrize('path', ['/playground/', '/playground/static/playground.css'])
def test_playground_runs_from_the_wheel(server: Server, path: str) -> None:
    """The playground finds its templates and static files in the wheel."""
    assert httpx.get(f'{server.url}{path}').status_code == 200


def test_session_pages_run_from_the_wheel(server: Server) -> None:
    """The page of a user's sessions finds its templates in the wheel."""
    with httpx.Client(base_url=server.url) as client:
        client.post('/playground/', data={'do': 'login', 'user': 'ann'})
        pages = [client.get(path) for path in ('/sessions/', '/sessions/style.css')]

    assert [page.status_code for page in pages] == [200, 200]
    assert '<bdi>ann</bdi>' in pages[0].text
