"""Run steps on the watched app."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from quart_session_demo.compare.blocking.records import STARTUP, Block, Handlers, read
from quart_session_demo.compare.harness.app_client import AppClient
from quart_session_demo.compare.harness.client import make_client
from quart_session_demo.compare.harness.recording import RecordedResponse
from quart_session_demo.compare.harness.servers import HOST, ServerCommand, run_servers
from quart_session_demo.compare.harness.steps import Step, Steps


class StepError(Exception):
    """A step cannot run. The message is one line that names the step."""


@dataclass(frozen=True)
class Exchange:
    """A step and its response."""

    step: Step
    response: RecordedResponse


@dataclass
class WatchedApp:
    """An app on a server that records what blocks its event loop.

    Attributes:
        name: The app as `module:app`.
        limit: The limit in milliseconds.
        environment: Variables for the server, in addition to those of this process.
        folder: The folder for the records of each server, in files `0`, `1` and so on.
        ready: When each server was ready, by the monotonic clock.
    """

    name: str
    limit: float
    environment: Mapping[str, str]
    folder: Path
    ready: list[float] = field(default_factory=list)

    def command(self, environment: Mapping[str, str]) -> ServerCommand:
        """Return how to start the next server, with further environment variables."""
        command = (
            sys.executable,
            '-m',
            'quart_session_demo.compare.blocking.server',
            self.name,
            '--bind',
            f'{HOST}:{{port}}',
            '--limit',
            str(self.limit),
            '--records',
            str(self.folder / str(len(self.ready))),
        )
        return ServerCommand('Quart', command, {**self.environment, **environment})

    def records(self) -> Iterator[Block | Handlers]:
        """Yield the records of all servers.

        Without the blocks between the start and the first step: these are of the request that
        checks whether the server responds.
        """
        for number in range(len(self.ready) + 1):
            ready = self.ready[number] if number < len(self.ready) else math.inf
            for record in read(self.folder / str(number)):
                if (
                    isinstance(record, Handlers)
                    or record.route == STARTUP
                    or record.started >= ready
                ):
                    yield record


def run_steps(steps: Steps, app: WatchedApp, report: Callable[[Exchange], None]) -> None:
    """Run every step on the app.

    Args:
        steps: What the users do. `handover` has no effect.
        app: The app.
        report: Called with each step and its response.

    Raises:
        ServerError: The server did not start, or died.
        StepError: A capture was not found, so later steps cannot be sent.
    """
    with ExitStack() as stack:
        client = stack.enter_context(make_client())
        # Entered after the client, so that the thread ends before it is closed.
        users = AppClient(client, stack.enter_context(ThreadPoolExecutor(1)))
        for restart, segment in steps.segments():
            command = app.command((restart.restart if restart else None) or {})
            # When the server stops, the app's background tasks end first.
            with run_servers(command) as [server]:
                app.ready.append(time.monotonic())
                for step in segment:
                    time.sleep(step.wait)
                    response = users.send(server, step)
                    report(Exchange(step, response))
                    _check_captures(step, response)
                server.check_alive('died after the last step')


def _check_captures(step: Step, response: RecordedResponse) -> None:
    for name in step.capture:
        if not response.captures.get(name):
            reason = response.error or f'status {response.status}'
            raise StepError(
                f'step {step.name!r}: capture {name!r} is not found in the response ({reason})'
            )
