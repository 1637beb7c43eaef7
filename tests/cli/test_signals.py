"""Ctrl-C and SIGTERM end each command at once, with what it has."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from typing import IO

import pytest

from quart_session_demo.compare.cost.benchmark import Measurements, measure_costs
from quart_session_demo.signals import Interrupted
from tests.conftest import KEY, ROOT
from tests.processes import wait_until

#: The timeouts of the stores, in seconds. No command may wait for them after a signal.
TIMEOUT = 60


@pytest.fixture
def hung_server() -> Iterator[socket.socket]:
    """Yield a listening socket whose clients get no response."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        yield listener


def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', *arguments],
        cwd=ROOT,
        env={**os.environ, 'QUART_SECRET_KEY': KEY, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def store_settings(scheme: str, listener: socket.socket) -> dict[str, str]:
    """Return the settings of sessions on a server that does not respond."""
    address = f'127.0.0.1:{listener.getsockname()[1]}'
    if scheme == 'redis':
        return {
            'QUART_SESSION_TYPE': 'redis',
            'QUART_SESSION_REDIS_URL': f'redis://{address}',
            'QUART_SESSION_REDIS_TIMEOUT': str(TIMEOUT),
        }
    return {
        'QUART_SESSION_TYPE': 'sqlalchemy',
        'QUART_SESSION_SQLALCHEMY_URL': f'postgresql://user@{address}/name',
        'QUART_SESSION_SQLALCHEMY_TIMEOUT': str(TIMEOUT),
    }


def stop(process: subprocess.Popen[str], number: int) -> tuple[str, str]:
    """Send a signal, and return the output of a command that ends with the signal's status."""
    started = time.monotonic()
    process.send_signal(number)
    output, errors = process.communicate()

    assert process.returncode == 128 + number
    assert 'Traceback' not in errors
    # Long before the store's timeout, even on a busy machine.
    assert time.monotonic() - started < TIMEOUT / 3
    return output, errors


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('scheme', ['redis', 'postgresql'])
def test_check_deploy_reports_what_it_has(
    hung_server: socket.socket, scheme: str, number: int
) -> None:
    """While a store does not respond, a signal ends `check-deploy` with the other findings."""
    with start('check-deploy', **store_settings(scheme, hung_server)) as process:
        connection, _ = hung_server.accept()
        with connection:
            output, errors = stop(process, number)

    assert 'error cookie-not-secure: ' in output
    assert 'Stopped before the session store was checked.' in output
    assert errors == ''


def test_sessions_info_reports_what_it_has(hung_server: socket.socket) -> None:
    """`sessions info` prints the settings, and that the store was not asked."""
    with start('sessions', 'info', '--json', **store_settings('redis', hung_server)) as process:
        connection, _ = hung_server.accept()
        with connection:
            output, _ = stop(process, signal.SIGINT)

    facts = json.loads(output)
    assert (facts['store'], facts['ready']) == ('RedisStore', None)
    assert facts['problem'].startswith('unknown')


@pytest.mark.parametrize(
    ('command', 'printed'),
    [
        (['cleanup'], ('Stopped. Run it again to delete the rest.\n', '')),
        (['create-tables'], ('', '')),
        (['list', 'zhiliao'], ('', '')),
        (['revoke', 'zhiliao', '--all'], ('', 'Stopped. Run it again to revoke the rest.\n')),
        (['count'], ('', '')),
    ],
    ids=lambda value: value[0],
)
def test_database_commands_end(
    hung_server: socket.socket, command: list[str], printed: tuple[str, str]
) -> None:
    """The commands that use a database end while it does not respond."""
    with start('sessions', *command, **store_settings('postgresql', hung_server)) as process:
        connection, _ = hung_server.accept()
        with connection:
            assert stop(process, signal.SIGINT) == printed


def unread(stream: IO[str]) -> int:
    """Return how many bytes of a pipe its reader has not read."""
    size: int
    (size,) = struct.unpack('i', fcntl.ioctl(stream, termios.FIONREAD, bytes(4)))
    return size


def test_inspect_cookie_ends_while_it_reads() -> None:
    """`inspect-cookie -` ends while it waits for more of its standard input."""
    with start('inspect-cookie', '-') as process:
        assert process.stdin
        process.stdin.write('session=')
        process.stdin.flush()
        pipe = process.stdin
        wait_until(lambda: unread(pipe) == 0)
        output, errors = stop(process, signal.SIGINT)

    assert (output, errors) == ('', '')


def test_cost_ends_between_rounds() -> None:
    """`compare cost` ends during a measurement, of which it shows the rounds so far."""
    with start('compare', 'cost', '--rounds', '100000') as process:
        assert process.stderr
        assert process.stderr.readline() == 'Measuring the session lesson\n'
        stop(process, signal.SIGINT)


async def test_costs_of_the_rounds_so_far() -> None:
    """A stopped measurement has the costs of its complete rounds, and is not complete."""
    measurements = Measurements(rounds=5)

    def stop_in_third_round(session: str, round_: int) -> None:
        if round_ == 3:
            raise Interrupted(130)

    with pytest.raises(Interrupted):
        await measure_costs(measurements, report=stop_in_third_round)

    assert [cost.session for cost in measurements.costs()] == ['lesson'] * 4
    assert not measurements.complete
