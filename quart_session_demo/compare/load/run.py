"""`compare load`: what the command does, once its options are read."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from quart_session_demo.compare.harness.servers import (
    clear_app_settings,
    random_key_environment,
    signals_deferred,
)
from quart_session_demo.compare.harness.steps import load_steps
from quart_session_demo.compare.harness.terminal import standard_output
from quart_session_demo.compare.load import output as report
from quart_session_demo.compare.load.custom_scenario import from_steps
from quart_session_demo.compare.load.formatting import counted
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.runner import (
    WARM_UP_PART,
    Plan,
    measure,
    turns,
)
from quart_session_demo.compare.load.scenarios import LESSON
from quart_session_demo.compare.load.targets import Pair, entries

# What each measurement takes beside: to start and stop a server and the load generator.
SETUP_SECONDS = 2.5


def plan_for(
    sync: str | None,
    async_: str | None,
    steps_file: Path | None,
    users: tuple[int, ...],
    duration: float,
    rounds: int,
) -> Plan:
    """Return what to measure: a user's own Flask app, Quart app and steps, or the lesson.

    Raises:
        StepsError: The steps file is wrong.
        WorkError: It cannot be used for load.
        ServerError: An app does not start, or the Flask app, which tells what to expect, does not
            serve the steps.
    """
    users = tuple(sorted(set(users)))
    if not (sync and async_ and steps_file):
        clear_app_settings()
        return Plan(Pair(), LESSON, users, duration, rounds)
    steps = load_steps(steps_file)
    own = Pair(sync, async_, random_key_environment() | steps.environment)
    flask, *_, quart = entries(own, 1)
    work = from_steps(steps, flask.contender, quart.contender)
    return Plan(own, (work,), users, duration, rounds)


def run(plan: Plan, output: Path | None) -> bool:
    """Measure, show the progress, report, and tell whether all was measured and every reply right.

    What was measured is reported when the run is interrupted, too.

    Raises:
        LoadError: The load generator failed.
        OSError: The report cannot be written; it was printed.
    """
    results = Results(_settings(plan), plan.works)
    try:
        _measure(plan, results)
    finally:
        # A second Ctrl-C must not take what the first one left.
        with signals_deferred():
            try:
                # First of all results.json, from which the rest can be made again.
                if output and results.measurements:
                    report.write(results, output)
            finally:
                report.show(results, standard_output())
    return all(item.window and not item.window.failures for item in results.measurements)


def _measure(plan: Plan, results: Results) -> None:
    count = sum(1 for _ in turns(plan))
    seconds = count * (plan.duration * (1 + WARM_UP_PART) + SETUP_SECONDS)
    minutes = max(1, round(seconds / 60))
    columns = (TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        progress.console.print(
            f'{count} measurements, about {counted(minutes, "minute")}',
            highlight=False,
        )
        bar = progress.add_task('', total=count)

        for turn in turns(plan):
            done = len(results.measurements)
            users = counted(turn.users, 'user')
            name = f'{turn.work.name}, {users}, {turn.entry.contender.name}'
            text = f'{done + 1} of {count}, round {turn.round} of {plan.rounds}: {name}'
            progress.update(bar, completed=done, description=text)
            results.measurements.append(measure(turn, plan.duration))
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
