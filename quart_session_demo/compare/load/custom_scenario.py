"""Make a scenario from a user's steps file."""

from collections.abc import Mapping, Sequence

import httpx

from quart_session_demo.compare.harness.client import SimulatedUser, make_client
from quart_session_demo.compare.harness.fields import BODY, STATUS, matches
from quart_session_demo.compare.harness.servers import Server, ServerError, run_servers
from quart_session_demo.compare.harness.steps import Steps
from quart_session_demo.compare.load.contenders import SYNC_VIEWS, Pair, contenders
from quart_session_demo.compare.load.scenarios import Exchange, Scenario

#: The servers on which the apps are tried.
FLASK_SERVER = 'flask-sync'
QUART_SERVER = 'quart-hypercorn'


class ScenarioError(Exception):
    """A steps file cannot be used for load. The message is one line that names the step."""


def custom_scenario(
    steps: Steps, pair: Pair, names: Sequence[str] = ()
) -> tuple[Scenario, Mapping[str, str]]:
    """Make a scenario whose expected responses are those of the Flask app, without load.

    Args:
        steps: The steps that each user repeats. Fields that they ignore, or declare to differ,
            are not checked. `handover` has no effect.
        pair: The user's apps. Of the Quart app it is only checked that it starts.
        names: The names of the chosen contenders; empty for all.

    Returns:
        The scenario, and why contenders cannot be measured, by their names: the Flask app may be
        unable to run on Quart with unchanged views.

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
    servers = {item.name: item.server for item in contenders(pair, users=1)}
    with make_client() as client:
        with run_servers(servers[FLASK_SERVER], servers[QUART_SERVER]) as [server, _]:
            exchanges = _record(steps, server, client)
        left_out = {}
        if not names or SYNC_VIEWS in names:
            try:
                with run_servers(servers[SYNC_VIEWS]) as [server]:
                    problem = _find_problem(exchanges, server, client)
            except ServerError as error:
                problem = str(error).strip().splitlines()[-1].strip()
            if problem:
                left_out[SYNC_VIEWS] = problem
    description = 'Each user repeats the steps of the file.'
    return Scenario('steps', description, tuple(exchanges), has_rates=True), left_out


def _record(steps: Steps, server: Server, client: httpx.Client) -> list[Exchange]:
    """Return the steps, each with the response of the Flask app."""
    users: dict[str, SimulatedUser] = {}
    exchanges = []
    for step in steps.steps:
        if step.restart is not None:
            continue
        response = users.setdefault(step.user, SimulatedUser()).send(client, server.url, step)
        if response.error is not None:
            raise ServerError(f'{server.name}, step {step.name!r}: no response: {response.error}')
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
    return exchanges


def _find_problem(
    exchanges: Sequence[Exchange], server: Server, client: httpx.Client
) -> str | None:
    """Return how the first wrong response of a server differs, or None."""
    users: dict[str, SimulatedUser] = {}
    for exchange in exchanges:
        user = users.setdefault(exchange.step.user, SimulatedUser())
        response = user.send(client, server.url, exchange.step)
        problem = response.error or exchange.problem(
            response.status, response.body, response.random
        )
        if problem:
            return problem
    return None
