"""The work that a user's steps file describes."""

from collections.abc import Iterable

from quart_session_demo.compare.harness.client import NOT_FOUND, SimulatedUser, make_client
from quart_session_demo.compare.harness.servers import ServerCommand, ServerError, run_servers
from quart_session_demo.compare.harness.steps import Step, Steps
from quart_session_demo.compare.load.scenarios import Visit, Work
from quart_session_demo.compare.parity.diff import is_listed


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
            reply = visitors.setdefault(step.visitor, SimulatedUser()).send(
                client, server.url, step
            )
            if not reply['status'].isdigit():
                raise ServerError(f'{sync.name}, step {step.name!r}: {reply["status"]}')
            for name in step.capture:
                if reply[f'capture.{name}'] == NOT_FOUND:
                    raise WorkError(f'step {step.name!r}: capture finds {name!r} nowhere')
            differing = [*step.ignore, *_declared(steps, step)]
            visits.append(
                Visit(
                    step,
                    None if is_listed('status', differing) else int(reply['status']),
                    None if is_listed('body', differing) else reply['body'],
                )
            )
    return Work('steps', 'The steps of the file, over and over.', tuple(visits))


def _declared(steps: Steps, step: Step) -> Iterable[str]:
    for item in steps.declared:
        if not item.steps or step.name in item.steps:
            yield from item.fields
