"""Estimate how many bits of a key an attacker must guess.

Repetitions, sequences, runs of a keyboard and a few words of examples count almost nothing. Each
other character counts as one of its kinds: digits, letters of hexadecimal numbers, and so on.
"""

import math
import re
from itertools import pairwise, takewhile

#: A key with fewer bits is guessable. The weakest keys of usual generators have 106 (32 random
#: digits) and 128 (32 hexadecimal digits). Parts that repeat by chance cost one key of 32 digits in
#: 100,000 a quarter of its bits, and 32 letters of joined words with three of the words below as
#: much: both have more than 72. A text of 16 hexadecimal digits that is written twice has less.
MIN_BITS = 72
#: What a character counts that follows from others: one of a few ways to continue.
PREDICTED_BITS = 2
#: Words that examples consist of. Random words may contain one of them, so none is forbidden.
EXAMPLE_WORDS = (
    'changeme',
    'default',
    'example',
    'key',
    'password',
    'secret',
)
#: The rows of keyboards, and the columns of one.
KEYBOARD = (
    'qwertyuiop',
    'qwertzuiop',
    'azertyuiop',
    'asdfghjkl',
    'qsdfghjklm',
    'zxcvbnm',
    'yxcvbnm',
    '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik',
    'qazwsxedcrfvtgbyhnujmikolp',
    '1q2w3e4r5t6y7u8i9o0p',
    '!@#$%^&*()',
)
#: How many characters a repetition, a part of a keyboard or a sequence has at least.
MIN_RUN = 4
MIN_SEQUENCE = 5

_KINDS = (
    ('0-9', 10),
    ('a-f', 6),
    ('g-z', 20),
    ('A-F', 6),
    ('G-Z', 20),
    ('\\x00-/:-@\\[-`{-\\x7f', 33 + 33),
    ('\\x80-\\xff', 128),
)
_KIND_PATTERNS = tuple((re.compile(f'[{characters}]'), size) for characters, size in _KINDS)
_ROWS = (*KEYBOARD, *(row[::-1] for row in KEYBOARD))
_ROW_PARTS = frozenset(
    row[start : start + MIN_RUN] for row in _ROWS for start in range(len(row) - MIN_RUN + 1)
)


def entropy_bits(text: str) -> float:
    """Return how many bits of a key an attacker must guess, at most.

    Args:
        text: The key, of which each byte is a character (Latin-1).
    """
    size = sum(size for kind, size in _KIND_PATTERNS if kind.search(text))
    if not size:
        return 0
    bits = math.log2(size)
    lowered = text.lower()
    if not _has_predictable_part(text, lowered):
        return bits * len(text)
    total, start = 0.0, 0
    while start < len(lowered):
        length = max(_predictable_length(lowered, start), _sequence_length(text, start))
        # A repetition is described by its place and length.
        described = PREDICTED_BITS + math.log2(start + 1) if length else bits
        total += min(described, bits * max(length, 1))
        start += max(length, 1)
    return total


def _has_predictable_part(text: str, lowered: str) -> bool:
    # Almost no random key has one, which makes the estimate fast.
    windows = {lowered[start : start + MIN_RUN] for start in range(len(text) - MIN_RUN + 1)}
    steps = [ord(right) - ord(left) for left, right in pairwise(text)]
    return (
        len(windows) < len(text) - MIN_RUN + 1
        or not windows.isdisjoint(_ROW_PARTS)
        or any(word in lowered for word in EXAMPLE_WORDS)
        # As many equal steps as MIN_SEQUENCE characters have.
        or any(
            a == b == c == d
            for a, b, c, d in zip(steps, steps[1:], steps[2:], steps[3:], strict=False)
        )
    )


def _predictable_length(text: str, start: int) -> int:
    """Return how many characters from here on follow from others."""
    word = max((len(word) for word in EXAMPLE_WORDS if text.startswith(word, start)), default=0)
    return max(
        word,
        _keyboard_length(text, start),
        _repetition_length(text, start),
    )


def _sequence_length(text: str, start: int) -> int:
    """Return the length of a run with equal steps, such as `abcde`, `97531` or `xxxxx`."""
    if start + MIN_SEQUENCE > len(text):
        return 0
    step = ord(text[start + 1]) - ord(text[start])
    end = start + 2
    while end < len(text) and ord(text[end]) - ord(text[end - 1]) == step:
        end += 1
    return end - start if end - start >= MIN_SEQUENCE else 0


def _keyboard_length(text: str, start: int) -> int:
    if text[start : start + MIN_RUN] not in _ROW_PARTS:
        return 0
    longest = 0
    for row in _ROWS:
        place = row.find(text[start : start + MIN_RUN])
        if place >= 0:
            pairs = zip(text[start:], row[place:], strict=False)
            longest = max(
                longest, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            )
    return longest


def _repetition_length(text: str, start: int) -> int:
    """Return the length of the longest part from here on that begins earlier, too."""
    length = 0
    while (
        start + length < len(text)
        and text.find(text[start : start + length + 1], 0, start + length) >= 0
    ):
        length += 1
    return length if length >= MIN_RUN else 0
