"""The tables: which rows and columns they have, and their cells."""

import pytest

from quart_session_demo.compare.load.results import Comparison, RateError, Results
from quart_session_demo.compare.load.scenarios import SESSION, WAITING
from quart_session_demo.compare.load.tables import make_tables
from quart_session_demo.terminal import cell_width
from tests.compare.load.conftest import (
    SESSION_SPEEDS,
    make_comparison,
    make_contender,
    make_rates,
    make_results,
)


def find_table(results: Results, title: str) -> dict[str, dict[str, str]]:
    """Return the rows of a table by their first cells, and each row by the header."""
    [table] = [item for item in make_tables(results) if item.title == title]
    return {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}


def test_tables_are_in_order(results: Results) -> None:
    """The summary is first; there is no table without rows."""
    assert [table.title for table in make_tables(results)] == [
        'summary',
        'session, 32 users',
        'session, 256 users',
        'session, fixed rates',
        'waiting, 256 users',
        'start',
        'failures',
    ]
    assert make_tables(make_results()) == []
    one = make_results(make_comparison(SESSION_SPEEDS, users=1))
    assert [table.title for table in make_tables(one)] == ['session, 1 user', 'start']


def test_summary_has_the_most_users(results: Results) -> None:
    """The summary has each scenario's ratio with the most users, and its verdict as a sign."""
    rows = find_table(results, 'summary')

    assert rows['Flask gevent'] == {
        'server': 'Flask gevent',
        'session': '1',
        'waiting': '1',
        'MB': '78.0',
    }
    assert rows['Quart on Granian']['waiting'] == '1.45 +'
    assert rows['Quart on gunicorn']['waiting'] == '0.996 ='
    assert rows['Flask 8 threads']['waiting'] == '0.0496 -'
    assert rows['Flask sync']['waiting'] == 'excluded'
    assert rows['Flask 256 threads']['session'] == 'not measured'


def test_scenario_table_has_all_figures() -> None:
    """A row has the ratio with its interval, the verdict, and the medians over the blocks."""
    contenders = [
        make_contender('flask-gevent', [100] * 8),
        make_contender('quart-granian', [150, 160, 200, 150, 160, 170, 160, 160], memory=61.04),
        make_contender('quart-uvicorn', [100] * 8, busy=0.95),
        make_contender('flask-sync', [100] * 8, failures={'a': 1}),
        make_contender('flask-threads', [], error='it died'),
    ]
    results = make_results(Comparison('session', 32, contenders=contenders))

    rows = find_table(results, 'session, 32 users')

    assert rows['Flask gevent']['verdict'] == 'reference'
    quart = rows['Quart on Granian']
    assert quart['ratio (interval)'].startswith('1.63 (1.5')
    assert quart['verdict'] == 'faster'
    assert quart['requests/s (min to max)'] == '160 (150 to 200)'
    assert quart['p50, p95, p99 ms'] == '31.2, 62.5, 125'
    assert (quart['failed'], quart['CPU ms'], quart['MB']) == ('0', '0.400', '61.0')
    assert rows['Quart on uvicorn']['requests/s (min to max)'].startswith('≥ 100 (')
    assert rows['Quart on uvicorn']['ratio (interval)'].startswith('≥ 1.00 (')
    assert rows['Flask sync']['verdict'] == 'excluded'
    assert rows['Flask sync']['failed'] == '8'
    assert rows['Flask 8 threads']['failed'] == 'error'
    assert rows['Flask 8 threads']['p50, p95, p99 ms'] == '-'


def test_void_rate_has_no_times() -> None:
    """A run in which the load generator fell behind has no response times, and states why."""
    rates = make_rates(SESSION, {'quart-granian': 1000}, void=['quart-granian'])

    [table] = make_tables(make_results(rates=rates))

    assert [row[:3] for row in table.rows] == [
        ('Quart on Granian', '500', '50'),
        ('Quart on Granian', '700', '70'),
        ('Quart on Granian', '800', '80'),
        ('Quart on Granian', '900', '90'),
    ]
    assert table.rows[0][3:] == ('15,000', '4.00', '10.0', '16.0', '24.0', '40.0', 'valid')
    assert table.rows[3][3:] == ('27,000', *'-----', 'void: 12 % sent late')


def test_failures_name_their_load(results: Results) -> None:
    """A failure has its scenario and load; an exit has the last line of the log."""
    [table] = [item for item in make_tables(results) if item.title == 'failures']

    assert list(table.rows) == [
        (
            'waiting',
            '256 users',
            'Flask sync',
            '1',
            'Flask sync died (SIGKILL); the end of its log: out of memory',
        ),
        (
            'waiting',
            '256 users',
            'Flask 256 threads',
            '45',
            'a <b> [c]: status 500 instead of 200',
        ),
    ]


def test_exit_at_fixed_rates_is_a_failure() -> None:
    """A server that exits while rates are measured is in the table, and the run did not succeed."""
    results = make_results()
    assert results.succeeded
    results.rate_errors.append(RateError('session', 'Flask gevent', 'died; its log:\nkilled'))

    [table] = make_tables(results)

    assert list(table.rows) == [
        ('session', 'fixed rates', 'Flask gevent', '1', 'died; its log: killed')
    ]
    assert not results.succeeded
    assert results.has_measurements


def test_start_is_the_median() -> None:
    """The start time is the median over all starts of all scenarios."""
    results = make_results(
        make_comparison({'flask-gevent': 1}), make_comparison({'flask-gevent': 1}, WAITING)
    )

    assert find_table(results, 'start')['Flask gevent'] == {
        'server': 'Flask gevent',
        'starts': '4',
        'seconds': '0.550',
        'memory MB': '30.5',
    }


@pytest.mark.parametrize('title', ['summary', 'session, 256 users', 'session, fixed rates'])
def test_table_fits_a_terminal(results: Results, title: str) -> None:
    """In 80 columns each row is one row: no cell needs a line of its own."""
    [table] = [item for item in make_tables(results) if item.title == title]
    lines = list(table.aligned(80))

    assert max(map(cell_width, lines)) <= 80
    assert '' not in lines
