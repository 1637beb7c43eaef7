"""What is printed, and the files of the output folder."""

import re
from html import unescape
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest

from quart_session_demo.compare.load import output
from quart_session_demo.compare.load.answer import make_answer
from quart_session_demo.compare.load.notes import make_notes
from quart_session_demo.compare.load.results import Comparison, Results, read
from quart_session_demo.compare.load.scenarios import MIXED, SESSION, WAITING
from quart_session_demo.compare.load.verdicts import make_verdicts
from quart_session_demo.compare.load.wording import verdict_text
from quart_session_demo.terminal import Terminal, cell_width
from tests.compare.load.conftest import (
    SESSION_SPEEDS,
    make_comparison,
    make_contender,
    make_results,
)

#: Two contenders, which are drawn fast.
TWO_SPEEDS = {'flask-gevent': 1, 'quart-granian': 1.2}
#: The results of version 0.1.
OLD_RESULTS = """{
  "settings": {"users": "1", "rounds": "3"}, "complete": true,
  "scenarios": [{"name": "session", "description": "", "exchanges": []}],
  "measurements": [{"scenario": "session", "users": 1, "round": 1, "target": "Quart"}]
}"""


class Screen(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(results: Results, stream: StringIO | None = None) -> str:
    """Return what is printed: by default what a pipe gets."""
    stream = stream or StringIO()
    output.show(results, Terminal(stream))
    return stream.getvalue()


def test_answer_is_printed_first(results: Results) -> None:
    """A pipe gets the answer, the verdicts, each table as Markdown, and then the notes."""
    text = shown(results)

    assert text.startswith(f'{make_answer(results)}\n\n- `session`, 32 users: Of the best servers')
    assert re.search(r'^\| Quart on Granian +\| 1\.44 \+ +\| 1\.45 \+ +\| 61\.0 +\|$', text, re.M)
    assert re.search(
        r'^\| waiting +\| 256 users +\| Flask 256 threads +\| 45 +\| a <b> \[c\]: status',
        text,
        re.M,
    )
    assert 'mixed' not in text
    assert text.splitlines()[-1].startswith('- 1 measurement at a fixed rate is void')


def test_terminal_gets_lines_that_fit(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal of 80 columns no line is longer."""
    monkeypatch.setenv('COLUMNS', '80')

    assert max(map(cell_width, shown(results, Screen()).splitlines())) <= 80


def test_interrupted_run_has_a_note() -> None:
    """The notes of an interrupted run state that it is incomplete, after the run's own notes."""
    results = make_results(make_comparison(SESSION_SPEEDS, blocks=3), complete=False)
    results.notes.append('The machine was busy.')

    assert make_notes(results) == [
        'The machine was busy.',
        'The run was interrupted: what is missing was not measured.',
        'Fewer than 6 blocks have no interval, and no verdict: `session` with 256 users.',
    ]


def test_limits_have_notes() -> None:
    """The notes name a limited load generator with its ceiling, and skipped scenarios."""
    comparison = make_comparison({'flask-gevent': 1})
    comparison.contenders.append(make_contender('quart-granian', [5000] * 15))
    results = make_results(comparison, ceiling=5200, skipped={'database': 'no PostgreSQL found'})

    limited, skipped = make_notes(results)

    assert limited.startswith('The load generator (5,200 requests/s) was the limit in some')
    assert skipped == '`database` was not measured: no PostgreSQL found.'


def test_charts_of_an_earlier_run_are_removed(tmp_path: Path) -> None:
    """A scenario without measurements has no chart, not even an old one; other files remain."""
    results = make_results(make_comparison(TWO_SPEEDS))
    for name in ('mixed.svg', 'session-rates.svg', 'own.svg'):
        (tmp_path / name).touch()
    output.write(results, tmp_path)

    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ['own.svg', 'report.html', 'results.json', 'session.svg']


def test_charts_of_other_scenarios_are_removed(tmp_path: Path) -> None:
    """A run of other scenarios removes the charts of an earlier run's scenarios."""
    output.write(make_results(make_comparison(TWO_SPEEDS, WAITING)), tmp_path)
    assert [path.name for path in tmp_path.glob('*.svg')] == ['waiting.svg']

    output.write(make_results(scenarios=(SESSION,)), tmp_path)

    assert [*tmp_path.glob('*.svg')] == []


def test_results_without_measurements_are_written(tmp_path: Path) -> None:
    """A run without any measurement has a page too."""
    output.write(make_results(complete=False), tmp_path)

    assert 'The run was interrupted' in (tmp_path / 'report.html').read_text('utf-8')


def test_results_without_responses_are_written(tmp_path: Path) -> None:
    """A run in which no server responded is written, with verdicts that state this."""
    contenders = [make_contender(name, [0, 0]) for name in ('flask-sync', 'quart-granian')]
    results = make_results(
        Comparison('waiting', 256, contenders=contenders),
        Comparison('mixed', 256, contenders=contenders),
        scenarios=(WAITING, MIXED),
    )

    output.write(results, tmp_path)

    assert read(tmp_path / 'results.json') == results
    assert 'Quart on Granian (no response)' in (tmp_path / 'report.html').read_text('utf-8')


def test_results_can_be_read_again(results: Results, tmp_path: Path) -> None:
    """`read` returns what was written; nothing else is left in the folder."""
    assert output.write(results, tmp_path) == tmp_path

    assert read(tmp_path / 'results.json') == results
    assert not list(tmp_path.glob('*.part'))


def test_results_of_version_0_1_are_shown(tmp_path: Path) -> None:
    """Results in the old format are read, with nothing measured."""
    path = tmp_path / 'results.json'
    path.write_text(OLD_RESULTS, 'utf-8')

    results = read(path)

    assert '0 scenarios were measured.' in shown(results)
    assert output.write(results, tmp_path) == tmp_path


@pytest.mark.parametrize('earlier', ['complete', 'old', 'broken', 'denied'])
def test_interrupted_run_replaces_no_report(tmp_path: Path, earlier: str) -> None:
    """An interrupted run is written beside a complete report, or a file that cannot be read."""
    folder = tmp_path / 'measured'
    output.write(make_results(make_comparison(TWO_SPEEDS)), folder)
    path = folder / 'results.json'
    if earlier == 'denied':
        path.unlink()
        path.mkdir()
    elif earlier != 'complete':
        path.write_text(OLD_RESULTS if earlier == 'old' else '{', 'utf-8')
    before = {item.name: item.read_bytes() for item in folder.iterdir() if item.is_file()}
    interrupted = make_results(complete=False)

    written = output.write(interrupted, folder)

    assert written == tmp_path / 'measured-interrupted'
    assert read(written / 'results.json') == interrupted
    assert {item.name: item.read_bytes() for item in folder.iterdir() if item.is_file()} == before
    assert output.location(folder, written) == (
        f'Report: {written}/report.html (the run was interrupted; the earlier report in {folder} '
        'is unchanged)'
    )


def test_interrupted_run_replaces_an_interrupted_one(tmp_path: Path) -> None:
    """An interrupted run replaces one that was interrupted too, also beside a complete report."""
    interrupted = make_results(complete=False)

    assert output.write(interrupted, tmp_path) == tmp_path
    assert output.write(interrupted, tmp_path) == tmp_path
    assert output.location(tmp_path, tmp_path) == f'Report: {tmp_path}/report.html'
    interrupted.complete = True
    assert output.write(interrupted, tmp_path) == tmp_path


def test_interrupted_run_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--output .` has a folder beside it too, and a complete report there is safe as well."""
    folder = tmp_path / 'here'
    for name in ('here', 'here-interrupted'):
        output.write(make_results(), tmp_path / name)
    monkeypatch.chdir(folder)

    written = output.write(make_results(complete=False), Path())

    assert written == tmp_path / 'here-interrupted-interrupted'


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs /dev/full')
def test_error_names_the_file(tmp_path: Path) -> None:
    """An error while a file is written names it, and leaves the earlier file as it is."""
    results = make_results()
    output.write(results, tmp_path)
    before = (tmp_path / 'results.json').read_bytes()
    (tmp_path / 'results.json.part').symlink_to('/dev/full')

    with pytest.raises(OSError, match=r"No space left on device: '.*results\.json'"):
        output.write(results, tmp_path)

    assert (tmp_path / 'results.json').read_bytes() == before


def test_error_of_the_folder_names_it(tmp_path: Path) -> None:
    """A folder that cannot be made is named."""
    (tmp_path / 'file').touch()

    with pytest.raises(OSError, match='file'):
        output.write(make_results(), tmp_path / 'file')


class Addresses(HTMLParser):
    """Collects the addresses that a page loads or links to, and the texts of its images."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or '' for name, value in attrs if name in ('src', 'href')]
        self.texts += [value or '' for name, value in attrs if name == 'alt']


def test_page_needs_no_other_file(results: Results, tmp_path: Path) -> None:
    """The page holds the answer, the charts and all verdicts, and escapes what servers sent."""
    output.write(results, tmp_path / 'new' / 'folder')
    page = (tmp_path / 'new/folder/report.html').read_text('utf-8')

    parser = Addresses()
    parser.feed(page)
    assert len(parser.found) == 3
    assert all(address.startswith('data:image/svg+xml;base64,') for address in parser.found)
    assert 'url(' not in page
    assert 'a &lt;b&gt; [c]: status 500' in page
    text = re.sub('</?code>', '`', unescape(page))
    assert make_answer(results) in text
    assert all(verdict_text(item) in text for item in make_verdicts(results))
    assert parser.texts[0].startswith('session, 32 users: Of the best servers, Quart on Granian is')
    assert page.index('class="answer"') < page.index('<img') < page.index('<table')
