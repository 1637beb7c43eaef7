"""The figures that the READMEs show are those of the run that is stored beside the code."""

import re
from xml.etree import ElementTree

import pytest

from quart_session_demo.compare.load.formatting import rounded
from quart_session_demo.compare.load.results import Results, read
from quart_session_demo.compare.load.scenarios import Metric
from quart_session_demo.compare.load.summary import Summary, summarize
from quart_session_demo.compare.load.tables import Table, tables
from quart_session_demo.compare.load.targets import QUART
from quart_session_demo.compare.load.verdicts import times_better
from tests.conftest import ROOT

MEASURED = ROOT / 'docs/benchmarks/load'
README = (ROOT / 'README.md').read_text('utf-8')
DETAILS = (ROOT / 'docs/comparison.md').read_text('utf-8')

RESULTS: Results = read(MEASURED / 'results.json')
SUMMARIES = summarize(RESULTS.measurements)
SUMMARY, *OTHERS = tables(RESULTS.works, SUMMARIES)


def markdown(table: Table) -> str:
    lines = [table.head, ['---'] * len(table.head), *table.rows]
    return ''.join(f'| {" | ".join(line)} |\n' for line in lines)


def of(work: str, contender: str) -> Summary:
    [found] = [
        item
        for item in SUMMARIES
        if (item.work, item.users, item.contender) == (work, 256, contender)
    ]
    return found


def requests_times(work: str, one: str, other: str) -> str:
    """Return how many times the other's requests one serves, as the verdicts say it."""
    metric: Metric = 'requests_per_second'
    ratio = times_better(metric, of(work, one).figures[metric], of(work, other).figures[metric])
    return rounded(ratio, 2) if ratio else 'no difference'


def test_stored_run_is_whole_and_was_made_on_a_quiet_machine() -> None:
    assert RESULTS.notes() == []
    assert RESULTS.settings['users'] == '1, 32, 256'


def test_readme_shows_the_summary() -> None:
    assert markdown(SUMMARY) in README


@pytest.mark.parametrize('table', OTHERS, ids=lambda table: table.title)
def test_details_show_every_table(table: Table) -> None:
    assert f'**{table.title}**: {table.text}' in DETAILS
    assert markdown(table) in DETAILS


def test_details_show_every_verdict() -> None:
    shown = re.findall(r'^- (\w+, \d+ users?: .*)$', DETAILS, re.MULTILINE)

    assert shown == [verdict.text for verdict in RESULTS.verdicts()]


@pytest.mark.parametrize('name', ['CPython', 'quart', 'hypercorn', 'uvloop', 'flask', 'gunicorn'])
def test_readmes_name_the_versions(name: str) -> None:
    spelled = {'CPython': 'Python', 'gunicorn': 'gunicorn', 'uvloop': 'uvloop'}

    for text in (README, DETAILS):
        words = re.sub(r'\s+', ' ', text)
        assert f'{spelled.get(name, name.title())} {RESULTS.versions[name]}' in words


def test_readme_draws_the_right_conclusions() -> None:
    memory = [of('waiting', name).figures['peak_memory'] for name in (QUART, 'Flask 256 threads')]
    conclusions = [
        requests_times('waiting', QUART, 'Flask 8 threads')
        + ' times the requests of Flask with 8 threads',
        requests_times('waiting', QUART, 'Flask 256 threads')
        + ' times those of Flask with a thread for each user',
        f'in {rounded(memory[0].median / memory[1].median, 2)} of its memory',
        f'({requests_times("session", "Flask gevent", QUART)} times)',
    ]

    for conclusion in conclusions:
        assert conclusion in README
    for contender in ('Flask sync', 'Flask 8 threads'):
        assert requests_times('session', QUART, contender) == 'no difference'
    assert requests_times('waiting', QUART, 'Flask gevent') == 'no difference'


@pytest.mark.parametrize('work', [work.name for work in RESULTS.works])
def test_stored_charts_show_the_stored_figures(work: str) -> None:
    root = ElementTree.parse(MEASURED / f'{work}.svg').getroot()  # noqa: S314 - our own file
    texts = {element.text for element in root.iter() if element.text}
    metric = next(item.metric for item in RESULTS.works if item.name == work)

    for item in SUMMARIES:
        if item.work == work:
            assert rounded(item.figures[metric].median) in texts
            assert item.contender in texts
