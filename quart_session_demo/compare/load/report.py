"""Show a run: tables and sentences on the terminal; JSON, pictures and a page in a folder."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from quart_session_demo.compare.load.charts import charted, write_chart
from quart_session_demo.compare.load.page import write_page
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.tables import tables


def show(results: Results, console: Console) -> None:
    """Print the tables, in Markdown that a README can take as it is, and the verdicts."""
    for table in tables(results.works, summarize(results.measurements)):
        console.print(f'\n{table.title}: {table.text}\n', markup=False, highlight=False)
        printed = RichTable(*table.head, box=box.MARKDOWN)
        for row in table.rows:
            printed.add_row(*map(escape, row))
        console.print(printed)
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
    charts = {
        work.name: directory / f'{work.name}.svg'
        for work in results.works
        if charted(work, summaries)
    }
    for work in results.works:
        if work.name in charts:
            write_chart(work, summaries, charts[work.name])
    write_page(results, charts, directory / 'report.html')
