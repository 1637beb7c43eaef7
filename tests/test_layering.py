"""Who may import whom, and what an import must not do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / 'quart_session_demo'

# What each room may import of the others.
MAY_IMPORT = {
    '__init__': {'config', 'factory'},
    '__main__': {''},
    'lesson': set(),
    'config': {'sessions'},
    'secret_key': {'config'},
    'sessions': set(),
    'cli': {'compare', 'deploy_check', 'secret_key', 'sessions'},
    'compare': {'', 'sessions'},
    'middleware': set(),
    'playground': {'sessions'},
    'log_filters': set(),
    'deploy_check': {'config', 'secret_key', 'sessions'},
    'factory': {
        'cli',
        'config',
        'lesson',
        'log_filters',
        'middleware',
        'playground',
        'secret_key',
        'sessions',
    },
}

NOT_LOADED = (
    *(
        'quart_session_demo.compare',
        'gunicorn',
        'httpx',
        'locust',
        'matplotlib',
        'msgspec',
        'redis',
        'rich',
    ),
    'uvloop',
)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix('.py')


def rooms_imported(path: Path) -> set[str]:
    """Return the rooms of our own package that a file imports, '' being the door itself."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text('utf-8'))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path} imports relatively'
            names = [f'{node.module}.{alias.name}' for alias in node.names]
        for name in names:
            if name == PACKAGE.name or name.startswith(f'{PACKAGE.name}.'):
                part = name.removeprefix(PACKAGE.name).lstrip('.').split('.')[0]
                known = (PACKAGE / part).is_dir() or (PACKAGE / f'{part}.py').is_file()
                found.add(part if part and known else '')
    return found


@pytest.mark.parametrize('path', sorted(PACKAGE.rglob('*.py')), ids=str)
def test_room_imports_only_what_it_may(path: Path) -> None:
    assert rooms_imported(path) - {room(path)} <= MAY_IMPORT[room(path)]


def test_import_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        'import sys, quart_session_demo, quart_session_demo.sessions\n'
        'print(*sys.modules)\n'
        'import asyncio\n'
        'assert asyncio.run(quart_session_demo.app.test_client().get("/")).status_code == 200\n'
    )

    result = subprocess.run(
        [sys.executable, '-B', '-c', code],
        cwd=tmp_path,
        env={'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(result.stdout.split())
    assert not {
        name for name in NOT_LOADED for module in loaded if f'.{module}.'.find(f'.{name}.') >= 0
    }
    assert result.stderr == ''
