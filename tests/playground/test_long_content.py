"""Sessions with long or with many values."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from quart_session_demo.playground.long_text import shorten
from tests.playground.conftest import PageUser


@pytest.fixture
def user(make_user: Callable[..., PageUser]) -> PageUser:
    """Return a user of an app with its sessions in memory."""
    return make_user(SESSION_TYPE='memory')


def unfolded(page: str) -> str:
    """Return the page without what is folded."""
    while True:
        shorter = re.sub('<details>(?:(?!<details>).)*?</details>', '', page, flags=re.DOTALL)
        if shorter == page:
            return page
        page = shorter


@pytest.mark.parametrize(
    'content',
    [
        {'a': 'v' * 30_000},
        {'a': list(range(6000))},
        {f'key {number}': 'v' * 20 for number in range(1000)},
        {'k' * 30_000: 1},
    ],
    ids=['text', 'list', 'keys', 'key'],
)
async def test_large_session_makes_a_page_of_normal_length(
    user: PageUser, content: dict[str, Any]
) -> None:
    """Of a session of 30 kB, the page shows less than 1,000 words and folds the rest."""
    await user.update_session(content)

    page = await user.page()

    assert len(page) > 30_000
    assert len(unfolded(page)) < 15_000
    assert all(len(part) < 500 for part in re.sub('<[^>]*>', '\n', unfolded(page)).split('\n'))


async def test_long_value_is_folded(user: PageUser) -> None:
    """Of a long value 200 characters are shown, and all of them are in the page."""
    value = ''.join(map(str, range(300)))
    await user.update_session({'a': value})

    page = await user.page()

    text = repr(value)
    assert f'<code>{text[:200]}…</code>' in page
    assert f'<summary>All {len(text)} characters</summary><code>{text}</code>' in page


async def test_value_of_200_characters_is_not_folded(user: PageUser) -> None:
    """A value of at most 200 characters is shown whole."""
    await user.update_session({'a': 'v' * 198})

    page = await user.page()

    assert f'<code>{"v" * 198!r}</code>' in page
    assert ' characters</summary>' not in page


async def test_many_keys_are_folded(user: PageUser) -> None:
    """Of many keys 20 are shown, and the others are folded."""
    await user.update_session({f'key{number}': number for number in range(25)})

    page = await user.page()

    assert unfolded(page).count('<tr><th scope="row">') == 20
    assert page.count('<tr><th scope="row">') == 25
    assert '<summary>5 more keys</summary>' in page


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('a' * 120, 'a' * 120),
        ('a' * 90 + 'b' * 31, f'{"a" * 90}…{"b" * 30}'),
        ('a' * 90 + 'x' * 9999 + 'b' * 30, f'{"a" * 90}…{"b" * 30}'),
    ],
    ids=['short', 'one too long', 'long'],
)
def test_middle_of_a_long_text_is_cut(text: str, shown: str) -> None:
    """Of more than 120 characters the first 90 and the last 30 remain."""
    assert shorten(text) == shown
