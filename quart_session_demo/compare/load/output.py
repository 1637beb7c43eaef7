"""Report the results: on the terminal, and as JSON, SVG charts and an HTML page in a folder."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import jinja2

from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.tables import make_tables
from quart_session_demo.terminal import Terminal

#: The template of the HTML page.
TEMPLATE = Path(__file__).with_name('report.html')


def show(results: Results, terminal: Terminal, *, markdown: bool = False) -> None:
    """Print the tables, in Markdown if asked for or if this is no terminal, verdicts and notes."""
    for table in make_tables(results.scenarios, summarize(results.measurements)):
        terminal.print()
        terminal.print(f'{table.title}: {table.description}')
        terminal.print()
        table.print(terminal, markdown=markdown)
    terminal.print()
    for verdict in results.verdicts():
        terminal.print(verdict.text, prefix='- ', indent=2)
    for note in results.notes():
        terminal.print(note, prefix='- ', indent=2)


def write(results: Results, folder: Path) -> None:
    """Write `results.json`, `report.html` and a chart for each scenario."""
    # Matplotlib takes half a second to load. A run that draws nothing does not wait for it.
    from quart_session_demo.compare.load.charts import chart_rows, write_chart

    folder.mkdir(parents=True, exist_ok=True)
    results.write(folder / 'results.json')
    summaries = summarize(results.measurements)
    charts = {}
    for scenario in results.scenarios:
        chart = folder / f'{scenario.name}.svg'
        if chart_rows(scenario, summaries):
            write_chart(scenario, summaries, chart)
            charts[scenario.name] = chart
        else:
            # The chart of an earlier run must not stay beside the new results.
            chart.unlink(missing_ok=True)
    _write_page(results, charts, folder / 'report.html')


def _write_page(results: Results, charts: Mapping[str, Path], path: Path) -> None:
    """Write one HTML page that needs no other file."""
    template = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(TEMPLATE.read_text('utf-8'))
    page = template.render(
        results=results,
        tables=make_tables(results.scenarios, summarize(results.measurements)),
        images={
            name: 'data:image/svg+xml;base64,' + b64encode(chart.read_bytes()).decode()
            for name, chart in charts.items()
        },
    )
    path.write_text(page, 'utf-8')
