"""What `compare load` does after its options are parsed."""

from dataclasses import replace
from pathlib import Path

import msgspec
import psutil

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.harness.servers import clear_app_settings, random_key_environment
from quart_session_demo.compare.harness.steps_file import load_steps
from quart_session_demo.compare.load import output
from quart_session_demo.compare.load.contenders import Pair
from quart_session_demo.compare.load.custom_scenario import ScenarioError, custom_scenario
from quart_session_demo.compare.load.database import BackendError
from quart_session_demo.compare.load.open_files import raise_limit
from quart_session_demo.compare.load.plan import Plan
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.runner import run_plan
from quart_session_demo.signals import signals_deferred
from quart_session_demo.terminal import print_json, standard_error, standard_output

#: From this number of used processors on, another program disturbs the measurement.
BUSY_PROCESSORS = 0.2
#: For how many seconds the use is measured.
BUSY_SECONDS = 1.0


def with_own_apps(plan: Plan, sync: str, async_: str, steps_file: Path) -> Plan:
    """Return a plan that measures a user's own two apps and steps.

    Raises:
        StepsError: The steps file is wrong.
        ScenarioError: The steps cannot be used for load, or no contender can run them.
        ServerError: An app does not start, or the Flask app does not respond to a step.
    """
    steps = load_steps(steps_file)
    pair = Pair(sync, async_, random_key_environment() | steps.environment)
    plan = replace(plan, pair=pair)
    scenario, problems = custom_scenario(steps, pair, plan.names)
    plan = replace(plan, scenarios=(scenario,), left_out=problems)
    if not plan.contenders(scenario, max(plan.users)):
        raise ScenarioError(f'no contender can run the steps: {", ".join(problems.values())}')
    return plan


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
        BackendError: All scenarios need a database, and none can be used.
        LoadError: The load generator failed.
        OSError: The results cannot be written. They were printed.
    """
    if plan.pair is None:
        clear_app_settings()
    raise_limit()
    results = Results(plan.settings(), plan.scenarios)
    seconds = plan.estimated_seconds()
    progress = Progress(seconds)
    for name, problem in plan.left_out.items():
        results.notes.append(f'{name} cannot run this app and is left out: {problem}')
        progress.note(results.notes[-1])
    _check_machine(results, progress)
    minutes = max(1, round(seconds / 60))
    progress.note(f'The run takes about {pluralize(minutes, "minute")}.')
    try:
        run_plan(plan, results, progress)
    finally:
        # A second Ctrl-C waits until the results of the first are reported.
        with signals_deferred():
            _report(results, folder, as_json=as_json, markdown=markdown)
    if results.skipped and not results.has_measurements:
        raise BackendError('; '.join(results.skipped.values()))
    return results.succeeded


def _check_machine(results: Results, progress: Progress) -> None:
    """Warn if another program uses the machine, before the run: afterwards it is too late."""
    used = psutil.cpu_percent(BUSY_SECONDS) / 100 * (psutil.cpu_count() or 1)
    results.machine['processors in use before the run'] = f'{used:.2f}'
    if used >= BUSY_PROCESSORS:
        note = (
            f'Other programs use {format_number(used, 2)} of {psutil.cpu_count()} processors: '
            'stop them, or the figures may be wrong.'
        )
        results.notes.append(note)
        progress.note(note)


def _report(results: Results, folder: Path | None, *, as_json: bool, markdown: bool) -> None:
    terminal = standard_error() if as_json else standard_output()
    location = ''
    try:
        # The files first: everything else can be made again from results.json.
        if folder and results.has_measurements:
            location = output.location(folder, output.write(results, folder))
    finally:
        try:
            output.show(results, terminal, markdown=markdown)
            if as_json:
                print_json(msgspec.to_builtins(results))
        except OSError:
            # What reads the output may have ended, such as `head`.
            terminal = standard_error()
            raise
        finally:
            if location:
                terminal.print(location)
