"""Find the differences between the responses of two apps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime

from quart_session_demo.compare.harness.fields import Field
from quart_session_demo.compare.harness.recording import RecordedResponse
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
    """

    field: Field
    sync: str
    async_: str
    expected: ExpectedDifference | None = None


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
        if ABSENT in values and field.kind == 'cookie':
            absent_cookies.add(field)
        yield Difference(field, *values)


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
