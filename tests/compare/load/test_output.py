"""What a run's figures become: medians, ratios, sentences, tables, pictures and a page."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from quart_session_demo.compare.load import output as report
from quart_session_demo.compare.load.charts import write_chart
from quart_session_demo.compare.load.formatting import rounded
from quart_session_demo.compare.load.job import Window
from quart_session_demo.compare.load.results import LOAD_BEFORE, Results, read
from quart_session_demo.compare.load.runner import Measurement
from quart_session_demo.compare.load.scenarios import MIXED, SESSION, WAITING, Work
from quart_session_demo.compare.load.summary import Range, summarize
from quart_session_demo.compare.load.tables import tables
from quart_session_demo.compare.load.verdicts import verdicts


def measured(
    contender: str,
    requests: Sequence[float] = (),
    *,
    work: Work = WAITING,
    users: int = 256,
    at_once: int | None = None,
    p95: float | None = 10,
    memory: float = 40,
    failures: dict[str, int] | None = None,
    busy: float = 0.5,
) -> list[Measurement]:
    """Return made-up measurements, one for each round's requests per second."""
    return [
        Measurement(
            work=work.name,
            users=users,
            round=number,
            contender=contender,
            at_once=at_once,
            start_seconds=0.5,
            rest_memory=30_000_000,
            window=Window(
                requests_per_second=value,
                p50=p95,
                p95=p95,
                p99=p95,
                failures=failures or {},
                cpu_ms=0.4,
                peak_memory=int(memory * 1e6),
                generator_busy=busy,
            ),
        )
        for number, value in enumerate(requests, 1)
    ]


def died(contender: str) -> list[Measurement]:
    error = f'{contender} died (SIGKILL); the end of its log:\nTraceback\nout of memory'
    return [Measurement(WAITING.name, 256, 1, contender, None, error=error)]


def said(*measurements: list[Measurement], work: Work = WAITING) -> str:
    [verdict] = verdicts([work], summarize(chain(*measurements)))
    return verdict.text


EIGHT = measured('Flask 8 threads', [78, 79, 80], at_once=8)
QUART = measured('Quart', [1690, 1680, 1700], memory=60)


def test_summary_is_the_median_with_least_and_most() -> None:
    [summary] = summarize(measured('Quart', [3, 1, 2.5]))

    assert summary.figures['requests_per_second'] == Range(1, 2.5, 3)
    assert summary.figures['cpu_ms'] == Range(0.4, 0.4, 0.4)


def test_summary_counts_failures_of_all_rounds() -> None:
    [summary] = summarize(measured('Quart', [1, 1], failures={'bye: status 500, not 200': 2}))

    assert summary.failures == {'bye: status 500, not 200': 4}
    assert summary.problem == 'failed 4 times'


def test_summary_of_one_failure_says_once() -> None:
    [summary] = summarize(measured('Quart', [1], failures={'bye: status 500, not 200': 1}))

    assert summary.problem == 'failed once'


def test_summary_keeps_what_a_dead_contender_was_measured_of() -> None:
    [summary] = summarize([*measured('Quart', [5]), *died('Quart')])

    assert summary.figures['requests_per_second'] == Range(5, 5, 5)
    assert summary.problem == 'died or did not start'


@pytest.mark.parametrize(
    ('one', 'other', 'overlap'),
    [
        (Range(1, 2, 3), Range(3, 4, 5), True),
        (Range(1, 2, 3), Range(3.1, 4, 5), False),
        (Range(1, 5, 9), Range(4, 5, 6), True),
    ],
)
def test_ranges_overlap(one: Range, other: Range, overlap: bool) -> None:
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


def test_verdict_leads_with_the_best_tuned_flask_and_explains_threads() -> None:
    best = measured('Flask 256 threads', [1530, 1540, 1550], at_once=256, memory=78)

    assert said(EIGHT, best, QUART) == (
        'waiting, 256 users: Quart serves 1.1 times the requests of the best-tuned Flask '
        '(Flask 256 threads), in 0.77 of its memory; 21 times Flask 8 threads, which 8 at once ÷ '
        '0.1 s = 80.0 requests/s explains.'
    )


def test_verdict_explains_nothing_that_threads_do_not() -> None:
    slow = measured('Flask 8 threads', [40, 41, 42], at_once=8)
    best = measured('Flask gevent', [900, 910, 920])

    assert 'explains' not in said(slow, best, QUART)


def test_overlapping_ranges_are_no_difference() -> None:
    best = measured('Flask gevent', [1600, 1650, 1681], memory=80)

    assert said(best, QUART) == (
        'waiting, 256 users: no difference found between Quart and the best-tuned Flask '
        '(Flask gevent); Quart takes 0.75 of its memory.'
    )


def test_where_flask_wins_it_is_said_first() -> None:
    best = measured('Flask gevent', [3380, 3380, 3380], memory=40)
    other = measured('Flask gevent', [1, 1, 1], users=32)
    quart = measured('Quart', [2, 2, 2], users=32)

    found = verdicts([WAITING], summarize([*other, *quart, *best, *QUART]))

    assert [verdict.flask_wins for verdict in found] == [True, False]
    assert found[0].text == (
        'waiting, 256 users: Flask wins: Flask gevent serves 2.0 times the requests of Quart; '
        'Quart takes 1.5 of its memory.'
    )


def test_flask_wins_where_any_flask_is_better_for_certain() -> None:
    wide = measured('Flask A', [80, 120, 160])
    narrow = measured('Flask B', [105, 110, 115])
    quart = measured('Quart', [90, 95, 100])

    [verdict] = verdicts([WAITING], summarize([*wide, *narrow, *quart]))

    assert verdict.flask_wins
    assert verdict.text == (
        'waiting, 256 users: Flask wins: Flask B serves 1.2 times the requests of Quart; '
        'Quart takes 1.0 of its memory; no difference found from Flask A.'
    )


@pytest.mark.parametrize(
    ('flask', 'quart'),
    [([1000, 1000], [1001, 1001]), ([1004, 1004], [1000, 1000]), ([500], [1000])],
)
def test_ratio_of_one_and_a_single_round_are_no_difference(
    flask: list[float], quart: list[float]
) -> None:
    text = said(measured('Flask sync', flask), measured('Quart', quart))

    assert text.startswith(
        'waiting, 256 users: no difference found between Quart and the best-tuned Flask'
    )


@pytest.mark.parametrize('work', [WAITING, MIXED])
def test_contender_without_a_reply_is_left_out(work: Work) -> None:
    silent = measured('Flask sync', [0, 0], work=work, p95=None)
    flask = measured('Flask gevent', [100, 100], work=work, p95=20)
    quart = measured('Quart', [50, 50], work=work, p95=40)
    silent_quart = measured('Quart', [0, 0], work=work, p95=None)

    text = said(silent, flask, quart, work=work)

    assert text.startswith(f'{work.name}, 256 users: Flask wins: Flask gevent ')
    assert text.endswith('; Flask sync had no reply, and is left out.')
    assert said(silent, silent_quart, work=work) == (
        f'{work.name}, 256 users: nothing to compare: Flask sync had no reply; Quart had no reply.'
    )


def test_run_without_any_reply_is_written(tmp_path: Path) -> None:
    silent = [
        item
        for work in (WAITING, MIXED)
        for contender in ('Flask sync', 'Quart')
        for item in measured(contender, [0, 0], work=work, p95=None)
    ]
    results = Results({}, (WAITING, MIXED), measurements=silent)

    report.write(results, tmp_path)

    assert read(tmp_path / 'results.json') == results
    assert 'Quart had no reply' in (tmp_path / 'report.html').read_text('utf-8')


def test_mixed_where_nobody_waits_is_not_compared() -> None:
    flask = measured('Flask sync', [10, 10], work=MIXED, users=9, p95=900)
    quart = measured('Quart', [9, 9], work=MIXED, users=9, p95=9)

    assert said(flask, quart, work=MIXED) == (
        'mixed, 9 users: not compared: every tenth waits, and so nobody did.'
    )


def test_latency_decides_where_the_work_says_so() -> None:
    flask = measured('Flask sync', [10, 10], work=MIXED, p95=900)
    quart = measured('Quart', [9, 9], work=MIXED, p95=9)

    assert said(flask, quart, work=MIXED).startswith(
        'mixed, 256 users: Quart replies 100 times sooner (p95) than the best-tuned Flask'
    )


def test_failed_and_dead_contenders_are_not_compared() -> None:
    failed = measured('Flask gevent', [9999, 9999], failures={'a: status 500, not 200': 3})

    text = said(EIGHT, failed, died('Flask sync'), QUART)

    assert text.startswith('waiting, 256 users: Quart serves 21 times the requests of')
    assert 'Flask gevent failed 6 times, and is left out' in text
    assert 'Flask sync died or did not start, and is left out' in text


def test_verdict_without_quart_says_why() -> None:
    assert said(EIGHT, died('Quart')) == (
        'waiting, 256 users: nothing to compare: Quart died or did not start.'
    )


def test_verdict_says_when_the_load_generator_was_the_limit() -> None:
    quart = measured('Quart', [1690, 1690], busy=0.97)

    assert 'the load generator was the limit for Quart' in said(EIGHT, quart)


@pytest.mark.parametrize(
    ('value', 'digits', 'text'),
    [
        (1690.4, 3, '1,690'),
        (0.7654, 2, '0.77'),
        (9.99, 2, '10'),
        (20.96, 2, '21'),
        (80, 3, '80.0'),
        (0, 3, '0'),
        (123456, 3, '123,000'),
    ],
)
def test_rounded_keeps_significant_digits(value: float, digits: int, text: str) -> None:
    assert rounded(value, digits) == text


@pytest.fixture
def results() -> Results:
    measurements = [
        *measured('Flask sync', [400, 410], work=SESSION, users=1, busy=0.95),
        *measured('Quart', [500, 510], work=SESSION, users=1),
        *EIGHT,
        *measured('Flask gevent', [3, 4], failures={'a <b> [c]: status 500, not 200': 3}),
        *died('Flask sync'),
        *QUART,
    ]
    return Results(
        {'users': '1, 256'},
        (SESSION, WAITING, MIXED),
        machine={LOAD_BEFORE: '0.10'},
        complete=True,
        measurements=measurements,
    )


def test_shown_tables_are_markdown(results: Results) -> None:
    console = Console(width=80)
    with console.capture() as capture:
        report.show(results, console)
    text = capture.get()

    assert re.search(r'^\| 256 +\| Quart +\| 1,690 \(1,680 to 1,700\) +\| 10\.0', text, re.M)
    assert re.search(r'^\| 1 +\| Flask sync +\| ≥ 405 \(400 to 410\)', text, re.M)
    assert re.search(
        r'^\| waiting \| 256 +\| Flask gevent +\| 6 +\| a <b> \[c\]: status', text, re.M
    )
    assert re.search(
        r'^\| waiting \| 256 +\| Flask sync +\| 1 +\| '
        r'Flask sync died \(SIGKILL\); the end of its log: out of memory',
        text,
        re.M,
    )
    assert 'mixed:' not in text


def test_summary_table_is_that_of_the_most_users(results: Results) -> None:
    summary = tables(results.works, summarize(results.measurements))[0]

    assert summary.title == 'summary'
    assert summary.head == (
        *('server', 'session: requests/s', 'waiting: requests/s'),
        *('session: CPU ms', 'memory MB'),
    )
    assert ('Quart', '-', '1,690', '-', '60.0') in summary.rows
    assert 'Flask sync' in [row[0] for row in summary.rows]


def test_incomplete_run_says_so(results: Results) -> None:
    results.complete = False

    assert results.notes() == ['Interrupted: the figures are those of the rounds so far.']


def test_machine_that_was_busy_before_is_told(results: Results) -> None:
    results.machine[LOAD_BEFORE] = '1.20'

    [note] = results.notes()

    assert note.startswith('The machine was busy (load average 1.20) before the run began')


def test_chart_of_an_earlier_run_is_removed(results: Results, tmp_path: Path) -> None:
    report.write(results, tmp_path)
    (tmp_path / 'mixed.svg').touch()

    report.write(results, tmp_path)

    assert sorted(path.name for path in tmp_path.glob('*.svg')) == ['session.svg', 'waiting.svg']


def test_run_without_any_measurement_is_reported_too(tmp_path: Path) -> None:
    report.write(Results({}, (SESSION,)), tmp_path)

    assert 'Interrupted' in (tmp_path / 'report.html').read_text('utf-8')


def test_written_results_are_read_back(results: Results, tmp_path: Path) -> None:
    report.write(results, tmp_path)

    assert read(tmp_path / 'results.json') == results


class Addresses(HTMLParser):
    """Gathers what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or '' for name, value in attrs if name in ('src', 'href')]


def test_page_needs_no_other_file(results: Results, tmp_path: Path) -> None:
    report.write(results, tmp_path / 'new' / 'folder')
    page = (tmp_path / 'new/folder/report.html').read_text('utf-8')

    parser = Addresses()
    parser.feed(page)
    assert len(parser.found) == 2
    assert all(address.startswith('data:image/svg+xml;base64,') for address in parser.found)
    assert 'url(' not in page
    assert 'a &lt;b&gt; [c]: status 500' in page
    assert all(verdict.text.split(';')[0] in page for verdict in results.verdicts())


def test_charts_are_svg_with_text_and_the_same_each_time(results: Results, tmp_path: Path) -> None:
    report.write(results, tmp_path)
    chart = tmp_path / 'waiting.svg'
    first = chart.read_bytes()
    report.write(results, tmp_path)

    assert chart.read_bytes() == first
    root = ElementTree.fromstring(first)  # noqa: S314 - our own file
    texts = {element.text for element in root.iter() if element.text}
    assert {'Quart', 'Flask 8 threads', '1,690', '256 users'} <= texts
    assert not (tmp_path / 'mixed.svg').exists()


def test_chart_has_plain_numbers_that_a_phone_shows(tmp_path: Path) -> None:
    wide = measured('Flask sync', [1, 1], work=MIXED, p95=19_000)
    quart = measured('Quart', [1, 1], work=MIXED, p95=12_000)
    path = tmp_path / 'mixed.svg'

    write_chart(MIXED, summarize([*wide, *quart]), path)

    root = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - our own file
    texts = {element.text for element in root.iter() if element.text}
    assert '14,000' in texts
    assert not [text for text in texts if 'e+' in text]
    width = float(root.attrib['viewBox'].split()[2])
    sizes = [float(size) for size in re.findall(r'font-size: ([\d.]+)px', path.read_text('utf-8'))]
    assert min(sizes) * 360 / width >= 10
