"""A real browser for tests; the fixtures `playwright` and `browser` are in `tests/conftest.py`."""

import os
import shutil
from importlib import resources
from typing import Any, Literal

from playwright.sync_api import BrowserContext, Page

CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
ARGUMENTS = [
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-gpu',
    '--disable-quic',
    '--disable-sync',
    '--no-first-run',
]
if hasattr(os, 'geteuid') and os.geteuid() == 0:
    # Chromium's sandbox does not work for root.
    ARGUMENTS.append('--no-sandbox')
SCHEMES: tuple[Literal['light', 'dark'], ...] = ('light', 'dark')
#: The widths of screens, in CSS pixels.
WIDTHS = (
    320,
    360,
    480,
    1280,
    2560,
)


def open_page(context: BrowserContext, address: str) -> Page:
    """Return a new tab with the page at an address."""
    page = context.new_page()
    page.goto(address)
    return page


def axe_violations(page: Page) -> list[tuple[str, str]]:
    """Return the rules of axe that the page violates in a color scheme, each with an element."""
    axe = (resources.files('axe_playwright_python') / 'axe.min.js').read_text('utf-8')
    page.evaluate(axe)
    found: list[tuple[str, str]] = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        violations: list[Any] = page.evaluate('axe.run().then(results => results.violations)')
        found += [(rule['id'], rule['nodes'][0]['html']) for rule in violations]
    return found
