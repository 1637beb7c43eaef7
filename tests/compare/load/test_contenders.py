"""The servers that `compare load` measures."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise

import httpx
import psycopg
import pytest

from quart_session_demo import create_app
from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.servers import EXECUTOR_THREADS, Server, run_servers
from quart_session_demo.compare.load.backends import run_backend
from quart_session_demo.compare.load.contenders import (
    Contender,
    Pair,
    contenders,
    lesson_pair,
    split_names,
)
from quart_session_demo.compare.load.database import SCHEMA
from quart_session_demo.compare.load.scenarios import LESSON_SCENARIOS, Scenario
from quart_session_demo.serve import server as starter
from tests.compare.conftest import APPS, find_contender
from tests.compare.load.conftest import TITLES
from tests.conftest import ROOT
from tests.processes import wait_until

NAMES = list(TITLES)
USERS = 20

Servers = list[tuple[Contender, Server]]


@contextmanager
def run_all(pair: Pair, processes: int = 1) -> Iterator[Servers]:
    """Start all contenders at once."""
    found = contenders(pair, USERS, processes)
    with run_servers(*(contender.server for contender in found)) as servers:
        yield list(zip(found, servers, strict=True))


@contextmanager
def run_lesson(folder: str) -> Iterator[tuple[Servers, str]]:
    """Start all contenders of a pair, and its backend; yield its database too."""
    backends = {scenario.apps: scenario.backend for scenario in LESSON_SCENARIOS}
    with ExitStack() as stack:
        running = stack.enter_context(run_backend(backends[folder], len(NAMES)))
        pair = lesson_pair(folder)
        pair = replace(pair, environment={**pair.environment, **running.environment})
        servers = stack.enter_context(run_all(pair))
        yield servers, running.environment.get('DATABASE_URL', '')


def problems(server: Server, scenario: Scenario) -> list[str]:
    """Return what is wrong in the responses to a user, and to a background user."""
    found = []
    with make_client() as client:
        for exchanges in (scenario.exchanges, scenario.background):
            user = SimulatedUser()
            for exchange in (*scenario.setup, *exchanges):
                response = user.send(client, server.url, exchange.step)
                problem = exchange.problem(response.status, response.body, {})
                if error := response.error or problem:
                    found.append(error)
    return found


def has_waiting(database: psycopg.Connection, expected: int) -> bool:
    """Return whether this number of queries wait for a lock."""
    [(waiting,)] = database.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    ).fetchall()
    return bool(waiting == expected)


@pytest.mark.parametrize(
    'folder', ['waiting', 'service', pytest.param('database', marks=pytest.mark.postgres)]
)
def test_contender_responds_correctly(folder: str) -> None:
    """Each contender sends the expected, so equal, responses in each scenario."""
    scenarios = [scenario for scenario in LESSON_SCENARIOS if scenario.apps == folder]
    with run_lesson(folder) as (servers, _), ThreadPoolExecutor() as threads:
        runs = {
            (contender.name, scenario.name): threads.submit(problems, server, scenario)
            for contender, server in servers
            for scenario in scenarios
        }

        found = {run: future.result() for run, future in runs.items()}

    assert not any(found.values()), found
    assert len(found) == len(NAMES) * len(scenarios)


@pytest.mark.postgres
def test_queries_wait_at_the_same_time() -> None:
    """The database gets a query from each handler that can wait, before one query has ended."""
    with run_lesson('database') as (servers, url), psycopg.connect(url) as lock:
        with ThreadPoolExecutor(USERS) as threads, psycopg.connect(url, autocommit=True) as watch:
            for contender, server in servers:
                lock.execute(f'LOCK TABLE {SCHEMA}.items IN ACCESS EXCLUSIVE MODE')
                expect = partial(has_waiting, watch, min(USERS, contender.concurrency or USERS))
                requests = [
                    threads.submit(httpx.get, f'{server.url}/items/1/', timeout=60)
                    for _ in range(USERS)
                ]
                wait_until(expect)
                lock.rollback()

                assert {request.result().status_code for request in requests} == {200}
        assert [contender.concurrency for contender, _ in servers] == [
            *(1, 8, USERS, None),
            *(None, None, None, None, EXECUTOR_THREADS),
        ]


@pytest.mark.parametrize('processes', [1, 2])
def test_contender_runs_in_its_processes(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each contender has as many worker processes, not in debug mode, despite other variables."""
    for name, value in {
        'WEB_CONCURRENCY': '3',
        'GUNICORN_CMD_ARGS': '--workers 3',
        'UVICORN_LIMIT_CONCURRENCY': '1',
        'UVICORN_ROOT_PATH': '/root',
        'GRANIAN_URL_PATH_PREFIX': '/prefix',
        'GRANIAN_BLOCKING_THREADS': '3',
        'FLASK_DEBUG': '1',
        'QUART_DEBUG': '1',
        'PYTHONDEVMODE': '1',
        'PYTHONASYNCIODEBUG': '1',
        'PORT': '1',
    }.items():
        monkeypatch.setenv(name, value)
    pair = Pair('tests.apps.process_apps:sync', 'tests.apps.process_apps:async_')
    found: dict[str, set[int]] = {}
    modes = set()

    with run_all(pair, processes) as servers, ThreadPoolExecutor(8) as threads:
        for contender, server in servers:
            pids = found[contender.name] = set()

            def all_respond() -> bool:
                for response in threads.map(httpx.get, [server.url] * 16):  # noqa: B023
                    content = response.json()
                    pids.add(content.pop('pid'))  # noqa: B023
                    modes.add(tuple(content.items()))
                return len(pids) == processes  # noqa: B023

            wait_until(all_respond)

    assert {name: len(pids) for name, pids in found.items()} == dict.fromkeys(NAMES, processes)
    assert modes == {(('debug', False), ('dev_mode', False))}


def test_quart_is_served_as_in_the_procfile() -> None:
    """Quart on Hypercorn has the starter and the environment of the Procfile."""
    procfile = (ROOT / 'Procfile').read_text('utf-8')
    [(name, value, module)] = re.findall(r'web: .*env (\w+)=(\w+) python -m (\S+)', procfile)
    quart = find_contender(lesson_pair('waiting'), 'quart-hypercorn')

    assert quart.server.environment[name] == value
    assert quart.server.command[1:3] == ('-m', module)


def test_connections_stay_open_equally_long() -> None:
    """Each server that can be set waits as long for the next request as the starter."""
    for contender in contenders(lesson_pair('waiting'), 8):
        options = dict(pairwise(contender.server.command))
        seconds = {
            options.get(name, str(starter.KEEP_ALIVE_SECONDS))
            for name in ('--keep-alive', '--timeout-keep-alive')
        }
        assert seconds == {str(starter.KEEP_ALIVE_SECONDS)}


@pytest.mark.parametrize(
    'folder', ['waiting', 'service', pytest.param('database', marks=pytest.mark.postgres)]
)
def test_flask_loads_no_quart_and_has_its_settings(folder: str) -> None:
    """The Flask process does not load Quart, and has the same session settings."""
    pair = lesson_pair(folder)
    key = pair.environment['QUART_SECRET_KEY']
    config = create_app({'PRODUCTION': True, 'SECRET_KEY': json.loads(key)}).config
    # The app opens its connections later, so it does not notice that there is nothing.
    backends = {'DATABASE_URL': 'postgresql://127.0.0.1:9/', 'SERVICE_URL': 'http://127.0.0.1:9'}

    result = subprocess.run(
        [sys.executable, APPS / 'print_flask_settings.py', pair.sync],
        env={'PYTHONPATH': str(ROOT), **pair.environment, **backends},
        capture_output=True,
        text=True,
        check=True,
    )

    loads_quart, flask = json.loads(result.stdout)
    assert not loads_quart
    names = [name for name in flask if name == 'SECRET_KEY' or 'SESSION' in name]
    assert len(names) >= 10
    assert flask == flask | json.loads(
        json.dumps({name: config[name] for name in names}, default=str)
    )


def test_contenders_are_selected_by_name() -> None:
    """The named contenders are measured, in the usual order; without names, all."""
    found = contenders(lesson_pair('waiting'), 8)

    assert [contender.name for contender in found] == NAMES


@pytest.mark.parametrize('name', ['', 'Flask-sync', 'quart', 'quart-granian,'])
def test_unknown_contender_is_an_error(name: str) -> None:
    """The error names the unknown contender and lists the known ones."""
    with pytest.raises(ValueError, match='is unknown') as caught:
        split_names(f'{NAMES[0]},{name}')

    known = ', '.join(NAMES)
    unknown = name.rpartition(',')[2]
    assert str(caught.value) == f'--contenders {unknown!r} is unknown: use some of {known}'


def test_names_of_contenders_may_have_spaces_around() -> None:
    """Spaces around the commas are ignored."""
    assert split_names('flask-gevent, quart-granian') == ('flask-gevent', 'quart-granian')


@pytest.mark.parametrize(('users', 'processes', 'threads'), [(1, 2, 1), (8, 1, 8), (9, 2, 5)])
def test_threads_match_the_users(users: int, processes: int, threads: int) -> None:
    """One Flask server has a thread for each user, in all of its processes together."""
    contender = find_contender(lesson_pair('waiting'), 'flask-thread-per-user', users, processes)

    assert dict(pairwise(contender.server.command))['--threads'] == str(threads)
    assert contender.concurrency == threads * processes
