"""The language of the page: `?lang=` in the address, else what the browser prefers."""

import re
from typing import Any, Literal, NoReturn

from quart import abort, request

Language = Literal['en', 'zh']

#: The languages of the page. The first is for clients that prefer none of them.
LANGUAGES: tuple[Language, ...] = (
    'en',
    'zh',
)


def chosen_language() -> Language | None:
    """Return the language in the request's address, or None. Links must repeat it."""
    lang = request.args.get('lang')
    return next((language for language in LANGUAGES if language == lang), None)


def language() -> Language:
    """Return the language in the request's address, else the one that `Accept-Language` prefers.

    Source: RFC 9110, 12.5.4; RFC 4647, 3.3.1. Every kind of Chinese, such as `zh-Hant-TW`, counts
    as Chinese. English is the default.
    """
    return chosen_language() or _accepted_language()


def translate(english: str, chinese: str) -> str:
    """Return the text in the language of the request."""
    return chinese if language() == 'zh' else english


def language_context() -> dict[str, Any]:
    """Return what every template needs."""
    return {
        'translate': translate,
        # Chinese punctuation includes its own space.
        'space': translate(' ', ''),
        'lang': language(),
        # Links and forms repeat only a language that the address chose.
        'chosen_lang': chosen_language(),
    }


def refuse(status: int, english: str, chinese: str) -> NoReturn:
    """Abort the request with an error, which the page shows."""
    abort(status, translate(english, chinese))


def _accepted_language() -> Language:
    # Werkzeug's `best_match` would return English for `zh-CN, en;q=0.5`: it prefers an exact match.
    qualities: dict[Language, float] = {}
    # Werkzeug sorts by quality; `*`, which stands for every language without an own range, is last.
    for tag, quality in request.accept_languages:
        primary = re.split('[-_]', tag.lower(), maxsplit=1)[0]
        for known in LANGUAGES:
            if primary in (known, '*'):
                qualities.setdefault(known, quality)
    accepted = {known: quality for known, quality in qualities.items() if quality > 0}
    # The first of several with the same quality.
    return max(accepted, key=accepted.__getitem__, default=LANGUAGES[0])
