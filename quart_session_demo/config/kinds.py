"""What kind of value a setting is, and how a message shows it."""

import re
import reprlib
from datetime import UTC, datetime, timedelta
from typing import Any


def short(value: Any) -> str:
    """Return a value as a message of one line shows it: cut, and without a line break."""
    try:
        return ' '.join(reprlib.repr(value).split())
    except ValueError:
        # Python writes no integer of more than 4300 digits.
        return 'too large a number to write'


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; a boolean, which Python counts as one, is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_utf8(value: str | bytes) -> bool:
    """Tell whether a text can be written in UTF-8; bytes are as they are."""
    # The environment's undecodable bytes become lone surrogates (PEP 383).
    return isinstance(value, bytes) or not re.search('[\ud800-\udfff]', value)


def fits_a_date(seconds: float) -> bool:
    """Tell whether now and so many seconds is a date that a cookie can carry."""
    try:
        # A year to spare, for the cookie's date is reckoned at each request.
        return (datetime.now(UTC) + timedelta(seconds=seconds)).year < datetime.max.year
    except OverflowError:
        return False
