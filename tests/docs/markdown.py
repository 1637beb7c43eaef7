"""Read the parts of a Markdown page that the tests check or run."""

import re
from pathlib import Path

from tests.conftest import ROOT

README = ROOT / 'README.md'
#: The pages that a user or contributor reads.
PAGES = [*sorted(ROOT.glob('*.md')), *sorted((ROOT / 'docs').rglob('*.md'))]


def read(name: str) -> str:
    """Return a file's text, by its path from the root, without the code that cog runs in it."""
    return re.sub(r'<!-- \[\[\[.*?-->\n', '', (ROOT / name).read_text('utf-8'), flags=re.DOTALL)


def relative(page: Path) -> str:
    """Return a page's path from the repository's root, as a test's id."""
    return str(page.relative_to(ROOT))


def section(text: str, heading: str) -> str:
    """Return what is below a heading, given with its `#` marks, up to the next of its level."""
    level = heading.partition(' ')[0]
    return text.split(f'\n{heading}\n')[1].split(f'\n{level} ')[0]


def code_blocks(text: str, language: str) -> list[str]:
    """Return the contents of the code blocks in a language."""
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.DOTALL | re.MULTILINE)


def table_rows(text: str, head: str) -> list[list[str]]:
    """Return the cells of the table whose head begins with some cells, without its head."""
    table = text.split(f'| {head} |')[1].split('\n\n')[0]
    lines = table.split('\n')[2:]
    return [[cell.strip() for cell in line[1:-1].split('|')] for line in lines if line]


def code(cell: str) -> str:
    """Return the first code span of a table's cell."""
    found = re.search('`([^`]*)`', cell)
    assert found, f'no code in {cell}'
    return found[1]


def code_spans(text: str) -> list[str]:
    """Return all code spans of a text."""
    return re.findall('`([^`]+)`', text)
