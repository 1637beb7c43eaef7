"""The figures as pictures: a dot for the median, a line from the least to the most."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from quart_session_demo.compare.load.formatting import counted, rounded
from quart_session_demo.compare.load.scenarios import Work
from quart_session_demo.compare.load.summary import Summary
from quart_session_demo.compare.load.targets import QUART

# Narrow, so that the text is 10 pixels high on a phone, where the chart is 360 wide.
WIDTH = 4.4
FONT = 10
ROW = 0.28
HEADING = 0.55
LABELS = {'requests_per_second': 'requests per second', 'p95': 'p95, milliseconds'}
# Both are read well on white, by the colour-blind too.
QUART_COLOUR, FLASK_COLOUR = '#b3360b', '#1f4e79'


class PlainNumbers(LogFormatter):
    """Labels what matplotlib would label, which writes some as powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label, or nothing."""
        return f'{x:,.10g}' if super().__call__(x, pos) else ''


def charted(work: Work, summaries: Sequence[Summary]) -> list[Summary]:
    """Return those that have a place on a work's chart, where there is none for zero."""
    return [
        item
        for item in summaries
        if item.work == work.name
        and (figure := item.figures.get(work.metric))
        and figure.median > 0
    ]


def write_chart(work: Work, summaries: Sequence[Summary], path: Path) -> None:
    """Draw the figure that decides a work, a part for each number of users, as SVG."""
    shown = charted(work, summaries)
    users = sorted({item.users for item in shown})
    counts = [sum(item.users == number for item in shown) for number in users]
    # Text stays text, and the same figures make the same file.
    with mpl.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'load', 'font.size': FONT}):
        height = sum(counts) * ROW + (len(users) + 1) * HEADING
        figure = Figure(figsize=(WIDTH, height), layout='constrained')
        parts = figure.subplots(
            len(users), sharex=True, squeeze=False, gridspec_kw={'height_ratios': counts}
        )
        for part, number in zip(parts[:, 0], users, strict=True):
            rows = [item for item in shown if item.users == number]
            for place, item in enumerate(rows):
                value = item.figures[work.metric]
                colour = QUART_COLOUR if item.contender == QUART else FLASK_COLOUR
                part.plot([value.least, value.most], [place, place], color=colour, linewidth=2)
                part.plot(value.median, place, 'o', color=colour)
                part.annotate(
                    rounded(value.median),
                    (value.most, place),
                    xytext=(6, 0),
                    textcoords='offset points',
                    verticalalignment='center',
                    color=colour,
                )
            part.set_yticks(range(len(rows)), [item.contender for item in rows])
            part.set_ylim(len(rows) - 0.5, -0.5)
            part.set_title(counted(number, 'user'), loc='left', fontsize=FONT)
            part.set_xscale('log')
            part.xaxis.set_major_formatter(PlainNumbers())
            part.xaxis.set_minor_formatter(PlainNumbers(minor_thresholds=(1, 0.4)))
            part.tick_params(axis='x', which='both', labelsize=FONT - 1)
            part.grid(axis='x', color='#dddddd')
            part.spines[['top', 'right']].set_visible(False)
            part.margins(x=0.16)
        better = 'more' if work.metric == 'requests_per_second' else 'less'
        label = f'{LABELS[work.metric]} ({better} is better, logarithmic)'
        # Of the whole figure, in which there is room for it.
        figure.supxlabel(label, fontsize=FONT)
        figure.suptitle(work.name, fontsize=11)
        figure.savefig(path, format='svg', metadata={'Date': None})
