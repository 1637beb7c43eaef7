"""Draw the ratios of a scenario: an interval, and a dot for each block."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quart_session_demo.compare.harness.formatting import pluralize
from quart_session_demo.compare.load.chart_style import (
    BACKGROUND,
    BAND,
    FLASK_COLOR,
    FONT_SIZE,
    INK,
    QUART_COLOR,
    WIDTH,
    settings,
    svg,
    use_plain_numbers,
)
from quart_session_demo.compare.load.intervals import MARGIN
from quart_session_demo.compare.load.results import ContenderResult
from quart_session_demo.compare.load.verdicts import QUART, Verdicts, family_of
from quart_session_demo.compare.load.wording import bound, format_ratio

#: In inches.
ROW_HEIGHT = 0.3
#: In inches.
HEADING_HEIGHT = 0.6
#: The smallest range of the axis: a larger scale would make noise look like a difference.
SMALLEST_RANGE = 0.8, 1.25
#: The part of the axis that is free for the labels, right of the dots.
LABEL_SPACE = 0.3
#: The ticks of an axis on which the highest ratio is at most this many times the lowest one.
TICKS = {
    8: (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6),
    200: (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
}


def can_be_drawn(verdicts: Verdicts) -> bool:
    """Return whether a comparison has ratios."""
    return len(verdicts.comparable) > 1


def draw_ratios(comparisons: Sequence[Verdicts]) -> bytes:
    """Return the ratios of a scenario as SVG, with one subplot for each number of users.

    Args:
        comparisons: The comparisons of one scenario that can be drawn, at least one.
    """
    counts = [len(item.comparable) for item in comparisons]
    with settings():
        height = sum(counts) * ROW_HEIGHT + (len(counts) + 1) * HEADING_HEIGHT
        figure = Figure(figsize=(WIDTH, height), layout='constrained')
        subplots = figure.subplots(
            len(counts), sharex=True, squeeze=False, gridspec_kw={'height_ratios': counts}
        )
        for subplot, item in zip(subplots[:, 0], comparisons, strict=True):
            _draw_comparison(subplot, item)
        _scale_axis(subplots[0, 0])
        speed = 'by p95' if comparisons[0].scenario.metric == 'p95' else 'requests per second'
        # The label of the whole figure: a subplot is too narrow for it.
        figure.supxlabel(f'speed ({speed}), logarithmic; right is faster', fontsize=FONT_SIZE)
        figure.suptitle(comparisons[0].scenario.name, fontsize=11)
        return svg(figure)


def color_of(name: str) -> str:
    """Return a contender's color."""
    return QUART_COLOR if family_of(name) == QUART else FLASK_COLOR


def _scale_axis(subplot: Axes) -> None:
    """Set the range and the ticks of the axis that all subplots share."""
    low, high = subplot.get_xlim()
    low, high = min(low, SMALLEST_RANGE[0]), max(high, SMALLEST_RANGE[1])
    high *= (high / low) ** LABEL_SPACE
    subplot.set_xlim(low, high)
    for widest, ticks in TICKS.items():
        if high / low <= widest:
            shown = [tick for tick in ticks if low <= tick <= high]
            subplot.set_xticks(shown, [f'{tick:g}' for tick in shown])
            subplot.set_xticks([], minor=True)
            return


def _draw_comparison(subplot: Axes, verdicts: Verdicts) -> None:
    reference = verdicts.reference
    users = pluralize(verdicts.comparison.users, 'user')
    subplot.axvspan(1 - MARGIN, 1 + MARGIN, facecolor=BAND, edgecolor='none')
    subplot.axvline(1, color=INK, linewidth=0.8)
    for position, server in enumerate(verdicts.comparable):
        if server is reference:
            subplot.plot(1, position, 'D', color=color_of(server.name), markersize=5)
        else:
            _draw_contender(subplot, verdicts, server, position)
    subplot.set_yticks(
        range(len(verdicts.comparable)), [item.title for item in verdicts.comparable]
    )
    subplot.set_ylim(len(verdicts.comparable) - 0.5, -0.5)
    title = f'{users}, {reference.title} = 1' if reference else users
    subplot.set_title(title, loc='left', fontsize=FONT_SIZE)
    subplot.margins(x=0.06)
    use_plain_numbers(subplot)


def _draw_contender(
    subplot: Axes, verdicts: Verdicts, server: ContenderResult, position: int
) -> None:
    ratio = verdicts.ratio_to_reference(server)
    blocks = verdicts.block_ratios(server)
    if ratio is None:
        return
    color = color_of(server.name)
    interval = ratio.interval
    # The dots of the blocks are below the interval.
    below, above = position + 0.22, position - 0.1
    subplot.plot(blocks, [below] * len(blocks), 'o', color=color, alpha=0.5, markersize=2.5, mew=0)
    if interval.is_known:
        subplot.plot([interval.low, interval.high], [above] * 2, color=color, linewidth=2.5)
    subplot.plot(interval.ratio, above, '|', color=color, markersize=10, mew=2)
    subplot.annotate(
        f'{bound(ratio)}{format_ratio(interval.ratio)}',
        (max([interval.ratio, *blocks]), position),
        xytext=(5, 0),
        textcoords='offset points',
        verticalalignment='center',
        color=color,
        bbox={'facecolor': BACKGROUND, 'edgecolor': 'none', 'pad': 1},
    )
