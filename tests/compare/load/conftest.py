"""Factories for the load tests: the command, its servers, and made-up results."""

import math
import os
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from quart_session_demo.compare.load.results import (
    Comparison,
    ContenderResult,
    RateSample,
    Results,
    Sample,
)
from quart_session_demo.compare.load.scenarios import MIXED, SESSION, WAITING, Scenario
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


def has_response(sample: Sample) -> bool:
    """Return whether the server responded correctly, in the slice or too late for it."""
    # The processor time for each response is unknown without one.
    return sample.cpu_ms is not None


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


#: The titles of the contenders, by their names.
TITLES = {
    'flask-sync': 'Flask sync',
    'flask-threads': 'Flask 8 threads',
    'flask-thread-per-user': 'Flask 256 threads',
    'flask-gevent': 'Flask gevent',
    'quart-hypercorn': 'Quart on Hypercorn',
    'quart-gunicorn': 'Quart on gunicorn',
    'quart-uvicorn': 'Quart on uvicorn',
    'quart-granian': 'Quart on Granian',
    'quart-sync-views': 'Quart with sync views',
}
#: The speeds of the issue's trial, compared with Flask on gevent.
SESSION_SPEEDS = {
    'flask-sync': 0.86,
    'flask-threads': 1.04,
    'flask-gevent': 1.0,
    'quart-hypercorn': 0.89,
    'quart-gunicorn': 1.18,
    'quart-uvicorn': 1.41,
    'quart-granian': 1.44,
    'quart-sync-views': 0.45,
}
WAITING_SPEEDS = {
    'flask-sync': 0.006,
    'flask-threads': 0.05,
    'flask-thread-per-user': 0.9,
    'flask-gevent': 1.0,
    'quart-hypercorn': 0.84,
    'quart-gunicorn': 0.98,
    'quart-uvicorn': 1.24,
    'quart-granian': 1.45,
    'quart-sync-views': 0.2,
}


def make_contender(
    name: str,
    speeds: Sequence[float],
    *,
    failures: Mapping[str, int] | None = None,
    error: str | None = None,
    busy: float = 0.5,
    memory: float = 40,
    concurrency: int | None = None,
) -> ContenderResult:
    """Return a made-up contender, with one slice for each speed in requests per second.

    A p95 of 10 ms belongs to 1,000 requests per second, and a slower server has a longer one.
    """
    samples = [
        Sample(
            block=block,
            requests_per_second=speed,
            p50=5_000 / speed if speed else None,
            p95=10_000 / speed if speed else None,
            p99=20_000 / speed if speed else None,
            failures=dict(failures or {}),
            cpu_ms=0.4,
            memory=int(memory * 1e6),
            generator_busy=busy,
        )
        for block, speed in enumerate(speeds, 1)
    ]
    started = bool(samples)
    return ContenderResult(
        name,
        TITLES.get(name, name),
        concurrency,
        [0.5, 0.6] if started else [],
        [30_000_000, 31_000_000] if started else [],
        samples,
        error,
    )


def noisy_speeds(
    factors: Mapping[str, float], blocks: int, *, seed: int = 0, mood: float = 0.05
) -> dict[str, list[float]]:
    """Return made-up requests per second: those of 1,000 multiplied by each server's factor.

    In each block all servers share the machine's mood, and each has noise of its own of 2 %.
    """
    generator = random.Random(seed)  # noqa: S311 - no secret
    moods = [math.exp(generator.gauss(0, mood)) for _ in range(blocks)]
    return {
        name: [1000 * factor * mood * math.exp(generator.gauss(0, 0.02)) for mood in moods]
        for name, factor in factors.items()
    }


def make_comparison(
    factors: Mapping[str, float],
    scenario: Scenario = SESSION,
    users: int = 256,
    *,
    blocks: int = 15,
    seed: int = 0,
) -> Comparison:
    """Return a made-up comparison of contenders by the factors of their speeds."""
    speeds = noisy_speeds(factors, blocks, seed=seed)
    memory = {'flask-gevent': 78, 'quart-granian': 61}
    concurrency = {'flask-sync': 1, 'flask-threads': 8, 'flask-thread-per-user': 256}
    return Comparison(
        scenario.name,
        users,
        contenders=[
            make_contender(
                name, speeds[name], memory=memory.get(name, 50), concurrency=concurrency.get(name)
            )
            for name in factors
        ],
    )


def make_rates(
    scenario: Scenario, peaks: Mapping[str, float], *, void: Iterable[str] = ()
) -> list[RateSample]:
    """Return made-up open loops at 50, 70, 80 and 90 % of each contender's peak.

    Args:
        scenario: The scenario.
        peaks: The requests per second, by the contender's name.
        void: The contenders whose load generator fell behind at 90 %.
    """
    return [
        RateSample(
            scenario.name,
            name,
            TITLES[name],
            rate=part * peak,
            peak=peak,
            requests=round(part * peak * 30),
            p50=2 / (1 - part),
            p95=5 / (1 - part),
            p99=8 / (1 - part),
            p999=12 / (1 - part),
            maximum=20 / (1 - part),
            failures={},
            late_ratio=0.12 if part == 0.9 and name in void else 0,
            void=part == 0.9 and name in void,
        )
        for name, peak in peaks.items()
        for part in (0.5, 0.7, 0.8, 0.9)
    ]


def make_results(
    *comparisons: Comparison,
    scenarios: tuple[Scenario, ...] = (SESSION, WAITING, MIXED),
    rates: Iterable[RateSample] = (),
    complete: bool = True,
    skipped: Mapping[str, str] | None = None,
    ceiling: float | None = None,
    processes: int = 1,
) -> Results:
    """Return made-up results; without comparisons those of a run with nothing measured."""
    return Results(
        {'blocks': '15', 'slice': '1 s', 'processes': str(processes)},
        scenarios,
        started='2026-11-27T12:00:00+00:00',
        versions={'CPython': '3.11.7', 'quart': '0.22.0', 'flask': '3.1.3'},
        machine={
            'system': 'Linux x86_64',
            'processor': 'Made-up processor',
            'processors': '2',
            'memory': '8 GB',
        },
        ceiling=ceiling,
        skipped=dict(skipped or {}),
        seconds=240,
        complete=complete,
        comparisons=list(comparisons),
        rates=list(rates),
    )


def make_full_results() -> Results:
    """Return the made-up results of a full run with failures, and with a server that exited."""
    waiting = make_comparison(WAITING_SPEEDS, WAITING, seed=2)
    waiting.contenders[2] = make_contender(
        'flask-thread-per-user',
        [900] * 15,
        failures={'a <b> [c]: status 500 instead of 200': 3},
    )
    waiting.contenders[0] = make_contender(
        'flask-sync',
        [],
        error='Flask sync died (SIGKILL); the end of its log:\nTraceback\nout of memory',
    )
    return make_results(
        make_comparison(SESSION_SPEEDS, users=32),
        make_comparison(SESSION_SPEEDS, seed=1),
        waiting,
        rates=make_rates(
            SESSION,
            {
                'flask-threads': 1040,
                'flask-gevent': 1000,
                'quart-hypercorn': 890,
                'quart-granian': 1440,
            },
            void=['quart-granian'],
        ),
    )


@pytest.fixture
def results() -> Results:
    """Return the results of `make_full_results`."""
    return make_full_results()
