"""Find the differences between the responses of two apps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime

from quart_session_demo.compare.harness.fields import Field
from quart_session_demo.compare.harness.random_values import equal_beginnings
from quart_session_demo.compare.harness.recording import SET_HEADERS, RecordedResponse
from quart_session_demo.compare.harness.steps import ExpectedDifference

#: The value of a field that a response does not have.
ABSENT = '(absent)'
#: Headers with a date that apps calculate from the time of the response.
DATE_HEADERS = ('expires', 'last-modified')
#: Dates that differ by no more are equal.
DATE_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True)
class Difference:
    """A field whose values differ.

    Attributes:
        field: What differs.
        sync: The Flask app's value.
        async_: The Quart app's value.
        expected: The declaration in the steps file, if the difference is on purpose.
        equal: How many characters at the beginning of each value are equal but for random values;
            None if there are no random values.
    """

    field: Field
    sync: str
    async_: str
    expected: ExpectedDifference | None = None
    equal: tuple[int, int] | None = None

    @property
    def first_difference(self) -> tuple[int, int]:
        """The index of the first character of each value that differs."""
        return self.equal or equal_beginnings(self.sync, {}, self.async_, {})


def differences(
    sync: RecordedResponse, async_: RecordedResponse, skew: timedelta = timedelta()
) -> Iterator[Difference]:
    """Yield the differences between two responses.

    If only one response sets a cookie, the cookie's parts are not reported again.

    Args:
        sync: The Flask app's response.
        async_: The Quart app's response.
        skew: How much later the Quart app's response was received.
    """
    sync_fields, async_fields = sync.fields(), async_.fields()
    absent_cookies: set[Field] = set()
    for field in dict.fromkeys([*sync_fields, *async_fields]):
        values = sync_fields.get(field, ABSENT), async_fields.get(field, ABSENT)
        if replace(field, attribute=None) in absent_cookies or _equal(field, *values, skew):
            continue
        random = (sync.random, async_.random) if _can_be_random(field) else ({}, {})
        equal = equal_beginnings(values[0], random[0], values[1], random[1])
        if equal == (len(values[0]), len(values[1])):
            continue
        if ABSENT in values and field.kind == 'cookie':
            absent_cookies.add(field)
        yield Difference(field, *values, equal=equal)


def _can_be_random(field: Field) -> bool:
    """Return whether a field is text in which an app may write random values."""
    if field.kind == 'cookie':
        return field.attribute in ('value', 'path', 'other')
    return field.kind not in ('status', 'capture', *DATE_HEADERS, *(f.kind for f in SET_HEADERS))


def _equal(field: Field, sync: str, async_: str, skew: timedelta) -> bool:
    if field.kind in DATE_HEADERS or field.attribute == 'expires':
        return _equal_dates(sync, async_, skew)
    if field.kind == 'vary' or field.attribute == 'samesite':
        return sync.lower() == async_.lower()
    return sync == async_


def _equal_dates(sync: str, async_: str, skew: timedelta) -> bool:
    """Return whether dates are equal, as they are or relative to the time of their response."""
    try:
        gap = parsedate_to_datetime(async_) - parsedate_to_datetime(sync)
    except (TypeError, ValueError):
        return sync == async_
    return min(abs(gap), abs(gap - skew)) <= DATE_TOLERANCE
