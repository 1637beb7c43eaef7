"""Run the same steps on a Flask app and on a Quart app, and compare the responses."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

from quart_session_demo.compare.harness.app_client import AppClient
from quart_session_demo.compare.harness.client import make_client
from quart_session_demo.compare.harness.fields import STATUS, Field, matches
from quart_session_demo.compare.harness.recording import RecordedResponse
from quart_session_demo.compare.harness.servers import (
    Server,
    ServerCommand,
    run_servers,
)
from quart_session_demo.compare.harness.steps import ExpectedDifference, Step, Steps
from quart_session_demo.compare.parity.diff import Difference, differences

#: Both values of a step with `handover` if the cookies cannot be exchanged.
NOT_EXCHANGED = 'not exchanged: the apps do not share a key'


class ParityError(Exception):
    """A step cannot be compared. The message is one line that names the step."""


@dataclass(frozen=True)
class StepResult:
    """The result of a step.

    Attributes:
        step: The step.
        sync: The Flask app's response; None for a restart.
        async_: The Quart app's response; None for a restart.
        differences: The differences between the responses, also expected ones.
        sync_log: The last lines that the Flask server wrote during the step, if it failed or
            warned about a missing `await`, and there is an unexpected difference.
        async_log: The same of the Quart server.
    """

    step: Step
    sync: RecordedResponse | None = None
    async_: RecordedResponse | None = None
    differences: tuple[Difference, ...] = ()
    sync_log: tuple[str, ...] = ()
    async_log: tuple[str, ...] = ()

    @property
    def unexpected(self) -> bool:
        """Whether there is a difference that no declaration expects."""
        return any(item.expected is None for item in self.differences)

    @property
    def same(self) -> bool:
        """Whether there is no difference but those declared for every step."""
        return all(item.expected and not item.expected.steps for item in self.differences)


def compare_apps(
    steps: Steps,
    sync: ServerCommand,
    async_: ServerCommand,
    report: Callable[[StepResult], None],
    *,
    exchange_cookies: bool = True,
) -> None:
    """Run every step on both apps and report each result as soon as it is known.

    Args:
        steps: What the users do.
        sync: How to start the Flask app.
        async_: How to start the Quart app.
        report: Called with each result.
        exchange_cookies: False if the apps cannot read each other's cookies. Steps with
            `handover` then count as different.

    Raises:
        ServerError: A server did not start, or died.
        ParityError: A step fails on both apps.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(make_client()) for _ in range(2)]
        # Entered after the clients, so that the thread ends before they are closed.
        thread = stack.enter_context(ThreadPoolExecutor(1))
        flask, quart = (AppClient(client, thread) for client in clients)
        for restart, segment in steps.segments():
            environment = (restart.restart if restart else None) or {}
            commands = (
                replace(command, environment={**command.environment, **environment})
                for command in (sync, async_)
            )
            with run_servers(*commands) as (flask_server, quart_server):
                if restart:
                    report(StepResult(restart))
                for step in segment:
                    time.sleep(step.wait)
                    if step.handover and exchange_cookies:
                        _exchange_user(flask, quart, step.user)
                    log_sizes = flask_server.log.size(), quart_server.log.size()
                    sync_response = flask.send(flask_server, step)
                    # The clock of the dates in the responses.
                    received_at = time.time()
                    async_response = quart.send(quart_server, step)
                    skew = timedelta(seconds=time.time() - received_at)
                    _check_possible(step, sync_response, async_response)
                    step_differences = list(
                        _compare(step, steps.expected(step), sync_response, async_response, skew)
                    )
                    if step.handover and not exchange_cookies:
                        step_differences.append(
                            Difference(Field('handover'), NOT_EXCHANGED, NOT_EXCHANGED)
                        )
                    result = StepResult(
                        step, sync_response, async_response, tuple(step_differences)
                    )
                    report(_with_logs(result, (flask_server, quart_server), log_sizes))
                for server in (flask_server, quart_server):
                    server.check_alive('died after the last step')


def _exchange_user(flask: AppClient, quart: AppClient, name: str) -> None:
    users = flask.user(name), quart.user(name)
    quart.users[name], flask.users[name] = users


def _with_logs(
    result: StepResult, servers: tuple[Server, Server], log_sizes: tuple[int, int]
) -> StepResult:
    """Return the result with the logs of the servers that failed, if the step is different."""
    if not result.unexpected:
        return result
    responses = result.sync, result.async_
    sync_log, async_log = (
        tuple(server.log.of_failure(size))
        if (response and response.is_failure) or server.log.has_missing_await(size)
        else ()
        for server, response, size in zip(servers, responses, log_sizes, strict=True)
    )
    return replace(result, sync_log=sync_log, async_log=async_log)


def _check_possible(step: Step, *responses: RecordedResponse) -> None:
    if all(response.error is not None for response in responses):
        raise ParityError(f'step {step.name!r}: neither app responds ({responses[0].error})')
    for name in step.capture:
        if all(response.captures.get(name) is False for response in responses):
            statuses = ' and '.join(str(response.status) for response in responses)
            raise ParityError(
                f'step {step.name!r}: capture {name!r} is found in neither response '
                f'(status {statuses})'
            )


def _compare(
    step: Step,
    expected: list[ExpectedDifference],
    sync: RecordedResponse,
    async_: RecordedResponse,
    skew: timedelta,
) -> Iterator[Difference]:
    """Yield the differences that the step does not ignore, with their declarations."""
    for difference in differences(sync, async_, skew):
        if matches(difference.field, step.ignore):
            continue
        declared = (item for item in expected if matches(difference.field, item.fields))
        yield replace(difference, expected=next(declared, None))
        if difference.field == STATUS and (sync.error or async_.error):
            # Without a response nothing else can be compared.
            return
