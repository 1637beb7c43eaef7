"""The parts of a cookie, compared with those of another one."""

import re
import secrets
from collections.abc import Callable

import pytest

from quart_session_demo.playground.cookie_parts import Part, compare_parts
from tests.playground.conftest import PageUser


@pytest.mark.parametrize(
    ('text', 'other', 'part'),
    [
        ('abcd', 'abcd', Part('payload', 'abcd', '', '')),
        ('abcd', 'abXd', Part('payload', 'ab', 'c', 'd')),
        ('Xbcd', 'abcd', Part('payload', '', 'X', 'bcd')),
        ('abcX', 'abcd', Part('payload', 'abc', 'X', '')),
        ('abXX', 'abcd', Part('payload', '', 'abXX', '')),
        ('abc', 'abX?', Part('payload', '', 'abc', '')),
        ('abc', 'abcd', Part('payload', '', 'abc', '')),
        ('', 'a', Part('payload', '', '', '')),
    ],
)
def test_difference_is_marked(text: str, other: str, part: Part) -> None:
    """One different character is marked alone, and all of the text if more differs."""
    assert compare_parts([text], [other]) == [part]


def test_parts_have_the_names_of_their_positions() -> None:
    """A cookie has a payload, a time and a signature; an id only the first part."""
    names = [part.name for part in compare_parts(['a', 'b', 'c'])]

    assert names == ['payload', 'timestamp', 'signature']
    assert compare_parts(['id']) == [Part('payload', 'id', '', '')]


async def test_altered_copies_mark_what_differs(user: PageUser) -> None:
    """Of each copy the page marks the changed character, the time or the signature."""
    await user.update_session({'a': 1})

    character = await user.act('character')
    key = await user.act('key')

    assert '<mark class="payload">eyJhI<del>j</del>oxfQ</mark>' in character
    assert '<mark class="payload">eyJhI<ins>A</ins>oxfQ</mark>' in character
    assert character.count('<del>') == 1
    assert '<mark class="payload">eyJhIjoxfQ</mark>' in key
    assert '<mark class="signature"><ins>' in key


@pytest.mark.parametrize('store', ['cookie', 'memory'])
async def test_changed_character_of_a_long_cookie_is_shown(
    make_user: Callable[..., PageUser], store: str
) -> None:
    """The changed character is in the part that the page shows, also of a long cookie or an id."""
    user = make_user(SESSION_TYPE=store)
    await user.update_session({'a': secrets.token_urlsafe(900)})

    report = await user.act('character')

    assert len(re.findall('<del>.</del>', report)) == len(re.findall('<ins>.</ins>', report)) == 1
