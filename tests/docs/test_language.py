"""The pages, the package and the tests use the words that the field uses."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.markdown import PAGES, relative

#: Each word that is not to be used, as a regular expression, with what to write in its place.
WORDS = {
    r'repl(?:y|ies|ied|ying)': 'response',
    r'visitors?': 'user, client',
    r'kept (?:by|in)|keeps? (?:it|them) (?:by|in)': 'stored in',
    r'tells?|told|telling': 'report, show, return',
    r'says?|said|saying': 'state, report, show',
    r'(?:is|are|be|was) a 503': 'returns 503',
    r'mend(?:s|ed|ing)?': 'fix',
    r'lest': 'so that … not',
    r'hence': 'so',
    r'whatever': 'any',
    r'be it': 'or',
    r'unbidden': 'without being asked',
    r'reckon(?:s|ed|ing)?': 'count, calculate',
    r'comes?|came|coming': 'arrive, follow',
    r'brings?|brought|bringing': 'install, add',
    r'hand(?:s|ed|ing)? over': 'pass',
    r'look(?:s|ed|ing)? into': 'inspect',
    r'(?:takes?|took|taken|taking) (?:\w+ )?apart': 'decode, inspect',
    r'trip(?:s|ped|ping)? over': 'fail on',
    r'stand(?:s|ing)?[ _-]ins?|stood in': 'replace, placeholder',
    r'no utf-8': 'not valid UTF-8',
    r'costs? (?:the processor )?[01]\.\d+ of': 'uses … % less than',
    r'for want of': 'without',
    r'for ever': 'forever',
    r'colour\w*|behaviour\w*|favour\w*|honour\w*|recognis\w*|normalis\w*': 'American spelling',
}
WORD = re.compile(rf'\b(?:{"|".join(WORDS)})\b', re.IGNORECASE)

#: The keys of files that users have written, which do not change: as a TOML key, or quoted. Also
#: names of other packages.
KEY = re.compile(
    r"""(?:^|")\s*visitor(?= =)|(?<=['"`])visitor(?=['"`])|(?<=libcst\.codemod\.)visitors|'tell'""",
    re.MULTILINE,
)

SOURCES = [
    path
    for folder in ('quart_session_demo', 'docs', 'examples', 'tests')
    for kind in ('py', 'html', 'toml', 'js', 'css')
    for path in sorted((ROOT / folder).rglob(f'*.{kind}'))
]
#: This file lists the words.
TEXTS = [page for page in PAGES if not page.name.endswith('.zh.md')] + [
    path for path in SOURCES if path != Path(__file__)
]


def house_words(text: str) -> list[str]:
    """Return a text's lines that use one of the words, with their numbers."""
    lines = KEY.sub('', text).splitlines()
    return [f'{number}: {line}' for number, line in enumerate(lines, 1) if WORD.search(line)]


@pytest.mark.parametrize('path', TEXTS, ids=relative)
def test_text_uses_standard_words(path: Path) -> None:
    """A page or module uses none of the words that have a usual, plainer one."""
    assert house_words(path.read_text('utf-8')) == []


@pytest.mark.parametrize('page', PAGES, ids=relative)
def test_no_list_entry_is_empty(page: Path) -> None:
    """Each entry of a list has a text."""
    assert not re.search(r'^ *([-*]|[0-9]+\.) *$', page.read_text('utf-8'), re.MULTILINE)


def test_house_words_are_found() -> None:
    """The check finds the words in any case and form, and leaves keys of TOML files alone."""
    text = "Replies that came\nit is a 503\nvisitor = 'a'\n`visitor`\nbecomes\nthe visitor\n"

    assert [line[0] for line in house_words(text)] == ['1', '2', '6']


@pytest.mark.parametrize(
    'page',
    [page for page in PAGES if page.name != 'CHANGES.md' and 'Vary' in page.read_text('utf-8')],
    ids=relative,
)
def test_vary_is_explained_where_it_is_first_named(page: Path) -> None:
    """The line that first names `Vary`, or the next one, states what the header is for."""
    lines = page.read_text('utf-8').splitlines()
    first = next(number for number, line in enumerate(lines) if 'Vary' in line)
    reasons = "one user's page to another", '一个用户的页面发给另一个用户'

    assert any(reason in ' '.join(lines[first : first + 2]) for reason in reasons)


HALF_WIDTH = re.compile(r'[\u4e00-\u9fff] ?[,;:!?()"\']|[,;:!?()"\'] ?[\u4e00-\u9fff]')


@pytest.mark.parametrize(
    'page', [page for page in PAGES if page.name.endswith('.zh.md')], ids=relative
)
def test_chinese_punctuation_is_full_width(page: Path) -> None:
    """Chinese text uses full-width punctuation, and a space beside Latin letters and digits."""
    text = re.sub(r'^ *```.*?^ *```$|<!--.*?-->', '', page.read_text('utf-8'), flags=re.S | re.M)
    text = re.sub(r'\]\([^)]*\)|`[^`]*`|<http[^>]*>', '`', text)
    # The quotes of HTML attributes are no punctuation.
    text = re.sub('="([^"]*)"', r'=\1', text)

    assert HALF_WIDTH.findall(text) == []
    assert re.findall('[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]', text) == []
