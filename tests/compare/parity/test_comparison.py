"""How steps are run on two servers, inside this process."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from itertools import count

import httpx
import pytest
import time_machine

from quart_session_demo.compare.harness import app_client
from quart_session_demo.compare.harness.app_client import AppClient
from quart_session_demo.compare.harness.client import SimulatedUser
from quart_session_demo.compare.harness.fields import Field
from quart_session_demo.compare.harness.recording import RecordedResponse
from quart_session_demo.compare.harness.servers import (
    HOST,
    Server,
    ServerCommand,
    ServerError,
    run_servers,
)
from quart_session_demo.compare.parity import comparison
from quart_session_demo.compare.parity.comparison import (
    ParityError,
    StepResult,
    compare_apps,
)
from quart_session_demo.signals import Interrupted, exit_on_signals
from tests.compare.parity.conftest import ParseSteps

# A server that starts quickly.
FILES = ServerCommand('Files', (sys.executable, '-m', 'http.server', '--bind', HOST, '{port}'))
ONE_STEP = "[[step]]\nname = 'one'\npath = '/'\n"


def ignore_result(_: StepResult) -> None:
    """Do nothing with a result."""


def test_server_that_dies_last_is_named(
    monkeypatch: pytest.MonkeyPatch, parse_steps: ParseSteps
) -> None:
    """A server that dies after the last step is an error with its name."""
    started: list[Server] = []

    @contextmanager
    def run_and_remember(*commands: ServerCommand) -> Iterator[list[Server]]:
        with run_servers(*commands) as servers:
            started.extend(servers)
            yield servers

    def kill(_: StepResult) -> None:
        started[1].process.kill()
        started[1].process.wait()

    monkeypatch.setattr(comparison, 'run_servers', run_and_remember)

    with pytest.raises(ServerError, match=r'^Files died after the last step \(SIGKILL\)'):
        compare_apps(parse_steps(ONE_STEP), FILES, FILES, kill)


def test_slow_step_does_not_change_dates(
    monkeypatch: pytest.MonkeyPatch, parse_steps: ParseSteps
) -> None:
    """Dates are counted from each response, so a slow response makes no difference."""
    results: list[StepResult] = []

    def respond(_: httpx.Request) -> httpx.Response:
        clock.shift(10)
        return httpx.Response(200, headers={'Expires': formatdate(time.time() + 60, usegmt=True)})

    monkeypatch.setattr(
        comparison, 'make_client', lambda: httpx.Client(transport=httpx.MockTransport(respond))
    )

    with time_machine.travel(1_000_000_000, tick=False) as clock:
        compare_apps(parse_steps(ONE_STEP), FILES, FILES, results.append)

    [result] = results
    assert result.sync
    assert result.async_
    expires = Field('expires')
    assert result.sync.fields()[expires] != result.async_.fields()[expires]
    assert result.differences == ()


def test_capture_without_match_names_the_step(parse_steps: ParseSteps) -> None:
    """A capture that finds nothing in both responses is an error with the step's name."""
    steps = parse_steps(ONE_STEP + "capture = { token = 'token=(.+)' }\n")

    with pytest.raises(ParityError, match=r"^step 'one': capture 'token' is found in neither"):
        compare_apps(steps, FILES, FILES, ignore_result)


def test_step_without_responses_is_named(
    monkeypatch: pytest.MonkeyPatch, parse_steps: ParseSteps
) -> None:
    """A step to which neither app responds is an error with the step's name."""

    def respond(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError('refused')

    monkeypatch.setattr(app_client, 'GRACE_SECONDS', 0)
    monkeypatch.setattr(
        comparison, 'make_client', lambda: httpx.Client(transport=httpx.MockTransport(respond))
    )

    with pytest.raises(ParityError, match=r"^step 'one': neither app responds \(refused\)"):
        compare_apps(parse_steps(ONE_STEP), FILES, FILES, ignore_result)


def test_signal_during_a_request_leaves_no_lock(
    monkeypatch: pytest.MonkeyPatch, parse_steps: ParseSteps
) -> None:
    """Ctrl-C during a request ends the run, and the client's lock is released before."""

    class Transport(httpx.BaseTransport):
        """Use a lock as httpx does, and send the signal while holding it."""

        lock = threading.Lock()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self.lock.acquire()
            os.kill(os.getpid(), signal.SIGINT)
            self.lock.release()
            return httpx.Response(200)

        def close(self) -> None:
            assert self.lock.acquire(timeout=60)
            self.lock.release()

    monkeypatch.setattr(comparison, 'make_client', lambda: httpx.Client(transport=Transport()))

    with pytest.raises(KeyboardInterrupt):
        compare_apps(parse_steps(ONE_STEP), FILES, FILES, ignore_result)


def test_signal_at_any_moment_interrupts_a_request(
    monkeypatch: pytest.MonkeyPatch, parse_steps: ParseSteps
) -> None:
    """Whenever a signal is received, `send` raises `Interrupted`, and its thread can end."""
    [step] = parse_steps(ONE_STEP).steps

    def send(*_: object) -> RecordedResponse:
        time.sleep(0.001)
        return RecordedResponse()

    monkeypatch.setattr(SimulatedUser, 'send', send)
    server = Server.__new__(Server)
    server.url = ''
    http_client = httpx.Client()
    for moment in count(1):
        thread = ThreadPoolExecutor(1)
        client = AppClient(http_client, thread)
        events = count(1)

        def stop_at_moment(*_: object) -> None:
            if next(events) == moment:  # noqa: B023 - called in this round
                signal.raise_signal(signal.SIGTERM)

        interrupted = False
        with exit_on_signals():
            try:
                try:
                    sys.setprofile(stop_at_moment)
                    client.send(server, step)
                finally:
                    sys.setprofile(None)
            except Interrupted:
                interrupted = True
        assert thread.submit(int).result(10) == 0
        thread.shutdown()
        if not interrupted:
            # The request had fewer events than that.
            break
    assert moment > 10
