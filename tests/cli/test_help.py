"""The help of every command: example, exit statuses, and lines that fit in the terminal."""

from collections.abc import Iterator

import click
import pytest
from quart.cli import ScriptInfo

from quart_session_demo import create_app
from quart_session_demo.cli.command import DocumentedCommand
from quart_session_demo.terminal import cell_width
from tests.conftest import KEY


def commands(command: click.Command, name: str) -> Iterator[tuple[str, DocumentedCommand]]:
    """Yield a command and the commands in it, each with its name."""
    assert isinstance(command, DocumentedCommand)
    yield name, command
    if isinstance(command, click.Group):
        for inner, item in command.commands.items():
            yield from commands(item, f'{name} {inner}')


COMMANDS = [
    pytest.param(name, command, id=name)
    for top, item in create_app({'SECRET_KEY': KEY}).cli.commands.items()
    if item.callback and item.callback.__module__.startswith('quart_session_demo')
    for name, command in commands(item, top)
]


def help_text(command: click.Command, name: str, width: int) -> str:
    context = command.context_class(
        command,
        info_name=f'quart {name}',
        terminal_width=width,
        obj=ScriptInfo('shop:app'),
    )
    return command.get_help(context)


def test_every_command_is_checked() -> None:
    """The tests below know all commands of the package."""
    assert len(COMMANDS) == 15


@pytest.mark.parametrize(('name', 'command'), COMMANDS)
def test_help_has_example_and_statuses(name: str, command: DocumentedCommand) -> None:
    """The help ends with an example for the app in use, and the statuses, 130 for Ctrl-C too."""
    text = help_text(command, name, 200)

    assert f'\nExample:\n  quart --app shop:app {name.split()[0]} ' in text.replace('\n\n', '\n')
    statuses = text.partition('Exit statuses:\n')[2].split('\n')
    listed = [int(line.split()[0]) for line in statuses if line.strip()]
    assert listed[0] == 0
    assert listed[-1] == 130


@pytest.mark.parametrize('width', [60, 80])
@pytest.mark.parametrize(('name', 'command'), COMMANDS)
def test_help_fits_in_the_terminal(name: str, command: DocumentedCommand, width: int) -> None:
    """No line is too long, and none ends inside a word."""
    words = set(help_text(command, name, 500).split())

    lines = help_text(command, name, width).splitlines()

    assert max(map(cell_width, lines)) <= width
    # A group shortens what its commands do.
    assert {
        word for line in lines for word in line.split() if '…' not in word and '...' not in word
    } <= words | {'\\'}


@pytest.mark.parametrize(('name', 'command'), COMMANDS)
def test_example_can_be_parsed(name: str, command: DocumentedCommand) -> None:
    """The example has arguments that the command takes."""
    words = command.example.split()
    current: click.Command = create_app({'SECRET_KEY': KEY}).cli
    while isinstance(current, click.Group):
        current = current.commands[words.pop(0)]

    current.make_context(name, words)
