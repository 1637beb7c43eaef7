"""Names of settings that have no effect because they are misspelled or lack the prefix `QUART_`."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

#: Quart's settings whose bare name other programs and platforms use in the environment.
AMBIGUOUS_NAMES = (
    'DEBUG',
    'ENV',
    'SERVER_NAME',
    'TESTING',
)
#: What the starter reads from the environment, without a prefix. Not PORT, which is a usual name
#: for a setting of an app.
STARTER_VARIABLES = (
    'DRAIN_SECONDS',
    'GRACEFUL_TIMEOUT',
    'WEB_CONCURRENCY',
)


def misspellings(
    environment: Mapping[str, str], mapping: Mapping[str, Any], known: Collection[str]
) -> Iterator[str]:
    """Yield a message for each name that looks like a setting, but is none; no value is shown.

    Args:
        environment: The environment variables.
        mapping: Settings by name, without the prefix.
        known: The names of all settings, without the prefix.
    """
    for name in sorted(environment):
        key = name.removeprefix('QUART_')
        if key != name and key in STARTER_VARIABLES:
            yield f'{name} in the environment has no effect: did you mean {key}?'
        elif key != name:
            if meant := _similar(key, known):
                yield f'{name} is not a setting: did you mean QUART_{meant}?'
        elif (
            name in known
            and name not in AMBIGUOUS_NAMES
            and environment[name]
            and name not in mapping
            and f'QUART_{name}' not in environment
        ):
            yield f'{name} in the environment has no effect: did you mean QUART_{name}?'
    for key in sorted(map(str, mapping)):
        if meant := _similar(key, known):
            yield f'{key} is not a setting: did you mean {meant}?'


def _similar(name: str, known: Collection[str]) -> str | None:
    """Return the setting that differs from a name by one typing error, or by two in a long name."""
    if name in known:
        return None
    distance, best = min((_distance(name.upper(), key), key) for key in known)
    # Names as short as ENV are similar to many others.
    return best if distance <= min(2, len(best) // 5) else None


def _distance(name: str, key: str) -> int:
    """Return the typing errors between two names; words in another order are one."""
    # A plural is one error: TRUSTED_PROXY.
    name, key = (re.sub('IES$', 'YS', text) for text in (name, key))
    words, key_words = name.split('_'), key.split('_')
    if sorted(words) == sorted(key_words):
        return 1
    # Two errors make another word of a short one: APPLICATION_PORT is not APPLICATION_ROOT.
    if len(words) == len(key_words) and any(
        len(key_word) < 6 and _edit_distance(word, key_word) > 1
        for word, key_word in zip(words, key_words, strict=True)
    ):
        return 3
    return _edit_distance(name, key)


def _edit_distance(text: str, other: str) -> int:
    """Return how many letters are missing, superfluous, wrong or swapped with the next one."""
    if abs(len(text) - len(other)) > 2:
        return 3
    # Optimal string alignment: `rows[i][j]` compares the first i letters with the first j.
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(text, 1):
        row = [i]
        for j, other_letter in enumerate(other, 1):
            is_wrong = letter != other_letter
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + is_wrong))
            if i > 1 and j > 1 and (letter, text[i - 2]) == (other[j - 2], other_letter):
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]
