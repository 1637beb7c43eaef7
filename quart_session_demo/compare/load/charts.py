"""Draw the figures as SVG charts: a dot for the median, a line from minimum to maximum."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from quart_session_demo.compare.harness.formatting import format_number, pluralize
from quart_session_demo.compare.load.scenarios import Scenario
from quart_session_demo.compare.load.summary import Summary
from quart_session_demo.compare.load.targets import QUART

#: In inches. A phone shows the text of a chart this narrow 10 pixels high.
WIDTH = 4.4
#: In inches.
ROW_HEIGHT = 0.28
#: In inches.
HEADING_HEIGHT = 0.55
#: In points.
FONT_SIZE = 10
#: The label of the axis for each metric.
AXIS_LABELS = {
    'requests_per_second': 'requests per second (higher is better, logarithmic)',
    'p95': 'p95 in milliseconds (lower is better, logarithmic)',
}
# Both colors have enough contrast with white, and color-blind readers can distinguish them.
QUART_COLOR = '#b3360b'
FLASK_COLOR = '#1f4e79'


class PlainFormatter(LogFormatter):
    """A formatter that labels the ticks with plain numbers instead of powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label, or an empty string for a tick without one."""
        return f'{x:,.10g}' if super().__call__(x, pos) else ''


def chart_rows(scenario: Scenario, summaries: Sequence[Summary]) -> list[Summary]:
    """Return the summaries that a scenario's chart can show. A logarithmic axis has no zero."""
    return [
        item
        for item in summaries
        if item.scenario == scenario.name
        and (figure := item.figures.get(scenario.metric))
        and figure.median > 0
    ]


def write_chart(scenario: Scenario, summaries: Sequence[Summary], path: Path) -> None:
    """Draw a scenario's metric as SVG, with one subplot for each number of users."""
    shown = chart_rows(scenario, summaries)
    users = sorted({item.users for item in shown})
    counts = [sum(item.users == number for item in shown) for number in users]
    # The SVG contains text as text, and is the same for the same figures.
    with mpl.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'load', 'font.size': FONT_SIZE}):
        height = sum(counts) * ROW_HEIGHT + (len(users) + 1) * HEADING_HEIGHT
        figure = Figure(figsize=(WIDTH, height), layout='constrained')
        subplots = figure.subplots(
            len(users), sharex=True, squeeze=False, gridspec_kw={'height_ratios': counts}
        )
        for subplot, number in zip(subplots[:, 0], users, strict=True):
            rows = [item for item in shown if item.users == number]
            for position, item in enumerate(rows):
                value = item.figures[scenario.metric]
                color = QUART_COLOR if item.target == QUART else FLASK_COLOR
                subplot.plot(
                    [value.minimum, value.maximum], [position] * 2, color=color, linewidth=2
                )
                subplot.plot(value.median, position, 'o', color=color)
                subplot.annotate(
                    format_number(value.median),
                    (value.maximum, position),
                    xytext=(6, 0),
                    textcoords='offset points',
                    verticalalignment='center',
                    color=color,
                )
            subplot.set_yticks(range(len(rows)), [item.target for item in rows])
            subplot.set_ylim(len(rows) - 0.5, -0.5)
            subplot.set_title(pluralize(number, 'user'), loc='left', fontsize=FONT_SIZE)
            subplot.set_xscale('log')
            subplot.xaxis.set_major_formatter(PlainFormatter())
            subplot.xaxis.set_minor_formatter(PlainFormatter(minor_thresholds=(1, 0.4)))
            subplot.tick_params(axis='x', which='both', labelsize=FONT_SIZE - 1)
            subplot.grid(axis='x', color='#dddddd')
            subplot.spines[['top', 'right']].set_visible(False)
            subplot.margins(x=0.16)
        # The label of the whole figure: a subplot is too narrow for it.
        figure.supxlabel(AXIS_LABELS[scenario.metric], fontsize=FONT_SIZE)
        figure.suptitle(scenario.name, fontsize=11)
        figure.savefig(path, format='svg', metadata={'Date': None})
