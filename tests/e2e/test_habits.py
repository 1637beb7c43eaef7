"""Each command of the tutorial's table of habits serves the lesson, on the port that it shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from quart_session_demo.compare.harness.servers import ServerCommand, run_servers
from tests.conftest import KEY, ROOT
from tests.docs.markdown import code, read, section, table_rows

pytestmark = pytest.mark.e2e

SECTION = section(read('docs/tutorial.md'), '## By habit')
ROWS = [row for row in table_rows(SECTION, 'in Flask') if '.venv/bin/' in row[1]]


@pytest.mark.parametrize('row', [row for row in ROWS if row[2]], ids=lambda row: code(row[1]))
def test_command_serves_the_lesson(row: list[str]) -> None:
    """The command, with the option for another port, serves the lesson there."""
    words = shlex.split(f'{code(row[1])} {code(row[2])}')
    variables = {}
    while '=' in words[0]:
        name, _, value = words.pop(0).partition('=')
        variables[name] = value
    program = words.pop(0).removeprefix('.venv/bin/')
    module = [] if program == 'python' else ['-m', program]
    arguments = [re.sub(r'\b[58]001$', '{port}', word) for word in words]
    assert arguments != words
    if program == 'gunicorn':
        # The control socket is one file in the home folder.
        arguments.append('--no-control-socket')
    command = (sys.executable, *module, *arguments)

    with run_servers(ServerCommand(program, command, {'QUART_SECRET_KEY': KEY, **variables})) as [
        server
    ]:
        assert httpx.get(f'{server.url}/get_session/').text == '没有session数据'


def test_table_has_the_usual_commands() -> None:
    """The table has a row for what Flask developers type."""
    habits = ' '.join(row[0] for row in table_rows(SECTION, 'in Flask'))

    for habit in (
        'flask --app app run',
        'gunicorn app:app',
        'python app.py',
        'uvicorn',
        'waitress',
    ):
        assert habit in habits


def test_flask_run_finds_no_app(tmp_path: Path) -> None:
    """`flask run` does not start, as the page states."""
    result = subprocess.run(
        [sys.executable, '-m', 'flask', '--app', 'quart_session_demo:app', 'run'],
        cwd=tmp_path,
        env={'PYTHONPATH': str(ROOT), 'QUART_SECRET_KEY': KEY},
        capture_output=True,
        text=True,
    )

    assert 'A valid Flask application was not obtained' in result.stderr
    assert result.returncode != 0
