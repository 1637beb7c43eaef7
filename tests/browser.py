"""A real browser for tests; the fixtures `playwright` and `browser` are in `tests/conftest.py`."""

import os
import shutil
from collections.abc import Sequence
from importlib import resources
from typing import Any, Literal

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

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
Scheme = Literal['light', 'dark']
SCHEMES: tuple[Scheme, ...] = ('light', 'dark')
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


def record_errors(context: BrowserContext) -> list[str]:
    """Return a list that receives the errors and warnings of all pages of a context."""
    errors: list[str] = []

    def record(message: ConsoleMessage) -> None:
        # The console reports each response of 4xx and 5xx as an error.
        if message.type in ('error', 'warning') and 'a status of' not in message.text:
            errors.append(message.text)

    context.on('console', record)
    context.on('weberror', lambda error: errors.append(str(error.error)))
    return errors


def axe_violations(page: Page, schemes: Sequence[Scheme] = SCHEMES) -> list[tuple[str, str]]:
    """Return the rules of axe that the page violates in a color scheme, each with an element."""
    axe = (resources.files('axe_playwright_python') / 'axe.min.js').read_text('utf-8')
    page.evaluate(axe)
    found: list[tuple[str, str]] = []
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        violations: list[Any] = page.evaluate('axe.run().then(results => results.violations)')
        found += [(rule['id'], rule['nodes'][0]['html']) for rule in violations]
    return found
