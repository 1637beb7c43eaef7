"""The commands that the pages name."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest
from quart.cli import QuartGroup

from quart_session_demo import create_app
from quart_session_demo.cli.command import DocumentedCommand
from quart_session_demo.cli.compare import compare
from tests.conftest import KEY, ROOT
from tests.docs.markdown import PAGES, relative


def quart_commands(page: Path) -> list[str]:
    """Return what follows `quart --app MODULE` in a page's code."""
    text = re.sub(r'\\\n\s*', '', page.read_text('utf-8'))
    commands = re.findall(r'\bquart --app [\w.:]+ ([^`\n#&]+)', text)
    # In a file of a platform, the command is within quotes.
    return [
        command.rpartition('"')[0] if command.count('"') % 2 else command for command in commands
    ]


COMMANDS = [
    pytest.param(command, id=f'{relative(page)}: {command.strip()}')
    for page in PAGES
    for command in dict.fromkeys(quart_commands(page))
]


@pytest.mark.parametrize('line', COMMANDS)
def test_quart_command_exists(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each `quart` command of the pages exists, with the arguments that they give it."""
    # `run --debug` sets it: restore it after the test.
    monkeypatch.setenv('QUART_DEBUG', '0')
    words = shlex.split(line)
    command: click.Command = create_app({'SECRET_KEY': KEY}).cli
    # Quart's own commands, such as `run`.
    commands = dict(QuartGroup().commands)
    name = ''
    while words and isinstance(command, click.Group):
        name = words.pop(0)
        commands |= command.commands
        assert name in commands
        command = commands[name]
        commands = {}

    command.make_context(name, words)


@pytest.mark.parametrize('name', ['parity', 'blocking', 'load', 'cost'])
def test_comparison_options_are_listed(name: str) -> None:
    """The page lists each option and exit status of a command, and no other."""
    page = (ROOT / 'docs/comparison.md').read_text('utf-8')
    part = page.partition(f'\n## compare {name}\n')[2].partition('\n## ')[0]
    options = re.findall(r'^\| (`--.*?) \|', part, re.MULTILINE)
    command = compare.commands[name]
    assert isinstance(command, DocumentedCommand)

    assert set(re.findall(r'`(--[\w-]+)', ' '.join(options))) == {
        parameter.opts[0] for parameter in command.params
    }
    assert {int(status) for status in re.findall(r'^\| (\d+) \|', part, re.MULTILINE)} == set(
        command.statuses
    )


@pytest.mark.parametrize('page', PAGES, ids=relative)
def test_scripts_exist(page: Path) -> None:
    """Each script that the pages run with Python is in the repository."""
    scripts = re.findall(r'python (\S+\.py)', page.read_text('utf-8'))

    # The name stands for a user's own script.
    scripts = [script for script in scripts if script != 'app.py']
    assert [script for script in scripts if not (ROOT / script).exists()] == []


@pytest.mark.parametrize('page', PAGES, ids=relative)
def test_extras_exist(page: Path) -> None:
    """Each extra that the pages install is one of the project's."""
    extras = re.findall(r'(?:\.|quart_session_demo)\[([a-z,]+)\]', page.read_text('utf-8'))
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text('utf-8'))['project']

    assert set(','.join(extras).split(',')) - {''} <= set(project['optional-dependencies'])
