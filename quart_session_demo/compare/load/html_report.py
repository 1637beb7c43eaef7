"""Everything on one page that needs no other file."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import jinja2

from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.summary import summarize
from quart_session_demo.compare.load.tables import tables

TEMPLATE = Path(__file__).with_name('report.html')


def write_page(results: Results, charts: Mapping[str, Path], path: Path) -> None:
    """Write the page.

    Args:
        results: What to show.
        charts: The SVG file of each work's chart.
        path: Where to.
    """
    template = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(TEMPLATE.read_text('utf-8'))
    pictures = {
        name: 'data:image/svg+xml;base64,' + b64encode(chart.read_bytes()).decode()
        for name, chart in charts.items()
    }
    page = template.render(
        results=results,
        verdicts=results.verdicts(),
        tables=tables(results.works, summarize(results.measurements)),
        pictures=pictures,
    )
    path.write_text(page, 'utf-8')
