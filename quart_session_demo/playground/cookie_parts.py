"""The parts of a session cookie, which the page shows in three colors."""

from collections.abc import Sequence
from typing import NamedTuple

from quart_session_demo.playground.long_text import shorten
from quart_session_demo.playground.session_cookie import content_in_cookie, displayable
from quart_session_demo.sessions.server.signing import is_signed_id

PART_NAMES = (
    'payload',
    'timestamp',
    'signature',
)


class Part(NamedTuple):
    """A part of a cookie: `start`, `changed` and `end` are its text. `changed` may be empty."""

    name: str
    start: str
    changed: str
    end: str


def shown_parts(cookie: str) -> list[str]:
    """Return the parts of a cookie's value, shortened. Of an id, the only part is its beginning."""
    if not content_in_cookie() or is_signed_id(cookie):
        return [displayable(cookie)]
    # A compressed payload begins with a dot.
    return [shorten(part) for part in cookie.rsplit('.', len(PART_NAMES) - 1)]


def compare_parts(parts: Sequence[str], others: Sequence[str] = ()) -> list[Part]:
    """Return the parts of a cookie, with what differs from another cookie.

    Args:
        parts: The parts of the cookie.
        others: The parts of the other one; none if there is nothing to compare.
    """
    texts = zip(PART_NAMES, parts, others or parts, strict=False)
    return [_compare(name, text, other) for name, text, other in texts]


def _compare(name: str, text: str, other: str) -> Part:
    if text == other:
        return Part(name, text, '', '')
    pairs = enumerate(zip(text, other, strict=False))
    different = [index for index, (character, its) in pairs if character != its]
    if len(different) > 1 or len(text) != len(other):
        return Part(name, '', text, '')
    (index,) = different
    return Part(name, text[:index], text[index], text[index + 1 :])
