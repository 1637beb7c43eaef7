"""The processes of the load generator, and the results of several of them."""

import os
import resource
import subprocess
import sys

import msgspec
import psutil
import pytest

from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load import generator_process
from quart_session_demo.compare.load.ceiling import STATIC_SERVER, measure_ceiling
from quart_session_demo.compare.load.generator_process import (
    COMMAND,
    Generator,
    LoadError,
    merge,
    split,
)
from quart_session_demo.compare.load.job import Job, SliceResult
from quart_session_demo.compare.load.latency import LatencyHistogram
from quart_session_demo.compare.load.scenarios import SESSION, Exchange
from tests.compare.load.generated_load import (
    FAST,
    NAME,
    OK,
    count,
    made_up,
    order,
    percentile,
    run_generator,
)
from tests.processes import wait_until_gone


def result(milliseconds: list[float], **fields: float | dict[str, int]) -> SliceResult:
    latencies = LatencyHistogram()
    for value in milliseconds:
        latencies.record(value / 1000)
    made_up_result = SliceResult(len(milliseconds), 1, latencies.encode(), 9, {}, 0.5)
    return msgspec.structs.replace(made_up_result, **fields)


@pytest.mark.parametrize(
    ('users', 'processes', 'parts'),
    [(256, 2, [128, 128]), (7, 3, [3, 2, 2]), (2, 4, [1, 1]), (1, 1, [1])],
)
def test_split_gives_all_users(users: int, processes: int, parts: list[int]) -> None:
    """The processes have all users together, none has two more than another, and none is idle."""
    assert split(users, processes) == parts


def test_merge_adds_results() -> None:
    """Requests, responses, failures and times are added; the busiest process counts."""
    merged = merge(
        [
            result([1, 2, 3], seconds=1.0, busy=0.4, late_ratio=0.0, failures={'a': 1, 'b': 2}),
            result([9], seconds=1.2, busy=0.9, late_ratio=1.0, failures={'b': 1}),
        ]
    )

    assert (merged.requests, merged.responses, merged.busy) == (4, 18, 0.9)
    assert merged.seconds == pytest.approx(1.1)
    assert merged.failures == {'b': 3, 'a': 1}
    assert percentile(merged, 75) == pytest.approx(3, rel=0.001)
    assert percentile(merged, 100) == pytest.approx(9, rel=0.001)
    # One of four requests was late.
    assert merged.late_ratio == 0.25


def test_merge_of_one_result_changes_nothing() -> None:
    """One process alone gives its own result."""
    single = result([1, 2, 5], failures={'a': 1}, late_ratio=0.5)

    merged = merge([single])

    assert msgspec.structs.replace(merged, latencies='') == msgspec.structs.replace(
        single, latencies=''
    )
    assert count(merged) == 3


def test_merge_without_requests_is_not_late() -> None:
    """Without a measured request no part of them is late."""
    assert merge([result([]), result([])]).late_ratio == 0


def test_two_processes_share_rate_and_users() -> None:
    """Two processes together send at the ordered rate, each its half with another schedule."""
    with run_generator(FAST, made_up(OK), 8, 2) as [load, _]:
        measured = load.run(order(2, rate=200))

    # A Poisson process of 400 requests has a standard deviation of 20.
    assert measured.requests == pytest.approx(400, abs=100)
    assert count(measured) == measured.requests
    assert measured.failures == {}


def test_two_processes_number_users_on() -> None:
    """The tenth user of all processes is a background user, not the tenth of each."""
    scenario = made_up(OK, background=(Exchange(Step('background', '/'), body='never'),))
    with run_generator(FAST, scenario, 10, 2) as [load, _]:
        measured = load.run(order())

    assert list(measured.failures) == ['background: unexpected body']
    # Without a response, a user pauses for a tenth of a second.
    assert measured.failures['background: unexpected body'] < measured.requests


def test_generator_reports_last_line_of_errors() -> None:
    """If the load generator fails, the error has the last line that it printed."""
    with Generator(made_up(OK), 1, {}) as generator, pytest.raises(LoadError) as caught:
        generator.run(order())

    assert str(caught.value) == "load generator failed: KeyError: 'made-up'"


def test_generator_without_reason_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the load generator exits without a line, the error states that."""
    monkeypatch.setattr(generator_process, 'COMMAND', (sys.executable, '-c', ''))

    with Generator(made_up(OK), 1, {}) as generator, pytest.raises(LoadError) as caught:
        generator.run(order())

    assert str(caught.value) == 'load generator failed: it printed no reason'


def test_close_ends_all_processes() -> None:
    """After `with` no process of the load generator is running, and closing again is no error."""
    before = set(psutil.Process().children())
    with Generator(made_up(OK), 4, {}, 2) as generator:
        started = set(psutil.Process().children()) - before
        assert len(started) == 2
        # Each has a session of its own, so that Ctrl-C reaches only this process.
        assert all(os.getsid(process.pid) == process.pid for process in started)

    generator.close()
    wait_until_gone(process.pid for process in started)


def test_generator_exits_with_its_input() -> None:
    """The load generator carries out the orders and exits when its standard input is closed."""
    with run_generator(FAST, made_up(OK)) as [_, server]:
        job = Job(made_up(OK), 2, 1, {NAME: server.url})
        lines = [msgspec.json.encode(message) for message in (job, order(), order(rate=100))]
        finished = subprocess.run(COMMAND, input=b'\n'.join(lines) + b'\n', capture_output=True)

    assert (finished.returncode, finished.stderr) == (0, b'')
    results = [msgspec.json.decode(line, type=SliceResult) for line in finished.stdout.splitlines()]
    assert [bool(result.requests) for result in results] == [True, True]


def test_many_users_need_no_higher_limit_of_files() -> None:
    """The load generator itself raises the limit of open files, which is low in many shells."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with run_generator(STATIC_SERVER, SESSION, 1) as [_, server]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, limits[1]))
        try:
            generator = Generator(SESSION, 200, {NAME: server.url})
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        with generator:
            assert generator.run(order()).failures == {}


def test_ceiling_is_a_rate_of_correct_responses() -> None:
    """The load generator's own ceiling is thousands of requests per second, without a failure."""
    assert measure_ceiling(32) > 1000

    with run_generator(STATIC_SERVER, SESSION, 32) as [load, _]:
        assert load.run(order()).failures == {}
