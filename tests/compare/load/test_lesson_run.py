"""A short run of `compare load` with the lesson's apps on all servers."""

from pathlib import Path

import pytest

from quart_session_demo.compare.load.results import Results, read
from quart_session_demo.compare.load.scenarios import LESSON_SCENARIOS, SESSION, WAITING, Scenario
from quart_session_demo.compare.load.targets import QUART
from tests.compare.conftest import RunCompare

# A user of the mixed scenario makes a request every 0.5 seconds.
DURATION = 0.7


@pytest.fixture(scope='module')
def run(run_compare: RunCompare, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return the output of one run, and the folder with its results."""
    folder = tmp_path_factory.mktemp('load')
    options = f'--users 8 --duration {DURATION} --rounds 1'
    result = run_compare('load', *options.split(), '--output', folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout, folder


@pytest.fixture
def results(run: tuple[str, Path]) -> Results:
    return read(run[1] / 'results.json')


def requests_per_second(results: Results, scenario: Scenario) -> dict[str, float]:
    return {
        item.target: item.sample.requests_per_second
        for item in results.measurements
        if item.scenario == scenario.name and item.sample
    }


def test_every_target_runs_every_scenario(results: Results) -> None:
    """Each target serves each scenario without failures, in the documented order."""
    for scenario in LESSON_SCENARIOS:
        assert list(requests_per_second(results, scenario)) == [
            'Flask sync',
            'Flask 8 threads',
            'Flask gevent',
            QUART,
        ]
    for item in results.measurements:
        assert item.sample
        assert item.sample.requests_per_second > 0
        assert item.sample.failures == {}


def test_resources_are_measured(results: Results) -> None:
    """Each measurement has plausible values of processor time, memory and start time."""
    for item in results.measurements:
        assert item.sample
        assert item.sample.cpu_ms is not None
        # The system counts hundredths of a second, so a few waiting requests may use none.
        assert item.sample.cpu_ms > 0 or item.scenario != SESSION.name
        assert item.sample.cpu_ms >= 0
        assert 0 < item.sample.generator_busy < 2
        # Python alone uses more than 5 MB.
        assert item.sample.peak_memory > 5e6
        assert item.start_memory is not None
        assert item.start_memory > 5e6
        assert item.start_seconds is not None
        assert item.start_seconds > 0.05


def test_threads_limit_waiting_requests(results: Results) -> None:
    """A sync worker serves one waiting request at a time; more threads and Quart serve more."""
    waiting = requests_per_second(results, WAITING)

    # 1 ÷ 0.1 s, and one request that began before the measurement.
    assert waiting['Flask sync'] <= 10 + 1 / DURATION
    assert waiting[QUART] > waiting['Flask sync']
    assert waiting['Flask 8 threads'] > waiting['Flask sync']


def test_waiting_takes_at_least_the_wait(results: Results) -> None:
    """A response of the waiting scenario takes the handler's 100 ms or longer."""
    for item in results.measurements:
        if item.scenario == WAITING.name and item.sample:
            assert item.sample.p50 is not None
            assert item.sample.p50 >= 100


def test_results_name_settings_versions_and_machine(results: Results) -> None:
    """A complete run states its options, the versions and the machine."""
    assert results.complete
    assert results.settings['users'] == '8'
    assert {'quart', 'flask', 'gunicorn', 'hypercorn', 'locust'} <= set(results.versions)
    assert results.machine['processors']


def test_tables_and_verdicts_are_printed(run: tuple[str, Path]) -> None:
    """The command prints a table and a verdict for each scenario, and the notes."""
    printed, _ = run

    for scenario in LESSON_SCENARIOS:
        assert f'{scenario.name}: {scenario.description}' in printed
        assert f'- {scenario.name}, 8 users: ' in printed
    assert 'One round cannot show random variation' in printed


def test_results_page_and_charts_are_written(run: tuple[str, Path]) -> None:
    """The output folder has the results, the page and a chart for each scenario."""
    _, folder = run

    charts = [f'{scenario.name}.svg' for scenario in LESSON_SCENARIOS]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*charts, 'report.html', 'results.json']
    )
