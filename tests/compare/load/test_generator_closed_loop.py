"""The closed loop: who sends when, and what is counted."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from quart_session_demo.compare.harness.servers import Server
from quart_session_demo.compare.harness.steps import Step
from quart_session_demo.compare.load.generator_process import Generator
from quart_session_demo.compare.load.scenarios import Exchange, Scenario
from tests.compare.load.generated_load import (
    FAST,
    OK,
    ONE_AT_A_TIME,
    SERVICE_SECONDS,
    count,
    made_up,
    order,
    percentile,
    run_generator,
    server_command,
)


@contextmanager
def run_stopped(scenario: Scenario) -> Iterator[tuple[Generator, Server]]:
    """Yield a load generator and a server that has connections and then stopped to respond."""
    with run_generator(ONE_AT_A_TIME, scenario) as [load, server]:
        assert load.run(order(0.1)).failures == {}
        os.killpg(server.process.pid, signal.SIGSTOP)
        try:
            yield load, server
        finally:
            os.killpg(server.process.pid, signal.SIGCONT)


def test_users_send_as_soon_as_they_have_a_response() -> None:
    """Four users of a server with one request at a time wait for four service times each."""
    with run_generator(ONE_AT_A_TIME, made_up(OK), 4) as [load, _]:
        result = load.run(order(1))

    assert (result.failures, result.late_ratio) == ({}, 0)
    # A busy machine makes it slower, never faster.
    assert 10 < result.requests / result.seconds <= 1 / SERVICE_SECONDS * 1.05
    assert percentile(result, 50) >= 4 * SERVICE_SECONDS * 1000 * 0.9
    # A user can have a request without a response at the end.
    assert result.requests <= count(result) <= result.requests + 4


def test_responses_include_the_warm_up() -> None:
    """All responses since the order are counted, and only those of the slice are measured."""
    with run_generator(ONE_AT_A_TIME, made_up(OK), 4) as [load, _]:
        result = load.run(order(0.2, warm_up=0.6))

    # In the warm-up alone there are more responses than in the slice.
    assert result.responses > result.requests * 2


def test_waiting_requests_count_with_their_time() -> None:
    """A request without a response at the end of a slice counts with the time so far."""
    with run_stopped(made_up(OK)) as [load, _]:
        first = load.run(order(0.5))
        second = load.run(order(0.5))

    for result in (first, second):
        assert (result.requests, result.responses, result.failures) == (0, 0, {})
        assert count(result) == 2
    assert percentile(first, 50) >= 500
    # The same requests have waited in both slices: the connections stayed open between them.
    assert percentile(second, 50) >= 500 + percentile(first, 50)


def test_late_responses_are_measured_in_their_slice() -> None:
    """A request that was in flight between two slices counts where its response arrives."""
    with run_stopped(made_up(OK)) as [load, server]:
        load.run(order(0.3))
        os.killpg(server.process.pid, signal.SIGCONT)
        result = load.run(order(0.3))

    assert result.failures == {}
    assert result.responses > 0


def test_failure_of_one_slice_does_not_end_the_users() -> None:
    """Users go on after their server has refused all requests, and each failure is counted."""
    with run_generator(FAST, made_up(OK)) as [load, server]:
        load.run(order(0.1))
        server.stop()
        results = [load.run(order(0.3)) for _ in range(2)]

    for result in results:
        assert (result.requests, count(result)) == (0, 0)
        assert set(result.failures) <= {
            'ok: no response: Connection refused',
            'ok: no response: the server closed the connection',
        }
        # Each of two users pauses for 0.1 s after a failure.
        assert 2 <= sum(result.failures.values()) <= 12


def test_setup_is_made_once_and_not_measured() -> None:
    """Setup requests are sent once, before the load, and their cookies stay in all slices."""
    setup = Exchange(Step('setup', '/'), body='')
    repeated = Exchange(Step('repeated', '/'), body='a=b; c=d')
    scenario = made_up(repeated, setup=(setup,))
    with run_generator(server_command('load_server', 'Domain'), scenario) as [load, _]:
        first = load.run(order(warm_up=0))
        second = load.run(order())

    # If a user had made the setup again, it would have sent cookies, and the body would differ.
    assert (first.failures, second.failures) == ({}, {})
    assert first.responses > 0
    assert second.responses > 0


def test_each_repetition_without_setup_begins_without_cookies() -> None:
    """Without a setup, each repetition is another user, who has no cookies yet."""
    first, second = Exchange(Step('first', '/'), body=''), Exchange(Step('second', '/'))
    with run_generator(server_command('load_server', 'Domain'), made_up(first, second)) as [
        load,
        _,
    ]:
        result = load.run(order())

    assert result.failures == {}
    assert result.requests > 2


def test_user_begins_again_after_a_failure() -> None:
    """After a failure a user has no cookies and makes the setup again."""
    setup = Exchange(Step('setup', '/'), body='')
    fails = Exchange(Step('fails', '/'), body='never')
    scenario = made_up(fails, setup=(setup,))
    with run_generator(server_command('load_server', 'Domain'), scenario) as [load, _]:
        result = load.run(order(0.5))

    assert list(result.failures) == ['fails: unexpected body']
    assert result.failures['fails: unexpected body'] > 2


def test_background_users_are_not_measured() -> None:
    """Every tenth user repeats the background exchanges; only its failures are counted."""
    background = Exchange(Step('background', '/'), body='never')
    with run_generator(FAST, made_up(OK, background=(background,)), 20) as [load, _]:
        result = load.run(order(0.5))

    assert list(result.failures) == ['background: unexpected body']
    assert result.responses > 0
    # Only 18 users can have a request without a response.
    assert count(result) <= result.requests + 18


def test_pause_of_a_step_starts_at_random() -> None:
    """Users of a step with a pause send at different times, also when a slice begins."""
    pausing = Exchange(Step('ok', '/', wait=2), body='ok')
    with run_generator(FAST, made_up(pausing), 100) as [load, _]:
        results = [load.run(order(0.5, warm_up=0)) for _ in range(3)]

    for result in results:
        # Of 100 users 25 are expected in a quarter of their pause.
        assert 5 <= result.requests <= 60
        assert result.failures == {}
