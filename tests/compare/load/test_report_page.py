"""The report in a real browser: on a phone and a desktop, in both color schemes."""

import pytest
from playwright.sync_api import Browser

from quart_session_demo.compare.load import output
from tests.browser import SCHEMES, axe_violations, open_page, record_errors
from tests.compare.load.conftest import make_full_results

pytestmark = pytest.mark.browser


@pytest.fixture(scope='module')
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the report of the made-up full run."""
    folder = output.write(make_full_results(), tmp_path_factory.mktemp('report'))
    return (folder / output.REPORT_FILE).as_uri()


@pytest.mark.parametrize('width', [320, 390, 1280])
def test_report_is_accessible(browser: Browser, address: str, width: int) -> None:
    """The page has no horizontal scrolling, no error, and nothing that axe finds."""
    with browser.new_context(viewport={'width': width, 'height': 800}) as context:
        errors = record_errors(context)
        page = open_page(context, address)

        assert page.evaluate('document.documentElement.scrollWidth') == width
        assert axe_violations(page) == []
        loaded = 'images => images.every(image => image.naturalWidth > 0)'
        assert page.locator('img').evaluate_all(loaded)
    assert errors == []


def test_charts_follow_the_color_scheme(browser: Browser, address: str) -> None:
    """A chart has another background on a dark page."""
    pictures = []
    for scheme in SCHEMES:
        with browser.new_context(color_scheme=scheme) as context:
            page = open_page(context, address)
            pictures.append(
                page.locator('img').first.evaluate(
                    """image => {
                        const canvas = document.createElement('canvas');
                        const context = canvas.getContext('2d');
                        context.drawImage(image, 0, 0);
                        return [...context.getImageData(2, 2, 1, 1).data];
                    }"""
                )
            )

    light, dark = pictures
    assert light[:3] == [255, 255, 255]
    assert max(dark[:3]) < 60
