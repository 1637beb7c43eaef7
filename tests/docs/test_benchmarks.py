"""The figures in the documentation are those of the stored measurements."""

import re
from xml.etree import ElementTree

import pytest

from quart_session_demo.compare.load.agreement import agreement
from quart_session_demo.compare.load.intervals import MIN_BLOCKS
from quart_session_demo.compare.load.plan import DEFAULT_USERS, Plan
from quart_session_demo.compare.load.results import read
from quart_session_demo.compare.load.scenarios import LESSON_SCENARIOS
from tests.conftest import ROOT

BENCHMARKS = ROOT / 'docs/benchmarks/load'
COMPARISON = (ROOT / 'docs/comparison.md').read_text('utf-8')
ANSWER = COMPARISON.partition('\n## ')[0]
RUNS = {name: read(BENCHMARKS / name / 'results.json') for name in ('first', 'second')}
FIRST, SECOND = RUNS.values()


@pytest.mark.parametrize('name', RUNS)
def test_stored_run_is_complete(name: str) -> None:
    """Each stored run is a full one, on a machine without other load, and has no note."""
    run = RUNS[name]

    assert run.complete
    assert run.notes == []
    assert not any(sample.failures for sample in run.rates)
    assert [scenario.name for scenario in run.scenarios] == [item.name for item in LESSON_SCENARIOS]
    assert [(item.scenario, item.users) for item in run.comparisons] == [
        (scenario.name, users) for scenario in LESSON_SCENARIOS for users in DEFAULT_USERS
    ]
    for comparison in run.comparisons:
        assert len(comparison.contenders) == len(Plan(()).contenders(LESSON_SCENARIOS[0], 256))
        for contender in comparison.contenders:
            assert len(contender.samples) >= Plan.blocks > MIN_BLOCKS


def test_stored_runs_do_not_contradict_each_other() -> None:
    """No server is faster than the reference in one run and slower in the other."""
    both = agreement(FIRST, SECOND)

    assert both.contradictions == []
    assert both.total == len(LESSON_SCENARIOS) * 8
    assert both.text in COMPARISON


@pytest.mark.parametrize('name', ['CPython', 'quart', 'hypercorn', 'uvloop', 'flask', 'gunicorn'])
def test_comparison_names_the_versions(name: str) -> None:
    """The figures are shown with the versions that were measured, the same in both runs."""
    assert f'{name} {FIRST.versions[name]}' in COMPARISON
    assert SECOND.versions[name] == FIRST.versions[name]


@pytest.mark.parametrize('name', RUNS)
def test_stored_charts_show_the_stored_scenarios(name: str) -> None:
    """Each scenario has a chart with the title of every server, and those with rates another."""
    run = RUNS[name]
    titles = {item.title for item in run.comparisons[0].contenders}
    rates = {sample.scenario for sample in run.rates}

    for scenario in run.scenarios:
        assert titles <= texts(name, scenario.name)
    for scenario_name in rates:
        assert {sample.title for sample in run.rates} <= texts(name, f'{scenario_name}-rates')


def texts(run: str, chart: str) -> set[str | None]:
    """Return the texts in a chart."""
    root = ElementTree.parse(BENCHMARKS / run / f'{chart}.svg').getroot()  # noqa: S314 - our own
    return {element.text for element in root.iter()}


def test_savings_match_the_cost_table() -> None:
    """The percentages in the text are those of the table of `compare cost`."""
    section = COMPARISON.partition('\n## compare cost\n')[2]
    rows = re.findall(
        r'^\| (lesson|2 KB) \| ours.*\| ([\d.]+) \| [\d.]+ \|$', section, re.MULTILINE
    )
    lesson, large = (round((1 - float(ratio)) * 100) for _, ratio in rows)

    assert f'uses {lesson} % less processor time' in ANSWER
    assert f'uses {lesson} % less processor time' in section
    assert f'{large} % less for a session of 2 KB' in section
