"""The charts: reproducible SVG, readable on a phone and on a dark page."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from quart_session_demo.compare.load.chart_style import DARK_COLORS
from quart_session_demo.compare.load.output import draw_charts
from quart_session_demo.compare.load.rate_charts import drawable_rates
from quart_session_demo.compare.load.results import Results
from quart_session_demo.compare.load.scenarios import MIXED, WAITING
from tests.compare.load.conftest import (
    SESSION_SPEEDS,
    make_comparison,
    make_contender,
    make_full_results,
    make_rates,
    make_results,
)


def chart_texts(chart: bytes) -> set[str]:
    """Return the texts of an SVG."""
    root = ElementTree.fromstring(chart)  # noqa: S314 - our own file
    return {element.text.strip() for element in root.iter() if element.text}


@pytest.fixture(scope='module')
def charts() -> dict[str, bytes]:
    """Return the charts of the made-up full run."""
    return draw_charts(make_full_results())


def test_charts_are_reproducible(results: Results, charts: dict[str, bytes]) -> None:
    """The same figures give the same SVG, with its text as text."""
    assert draw_charts(results) == charts
    assert list(charts) == ['session', 'session-rates', 'waiting']
    texts = chart_texts(charts['session'])
    assert {'Quart on Granian', 'Flask 8 threads', '1.44'} <= texts
    assert {'32 users, Flask gevent = 1', '256 users, Flask gevent = 1'} <= texts
    assert 'Flask 256 threads' not in chart_texts(charts['waiting'])
    assert {'Quart on Granian', 'p50 in ms (lower is better)'} <= chart_texts(
        charts['session-rates']
    )


def test_chart_has_a_dot_for_each_block() -> None:
    """Each block of each contender but the reference is a dot."""
    results = make_results(
        make_comparison({'flask-gevent': 1, 'quart-granian': 1.2, 'quart-uvicorn': 1.1}, blocks=17)
    )

    chart = draw_charts(results)['session'].decode()

    opacities = re.findall(r'<use [^>]*fill-opacity: 0\.5', chart)
    assert len(opacities) == 2 * 17


@pytest.mark.parametrize('slowest', [0.9, 0.2, 0.006])
def test_chart_is_readable_on_a_phone(slowest: float, tmp_path: Path) -> None:
    """A chart has plain numbers, and text of 10 pixels or more on a 360 pixel screen."""
    results = make_results(
        make_comparison(SESSION_SPEEDS | {'flask-sync': slowest}, WAITING),
        rates=make_rates(WAITING, {'flask-gevent': 5, 'quart-granian': 20_000}),
    )

    for chart in draw_charts(results).values():
        text = chart.decode()
        root = ElementTree.fromstring(chart)  # noqa: S314 - our own file
        width = float(root.attrib['viewBox'].split()[2])
        sizes = [float(size) for size in re.findall(r'font-size: ([\d.]+)px', text)]
        sizes += [float(size) for size in re.findall(r'font: ([\d.]+)px', text)]
        assert min(sizes) * 360 / width >= 10
        assert not [word for word in chart_texts(chart) if re.search(r'e[+-]\d|\$', word)]


def test_chart_has_colors_for_dark_pages(charts: dict[str, bytes]) -> None:
    """Each color of a chart has another one for a dark page."""
    for chart in charts.values():
        text = chart.decode()
        used = set(re.findall(r'(?:fill|stroke): (#\w{6})(?=[;"])', text))
        assert used <= DARK_COLORS.keys()
        assert '@media (prefers-color-scheme: dark)' in text


def luminance(color: str) -> float:
    """Return the relative luminance of a color (WCAG 2.2)."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize('name', ['INK', 'QUART_COLOR', 'FLASK_COLOR'])
@pytest.mark.parametrize('dark', [False, True])
def test_colors_have_contrast(name: str, *, dark: bool) -> None:
    """Text and marks have a contrast of at least 4.5 with the background and the gray band."""
    from quart_session_demo.compare.load import chart_style

    color: str = getattr(chart_style, name)
    for behind in (chart_style.BACKGROUND, chart_style.BAND):
        pair = (color, behind)
        light, shade = sorted(
            (luminance(DARK_COLORS[item] if dark else item) for item in pair), reverse=True
        )
        assert (light + 0.05) / (shade + 0.05) >= 4.5


def test_void_rates_are_not_drawn() -> None:
    """A rate at which the load generator fell behind has no point."""
    rates = make_rates(MIXED, {'quart-granian': 1000}, void=['quart-granian'])

    assert [sample.rate for sample in drawable_rates('mixed', rates)] == [500, 700, 800]


def test_few_blocks_are_drawn_without_interval() -> None:
    """Contenders with too few blocks for an interval have a chart."""
    contenders = [make_contender(name, [1, 2]) for name in ('flask-gevent', 'quart-granian')]
    comparison = make_comparison({})
    comparison.contenders = contenders

    assert 'Quart on Granian' in chart_texts(draw_charts(make_results(comparison))['session'])


def test_nothing_to_compare_has_no_chart() -> None:
    """One contender, or none that can be compared, has no chart."""
    silent = make_comparison({})
    silent.contenders = [make_contender('flask-sync', [0]), make_contender('flask-gevent', [0])]

    assert draw_charts(make_results(make_comparison({'quart-granian': 1}), silent)) == {}
