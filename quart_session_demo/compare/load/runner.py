"""Run a plan: the closed loops of each scenario, and its fixed rates."""

import time

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.backends import run_backend
from quart_session_demo.compare.load.ceiling import measure_ceiling
from quart_session_demo.compare.load.database import BackendError
from quart_session_demo.compare.load.fixed_rates import measure_rates
from quart_session_demo.compare.load.plan import Plan
from quart_session_demo.compare.load.progress import Progress
from quart_session_demo.compare.load.results import Comparison, Results
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.side_by_side import SideBySide

#: The number of users with which the limit of the load generator is measured.
CEILING_USERS = 32


def run_plan(plan: Plan, results: Results, progress: Progress) -> None:
    """Measure all that a plan has.

    Args:
        plan: What to measure.
        results: Where the measurements are stored, one after another.
        progress: Where to show how far the run is.

    Raises:
        BackendError: The user's database cannot be used.
        LoadError: The load generator failed.
        ServerError: What runs beside the apps does not start.
    """
    started = time.monotonic()
    try:
        results.ceiling = measure_ceiling(CEILING_USERS)
        results.machine['load generator'] = f'{format_number(results.ceiling)} requests/s'
        progress.note(
            f'The load generator reaches {format_number(results.ceiling)} requests per second '
            'with one process.'
        )
        for scenario in plan.scenarios:
            try:
                _run_scenario(plan, scenario, results, progress)
            except BackendError as error:
                if plan.postgres is not None:
                    raise
                results.skipped[scenario.name] = str(error)
                progress.note(f'{scenario.name} is skipped: {error}')
        results.complete = True
    finally:
        progress.clear()
        results.seconds = time.monotonic() - started


def _run_scenario(plan: Plan, scenario: Scenario, results: Results, progress: Progress) -> None:
    with run_backend(scenario.backend, plan.app_processes(scenario), plan.postgres) as running:
        if running.version:
            results.versions['postgresql'] = running.version
        for users in plan.closed_loop_users:
            progress.begin(f'{scenario.name}, {pluralize(users, "user")}')
            comparison = Comparison(scenario.name, users)
            results.comparisons.append(comparison)
            SideBySide(plan, scenario, users, running.environment, comparison, progress).measure()
        if plan.measures_rates(scenario):
            progress.begin(f'{scenario.name}, fixed rates')
            measure_rates(plan, scenario, running.environment, results, progress)
