"""Factories for the load tests: the command, one measured server, made-up measurements."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from quart_session_demo.compare.harness.servers import ServerCommand
from quart_session_demo.compare.load.job import Sample
from quart_session_demo.compare.load.results import LOAD_BEFORE, Results
from quart_session_demo.compare.load.runner import Measurement, Run, measure
from quart_session_demo.compare.load.scenarios import MIXED, SESSION, WAITING, Exchange, Scenario
from quart_session_demo.compare.load.targets import Target
from tests.conftest import ROOT

LOAD = [sys.executable, '-m', 'quart', '--app', 'quart_session_demo', 'compare', 'load']
ENVIRONMENT = {**os.environ, 'PYTHONPATH': str(ROOT)}

SHOP_STEPS = """
[[step]]
name = 'form'
path = '/form'
capture = { token = 'token=(.+)' }

[[step]]
name = 'buy'
method = 'POST'
path = '/buy'
form = { token = '$token' }

[[step]]
name = 'forge'
visitor = 'a forger'
method = 'POST'
path = '/buy'
form = { token = '' }

[[step]]
name = 'bye'
path = '/bye'
"""


def shop_options(folder: Path, steps: str = SHOP_STEPS, port: str = 'port') -> list[str]:
    """Return the options for the two apps of `shop_apps` and steps, written into a folder."""
    steps_file = folder / 'shop.toml'
    steps_file.write_text(steps, 'utf-8')
    module = 'tests.apps.shop_apps'
    return [
        '--sync',
        f'{module}:sync',
        '--async',
        f'{module}:{port}',
        '--steps',
        str(steps_file),
    ]


def server_command(behavior: str) -> ServerCommand:
    """Return the command of `load_server` with a behavior."""
    program = str(ROOT / 'tests/apps/load_server.py')
    return ServerCommand('Made up', (sys.executable, program, '{port}', behavior))


def measure_server(behavior: str, *exchanges: Exchange) -> Measurement:
    """Measure `load_server` with two users that repeat exchanges, until there is a response."""
    run = Run(1, Scenario('made up', '', exchanges), 2, Target(server_command(behavior), None))
    for seconds in (0.3, 3, 30):
        measurement = measure(run, seconds)
        sample = measurement.sample
        if not sample or sample.requests_per_second or sample.failures:
            break
    return measurement


def measured(
    target: str,
    requests: Sequence[float] = (),
    *,
    scenario: Scenario = WAITING,
    users: int = 256,
    concurrency: int | None = None,
    p95: float | None = 10,
    memory: float = 40,
    failures: dict[str, int] | None = None,
    busy: float = 0.5,
) -> list[Measurement]:
    """Return made-up measurements, one for each round's requests per second."""
    return [
        Measurement(
            scenario=scenario.name,
            users=users,
            round=number,
            target=target,
            concurrency=concurrency,
            start_seconds=0.5,
            start_memory=30_000_000,
            sample=Sample(
                requests_per_second=value,
                p50=p95,
                p95=p95,
                p99=p95,
                failures=failures or {},
                cpu_ms=0.4,
                peak_memory=int(memory * 1e6),
                generator_busy=busy,
            ),
        )
        for number, value in enumerate(requests, 1)
    ]


def died(target: str) -> list[Measurement]:
    """Return the made-up measurement of a server that exited."""
    error = f'{target} died (SIGKILL); the end of its log:\nTraceback\nout of memory'
    return [Measurement(WAITING.name, 256, 1, target, None, error=error)]


EIGHT_THREADS = measured('Flask 8 threads', [78, 79, 80], concurrency=8)
QUART = measured('Quart', [1690, 1680, 1700], memory=60)


@pytest.fixture
def results() -> Results:
    """Return made-up results with failures, a server that exited and a limited generator."""
    measurements = [
        *measured('Flask sync', [400, 410], scenario=SESSION, users=1, busy=0.95),
        *measured('Quart', [500, 510], scenario=SESSION, users=1),
        *EIGHT_THREADS,
        *measured('Flask gevent', [3, 4], failures={'a <b> [c]: status 500 instead of 200': 3}),
        *died('Flask sync'),
        *QUART,
    ]
    return Results(
        {'users': '1, 256'},
        (SESSION, WAITING, MIXED),
        machine={LOAD_BEFORE: '0.10'},
        complete=True,
        measurements=measurements,
    )
