"""The start commands of docs/deployment.md, as platforms run them: with and without a shell.

The Procfile's own line, in a shell, is run by tests/e2e/test_procfile.py.
"""

import shlex

import pytest

from tests.deploy_check.apps import KEY
from tests.docs.markdown import code_blocks, read, section
from tests.processes import PATH
from tests.serve.conftest import SERVE_APP, Launch
from tests.sockets import read_all

pytestmark = pytest.mark.e2e

PROCFILE = dict(line.split(': ', 1) for line in read('Procfile').splitlines())
#: Without a release step: the check, then the start.
(CHECKED,) = code_blocks(
    section(read('docs/deployment.md'), '## Platforms').partition('\n### ')[0], 'sh'
)


@pytest.mark.parametrize(
    'command',
    [
        pytest.param(shlex.split(PROCFILE['web'].removeprefix('exec ')), id='no shell'),
        pytest.param(['sh', '-c', CHECKED], id='after the check'),
    ],
)
def test_start_command_ends_with_a_request_that_hangs(launch: Launch, command: list[str]) -> None:
    """SIGTERM to the command itself ends it with status 0, although a request never ends."""
    *shell, line = command
    started = launch(
        [*shell, line.replace('quart_session_demo:app', SERVE_APP)],
        PATH=PATH,
        QUART_SECRET_KEY=KEY,
        GRACEFUL_TIMEOUT='0.3',
    )
    started.wait_for('Running on')
    hanging = started.connect('GET /cleanup HTTP/1.1\nHost: a\n\n')
    started.get()

    assert started.stop() == 0
    assert read_all(hanging).startswith(b'HTTP/1.1 503')
    assert 'after_serving' in started.log


def test_unsafe_setting_prevents_the_start(launch: Launch) -> None:
    """The start command that begins with the check does not start an app without a key."""
    started = launch(['sh', '-c', CHECKED], PATH=PATH)

    assert started.process.wait(60) == 1
    assert 'QUART_SECRET_KEY' in started.log
    assert 'Running on' not in started.log
