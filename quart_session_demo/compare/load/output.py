"""Report the results: on the terminal, and as JSON, SVG charts and an HTML page in a folder."""

import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from quart_session_demo.compare.load.answer import make_answer
from quart_session_demo.compare.load.notes import make_notes
from quart_session_demo.compare.load.results import Results, encode, read
from quart_session_demo.compare.load.tables import make_tables
from quart_session_demo.compare.load.verdicts import make_verdicts
from quart_session_demo.compare.load.wording import verdict_text
from quart_session_demo.terminal import Terminal

#: The template of the HTML page.
TEMPLATE = Path(__file__).with_name('report.html')
#: The file with all figures.
RESULTS_FILE = 'results.json'
#: The HTML page.
REPORT_FILE = 'report.html'
#: The end of the name of a scenario's chart of fixed rates.
RATES_SUFFIX = '-rates'


def show(results: Results, terminal: Terminal, *, markdown: bool = False) -> None:
    """Print the answer, the verdicts, the tables and the notes.

    Args:
        results: What was measured.
        terminal: Where to print.
        markdown: Whether to print the tables in Markdown on a terminal too.
    """
    terminal.print(make_answer(results))
    terminal.print()
    for verdicts in make_verdicts(results):
        terminal.print(verdict_text(verdicts), prefix='- ', indent=2)
    for table in make_tables(results):
        terminal.print()
        terminal.print(f'{table.title}: {table.description}')
        terminal.print()
        table.print(terminal, markdown=markdown)
    if notes := make_notes(results):
        terminal.print()
        for note in notes:
            terminal.print(note, prefix='- ', indent=2)


def write(results: Results, folder: Path) -> Path:
    """Write `results.json`, `report.html` and the charts of each scenario.

    An interrupted run does not replace the report of a complete one, nor a file that cannot be
    read: it is written to a folder beside it, whose name ends with `-interrupted`.

    Returns:
        The folder where the report is.

    Raises:
        OSError: A file cannot be written. The error names the file.
    """
    while not results.complete and _is_protected(folder / RESULTS_FILE):
        folder = _beside(folder)
    folder.mkdir(parents=True, exist_ok=True)
    outdated = _chart_names(results) | _earlier_chart_names(folder / RESULTS_FILE)
    # The figures first: everything else can be made again from them.
    _write_file(folder / RESULTS_FILE, encode(results))
    charts = draw_charts(results)
    for name, chart in charts.items():
        _write_file(folder / f'{name}.svg', chart)
    for name in outdated - charts.keys():
        # The chart of an earlier run must not stay beside the new results.
        (folder / f'{name}.svg').unlink(missing_ok=True)
    _write_file(folder / REPORT_FILE, render_page(results, charts).encode())
    return folder


def location(folder: Path, written: Path) -> str:
    """Return where a report is, in one sentence.

    Args:
        folder: Where it was to be written.
        written: Where `write` wrote it.
    """
    text = f'Report: {written / REPORT_FILE}'
    if written != folder:
        text += f' (the run was interrupted; the earlier report in {folder} is unchanged)'
    return text


def draw_charts(results: Results) -> dict[str, bytes]:
    """Return the charts as SVG, by their names without the suffix."""
    # Matplotlib takes half a second to load. A run that draws nothing does not wait for it.
    from quart_session_demo.compare.load.charts import can_be_drawn, draw_ratios
    from quart_session_demo.compare.load.rate_charts import draw_rates, drawable_rates

    verdicts = make_verdicts(results)
    charts = {}
    for scenario in results.scenarios:
        comparisons = [
            item for item in verdicts if item.scenario is scenario and can_be_drawn(item)
        ]
        if comparisons:
            charts[scenario.name] = draw_ratios(comparisons)
        if rates := drawable_rates(scenario.name, results.rates):
            charts[scenario.name + RATES_SUFFIX] = draw_rates(scenario.name, rates)
    return charts


def render_page(results: Results, charts: Mapping[str, bytes]) -> str:
    """Return one HTML page that needs no other file."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters['code'] = _mark_code
    verdicts = make_verdicts(results)
    return environment.from_string(TEMPLATE.read_text('utf-8')).render(
        results=results,
        answer=make_answer(results),
        notes=make_notes(results),
        verdicts=list(map(verdict_text, verdicts)),
        tables=make_tables(results),
        charts=[
            {
                'source': f'data:image/svg+xml;base64,{b64encode(charts[name]).decode()}',
                'title': scenario.name,
                'caption': caption,
                'texts': [verdict_text(item) for item in verdicts if item.scenario is scenario],
                'is_rates': name != scenario.name,
            }
            for scenario in results.scenarios
            for name, caption in (
                (scenario.name, scenario.description),
                (
                    scenario.name + RATES_SUFFIX,
                    'Response times while requests arrive at fixed rates.',
                ),
            )
            if name in charts
        ],
    )


def _mark_code(text: str) -> Markup:
    """Return a text as HTML, with each text between backticks as code."""
    # The text is escaped first, so that only these tags are added.
    return Markup(re.sub('`([^`]+)`', r'<code>\1</code>', str(escape(text))))  # noqa: S704


def _is_protected(path: Path) -> bool:
    """Return whether a file is a complete report's, or cannot be read."""
    try:
        return read(path).complete
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True


def _beside(folder: Path) -> Path:
    # `.` and `..` have no name.
    if folder.name in ('', '..'):
        folder = folder.resolve()
    return folder.with_name(f'{folder.name}-interrupted')


def _chart_names(results: Results) -> set[str]:
    names = {scenario.name for scenario in results.scenarios}
    return names | {name + RATES_SUFFIX for name in names}


def _earlier_chart_names(path: Path) -> set[str]:
    try:
        return _chart_names(read(path))
    except (OSError, ValueError):
        return set()


def _write_file(path: Path, content: bytes) -> None:
    """Write a file. An error while it is written leaves the earlier file as it is."""
    partial = path.with_name(f'{path.name}.part')
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        # A full disk is reported without the file's name.
        raise OSError(error.errno, error.strerror, str(path)) from None
