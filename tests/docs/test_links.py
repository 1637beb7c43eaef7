"""The links and pictures of the pages."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import PAGES, relative


def without_code(text: str) -> str:
    """Return a page without its code blocks and comments, which hold no links and headings."""
    return re.sub(r'^```.*?^```$|<!--.*?-->', '', text, flags=re.DOTALL | re.MULTILINE)


def targets(page: Path) -> list[str]:
    """Return what a page's links and pictures point to, except other sites."""
    text = without_code(page.read_text('utf-8'))
    found = re.findall(r'\]\(([^)\s]+)\)', text) + re.findall(r'src="([^"]+)"', text)
    return [target for target in found if '://' not in target]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    headings = re.findall('^#+ (.*)$', without_code(page.read_text('utf-8')), re.MULTILINE)
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('page', PAGES, ids=relative)
def test_links_resolve(page: Path) -> None:
    """Each link leads to a file of the repository and, with a `#`, to a heading in it."""
    broken = []
    for target in targets(page):
        name, _, anchor = target.partition('#')
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)

    assert broken == []
