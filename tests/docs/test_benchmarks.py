"""The figures in the documentation are those of the stored measurements."""

import re
from itertools import permutations
from xml.etree import ElementTree

import pytest

from quart_session_demo.compare.harness.formatting import format_number
from quart_session_demo.compare.load.results import Results, read
from quart_session_demo.compare.load.scenarios import Metric
from quart_session_demo.compare.load.summary import Summary, summarize
from quart_session_demo.compare.load.targets import QUART
from quart_session_demo.compare.load.verdicts import speed_ratio
from tests.conftest import ROOT

BENCHMARKS = ROOT / 'docs/benchmarks/load'
README = (ROOT / 'README.md').read_text('utf-8')
COMPARISON = (ROOT / 'docs/comparison.md').read_text('utf-8')
ANSWER = COMPARISON.partition('\n## ')[0]

RESULTS: Results = read(BENCHMARKS / 'results.json')
SUMMARIES = summarize(RESULTS.measurements)


def summary_of(scenario: str, target: str) -> Summary:
    [found] = [
        item
        for item in SUMMARIES
        if (item.scenario, item.users, item.target) == (scenario, 256, target)
    ]
    return found


def times_as_many(scenario: str, one: str, other: str) -> str:
    """Return the ratio of two servers' requests per second, as the verdicts show it."""
    metric: Metric = 'requests_per_second'
    ratio = speed_ratio(
        metric,
        summary_of(scenario, one).figures[metric],
        summary_of(scenario, other).figures[metric],
    )
    return f'{format_number(ratio, 2)} times' if ratio else 'no difference'


def less_memory(one: Summary, other: Summary) -> str:
    """Return how much less, or more, memory one server uses than another, in percent."""
    part = one.figures['peak_memory'].median / other.figures['peak_memory'].median - 1
    return f'{round(abs(part) * 100)} % {"more" if part > 0 else "less"} memory'


def test_stored_run_is_complete() -> None:
    """The stored run is complete, has several rounds and was made on a machine without load."""
    assert RESULTS.notes() == []
    assert RESULTS.settings['users'] == '1, 32, 256'


@pytest.mark.parametrize('name', ['CPython', 'quart', 'hypercorn', 'uvloop', 'flask', 'gunicorn'])
def test_comparison_names_the_versions(name: str) -> None:
    """The figures are shown with the versions that were measured."""
    assert f'{name} {RESULTS.versions[name]}' in COMPARISON


def test_answer_states_the_measured_ratios() -> None:
    """The page's first section states the ratios and the missing differences of the run."""
    claims = [
        times_as_many('waiting', QUART, 'Flask 8 threads')
        + ' as many requests per second as Flask with 8 threads',
        times_as_many('waiting', QUART, 'Flask 256 threads') + ' as many as Flask with 256 threads',
        less_memory(summary_of('waiting', QUART), summary_of('waiting', 'Flask 256 threads')),
        times_as_many('session', 'Flask gevent', QUART) + ' as many requests per second as Quart',
    ]

    for claim in claims:
        assert claim in ANSWER
    for target in ('Flask sync', 'Flask 8 threads', 'Flask 256 threads'):
        assert times_as_many('session', QUART, target) == 'no difference'
    assert times_as_many('waiting', QUART, 'Flask gevent') == 'no difference'


def test_rounds_with_gevent_are_stated() -> None:
    """The page states how many fewer requests Quart served than gevent in each round."""
    quart, gevent = (
        [
            item.sample.requests_per_second
            for item in RESULTS.measurements
            if (item.scenario, item.users, item.target) == ('waiting', 256, target) and item.sample
        ]
        for target in (QUART, 'Flask gevent')
    )
    first, second, third = (
        f'{round((1 - one / other) * 100)} %' for one, other in zip(quart, gevent, strict=True)
    )

    assert f'{first}, {second} and {third} fewer requests in the three rounds' in COMPARISON


def test_readme_states_only_measured_figures() -> None:
    """Each ratio and memory figure in the README's section about load is one of the run's."""
    [section] = [
        part for part in README.split('\n## ') if 'docs/comparison.md#compare-load' in part
    ]
    pairs = [
        (one, other)
        for one, other in permutations(SUMMARIES, 2)
        if (one.scenario, one.users) == (other.scenario, other.users)
    ]
    metrics = {scenario.name: scenario.metric for scenario in RESULTS.scenarios}
    ratios = {
        format_number(ratio, 2)
        for one, other in pairs
        if (metric := metrics[one.scenario]) in one.figures
        and one.figures[metric].median
        and other.figures[metric].median
        and (ratio := speed_ratio(metric, one.figures[metric], other.figures[metric]))
    }

    assert set(re.findall(r'([\d.,]*\d) times', section)) <= ratios
    assert set(re.findall(r'\d+ % (?:less|more) memory', section)) <= {
        less_memory(one, other) for one, other in pairs
    }


def test_savings_match_the_cost_table() -> None:
    """The percentages in the text are those of the table of `compare cost`."""
    section = COMPARISON.partition('\n## compare cost\n')[2]
    rows = re.findall(r'^\| (lesson|2 KB) \| ours.*\| ([\d.]+) \|$', section, re.MULTILINE)
    lesson, large = (round((1 - float(ratio)) * 100) for _, ratio in rows)

    assert f'uses {lesson} % less processor time' in ANSWER
    assert f'uses {lesson} % less processor time' in section
    assert f'{large} % less for a session of 2 KB' in section


@pytest.mark.parametrize('scenario', [scenario.name for scenario in RESULTS.scenarios])
def test_stored_charts_show_the_stored_figures(scenario: str) -> None:
    """Each stored chart shows every server and its figure."""
    root = ElementTree.parse(BENCHMARKS / f'{scenario}.svg').getroot()  # noqa: S314 - our own file
    texts = {element.text for element in root.iter() if element.text}
    metric = next(item.metric for item in RESULTS.scenarios if item.name == scenario)

    for item in SUMMARIES:
        if item.scenario == scenario:
            assert format_number(item.figures[metric].median) in texts
            assert item.target in texts
