"""Short runs of `compare load` with the lesson's apps on all servers."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from quart_session_demo.compare.load import fixed_rates
from quart_session_demo.compare.load.answer import make_answer
from quart_session_demo.compare.load.plan import RATE_CONTENDERS
from quart_session_demo.compare.load.rate_charts import drawable_rates
from quart_session_demo.compare.load.results import Comparison, Results, read
from quart_session_demo.compare.load.scenarios import (
    DATABASE,
    MIXED,
    SERVICE,
    SESSION,
    WAITING,
    Scenario,
)
from quart_session_demo.compare.load.tables import make_tables
from quart_session_demo.compare.load.verdicts import make_verdicts
from quart_session_demo.compare.load.wording import verdict_text
from tests.compare.conftest import compare_environment
from tests.compare.load.conftest import TITLES, has_response
from tests.conftest import make_app

#: gunicorn 27 stops responding to Quart 0.23, see Contenders in docs/comparison.md.
STALLED = {'quart-gunicorn'} if version('quart').startswith('0.23.') else set()
#: The length of a slice, in seconds.
SECONDS = 0.3
#: Fewer users have no peak, so there would be no fixed rates.
USERS = 32


@dataclass(frozen=True)
class Run:
    """What a run of the command printed and wrote."""

    printed: str
    errors: str
    folder: Path
    results: Results

    def comparison(self, scenario: Scenario) -> Comparison:
        """Return what was measured of a scenario."""
        [found] = [item for item in self.results.comparisons if item.scenario == scenario.name]
        return found


def run_load(folder: Path, scenarios: tuple[Scenario, ...], *options: str) -> Run:
    """Run the command with one block and, of scenarios that have rates, with one rate."""
    names = [part for scenario in scenarios for part in ('--scenario', scenario.name)]
    arguments = ['--users', str(USERS), '--blocks', '1', '--output', str(folder), *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixed_rates, 'PEAK_RATIOS', (0.5,))
        patch.setattr(fixed_rates, 'RATE_SLICES', 1)
        for name, value in compare_environment().items():
            patch.setenv(name, value)
        runner = make_app().test_cli_runner()
        result = runner.invoke(args=['compare', 'load', *names, *arguments])
    assert result.exit_code == 0, result.output
    return Run(result.stdout, result.stderr, folder, read(folder / 'results.json'))


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of two scenarios with all contenders."""
    folder = tmp_path_factory.mktemp('load')
    return run_load(folder, (SESSION, WAITING), '--slice', str(SECONDS))


def speeds(comparison: Comparison) -> dict[str, float]:
    """Return the requests per second, by the contenders' names."""
    return {
        item.name: item.samples[0].requests_per_second
        for item in comparison.contenders
        if item.samples
    }


def test_every_contender_runs_every_scenario(run: Run) -> None:
    """Each contender serves each scenario without failures, in the documented order."""
    for scenario in (SESSION, WAITING):
        comparison = run.comparison(scenario)
        assert list(speeds(comparison)) == list(TITLES)
        silent = {item.name for item in comparison.contenders if not has_response(item.samples[0])}
        assert silent <= STALLED
        for contender in comparison.contenders:
            assert contender.error is None
            assert [sample.block for sample in contender.samples] == [1]
            assert contender.samples[0].failures == {}


def test_resources_are_measured(run: Run) -> None:
    """Each contender has plausible values of processor time, memory and start time."""
    for scenario in (SESSION, WAITING):
        for contender in run.comparison(scenario).contenders:
            [sample], [seconds], [memory] = (
                contender.samples,
                contender.start_seconds,
                contender.start_memory,
            )
            if contender.name in STALLED:
                continue
            assert sample.cpu_ms is not None
            # The system counts hundredths of a second, so a few waiting requests may use none.
            assert sample.cpu_ms > 0 or scenario is not SESSION
            assert 0 <= sample.cpu_ms < 1000
            assert 0 < sample.generator_busy < 2
            # Python alone uses more than 5 MB.
            assert 5e6 < memory < 1e9
            assert 5e6 < sample.memory < 1e9
            assert seconds > 0.05


def test_threads_limit_waiting_requests(run: Run) -> None:
    """A sync worker serves one waiting request at a time; more threads and Quart serve more."""
    waiting = speeds(run.comparison(WAITING))

    for contender in run.comparison(WAITING).contenders:
        if contender.concurrency:
            # Each thread may also end one request that began before the measurement.
            limit = contender.concurrency * (1 / WAITING.wait_seconds + 1 / SECONDS)
            assert waiting[contender.name] <= limit
    assert waiting['flask-sync'] < waiting['flask-threads']
    assert waiting['flask-sync'] < waiting['quart-hypercorn']


def test_waiting_takes_at_least_the_wait(run: Run) -> None:
    """A response of the waiting scenario takes the handler's 100 ms or longer."""
    for contender in run.comparison(WAITING).contenders:
        p50 = contender.samples[0].p50
        assert p50 is not None
        # A histogram has three digits.
        assert p50 >= 99.9


def test_latencies_are_measured_at_fixed_rates(run: Run) -> None:
    """Four contenders of `session` are also measured at parts of their own peak."""
    peaks = speeds(run.comparison(SESSION))

    assert [sample.contender for sample in run.results.rates] == list(RATE_CONTENDERS)
    for sample in run.results.rates:
        assert sample.scenario == SESSION.name
        assert sample.peak == peaks[sample.contender]
        assert sample.rate == pytest.approx(sample.peak / 2)
        assert sample.failures == {}
        assert 0 < sample.p50 <= sample.p99 <= sample.maximum


def test_results_name_settings_versions_and_machine(run: Run) -> None:
    """A complete run states its options, the versions, the machine and the generator's ceiling."""
    results = run.results

    assert results.complete
    assert results.settings['users'] == str(USERS)
    assert results.settings['slice'] == f'{SECONDS} s'
    servers = {'gunicorn', 'gevent', 'hypercorn', 'uvicorn', 'httptools', 'uvloop', 'granian'}
    assert {'CPython', 'quart', 'flask', 'psycopg', 'httpx'} | servers <= set(results.versions)
    assert results.machine['processors']
    assert results.machine['processors in use before the run']
    assert results.ceiling is not None
    assert results.ceiling > 100
    assert results.seconds > 1


def test_answer_verdicts_and_tables_are_printed(run: Run) -> None:
    """The answer is printed first, then the verdicts, tables and notes, and where the report is."""
    results = run.results

    assert run.printed.startswith(make_answer(results) + '\n')
    for verdicts in make_verdicts(results):
        assert f'- {verdict_text(verdicts)}\n' in run.printed
    titles = [table.title for table in make_tables(results)]
    assert {'summary', 'session, 32 users', 'session, fixed rates', 'start'} <= set(titles)
    for table in make_tables(results):
        assert f'\n{table.title}: {table.description}\n' in run.printed
    assert 'Fewer than 6 blocks have no interval' in run.printed
    assert run.printed.endswith(f'\nReport: {run.folder}/report.html\n')


def test_progress_is_on_standard_error(run: Run) -> None:
    """The ceiling, the expected time and each part have a line, in this order."""
    lines = run.errors.splitlines()

    shown = [line for line in lines if not line.startswith('Other programs use')]
    assert shown[0].startswith('The run takes about ')
    assert shown[1].startswith('The load generator reaches ')
    assert shown[2:] == ['session, 32 users', 'session, fixed rates', 'waiting, 32 users']


def test_report_is_written(run: Run) -> None:
    """The output folder has the results, the page and the charts."""
    charts = ['session.svg', 'waiting.svg']
    # A slow machine may have none.
    if drawable_rates(SESSION.name, run.results.rates):
        charts.append('session-rates.svg')

    names = sorted(path.name for path in run.folder.iterdir())
    assert names == sorted([*charts, 'report.html', 'results.json'])


def test_mixed_scenario_is_measured(tmp_path: Path) -> None:
    """In the mixed scenario the short requests are measured, beside a user who waits."""
    options = ('--slice', '0.7', '--contenders', 'flask-threads,quart-granian')

    run = run_load(tmp_path, (MIXED,), *options)

    for contender in run.comparison(MIXED).contenders:
        [sample] = contender.samples
        assert sample.failures == {}
        # A user makes at most two requests a second.
        assert sample.requests_per_second <= USERS * (2 + 1 / 0.7)
        assert has_response(sample)
        assert sample.p95 is not None


@pytest.mark.postgres
def test_database_and_service_are_measured(tmp_path: Path) -> None:
    """With a database and a service that the command starts, all responses are correct."""
    scenarios = (DATABASE, SERVICE)
    names = 'flask-threads,quart-granian'

    run = run_load(tmp_path, scenarios, '--slice', str(SECONDS), '--contenders', names)

    assert run.results.skipped == {}
    assert run.results.versions['postgresql']
    for scenario in scenarios:
        comparison = run.comparison(scenario)
        assert list(speeds(comparison)) == names.split(',')
        for contender in comparison.contenders:
            [sample] = contender.samples
            assert sample.failures == {}
            assert has_response(sample)
    assert {sample.scenario for sample in run.results.rates} == {DATABASE.name}
