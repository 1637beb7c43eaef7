"""The look of the charts, and how they are written as SVG."""

from contextlib import AbstractContextManager
from io import BytesIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

#: In inches. A phone shows the text of a chart this narrow 10 pixels high.
WIDTH = 4.4
#: In points.
FONT_SIZE = 10
# Each color has enough contrast with the background, and color-blind readers can distinguish
# Quart's from Flask's.
BACKGROUND = '#ffffff'
INK = '#222222'
GRID = '#d4d4d4'
BAND = '#e9e9ec'
QUART_COLOR = '#b3360b'
FLASK_COLOR = '#1f4e79'
#: What a dark page shows instead.
DARK_COLORS = {
    BACKGROUND: '#16191d',
    INK: '#e6e6e6',
    GRID: '#454b52',
    BAND: '#2a3037',
    QUART_COLOR: '#ff9d6c',
    FLASK_COLOR: '#82bcf4',
}


def settings() -> AbstractContextManager[None]:
    """Use the look of the charts. The SVG has text as text, and is reproducible."""
    return mpl.rc_context(
        {
            'svg.fonttype': 'none',
            'svg.hashsalt': 'load',
            'font.size': FONT_SIZE,
            'text.color': INK,
            'axes.labelcolor': INK,
            'axes.edgecolor': INK,
            'xtick.color': INK,
            'ytick.color': INK,
            'figure.facecolor': BACKGROUND,
            'axes.facecolor': 'none',
        }
    )


class PlainFormatter(LogFormatter):
    """A formatter that labels the ticks with plain numbers instead of powers of ten."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label, or an empty string for a tick without one."""
        return f'{x:,.10g}' if super().__call__(x, pos) else ''


def use_plain_numbers(subplot: Axes, *, vertical: bool = False) -> None:
    """Make an axis logarithmic, with plain numbers and a grid."""
    axis = subplot.yaxis if vertical else subplot.xaxis
    (subplot.set_yscale if vertical else subplot.set_xscale)('log')
    axis.set_major_formatter(PlainFormatter())
    axis.set_minor_formatter(PlainFormatter(minor_thresholds=(1, 0.4)))
    subplot.tick_params(which='both', labelsize=FONT_SIZE - 1)
    subplot.grid(axis='y' if vertical else 'x', color=GRID, linewidth=0.6)
    subplot.set_axisbelow(True)
    subplot.spines[['top', 'right']].set_visible(False)


def svg(figure: Figure) -> bytes:
    """Return a figure as SVG, which has other colors on a dark page."""
    stream = BytesIO()
    with settings():
        figure.savefig(stream, format='svg', metadata={'Date': None})
    # An attribute selector, and no variable: programs other than browsers show the light colors.
    rules = ' '.join(
        f'[style*="{name}: {light}"] {{ {name}: {dark} !important }}'
        for light, dark in DARK_COLORS.items()
        for name in ('fill', 'stroke')
    )
    style = f'<style>@media (prefers-color-scheme: dark) {{ {rules} }}</style>\n</svg>'
    return stream.getvalue().replace(b'</svg>', style.encode())
