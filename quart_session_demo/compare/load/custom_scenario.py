"""The work that a user's steps file describes."""

from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.fields import BODY, STATUS, matches
from quart_session_demo.compare.harness.servers import ServerCommand, ServerError, run_servers
from quart_session_demo.compare.harness.steps import Steps
from quart_session_demo.compare.load.scenarios import Visit, Work


class WorkError(Exception):
    """A steps file cannot be used for load: one line that names the step."""


def from_steps(steps: Steps, sync: ServerCommand, async_: ServerCommand) -> Work:
    """Return the work that a steps file describes; one quiet visit tells what to expect.

    Args:
        steps: Each repetition of them is a new visitor's. What they ignore, or declare to
            differ, is not checked; there is no other app to hand over to.
        sync: How to start the Flask app, whose replies are the ones to expect.
        async_: How to start the Quart app, which must start as well.

    Raises:
        WorkError: A step but the first restarts the servers, or a capture finds nothing.
        ServerError: An app does not start, or the Flask app does not reply.
    """
    for step in steps.steps[1:]:
        if step.restart is not None:
            raise WorkError(f'step {step.name!r}: under load, only the first step may restart')
    visitors: dict[str, SimulatedUser] = {}
    visits = []
    with run_servers(sync, async_) as [server, _], make_client() as client:
        for step in steps.steps:
            if step.restart is not None:
                continue
            response = visitors.setdefault(step.user, SimulatedUser()).send(
                client, server.url, step
            )
            if response.error is not None:
                raise ServerError(f'{sync.name}, step {step.name!r}: no response: {response.error}')
            for name, found in response.captures.items():
                if not found:
                    raise WorkError(f'step {step.name!r}: capture finds {name!r} nowhere')
            expected = (name for item in steps.expected(step) for name in item.fields)
            differing = [*step.ignore, *expected]
            visits.append(
                Visit(
                    step,
                    None if matches(STATUS, differing) else response.status,
                    None if matches(BODY, differing) else response.body,
                )
            )
    return Work('steps', 'The steps of the file, over and over.', tuple(visits))
