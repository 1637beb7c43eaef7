"""The commands in a real terminal, and in a pipe whose reader ends."""

import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pytest

from quart_session_demo.terminal import cell_width
from tests.conftest import KEY, ROOT

needs_full_device = pytest.mark.skipif(
    not Path('/dev/full').exists(), reason='needs /dev/full, which Linux has'
)
QUART = [sys.executable, '-m', 'quart', '--app', 'quart_session_demo']


def run_in_terminal(columns: int, *arguments: str, **variables: str) -> str:
    """Return what a command writes to a terminal of this width, with its escape sequences."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    environment = {**os.environ, 'QUART_SECRET_KEY': KEY, 'TERM': 'xterm', **variables}
    environment.pop('COLUMNS', None)
    process = subprocess.Popen(
        [*QUART, *arguments], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    text = b''
    with process, os.fdopen(ours, 'rb', 0) as terminal:
        try:
            while part := terminal.read(4096):
                text += part
        except OSError:
            # Linux reports the end of a terminal as an error.
            pass
    return text.decode().replace('\r\n', '\n')


@pytest.mark.parametrize(
    'arguments',
    [
        ('check-deploy',),
        ('sessions', 'info'),
        ('sessions', 'cleanup'),
        ('inspect-cookie', 'a=1; b=2; c=3'),
        ('compare', 'load', '--sync', 'a:b'),
        ('check-deploy', '--help'),
    ],
    ids=' '.join,
)
def test_no_word_is_broken(arguments: tuple[str, ...]) -> None:
    """In a terminal each line fits, and each word is one that a pipe gets too."""
    piped = subprocess.run(
        [*QUART, *arguments],
        cwd=ROOT,
        env={**os.environ, 'QUART_SECRET_KEY': KEY},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )

    for columns in (60, 80):
        text = re.sub('\x1b\\[[0-9;]*m', '', run_in_terminal(columns, *arguments))
        assert max(map(cell_width, text.splitlines())) <= columns
        assert text.split() == (piped.stdout + piped.stderr).split()


def test_success_is_green_and_failure_red() -> None:
    """In a terminal the last line of `check-deploy` has a color, unless `NO_COLOR` is set."""
    secret = '8b1c2c003bf84aae7e975d8b29a2f328e08433ad8be9bb6bfe4106071e2fa0de'
    safe = {'QUART_PRODUCTION': 'true', 'QUART_SECRET_KEY': secret}

    clean, unsafe = run_in_terminal(80, 'check-deploy', **safe), run_in_terminal(80, 'check-deploy')
    plain = run_in_terminal(80, 'check-deploy', NO_COLOR='1')

    assert clean.startswith('\x1b[32mNo problems found.')
    assert unsafe.splitlines()[-1].startswith('\x1b[31m')
    assert '\x1b' not in plain


@pytest.mark.parametrize('command', [['check-deploy'], ['sessions', 'info']], ids=' '.join)
def test_closed_pipe_ends_quietly(command: list[str]) -> None:
    """If the reader of the output has ended, as `head` does, there is no message."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, 'wb') as pipe:
        result = subprocess.run(
            [*QUART, *command],
            cwd=ROOT,
            env={**os.environ, 'QUART_SECRET_KEY': KEY},
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert (result.returncode, result.stderr) == (2, '')


def test_progress_of_cost_stays_in_one_line() -> None:
    """In a narrow terminal the line with the progress is cut, so that the next one replaces it."""
    text = run_in_terminal(30, 'compare', 'cost', '--rounds', '1')

    *progress, table = text.split('\r')
    assert any('Measuring' in line for line in progress)
    assert max(map(cell_width, progress)) < 30
    assert table.startswith('session')


@needs_full_device
@pytest.mark.parametrize('command', [['inspect-cookie'], ['compare']], ids=' '.join)
def test_help_on_full_device_is_one_line(command: list[str]) -> None:
    """If the help cannot be printed, there is one line and no traceback."""
    with Path('/dev/full').open('w') as full:
        result = subprocess.run(
            [*QUART, *command, '--help'],
            cwd=ROOT,
            env={**os.environ, 'QUART_SECRET_KEY': KEY},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert (result.returncode, result.stderr.count('\n')) == (2, 1)
    assert os.strerror(28) in result.stderr


@needs_full_device
def test_full_standard_error_does_not_stop_a_command() -> None:
    """If the progress cannot be printed, the results are, and the status is theirs."""
    with Path('/dev/full').open('w') as full:
        result = subprocess.run(
            [*QUART, 'compare', 'cost', '--rounds', '1', '--json'],
            cwd=ROOT,
            env={**os.environ, 'QUART_SECRET_KEY': KEY},
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
        )

    assert result.returncode == 0
    assert json.loads(result.stdout)['complete']
