"""Show a run: tables and sentences on the terminal; JSON, pictures and a page in a folder."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from quart_session_demo.compare.harness.terminal import FILE_WIDTH
from quart_session_demo.compare.load.charts import charted, write_chart
from quart_session_demo.compare.load.html_report import write_page
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.tables import tables


def show(results: Results, console: Console) -> None:
    """Print the tables, in Markdown that a README can take as it is, and the verdicts."""
    width = console.width
    for table in tables(results.works, summarize(results.measurements)):
        console.print(f'\n{table.title}: {table.text}\n', markup=False, highlight=False)
        printed = RichTable(*table.head, box=box.MARKDOWN)
        for row in table.rows:
            printed.add_row(*map(escape, row))
        # A narrow terminal breaks the lines, where rich would cut words off.
        console.width = max(width, FILE_WIDTH)
        console.print(printed)
        console.width = width
    console.print()
    for verdict in results.verdicts():
        console.print(f'- {verdict.text}', markup=False, highlight=False)
    for note in results.notes():
        console.print(f'- {note}', markup=False, highlight=False)


def write(results: Results, directory: Path) -> None:
    """Write `results.json`, a chart for each work and `report.html`."""
    directory.mkdir(parents=True, exist_ok=True)
    results.write(directory / 'results.json')
    summaries = summarize(results.measurements)
    charts = {}
    for work in results.works:
        chart = directory / f'{work.name}.svg'
        if charted(work, summaries):
            write_chart(work, summaries, chart)
            charts[work.name] = chart
        else:
            # Of an earlier run.
            chart.unlink(missing_ok=True)
    write_page(results, charts, directory / 'report.html')
