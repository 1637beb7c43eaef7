"""Make a scenario from a user's steps file."""

from collections.abc import Iterable

from quart_session_demo.compare.harness.client import NOT_FOUND, SimulatedUser, make_client
from quart_session_demo.compare.harness.servers import ServerCommand, ServerError, run_servers
from quart_session_demo.compare.harness.steps import Step, Steps
from quart_session_demo.compare.load.scenarios import Exchange, Scenario
from quart_session_demo.compare.parity.diff import is_listed


class ScenarioError(Exception):
    """A steps file cannot be used for load; the message is one line that names the step."""


def custom_scenario(steps: Steps, sync: ServerCommand, async_: ServerCommand) -> Scenario:
    """Make a scenario whose expected responses are those of the Flask app, without load.

    Args:
        steps: The steps that each user repeats. Fields that they ignore, or declare to differ,
            are not checked. `handover` has no effect.
        sync: How to start the Flask app.
        async_: How to start the Quart app, only to check that it starts.

    Raises:
        ScenarioError: A step other than the first restarts the servers, or a capture finds
            nothing.
        ServerError: An app does not start, or the Flask app does not respond.
    """
    for step in steps.steps[1:]:
        if step.restart is not None:
            raise ScenarioError(
                f'step {step.name!r} restarts the servers, which under load only the first step '
                'may do: remove its `restart`'
            )
    users: dict[str, SimulatedUser] = {}
    exchanges = []
    with run_servers(sync, async_) as [server, _], make_client() as client:
        for step in steps.steps:
            if step.restart is not None:
                continue
            response = users.setdefault(step.visitor, SimulatedUser()).send(
                client, server.url, step
            )
            if not response['status'].isdigit():
                raise ServerError(f'{sync.name}, step {step.name!r}: {response["status"]}')
            for name in step.capture:
                if response[f'capture.{name}'] == NOT_FOUND:
                    raise ScenarioError(
                        f'step {step.name!r}: capture {name!r} found nothing: correct its pattern'
                    )
            unchecked = [*step.ignore, *_expected_differences(steps, step)]
            exchanges.append(
                Exchange(
                    step,
                    None if is_listed('status', unchecked) else int(response['status']),
                    None if is_listed('body', unchecked) else response['body'],
                )
            )
    return Scenario('steps', 'Each user repeats the steps of the file.', tuple(exchanges))


def _expected_differences(steps: Steps, step: Step) -> Iterable[str]:
    for item in steps.declared:
        if not item.steps or step.name in item.steps:
            yield from item.fields
