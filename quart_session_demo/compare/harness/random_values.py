"""Compare texts in which each app has other random values, such as CSRF tokens."""

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import takewhile
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from itsdangerous import URLSafeTimedSerializer
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import escape

#: For each start in a text the ends of the values there, each with the value's id and form.
Occurrences = Mapping[int, set[tuple[int, tuple[str, str]]]]

#: The form of a value that an app signed, as Flask-WTF does with its token.
SIGNED = 'signed'
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
    here, there = _occurrences(sync, sync_values), _occurrences(async_, async_values)
    reached: set[tuple[int, int]] = set()
    places = [(0, 0)]
    while places:
        at, other = place = places.pop()
        if place in reached:
            continue
        if sync[at:] == async_[other:]:
            return len(sync), len(async_)
        reached.add(place)
        # A value can also be equal by chance, so each pair of values is one of several ways.
        for gap in sorted({start - at for start in here} & {start - other for start in there}):
            if gap < 0:
                continue
            if sync[at : at + gap] != async_[other : other + gap]:
                break
            places += [
                (end, other_end)
                for end, value in here[at + gap]
                for other_end, other_value in there[other + gap]
                if value == other_value
            ]
    return max(
        (at + same, other + same)
        for at, other in reached
        for same in [_equal_length(sync[at:], async_[other:])]
    )


def equal_texts(
    sync: str, sync_values: Mapping[str, str], async_: str, async_values: Mapping[str, str]
) -> bool:
    """Return whether two texts are equal but for random values, as `equal_beginnings` does."""
    lengths = equal_beginnings(sync, sync_values, async_, async_values)
    return lengths == (len(sync), len(async_))


def _equal_length(first: str, second: str) -> int:
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _occurrences(text: str, values: Mapping[str, str]) -> Occurrences:
    found = defaultdict[int, set[tuple[int, tuple[str, str]]]](set)
    for id_, value in values.items():
        for form, names in _forms(value):
            start = text.find(form)
            while start >= 0:
                end = start + len(form)
                if SIGNED in names:
                    signature = SIGNATURE.match(text, end)
                    end = signature.end() if signature else start
                if start < end and _is_whole(text, start, end):
                    found[start].update((end, (id_, name)) for name in names)
                start = text.find(form, start + 1)
    return found


@lru_cache(1024)
def _forms(value: str) -> list[tuple[str, set[str]]]:
    """Return each text as which an app writes a value, with the names of these forms."""
    forms = defaultdict[str, set[str]](set)
    # The value was captured from a page or a URL, which may have escaped it.
    origins = {'': value, 'html': html.unescape(value), 'url': unquote(value)}
    for origin, text in origins.items():
        for name, form in {
            '': text,
            'html': str(escape(text)),
            'html.escape': html.escape(text),
            'url': quote(text),
            'url value': quote(text, safe=''),
            'form': quote_plus(text),
            'json': json.dumps(text)[1:-1],
            'json in UTF-8': json.dumps(text, ensure_ascii=False)[1:-1],
            'tojson': str(htmlsafe_json_dumps(text))[1:-1],
            'repr': repr(text)[1:-1],
            'bytes': repr(text.encode(errors='replace'))[2:-1],
        }.items():
            forms[form].add(f'{origin}: {name}')
    forms.pop('', None)
    found = list(forms.items())
    if value:
        found.append((_serializer.dump_payload(value).decode(), {SIGNED}))
    return found


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
