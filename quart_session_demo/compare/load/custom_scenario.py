"""Make a scenario from a user's steps file."""

from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.fields import BODY, STATUS, matches
from quart_session_demo.compare.harness.servers import ServerCommand, ServerError, run_servers
from quart_session_demo.compare.harness.steps import Steps
from quart_session_demo.compare.load.scenarios import Exchange, Scenario


class ScenarioError(Exception):
    """A steps file cannot be used for load. The message is one line that names the step."""


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
            response = users.setdefault(step.user, SimulatedUser()).send(client, server.url, step)
            if response.error is not None:
                raise ServerError(f'{sync.name}, step {step.name!r}: no response: {response.error}')
            for name, found in response.captures.items():
                if not found:
                    raise ScenarioError(
                        f'step {step.name!r}: capture {name!r} found nothing: correct its pattern'
                    )
            expected = (name for item in steps.expected(step) for name in item.fields)
            unchecked = [*step.ignore, *expected]
            exchanges.append(
                Exchange(
                    step,
                    None if matches(STATUS, unchecked) else response.status,
                    None if matches(BODY, unchecked) else response.body,
                    dict(response.random),
                )
            )
    return Scenario('steps', 'Each user repeats the steps of the file.', tuple(exchanges))
