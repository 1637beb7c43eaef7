"""Tables on the terminal, and the files of the output folder."""

import re
from html import unescape
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

from quart_session_demo.compare.load import output
from quart_session_demo.compare.load.charts import write_chart
from quart_session_demo.compare.load.results import LOAD_BEFORE, Results, read
from quart_session_demo.compare.load.scenarios import MIXED, SESSION, WAITING
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.tables import make_tables
from quart_session_demo.terminal import Terminal
from tests.compare.load.conftest import measured


def test_tables_are_printed_as_markdown(results: Results) -> None:
    """A pipe gets each table as Markdown, uncut, and no table without measurements."""
    stream = StringIO()
    output.show(results, Terminal(stream))
    text = stream.getvalue()

    assert re.search(r'^\| 256 +\| Quart +\| 1,690 \(1,680 to 1,700\) +\| 10\.0', text, re.M)
    assert re.search(r'^\| 1 +\| Flask sync +\| ≥ 405 \(400 to 410\)', text, re.M)
    assert re.search(
        r'^\| waiting +\| 256 +\| Flask gevent +\| 6 +\| a <b> \[c\]: status', text, re.M
    )
    assert re.search(
        r'^\| waiting +\| 256 +\| Flask sync +\| 1 +\| '
        r'Flask sync died \(SIGKILL\); the end of its log: out of memory',
        text,
        re.M,
    )
    assert 'mixed:' not in text


def test_summary_has_the_most_users(results: Results) -> None:
    """The summary has the main figure of each scenario with the most users."""
    summary = make_tables(results.scenarios, summarize(results.measurements))[0]

    assert summary.title == 'summary'
    assert summary.header == (
        'server',
        'session: requests/s',
        'waiting: requests/s',
        'session: CPU ms',
        'memory MB',
    )
    assert ('Quart', '-', '1,690', '-', '60.0') in summary.rows
    assert 'Flask sync' in [row[0] for row in summary.rows]


def test_interrupted_run_has_a_note(results: Results) -> None:
    """The notes of an interrupted run state that it is incomplete."""
    results.complete = False

    [note] = results.notes()

    assert note.startswith('The run was interrupted')


def test_busy_machine_has_a_note(results: Results) -> None:
    """The notes state the load average of a machine that was busy before the run."""
    results.machine[LOAD_BEFORE] = '1.20'

    [note] = results.notes()

    assert note.startswith('The machine was busy before the run (load average 1.20)')


def test_charts_of_an_earlier_run_are_removed(results: Results, tmp_path: Path) -> None:
    """A scenario without measurements has no chart, not even an old one."""
    output.write(results, tmp_path)
    (tmp_path / 'mixed.svg').touch()

    output.write(results, tmp_path)

    assert sorted(path.name for path in tmp_path.glob('*.svg')) == ['session.svg', 'waiting.svg']


def test_results_without_measurements_are_written(tmp_path: Path) -> None:
    """A run without any measurement has a page too."""
    output.write(Results({}, (SESSION,)), tmp_path)

    assert 'The run was interrupted' in (tmp_path / 'report.html').read_text('utf-8')


def test_results_without_responses_are_written(tmp_path: Path) -> None:
    """A run in which no server responded is written, with verdicts that state this."""
    silent = [
        item
        for scenario in (WAITING, MIXED)
        for target in ('Flask sync', 'Quart')
        for item in measured(target, [0, 0], scenario=scenario, p95=None)
    ]
    results = Results({}, (WAITING, MIXED), measurements=silent)

    output.write(results, tmp_path)

    assert read(tmp_path / 'results.json') == results
    assert 'Quart (no response)' in (tmp_path / 'report.html').read_text('utf-8')


def test_results_can_be_read_again(results: Results, tmp_path: Path) -> None:
    """`read` returns what was written."""
    output.write(results, tmp_path)

    assert read(tmp_path / 'results.json') == results


class Addresses(HTMLParser):
    """Collects the addresses that a page loads or links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or '' for name, value in attrs if name in ('src', 'href')]


def test_page_needs_no_other_file(results: Results, tmp_path: Path) -> None:
    """The page holds the charts and all verdicts, and escapes what servers sent."""
    output.write(results, tmp_path / 'new' / 'folder')
    page = (tmp_path / 'new/folder/report.html').read_text('utf-8')

    parser = Addresses()
    parser.feed(page)
    assert len(parser.found) == 2
    assert all(address.startswith('data:image/svg+xml;base64,') for address in parser.found)
    assert 'url(' not in page
    assert 'a &lt;b&gt; [c]: status 500' in page
    assert all(verdict.text in unescape(page) for verdict in results.verdicts())


def test_charts_are_reproducible(results: Results, tmp_path: Path) -> None:
    """The same figures give the same SVG file, with its text as text."""
    output.write(results, tmp_path)
    chart = tmp_path / 'waiting.svg'
    first = chart.read_bytes()
    output.write(results, tmp_path)

    assert chart.read_bytes() == first
    root = ElementTree.fromstring(first)  # noqa: S314 - our own file
    texts = {element.text for element in root.iter() if element.text}
    assert {'Quart', 'Flask 8 threads', '1,690', '256 users'} <= texts
    assert not (tmp_path / 'mixed.svg').exists()


def test_chart_is_readable_on_a_phone(tmp_path: Path) -> None:
    """A chart has plain numbers, and text of 10 pixels or more on a 360 pixel screen."""
    slow = measured('Flask sync', [1, 1], scenario=MIXED, p95=19_000)
    quart = measured('Quart', [1, 1], scenario=MIXED, p95=12_000)
    path = tmp_path / 'mixed.svg'

    write_chart(MIXED, summarize([*slow, *quart]), path)

    root = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - our own file
    texts = {element.text for element in root.iter() if element.text}
    assert '14,000' in texts
    assert not [text for text in texts if 'e+' in text]
    width = float(root.attrib['viewBox'].split()[2])
    sizes = [float(size) for size in re.findall(r'font-size: ([\d.]+)px', path.read_text('utf-8'))]
    assert min(sizes) * 360 / width >= 10
