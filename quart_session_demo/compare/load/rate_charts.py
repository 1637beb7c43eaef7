"""Draw the response times over the rate of requests."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quart_session_demo.compare.load.chart_style import (
    BACKGROUND,
    FONT_SIZE,
    WIDTH,
    settings,
    svg,
    use_plain_numbers,
)
from quart_session_demo.compare.load.charts import color_of
from quart_session_demo.compare.load.results import RateSample
from quart_session_demo.compare.load.verdicts import family_of

#: The 99th percentile of fewer response times is the longest of them.
MIN_REQUESTS = 100
#: In inches.
HEIGHT = 5.6
#: How the lines of contenders of one family differ.
MARKERS = 'osD^vPX*'
DASHES = '-', '--', ':', '-.'


def drawable_rates(scenario: str, rates: Iterable[RateSample]) -> list[RateSample]:
    """Return what a scenario's chart can show."""
    return [
        sample
        for sample in rates
        if sample.scenario == scenario
        and not (sample.void or sample.failures)
        and sample.requests >= MIN_REQUESTS
    ]


def draw_rates(scenario: str, rates: Sequence[RateSample]) -> bytes:
    """Return the p50 and the p99 over the rate as SVG, with a line for each contender.

    Args:
        scenario: The scenario's name.
        rates: What is drawn, at least one.
    """
    lines: dict[str, list[RateSample]] = {}
    for sample in sorted(rates, key=lambda item: item.rate):
        lines.setdefault(sample.contender, []).append(sample)
    with settings():
        figure = Figure(figsize=(WIDTH, HEIGHT), layout='constrained')
        upper, lower = figure.subplots(2, sharex=True)
        _draw_lines(upper, [(line, [item.p50 for item in line]) for line in lines.values()])
        _draw_lines(lower, [(line, [item.p99 for item in line]) for line in lines.values()])
        upper.set_title('p50 in ms (lower is better)', loc='left', fontsize=FONT_SIZE)
        lower.set_title('p99 in ms (lower is better)', loc='left', fontsize=FONT_SIZE)
        lower.set_xlim(left=0)
        lower.set_xlabel('requests per second that arrive', fontsize=FONT_SIZE)
        figure.suptitle(f'{scenario}, fixed rates', fontsize=11)
        handles, titles = upper.get_legend_handles_labels()
        figure.legend(
            handles,
            titles,
            loc='outside lower center',
            ncols=2,
            fontsize=FONT_SIZE - 1,
            frameon=False,
            handlelength=3,
        )
        return svg(figure)


def _draw_lines(
    subplot: Axes, lines: Sequence[tuple[Sequence[RateSample], Sequence[float]]]
) -> None:
    use_plain_numbers(subplot, vertical=True)
    counts: dict[str, int] = {}
    for samples, times in lines:
        first = samples[0]
        family = family_of(first.contender)
        number = counts[family] = counts.get(family, -1) + 1
        subplot.plot(
            [sample.rate for sample in samples],
            times,
            color=color_of(first.contender),
            linestyle=DASHES[number % len(DASHES)],
            linewidth=1.6,
            marker=MARKERS[number % len(MARKERS)],
            markersize=4.5,
            markerfacecolor=color_of(first.contender) if number % 2 == 0 else BACKGROUND,
            label=first.title,
        )
