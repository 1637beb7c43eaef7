"""What `compare load` does after its options are parsed."""

from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.harness.servers import (
    clear_app_settings,
    random_key_environment,
)
from quart_session_demo.compare.harness.steps_file import load_steps
from quart_session_demo.compare.load import output
from quart_session_demo.compare.load.custom_scenario import custom_scenario
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.runner import WARM_UP_RATIO, Plan, measure, runs
from quart_session_demo.compare.load.scenarios import LESSON_SCENARIOS
from quart_session_demo.compare.load.targets import Pair, targets
from quart_session_demo.signals import signals_deferred
from quart_session_demo.terminal import print_json, standard_error, standard_output

#: The estimated time to start and stop a server and the load generator.
SETUP_SECONDS = 2.5


def make_plan(
    sync: str | None,
    async_: str | None,
    steps_file: Path | None,
    users: tuple[int, ...],
    duration: float,
    rounds: int,
) -> Plan:
    """Return what to measure: a user's own two apps and steps, or the lesson.

    Raises:
        StepsError: The steps file is wrong.
        ScenarioError: The steps cannot be used for load.
        ServerError: An app does not start, or the Flask app does not respond to a step.
    """
    users = tuple(sorted(set(users)))
    if not (sync and async_ and steps_file):
        clear_app_settings()
        return Plan(Pair(), LESSON_SCENARIOS, users, duration, rounds)
    steps = load_steps(steps_file)
    pair = Pair(sync, async_, random_key_environment() | steps.environment)
    flask, *_, quart = targets(pair, users=1)
    scenario = custom_scenario(steps, flask.server, quart.server)
    return Plan(pair, (scenario,), users, duration, rounds)


def run_load(
    plan: Plan, folder: Path | None, *, as_json: bool = False, markdown: bool = False
) -> bool:
    """Measure, show the progress and report the results, also those before a Ctrl-C.

    Args:
        plan: What to measure.
        folder: Where to write the results. With None they are only printed.
        as_json: Whether to print the results as JSON, and the tables to standard error.
        markdown: Whether to print the tables in Markdown on a terminal too.

    Returns:
        Whether everything was measured and every response was correct.

    Raises:
        LoadError: The load generator failed.
        OSError: The results cannot be written. They were printed.
    """
    results = Results(_settings(plan), plan.scenarios)
    try:
        _run_plan(plan, results)
    finally:
        # A second Ctrl-C waits until the results of the first are reported.
        with signals_deferred():
            try:
                # The files first: everything else can be made again from results.json.
                if folder and results.measurements:
                    output.write(results, folder)
            finally:
                terminal = standard_error() if as_json else standard_output()
                output.show(results, terminal, markdown=markdown)
                if as_json:
                    print_json(msgspec.to_builtins(results))
    return all(item.sample and not item.sample.failures for item in results.measurements)


def _run_plan(plan: Plan, results: Results) -> None:
    count = sum(1 for _ in runs(plan))
    seconds = count * (plan.duration * (1 + WARM_UP_RATIO) + SETUP_SECONDS)
    minutes = max(1, round(seconds / 60))
    columns = (TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        progress.console.print(
            f'{pluralize(count, "measurement")}, about {pluralize(minutes, "minute")}',
            highlight=False,
        )
        bar = progress.add_task('', total=count)

        for done, run in enumerate(runs(plan)):
            name = f'{run.scenario.name}, {pluralize(run.users, "user")}, {run.target.server.name}'
            text = f'{done + 1} of {count}, round {run.round} of {plan.rounds}: {name}'
            progress.update(bar, completed=done, description=text)
            results.measurements.append(measure(run, plan.duration))
        progress.update(bar, completed=count)
    results.complete = True


def _settings(plan: Plan) -> dict[str, str]:
    return {
        'users': ', '.join(map(str, plan.users)),
        'duration': f'{plan.duration:g} s',
        'rounds': str(plan.rounds),
        'sync': plan.pair.sync,
        'async': plan.pair.async_,
    }
