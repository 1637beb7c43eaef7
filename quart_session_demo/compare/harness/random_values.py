"""Compare texts in which each app has other random values, such as CSRF tokens."""

import html
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from itsdangerous import URLSafeTimedSerializer
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import escape

#: The time and the signature after a value that itsdangerous signed.
SIGNATURE = re.compile(r'\.[\w-]{5,7}\.[\w-]{27,}', re.A)
#: An escape of a URL, of JSON or of Python at the end of a text: a word can begin after it.
ESCAPE = re.compile(r'(%[0-9a-f]{2}|\\([abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4}))$', re.I | re.A)
#: The length of the longest of these escapes.
ESCAPE_LENGTH = 6

_serializer = URLSafeTimedSerializer('no key')


def values_in(name: str, content: Any) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of each value in a session's item, which may be nested.

    True, False and None are no values: they are not random.
    """
    if isinstance(content, dict):
        for key, item in content.items():
            yield from values_in(f'{name}.{key}', item)
    elif isinstance(content, list | tuple):
        for index, item in enumerate(content):
            yield from values_in(f'{name}[{index}]', item)
    elif isinstance(content, bytes):
        yield name, repr(content)[2:-1]
    elif content is not None and not isinstance(content, bool):
        yield name, str(content)


def equal_beginnings(
    sync: str, sync_values: Mapping[str, str], async_: str, async_values: Mapping[str, str]
) -> tuple[int, int]:
    """Return how long the beginnings of two texts are that are equal but for random values.

    Where one text has a value as a whole word, the other may have its value of the same id, in the
    same form. All else must be equal.

    Args:
        sync: The Flask app's text.
        sync_values: The Flask app's random values, by an id that is the same for both apps.
        async_: The Quart app's text.
        async_values: The Quart app's random values.
    """
    if sync == async_:
        return len(sync), len(async_)
    forms = _pairs_of_forms(sync_values, async_values)
    sync_ends = _occurrences(sync, [(form, is_signed) for form, _, is_signed in forms])
    async_ends = _occurrences(async_, [(form, is_signed) for _, form, is_signed in forms])
    starts = sorted(sync_ends)
    reached: set[tuple[int, int]] = set()
    places = [(0, 0)]
    longest = (0, 0)
    while places:
        sync_at, async_at = place = places.pop()
        if place in reached:
            continue
        reached.add(place)
        same = _equal_length(sync, sync_at, async_, async_at)
        longest = max(longest, (sync_at + same, async_at + same))
        if longest == (len(sync), len(async_)):
            break
        # A value can also be equal by chance, so each pair of values is one of several ways.
        for start in starts[bisect_left(starts, sync_at) : bisect_right(starts, sync_at + same)]:
            places += [
                (sync_end, async_end)
                for sync_end, form in sync_ends[start]
                for async_end, async_form in async_ends.get(async_at + start - sync_at, ())
                if form == async_form
            ]
    return longest


def equal_texts(
    sync: str, sync_values: Mapping[str, str], async_: str, async_values: Mapping[str, str]
) -> bool:
    """Return whether two texts are equal but for random values, as `equal_beginnings` does."""
    lengths = equal_beginnings(sync, sync_values, async_, async_values)
    return lengths == (len(sync), len(async_))


def _equal_length(first: str, at: int, second: str, other: int) -> int:
    """Return how many characters are equal in two texts, each from an index on."""
    limit = min(len(first) - at, len(second) - other)
    # Large parts are compared at once: a loop over the characters of a long page is slow.
    same, size = 0, 64
    while size := min(size, limit - same):
        begin, other_begin = at + same, other + same
        if first[begin : begin + size] == second[other_begin : other_begin + size]:
            same += size
            size *= 2
        else:
            size //= 2
    return same


def _pairs_of_forms(
    sync_values: Mapping[str, str], async_values: Mapping[str, str]
) -> list[tuple[str, str, bool]]:
    """Return each text as which Flask writes a value, and that of Quart, and if it is signed.

    Most values are the same in many steps and in many forms, so each pair is there once.
    """
    values = {
        (value, async_values[id_]) for id_, value in sync_values.items() if id_ in async_values
    }
    pairs = {
        (form, other_form, is_signed)
        for value, other_value in values
        for (form, is_signed), (other_form, _) in zip(
            _forms(value), _forms(other_value), strict=True
        )
        # Equal texts are found without their values; signatures differ.
        if form and other_form and (is_signed or form != other_form)
    }
    return list(pairs)


def _occurrences(
    text: str, forms: Iterable[tuple[str, bool]]
) -> Mapping[int, set[tuple[int, int]]]:
    """Return for each start in a text the ends of the forms there, each with the form's index."""
    found: dict[int, set[tuple[int, int]]] = {}
    for index, (form, is_signed) in enumerate(forms):
        start = text.find(form)
        while start >= 0:
            end = start + len(form)
            if is_signed:
                signature = SIGNATURE.match(text, end)
                end = signature.end() if signature else start
            if start < end and _is_whole(text, start, end):
                found.setdefault(start, set()).add((end, index))
            start = text.find(form, start + 1)
    return found


@lru_cache(1024)
def _forms(value: str) -> list[tuple[str, bool]]:
    """Return each text as which an app writes a value, in the same order for all values.

    The last one is the beginning of the signed value.
    """
    # The value was captured from a page or a URL, which may have escaped it.
    forms = [
        (form, False)
        for text in (value, html.unescape(value), unquote(value))
        for form in (
            text,
            str(escape(text)),
            html.escape(text),
            quote(text),
            quote(text, safe=''),
            quote_plus(text),
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            str(htmlsafe_json_dumps(text))[1:-1],
            repr(text)[1:-1],
            repr(text.encode(errors='replace'))[2:-1],
        )
    ]
    signed = _serializer.dump_payload(value).decode() if value else ''
    return [*forms, (signed, True)]


def _is_whole(text: str, start: int, end: int) -> bool:
    """Return whether a part of a text is no part of a longer word or of a decimal number."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    first, last = text[start], text[end - 1]
    if _is_word(first) and _is_word(before[-1:]):
        if not ESCAPE.search(text[max(0, start - ESCAPE_LENGTH) : start]):
            return False
    elif first.isdigit() and re.fullmatch(r'\d\.', before):
        return False
    return not (
        (_is_word(last) and _is_word(after[:1]))
        or (last.isdigit() and re.fullmatch(r'\.\d', after))
    )


def _is_word(character: str) -> bool:
    return character == '_' or character.isalnum()
